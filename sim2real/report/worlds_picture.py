"""Drawn worlds as one picture: what they look like, and how their numbers are spread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from policies.checkpoint import write_atomically
from randomizers import Term, WorldDistribution, Worlds
from sim2real.errors import UserError

COLUMNS = 5
"""Histograms side by side."""
BINS = 20
_WIDTH, _ROW = 15.0, 1.9
"""Width of the picture and height of a row of histograms [inch]."""


def write_worlds_picture(
    path: Path, distribution: WorldDistribution, worlds: Worlds, sheet: np.ndarray | None, title: str
) -> None:
    """A PNG of `sheet` (h, w, 3) uint8, if there is one, above a histogram of every term's numbers in `worlds`.

    The shaded range is what the term draws from, the line the nominal value. Raises UserError for another ending than
    .png.
    """
    if path.suffix != ".png":
        raise UserError(f"{path}: pictures of worlds are written as .png")
    terms = distribution.terms
    rows = -(-len(terms) // COLUMNS)
    top = 0.0 if sheet is None else _WIDTH * sheet.shape[0] / sheet.shape[1]
    figure = Figure(figsize=(_WIDTH, 0.5 + top + rows * _ROW), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11)
    heights = ([top] if sheet is not None else []) + [_ROW] * rows
    grid = figure.add_gridspec(max(len(heights), 1), COLUMNS, height_ratios=heights or [1.0])
    if sheet is not None:
        axes = figure.add_subplot(grid[0, :])
        axes.imshow(sheet)
        axes.axis("off")
    first = len(heights) - rows
    for index, term in enumerate(terms):
        axes = figure.add_subplot(grid[first + index // COLUMNS, index % COLUMNS])
        _histogram(axes, distribution, worlds, term)
    canvas.draw()
    _save(path, figure)


def _save(path: Path, figure: Figure) -> None:
    from io import BytesIO

    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getvalue())


def _histogram(axes: Axes, distribution: WorldDistribution, worlds: Worlds, term: Term) -> None:
    names = distribution.names[distribution.drawing.columns[term.name]]
    drawn = np.stack([worlds.column(name) for name in names], axis=1)
    nominal = distribution.nominal().values[0][distribution.drawing.columns[term.name]]
    low, high = term.distribution.bounds
    axes.axvspan(low, high, color="0.92")
    axes.hist(drawn.ravel(), bins=BINS, color="tab:blue")
    for value in np.unique(nominal)[:1] if len(np.unique(nominal)) == 1 else ():
        axes.axvline(value, color="black", linewidth=1)
    unit = distribution.units[names[0]]
    count = f" x {len(names)}" if len(names) > 1 else ""
    axes.set_title(f"{term.name}{count}", fontsize=8)
    axes.set_xlabel("factor" if term.operation == "scale" else unit, fontsize=7, labelpad=1)
    axes.tick_params(labelsize=6)
    axes.set_yticks([])
