"""What a tracker loses sight of (arXiv 1808.00177)."""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import Rows
from randomizers.channels.hold import Hold
from randomizers.channels.sensor_term import SensorTerm
from randomizers.settings import Setting
from randomizers.target import Selection, Target


class MarkerOcclusion(SensorTerm):
    """A marker stays where it was last seen while another marker or a fingertip is closer to it than this."""

    kind = "marker_occlusion"
    unit = "m"
    fields = ("marker_occlusion",)

    def check(self, target: Target, selection: Selection) -> None:
        for name in selection.names:
            if name not in target.markers:
                raise self.refuse(name, f"it is no marker; markers: {', '.join(target.markers) or 'none'}")
        super().check(target, selection)


class Occlude(Hold):
    """Holds a marker while its clearance, the distance to what is nearest, is small.

    The source `clearance` gives that (n, m) [m] for each of `Target.markers`.
    """

    settings = {"marker_occlusion": Setting("sensor")}
    wants = ("clearance",)

    def prepare(self) -> None:
        super().prepare()
        target = self.site.target
        self._markers = np.array([target.id("sensor", name) for name in target.markers], np.intp)

    def blocked(self, uniforms: np.ndarray) -> np.ndarray:
        hidden = np.zeros(self.rows["marker_occlusion"].shape, bool)
        nearest = self.rows["marker_occlusion"][:, self._markers]
        hidden[:, self._markers] = self.site.sources["clearance"]() < nearest
        return self.of_columns(hidden)


class MarkerLoss(SensorTerm):
    """How often a marker is lost while it is seen, at a control step. It stays where it was last seen for
    `marker_loss_time`."""

    kind = "marker_loss"
    unit = "1/s"
    fields = ("marker_loss",)


class MarkerLossTime(SensorTerm):
    """How long a lost marker is not seen, rounded up to whole control steps; 1 s where no term says otherwise."""

    kind = "marker_loss_time"
    unit = "s"
    fields = ("marker_loss_time",)
    above_lowest = True
    partner = "marker_loss"


class LoseMarkers(Hold):
    """Now and then holds a marker, or what any other sensor delivers, for a while."""

    settings = {"marker_loss": Setting("sensor"), "marker_loss_time": Setting("sensor", nominal=1.0)}
    uniforms = ("sensor", 1)

    def prepare(self) -> None:
        super().prepare()
        self.memory["left"] = np.zeros((self.site.n, len(self.site.target.sensor_names)), np.int64)

    def find_work(self) -> None:
        rate, period = self.rows["marker_loss"], self.site.period
        self.working = bool(rate.any())
        self._chance = -np.expm1(-rate * period)
        # A time that is a whole number of steps may come out a rounding above it.
        self._steps = np.ceil(self.rows["marker_loss_time"] / period - 1e-6).astype(np.int64)

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["left"][rows] = 0
        return super().restart(rows, signal, normals, uniforms)

    def blocked(self, uniforms: np.ndarray) -> np.ndarray:
        left = self.memory["left"]
        np.copyto(left, self._steps, where=(left == 0) & (uniforms < self._chance))
        lost = left > 0
        left -= lost
        return self.of_columns(lost)
