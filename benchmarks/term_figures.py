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
    "font.sans-serif": ("DejaVu Sans", "Arial"),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "path.simplify_threshold": 0.2,
    "svg.fonttype": "none",
    "svg.hashsalt": "terms",
}
_LINES = (("black", 1.0, 3), ("tab:blue", 1.2, 2), ("tab:orange", 1.2, 1))
"""Colour, width and place from the back of each world's line."""
_NUMBER = re.compile(r"\d+\.\d{2,}")


def plot(kind: str) -> str:
    """SVG: a signal in the nominal world and in those of a kind's demonstration."""
    demo = DEMOS[kind]
    distribution, worlds = demo.worlds(kind, TARGET)
    written = (*distribution.fields, *distribution.channel_settings)
    stepwise = any(field in SETTINGS for field in TERMS[kind].fields)
    times, seen = record(distribution, worlds, COARSE if stepwise else FINE)
    names = [signal.name for signal in SIGNALS]
    chosen = names.index(demo.shows) if demo.shows else most_different(seen)
    signal = SIGNALS[chosen]
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(4.6, 1.8), layout="constrained")
        axes = figure.add_subplot()
        for values, label, (colour, width, place) in zip(
            seen[chosen].T, demo.labels(kind, TARGET), _LINES, strict=False
        ):
            axes.plot(times, values, label=label, color=colour, linewidth=width, zorder=place, drawstyle=signal.drawn)
        axes.set_title(f"{signal.name} [{signal.unit}]", loc="left", fontsize=8)
        clock = (
            ", by the controller's clock" if any("timestep" in field or "jitter" in field for field in written) else ""
        )
        axes.set_xlabel(f"time [s]{clock}")
        axes.legend(
            title=demo.setting,
            alignment="left",
            frameon=False,
            loc="upper left",
            bbox_to_anchor=(1.0, 1.1),
            borderaxespad=0.0,
            handlelength=1.2,
        )
        return _svg(figure)


def _svg(figure: Figure) -> str:
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    # A tenth of a point is finer than anyone sees.
    return re.sub(r' d="[^"]*"', lambda path: _NUMBER.sub(lambda n: f"{float(n[0]):.1f}", path[0]), text.getvalue())
