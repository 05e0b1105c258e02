"""Sensitivity: which parameters of a world go along with how well the policy does in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim2real.evaluation.choice import WorldsKind
from sim2real.report.axis import Axis
from sim2real.report.evaluation_file import COMPARED, TRAINED, Drawn, EvaluationFile
from sim2real.report.html import Html, instruction, join, paragraph
from sim2real.report.numbers import fixed, parameter
from sim2real.report.plot import Plot, grid, legend
from sim2real.report.run_files import RunFiles

SHOWN = 4
FEWEST = 8
"""Worlds below which no correlation is worth a picture."""
SHUFFLES = 200
RHO = "\N{GREEK SMALL LETTER RHO}"


@dataclass(frozen=True)
class Sample:
    """Worlds of one kind: parameters (m, k) and the metric (m,)."""

    kind: WorldsKind
    parameters: np.ndarray
    metric: np.ndarray


def sensitivity(files: RunFiles) -> Html:
    """The metric of each world against the parameters that it correlates with most."""
    evaluation = files.evaluation
    drawn = None if evaluation is None else evaluation.drawn
    samples = [] if evaluation is None or drawn is None else _samples(evaluation, drawn)
    if evaluation is None or drawn is None or not samples:
        return instruction("The policy has not been evaluated.", files.command("evaluate"))
    correlation, chance = correlations(samples)
    if correlation is None:
        few = f"Too few worlds, or too little difference between them, for correlations: {FEWEST} are the least."
        return paragraph(few)
    order = np.argsort(-np.abs(correlation), kind="stable")[:SHOWN]
    return join(
        paragraph(
            f"Each dot is one world. Of {len(correlation)} parameters, these {len(order)} have the largest rank "
            f"correlation {RHO} with the metric: they were picked by the very data that they are shown with. "
            "Ranks are taken among seen and among unseen worlds separately. If no parameter mattered, the largest "
            f"{RHO} would still pass {fixed(chance, 2)} in one of twenty such evaluations. So what stays below that "
            "says nothing, and what passes it is an association, not a cause."
        ),
        legend([(sample.kind, f"{sample.kind} worlds") for sample in samples]),
        grid([_scatter(evaluation, drawn, samples, column, correlation[column]) for column in order], "medium"),
    )


def _samples(evaluation: EvaluationFile, drawn: Drawn) -> list[Sample]:
    rows = {"seen": drawn.seen, "unseen": drawn.unseen}
    results = [(kind, result) for kind in COMPARED if (result := evaluation.result(TRAINED, kind)) is not None]
    return [
        Sample(kind, np.array(rows[kind]), np.array(result.by_world[evaluation.measured[0].name]))
        for kind, result in results
    ]


def correlations(samples: list[Sample]) -> tuple[np.ndarray | None, float]:
    """Spearman's correlation (k,) of each parameter with the metric, and what the largest exceeds in 5 % of draws where
    the metric is shuffled. None where there are too few worlds or they do not differ."""
    samples = [sample for sample in samples if len(sample.metric) > 1]
    if sum(len(sample.metric) for sample in samples) < FEWEST or not samples[0].parameters.size:
        return None, 0.0
    x = [_ranks(sample.parameters) for sample in samples]
    y = [_ranks(sample.metric[:, None])[:, 0] for sample in samples]
    scale = np.sqrt((np.concatenate(x) ** 2).sum(axis=0) * (np.concatenate(y) ** 2).sum())
    if not scale.any():
        return None, 0.0
    inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    rng = np.random.default_rng(0)
    shuffled = [[rng.permutation(part) for part in y] for _ in range(SHUFFLES)]
    largest = [np.abs(np.concatenate(part) @ np.concatenate(x) * inverse).max() for part in shuffled]
    return np.concatenate(y) @ np.concatenate(x) * inverse, float(np.quantile(largest, 0.95))


def _ranks(columns: np.ndarray) -> np.ndarray:
    """Centred ranks of each column (m, k), equal values sharing theirs."""
    ranks = np.empty(columns.shape)
    for k, column in enumerate(columns.T):
        _, place, counts = np.unique(column, return_inverse=True, return_counts=True)
        ranks[:, k] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks - ranks.mean(axis=0)


def _scatter(evaluation: EvaluationFile, drawn: Drawn, samples: list[Sample], column: int, correlation: float) -> Html:
    metric, name = evaluation.measured[0], drawn.names[column]
    title = parameter(name, drawn.units[name])
    x = Axis.around([sample.parameters[:, column] for sample in samples], title, ticks=4)
    plot = Plot(x, Axis.around([sample.metric for sample in samples], ticks=4))
    marks = [plot.dots(sample.parameters[:, column], sample.metric, f"{sample.kind} fine") for sample in samples]
    rho = f"{RHO}\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{fixed(correlation, 2)}"
    return plot.figure(
        f"{metric.title} against {parameter(name, '')}", f"{metric.title} against {title}, {rho}", *marks, note=rho
    )
