"""Plot: marks between two axes, as inline SVG that stretches to its place, with labels of constant size around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim2real.report.axis import Axis
from sim2real.report.html import Html, tag

SIZE = 1000
"""Width and height of the drawing in its own units; the page stretches both to what there is."""
NARROWEST, WIDEST = 5, 16
"""Characters that the labels of the vertical axis have room for: at least, so that plots one below the other align."""


@dataclass(frozen=True)
class Plot:
    """Two axes. Its methods draw marks between them; `role` names the mark's colour in the style sheet."""

    x: Axis
    y: Axis

    def line(self, x: np.ndarray, y: np.ndarray, role: str) -> Html:
        """A line through points (n,), interrupted where y is not finite."""
        return _path(self._lines(x, y), f"line {role}")

    def band(self, x: np.ndarray, low: np.ndarray, high: np.ndarray, role: str) -> Html:
        """The area between two curves (n,)."""
        outline = self._lines(np.concatenate((x, x[::-1])), np.concatenate((low, high[::-1])))
        return _path(f"{outline}Z", f"band {role}")

    def dots(self, x: np.ndarray, y: np.ndarray, role: str) -> Html:
        """A dot at each of n points."""
        return _path("".join(f"M{a} {b}h0" for a, b in self._points(x, y)), f"dot {role}")

    def segments(self, x: np.ndarray, y: np.ndarray, role: str) -> Html:
        """Straight lines from the first to the second of points (n, 2)."""
        return _path("".join(self._lines(a, b) for a, b in zip(x, y, strict=True)), f"line {role}")

    def bars(self, left: np.ndarray, right: np.ndarray, height: np.ndarray, role: str) -> Html:
        """Bars (n,) from zero to their heights."""
        corners = zip(self._points(left, np.zeros_like(height)), self._points(right, height), strict=True)
        return _path(
            "".join(f"M{a} {b}V{d}H{c}V{b}Z" for ((a, b), (c, d)), h in zip(corners, height, strict=True) if h),
            f"bar {role}",
        )

    def vertical(self, x: float, role: str) -> Html:
        """A line across the plot at x."""
        return self.segments(np.array([[x, x]]), np.array([[self.y.low, self.y.high]]), role)

    def horizontal(self, y: float, role: str) -> Html:
        """A line across the plot at y."""
        return self.segments(np.array([[self.x.low, self.x.high]]), np.array([[y, y]]), role)

    def figure(self, title: str, says: str, *marks: Html, note: object = "", kind: str = "") -> Html:
        """The whole figure. `says` tells in words what it shows, `kind` is its class in the style sheet."""
        longest = max((len(label) for _, label in self.y.ticks), default=0)
        gutter = min(max(longest + 1, NARROWEST), WIDEST) if longest else 0
        frame = tag(
            "div",
            tag("div", *self._labels(self.y, "top"), class_="y-ticks"),
            tag(
                "svg",
                *(self.horizontal(value, "scale") for value, _ in self.y.ticks),
                *marks,
                viewBox=f"0 0 {SIZE} {SIZE}",
                preserveAspectRatio="none",
            ),
            tag("div", *self._labels(self.x, "left"), class_="x-ticks"),
            class_="frame",
            role="img",
            aria_label=says,
            style=f"--gutter:{gutter}ch",
        )
        below = tag("p", self.x.label, class_="x-label") if self.x.label else ""
        caption = tag("figcaption", tag("strong", title), tag("span", note) if note else "")
        return tag("figure", caption, frame, below, class_=f"plot {kind}".strip())

    def _labels(self, axis: Axis, side: str) -> list[Html]:
        places = axis.place(np.array([value for value, _ in axis.ticks]))
        if side == "top":
            places = 1 - places
        return [
            tag("span", label, style=f"{side}:{100 * place:.2f}%")
            for place, (_, label) in zip(places, axis.ticks, strict=True)
        ]

    def _points(self, x: np.ndarray, y: np.ndarray) -> list[tuple[str, str]]:
        across, down = SIZE * self.x.place(x), SIZE * (1 - self.y.place(y))
        return [(f"{a:.1f}", f"{b:.1f}") for a, b in zip(across, down, strict=True)]

    def _lines(self, x: np.ndarray, y: np.ndarray) -> str:
        path, drawing = [], False
        for (a, b), finite in zip(self._points(x, y), np.isfinite(y), strict=True):
            if finite:
                path.append(f"{'L' if drawing else 'M'}{a} {b}")
            drawing = bool(finite)
        return "".join(path)


def _path(d: str, kind: str) -> Html:
    return tag("path", d=d, class_=kind)


def legend(entries: Sequence[tuple[str, str]]) -> Html:
    """What the colours stand for: (role, meaning)."""
    return tag(
        "p", *(tag("span", tag("span", class_=f"key {role}"), meaning) for role, meaning in entries), class_="legend"
    )


def grid(figures: Sequence[Html], kind: str = "medium") -> Html:
    """Figures side by side, as many as fit: "small", "medium" or "large" ones."""
    return tag("div", *figures, class_=f"grid {kind}")
