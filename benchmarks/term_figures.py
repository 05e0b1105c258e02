"""The figure of each kind of term: what it does, by running it."""

from __future__ import annotations

import re
from io import StringIO

import matplotlib
from matplotlib.figure import Figure

from benchmarks.term_demos import DEMOS
from benchmarks.term_runs import SIGNALS, TARGET, most_different, record
from randomizers import SETTINGS, TERMS

FINE, COARSE = 0.01, 0.05
"""Control periods [s]: of kinds that change the model, whose motion is to be seen, and of those that act step by step."""
_STYLE = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "path.simplify_threshold": 0.2,
    "svg.fonttype": "none",
    "svg.hashsalt": "terms",
}
_LINES = (("black", 1.0, 3), ("tab:blue", 1.2, 2), ("tab:orange", 1.2, 1))
"""Colour, width and place from the back of each world's line."""


def plot(kind: str) -> str:
    """SVG: the signal that a kind changes most, nominal and in the worlds of its demonstration."""
    demo, stepwise = DEMOS[kind], any(field in SETTINGS for field in TERMS[kind].fields)
    times, seen = record(*demo.worlds(kind, TARGET), COARSE if stepwise else FINE)
    chosen = most_different(seen)
    signal = SIGNALS[chosen]
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(4.4, 1.9), layout="constrained")
        axes = figure.add_subplot()
        labels = ("nominal", *demo.labels(kind, TARGET))
        for values, label, (colour, width, place) in zip(seen[chosen].T, labels, _LINES, strict=False):
            style = "steps-post" if stepwise else "default"
            axes.plot(times, values, label=label, color=colour, linewidth=width, zorder=place, drawstyle=style)
        axes.set_title(f"{signal.name} [{signal.unit}]", loc="left", fontsize=8)
        axes.set_xlabel("time [s]")
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0, handlelength=1.2)
        return _svg(figure)


def _svg(figure: Figure) -> str:
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    # A hundredth of a point is finer than anyone sees.
    return re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", text.getvalue())
