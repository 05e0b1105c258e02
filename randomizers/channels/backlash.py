"""Free play between actuators and joints: a play in angle, and slack that is taken up over time (arXiv 1808.00177)."""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import ActionTerm
from randomizers.channels.transmission import Transmission, is_affine, is_linear
from randomizers.servos import is_position_servo
from randomizers.settings import Setting
from randomizers.target import Selection, Target

_LEAST = 1e-12
"""Stands for a divisor of 0."""


class Backlash(ActionTerm):
    """Half the free play between actuator and joint."""

    kind = "backlash"
    fields = ("backlash",)
    default_each = "element"


class Play(Effect):
    """The play operator: what comes out moves only as far as it must to stay within half the free play of what comes in."""

    settings = {"backlash": Setting("action")}

    def prepare(self) -> None:
        self.memory["output"] = np.zeros((self.site.n, self.site.target.actions))

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["output"][rows] = signal
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        output, play = self.memory["output"], self.rows["backlash"]
        np.maximum(output, signal - play, out=output)
        np.minimum(output, signal + play, out=output)
        return output.copy()


class TendonSlack(ActionTerm):
    """Slack of the tendons that pull a joint down and up, as Dactyl's (arXiv 1808.00177, appendix on backlash): the error
    of the joint, integrated over time, that takes up half of all slack; rad s.

    It is 1 / delta of the paper's model: in the authors' released calibration of a Shadow hand 0.014 (hardly any) to
    0.29 rad s, delta being drawn anew around that for each direction of each joint.
    """

    kind = "tendon_slack"
    unit, slide_unit = "rad s", "m s"
    fields = ("tendon_slack",)
    default_each = "element"
    parts = ("down", "up")

    def check(self, target: Target, selection: Selection) -> None:
        super().check(target, selection)
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            servo = is_affine(target.model, actuator) and is_position_servo(target.model, actuator)
            if not servo or not is_linear(target.model, actuator):
                raise self.refuse(name, "it is no position servo of a joint or fixed tendon")


class TakeUpSlack(Effect):
    """Dactyl's backlash. With a the error of a joint (target minus position), s in [-1, 1] how the slack lies, dt the
    length of the control step and delta = 1 / `tendon_slack` of the direction of a:

        s' = clip(s + a delta dt, -1, 1);  alpha = 1 - clip(|sgn(a) - s| / |a delta dt|, 0, 1);  a' = alpha a

    so that the servo holds still where the joint is while the slack is taken up. Inferred, and as the authors' released
    code has it: a is the target relative to the joint as it is, since the actions of the paper are such; and the
    denominator is the change of s before it is clipped, as with the clipped one that is printed a' would always be 0. An
    episode starts with the slack in the middle.
    """

    settings = {"tendon_slack": Setting("action", parts=2)}
    wants = ("qpos", "timestep")

    def prepare(self) -> None:
        self._transmission = Transmission(self.site.target.model)
        self.memory["slack"] = np.zeros((self.site.n, self.site.target.actions))

    def find_work(self) -> None:
        super().find_work()
        # Of either direction apart: what is side by side is read in a fraction of the time.
        self._down, self._up = (self.rows["tendon_slack"][..., k].copy() for k in (0, 1))

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["slack"][rows] = 0.0
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        slack, sources = self.memory["slack"], self.site.sources
        position = self._transmission.length(sources["qpos"]())
        error = signal - position
        half = np.where(error < 0.0, self._down, self._up)
        lost = np.sign(error)
        lost -= slack
        np.abs(lost, out=lost)
        lost *= half
        integral = np.multiply(error, (self.site.substeps * sources["timestep"]())[:, None], out=error)
        slack += integral / np.maximum(half, _LEAST, out=half)
        np.minimum(np.maximum(slack, -1.0, out=slack), 1.0, out=slack)
        lost /= np.maximum(np.abs(integral, out=integral), _LEAST, out=integral)
        np.minimum(lost, 1.0, out=lost)
        position *= lost
        np.subtract(1.0, lost, out=lost)
        lost *= signal
        position += lost
        return position
