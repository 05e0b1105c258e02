"""A base that tilts: gravity turns about the robot."""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import WorldTerm
from randomizers.settings import Setting


class TiltAngle(WorldTerm):
    """How far the base tilts to either side, swinging about a horizontal axis that is drawn at every episode. An episode
    starts level."""

    kind = "tilt_angle"
    unit = "rad"
    fields = ("tilt_angle",)
    partner = "tilt_rate"


class TiltRate(WorldTerm):
    """How many times a second the base swings to one side, to the other and back."""

    kind = "tilt_rate"
    unit = "1/s"
    fields = ("tilt_rate",)
    partner = "tilt_angle"


class TiltBase(Effect):
    """Turns each world's gravity (n, 3) as seen from a base whose tilt is a sine of time."""

    settings = {"tilt_angle": Setting("world"), "tilt_rate": Setting("world")}
    uniforms = ("world", 1)
    drives = ("gravity",)

    def prepare(self) -> None:
        n = self.site.n
        self.memory = {"steps": np.zeros(n, np.int64), "heading": np.zeros(n)}

    def find_work(self) -> None:
        self.working = bool((self.rows["tilt_angle"] * self.rows["tilt_rate"]).any())

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["steps"][rows] = 0
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        steps, heading = self.memory["steps"], self.memory["heading"]
        np.copyto(heading, 2 * np.pi * uniforms[:, 0].astype(np.float64), where=steps == 0)
        time = steps * self.site.period
        steps += 1
        # What the base turns one way, gravity turns the other.
        angle = -self.rows["tilt_angle"] * np.sin(2 * np.pi * self.rows["tilt_rate"] * time)
        x, y = np.cos(heading), np.sin(heading)
        cosine, sine = np.cos(angle), np.sin(angle)
        gx, gy, gz = signal.T
        # Rodrigues' formula about the axis (x, y, 0).
        along = (x * gx + y * gy) * (1.0 - cosine)
        turned = np.empty_like(signal)
        turned[:, 0] = gx * cosine + y * gz * sine + x * along
        turned[:, 1] = gy * cosine - x * gz * sine + y * along
        turned[:, 2] = gz * cosine + (x * gy - y * gx) * sine
        return turned
