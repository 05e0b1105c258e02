"""The worlds that were drawn: every parameter, seen against unseen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim2real.report.axis import Axis
from sim2real.report.evaluation_file import Drawn
from sim2real.report.html import Html, code, instruction, join, paragraph, tag
from sim2real.report.numbers import named, number
from sim2real.report.plot import Plot, grid, legend
from sim2real.report.run_files import RunFiles

BINS = 24
FEW = 12
"""Up to so many different values stand as one bar each."""
TICKED = 4
"""Up to so many different values are the ticks."""


def drawn_worlds(files: RunFiles) -> Html:
    """Histograms, the elements of one term together; and the file that the worlds come from."""
    drawn = None if files.evaluation is None else files.evaluation.drawn
    source = tag("details", tag("summary", "worlds.yaml"), tag("pre", code(files.worlds)))
    if drawn is None:
        missing = instruction("No worlds have been drawn for evaluation.", files.command("evaluate"))
        return join(missing, source)
    return join(
        paragraph(
            f"What differed between the {len(drawn.seen):,} seen and the {len(drawn.unseen):,} unseen worlds. "
            "Seen worlds stand above the line, unseen ones below, as shares of all values drawn. "
            "Numbers without a unit are factors of the nominal value, or pure numbers."
        ),
        legend([("seen", "seen worlds, upwards"), ("unseen", "unseen worlds, downwards")]),
        grid([_histogram(drawn, term, names) for term, names in terms(drawn).items()], "small"),
        source,
    )


def terms(drawn: Drawn) -> dict[str, list[str]]:
    """The parameters by the term that they belong to: `limits[elbow:low]` belongs to `limits`."""
    found: dict[str, list[str]] = {}
    for name in drawn.names:
        found.setdefault(name.partition("[")[0], []).append(name)
    return found


def _histogram(drawn: Drawn, term: str, names: list[str]) -> Html:
    columns = [drawn.names.index(name) for name in names]
    values = {kind: np.array(rows).reshape(-1, len(drawn.names))[:, columns].ravel() for kind, rows in _rows(drawn)}
    pooled = np.concatenate(list(values.values()))
    left, right = _bins(pooled)
    shares = {kind: _shares(of, left, right) for kind, of in values.items()}
    highest = max((float(share.max()) for share in shares.values()), default=0.0) or 1.0
    x = Axis.around([left, right], ticks=4)
    if len(different := np.unique(pooled)) <= TICKED:
        x = replace(x, ticks=tuple((value, number(value)) for value in different.tolist()))
    plot = Plot(x, Axis(-1.08 * highest, 1.08 * highest, ()))
    marks = [plot.bars(left, right, sign * shares[kind], kind) for kind, sign in (("seen", 1), ("unseen", -1))]
    said = "; ".join(f"{kind} from {of.min():.3g} to {of.max():.3g}" for kind, of in values.items() if of.size)
    title = named(term, drawn.units[names[0]])
    note = f"{len(names)} parameters together" if len(names) > 1 else ""
    return plot.figure(title, f"{title}: {said}", *marks, plot.horizontal(0.0, "zero"), note=note, kind="histogram")


def _rows(drawn: Drawn) -> tuple[tuple[str, tuple[list[float], ...]], ...]:
    return ("seen", drawn.seen), ("unseen", drawn.unseen)


def _bins(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left and right edges: of equal bins, or around each of few different values."""
    different = np.unique(values)
    if 0 < len(different) <= FEW:
        half = 0.15 * float(np.diff(different).min()) if len(different) > 1 else abs(float(different[0])) / 20 or 0.05
        return different - half, different + half
    edges = np.linspace(different.min(), different.max(), BINS + 1) if len(different) else np.array([0.0, 1.0])
    return edges[:-1], edges[1:]


def _shares(values: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if not values.size:
        return np.zeros(len(left))
    bins = np.clip(np.searchsorted(right, values, side="right"), 0, len(left) - 1)
    return np.bincount(bins, minlength=len(left)) / values.size
