"""Seen against unseen worlds: every policy, every metric, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from sim2real.evaluation.choice import KINDS, WorldsKind
from sim2real.report.axis import Axis
from sim2real.report.evaluation_file import EvaluationFile, Result
from sim2real.report.html import Html, instruction, join, paragraph, scrolling, tag
from sim2real.report.metric import Metric
from sim2real.report.numbers import words
from sim2real.report.plot import Plot, legend
from sim2real.report.run_files import RunFiles

ABSENT = "\N{EN DASH}"


def comparison(files: RunFiles) -> Html:
    """A figure of the compared metric and a table of all."""
    evaluation = files.evaluation
    if evaluation is None or not evaluation.results:
        return instruction("No policy has been evaluated.", files.command("evaluate"))
    return join(
        paragraph(
            "Nominal: the model as described. Seen: drawn from the distribution of training. Unseen: a term that "
            "has a range of its own for evaluation draws from that one instead. One trial in each world, the same "
            "worlds and the same chance for every policy. In brackets: 95 % bootstrap intervals of the mean over "
            "worlds. Nothing is left out: an episode whose physics broke down counts as failed.",
            " This policy trained in the nominal world alone; all others are new to it." if files.nominal else "",
        ),
        _forest(evaluation),
        _table(evaluation),
    )


def _forest(evaluation: EvaluationFile) -> Html:
    metric, policies = evaluation.measured[0], evaluation.policies
    ends = [end for r in evaluation.results for end in (r.metrics[metric.name].low, r.metrics[metric.name].high)]
    plot = Plot(Axis.around([0.0, np.array(ends)]), Axis.of_names([words(policy) for policy in policies]))
    marks, said = [plot.vertical(0.0, "zero")], []
    for row, policy in enumerate(policies):
        for offset, kind in zip((-0.22, 0.0, 0.22), KINDS, strict=True):
            result = evaluation.result(policy, kind)
            if result is None:
                continue
            interval, y = result.metrics[metric.name], row + offset
            marks.append(plot.segments(np.array([[interval.low, interval.high]]), np.array([[y, y]]), kind))
            marks.append(plot.dots(np.array([interval.mean]), np.array([y]), kind))
            said.append(f"{policy} in {kind} worlds {metric.mean(interval)}")
    figure = plot.figure(
        metric.title, f"{metric.title}: {'; '.join(said)}", *marks, note="mean and 95 % interval", kind="forest"
    )
    return join(figure, legend([(kind, kind) for kind in KINDS]))


def _table(evaluation: EvaluationFile) -> Html:
    head = tag("thead", tag("tr", tag("th", "policy", scope="col"), *(_column(evaluation, kind) for kind in KINDS)))
    bodies = [_body(evaluation, metric.title, partial(_interval, metric)) for metric in evaluation.measured]
    bodies.append(_body(evaluation, "episodes whose physics broke down", _diverged))
    return scrolling("Metrics by policy and kind of worlds", tag("table", head, *bodies, class_="results"))


def _column(evaluation: EvaluationFile, kind: WorldsKind) -> Html:
    counts = sorted({result.worlds for result in evaluation.results if result.worlds_kind == kind})
    size = " or ".join(f"{count:,}" for count in counts)
    return tag(
        "th", tag("span", class_=f"key {kind}"), kind, tag("small", f"{size} worlds") if size else "", scope="col"
    )


def _body(evaluation: EvaluationFile, heading: str, show: Callable[[Result], Html]) -> Html:
    rows = []
    for policy in evaluation.policies:
        results = [evaluation.result(policy, kind) for kind in KINDS]
        cells = (tag("td", ABSENT if result is None else show(result)) for result in results)
        rows.append(tag("tr", tag("th", words(policy), scope="row"), *cells))
    group = tag("th", heading, colspan=str(1 + len(KINDS)), scope="rowgroup")
    return tag("tbody", tag("tr", group, class_="group"), *rows)


def _interval(metric: Metric, result: Result) -> Html:
    interval = result.metrics[metric.name]
    return join(metric.mean(interval), " ", tag("small", f"[{metric.span(interval, ', ')}]"))


def _diverged(result: Result) -> Html:
    return join(f"{result.diverged_episodes:,}", tag("small", f" of {result.episodes:,}"))
