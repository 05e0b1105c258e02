"""Adaptation: what changes within a trial, whose episodes share one world and one memory."""

from __future__ import annotations

import numpy as np

from sim2real.evaluation.bootstrap import Interval
from sim2real.report.axis import Axis
from sim2real.report.evaluation_file import COMPARED, TRAINED, EvaluationFile, Result
from sim2real.report.html import Html, instruction, join, paragraph
from sim2real.report.metric import Metric
from sim2real.report.plot import Plot, grid, legend
from sim2real.report.run_files import RunFiles


def adaptation(files: RunFiles) -> Html:
    """The first metric's course over the trial, and every metric by episode."""
    evaluation = files.evaluation
    results = [] if evaluation is None else [r for w in COMPARED if (r := evaluation.result(TRAINED, w)) is not None]
    if evaluation is None or not results:
        return instruction("The policy has not been evaluated.", files.command("evaluate"))
    return join(
        paragraph(
            "All episodes of a trial are in the same world and the policy keeps its memory between them. "
            "A policy that finds out what its world is like would do better later than at first. ",
            *(_change(evaluation.measured[0], result) for result in results if result.episodes_per_trial > 1),
        ),
        legend([(result.worlds_kind, f"{result.worlds_kind} worlds") for result in results]),
        _course(evaluation, results),
        grid([_by_episode(results, metric) for metric in evaluation.measured], "small"),
        paragraph(
            "Bands and bars: 95 % intervals of the mean over worlds, each by itself. Episodes stand at their full "
            "length; what an early end cuts off counts as zero.",
            kind="note",
        ),
    )


def _change(metric: Metric, result: Result) -> str:
    first, last = result.by_episode[metric.name][0], result.by_episode[metric.name][-1]
    overlap = first.low <= last.high and last.low <= first.high
    return (
        f"In {result.worlds_kind} worlds the first episode reaches {metric.told(first)}, the last {metric.told(last)}; "
        f"the intervals {'overlap' if overlap else 'do not overlap'}. "
    )


def _arrays(intervals: list[Interval]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, lower and upper ends."""
    mean, low, high = np.array([(i.mean, i.low, i.high) for i in intervals]).reshape(-1, 3).T
    return mean, low, high


def _course(evaluation: EvaluationFile, results: list[Result]) -> Html:
    length = evaluation.episode_seconds
    everything = [np.array([(i.low, i.high) for i in episode]) for result in results for episode in result.course]
    trial = length * max(len(result.course) for result in results)
    plot = Plot(Axis.around([0.0, trial], "time in the trial [s]", 6, margin=0.0), Axis.around([0.0, *everything]))
    marks = [plot.vertical(length * k, "boundary") for k in range(1, round(trial / length))]
    for result in results:
        for k, episode in enumerate(result.course):
            mean, low, high = _arrays(episode)
            time = length * (k + (np.arange(len(mean)) + 0.5) / max(len(mean), 1))
            marks += [plot.band(time, low, high, result.worlds_kind), plot.line(time, mean, result.worlds_kind)]
            marks.append(plot.dots(time, mean, result.worlds_kind))
    title = evaluation.measured[0].title
    says = f"{title} over the time in the trial, in {' and '.join(result.worlds_kind for result in results)} worlds"
    note = "over the time in the trial; upright lines part the episodes"
    return plot.figure(title, says, *marks, note=note, kind="wide")


def _by_episode(results: list[Result], metric: Metric) -> Html:
    count = max(result.episodes_per_trial for result in results)
    numbers = range(1, count + 1, 1 + count // 10)
    x = Axis(0.5, count + 0.5, tuple((float(k), str(k)) for k in numbers), "episode of the trial")
    ends = [np.array([(i.low, i.high) for i in result.by_episode[metric.name]]) for result in results]
    plot = Plot(x, Axis.around(ends, ticks=3))
    marks, said = [], []
    for result, shift in zip(results, (-0.06, 0.06), strict=False):
        mean, low, high = _arrays(result.by_episode[metric.name])
        episode = np.arange(1, len(mean) + 1) + shift
        marks.append(plot.line(episode, mean, f"{result.worlds_kind} faint"))
        marks.append(plot.segments(np.stack((episode, episode), 1), np.stack((low, high), 1), result.worlds_kind))
        marks.append(plot.dots(episode, mean, result.worlds_kind))
        said.append(f"{result.worlds_kind} worlds {', '.join(map(metric.mean, result.by_episode[metric.name]))}")
    says = f"{metric.title} by episode: {'; '.join(said)}"
    return plot.figure(metric.title, says, *marks, note="by episode", kind="small")
