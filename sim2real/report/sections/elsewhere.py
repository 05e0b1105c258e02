"""What each departure from the worlds of training costs."""

from __future__ import annotations

import numpy as np

from sim2real.report.axis import Axis
from sim2real.report.evaluation_file import TRAINED, EvaluationFile
from sim2real.report.html import Html, instruction, join, paragraph
from sim2real.report.numbers import words
from sim2real.report.plot import Plot
from sim2real.report.run_files import RunFiles


def elsewhere(files: RunFiles) -> Html:
    """The compared metric in seen worlds, in those of which one term is unseen, and in other presets."""
    evaluation = files.evaluation
    if evaluation is None or not any(result.policy == TRAINED for result in evaluation.elsewhere):
        return instruction(
            "It has not been measured what each unseen term costs alone.", files.command("evaluate", "--one-by-one")
        )
    return join(
        paragraph(
            "The trained policy. Where a row has a term's name, that term alone is drawn from its unseen range; all else, "
            "chance included, is as in the seen worlds. Presets have rows of their own names. Lowest first."
        ),
        _forest(evaluation),
    )


def _forest(evaluation: EvaluationFile) -> Html:
    metric = evaluation.measured[0]
    rows = [
        *(result for result in evaluation.results if result.policy == TRAINED and result.worlds_kind != "nominal"),
        *(result for result in evaluation.elsewhere if result.policy == TRAINED),
    ]
    rows.sort(key=lambda row: row.metrics[metric.name].mean)
    intervals = [row.metrics[metric.name] for row in rows]
    ends = np.array([end for interval in intervals for end in (interval.low, interval.high)])
    plot = Plot(Axis.around([0.0, ends]), Axis.of_names([_label(row.worlds_kind) for row in rows]))
    marks, said = [plot.vertical(0.0, "zero")], []
    for y, (row, interval) in enumerate(zip(rows, intervals, strict=True)):
        role = "seen" if row.worlds_kind == "seen" else "unseen"
        marks.append(plot.segments(np.array([[interval.low, interval.high]]), np.full((1, 2), float(y)), role))
        marks.append(plot.dots(np.array([interval.mean]), np.array([float(y)]), role))
        said.append(f"{_label(row.worlds_kind)} {metric.told(interval)}")
    return plot.figure(
        metric.title, f"{metric.title}: {'; '.join(said)}", *marks, note="mean and 95 % interval", kind="forest tall"
    )


def _label(kind: str) -> str:
    return "all unseen" if kind == "unseen" else words(kind.removeprefix("unseen "))
