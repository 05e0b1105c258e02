"""The top of the page: what the policy comes to, in one number and in words."""

from __future__ import annotations

from math import tau

from sim2real.evaluation.bootstrap import Interval
from sim2real.report.evaluation_file import COMPARED, TRAINED, EvaluationFile, Result
from sim2real.report.html import Html, instruction, join, paragraph, sentence_list, tag
from sim2real.report.numbers import count, number
from sim2real.report.run_files import RunFiles

PLAYERS = {"zero": "always action zero", "random": "random actions"}
MORE, LESS, NEITHER = "clearly more", "clearly less", "neither clearly more nor less"


def summary(files: RunFiles) -> Html:
    """The key number with its interval, the baselines, and a row of facts."""
    evaluation = files.evaluation
    unseen = None if evaluation is None else evaluation.result(TRAINED, "unseen")
    if evaluation is None or unseen is None:
        missing = "How the policy does in worlds it never trained in has not been measured."
        return join(instruction(missing, files.command("evaluate")), _facts([_trained(files)]))
    metric = evaluation.measured[0]
    interval = unseen.metrics[metric.name]
    lead = paragraph(
        f"In {_worlds(evaluation, unseen)}, the trained policy reaches a {metric.words} of ",
        tag("strong", metric.measured(interval)),
        f" (95 % interval {metric.span(interval)}){_turns(interval, metric.unit)}.",
        kind="lead",
    )
    return join(
        lead, paragraph(*_meaning(evaluation, unseen, files.nominal)), _facts([*_figures(evaluation), _trained(files)])
    )


def _worlds(evaluation: EvaluationFile, unseen: Result) -> str:
    which = "that training never drew" if evaluation.drawn is None else "with ranges that training never drew from"
    return f"{unseen.worlds:,} unseen world{'' if unseen.worlds == 1 else 's'} {which}"


def _turns(interval: Interval, unit: str) -> str:
    if unit != "rad/s" or interval.low <= 0:
        return ""
    return f", one full turn in about {number(tau / interval.mean)} s"


def _meaning(evaluation: EvaluationFile, unseen: Result, nominal: bool) -> list[str]:
    metric = evaluation.measured[0]
    interval = unseen.metrics[metric.name]
    said = []
    seen = evaluation.result(TRAINED, "seen")
    if seen is not None:
        drawn = "from the seen ranges, though training stayed in the nominal world," if nominal else "as in training"
        said.append(
            f"In worlds drawn {drawn} it reaches {metric.told(seen.metrics[metric.name])}, "
            f"{_compared(seen.metrics[metric.name], interval)} than in unseen ones. "
        )
    others = [r for name in evaluation.policies if (r := evaluation.result(name, "unseen")) and name != TRAINED]
    verdicts = [(_compared(r.metrics[metric.name], interval), r) for r in others]
    for verdict in (LESS, NEITHER, MORE):
        reached = [
            f"{PLAYERS.get(r.policy, r.policy)} {metric.told(r.metrics[metric.name])}"
            for of, r in verdicts
            if of == verdict
        ]
        if reached:
            said.append(f"For comparison, in the same unseen worlds: {sentence_list(reached)}, {verdict}. ")
    said.append("Clearly means that the intervals do not overlap. " if said else "")
    return [*said, "" if others else "No other policy was measured in the same worlds."]


def _compared(one: Interval, other: Interval) -> str:
    if one.low > other.high:
        return MORE
    return LESS if one.high < other.low else NEITHER


def _figures(evaluation: EvaluationFile) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for metric in evaluation.measured[:2]:
        for kind in reversed(COMPARED):
            result = evaluation.result(TRAINED, kind)
            if result is not None and len(found) < 3:
                interval = result.metrics[metric.name]
                found.append((f"{metric.words}, {kind} worlds", metric.measured(interval), metric.span(interval)))
    return found


def _trained(files: RunFiles) -> tuple[str, str, str]:
    return "trained for", count(files.progress.steps), "control steps, all worlds"


def _facts(facts: list[tuple[str, str, str]]) -> Html:
    tiles = (
        tag("div", tag("dt", what), tag("dd", tag("strong", value), tag("span", note))) for what, value, note in facts
    )
    return tag("dl", *tiles, class_="facts")
