"""What servos make of their commands at every physics step: a dead zone, and less torque the faster they turn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import ActionTerm
from randomizers.channels.transmission import Transmission, is_affine, is_linear, run
from randomizers.servos import is_position_servo
from randomizers.settings import Setting
from randomizers.target import Selection, Target

_WITHIN = 1e-9
"""How far within its range, in proportion, the greatest force is kept."""


class DeadZone(ActionTerm):
    """Error of position servos below which they do nothing; their force grows from 0 at its end."""

    kind = "dead_zone"
    fields = ("dead_zone",)
    default_each = "element"

    def check(self, target: Target, selection: Selection) -> None:
        super().check(target, selection)
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            servo = is_affine(target.model, actuator) and is_position_servo(target.model, actuator)
            if not servo or not is_linear(target.model, actuator):
                raise self.refuse(name, "it is no position servo of a joint or fixed tendon")


class _Motor(Effect):
    """Acts on force laws (n, nactuator, 4)."""

    drives = ("actuator_gainprm", "actuator_biasprm")

    def prepare(self) -> None:
        model = self.site.target.model
        self._transmission = Transmission(model)
        self._indices = np.flatnonzero(model.actuator_ctrlnum == 1)
        self._actuators, self._controls = run(self._indices), run(model.actuator_ctrladr[self._indices])

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        return signal


class IgnoreSmallErrors(_Motor):
    """Takes from the force of position servos what the part of the error that is in the dead zone makes; their damping
    stays as it is."""

    settings = {"dead_zone": Setting("action")}
    wants = ("ctrl", "qpos")

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        zone, sources = self.rows["dead_zone"], self.site.sources
        error = sources["ctrl"]() - self._transmission.length(sources["qpos"]())
        ignored = np.minimum(np.maximum(error, -zone), zone)[:, self._controls]
        changed = signal.copy()
        changed[:, self._actuators, 1] -= signal[:, self._actuators, 0] * ignored
        return changed


class NoLoadSpeed(ActionTerm):
    """Speed at which an actuator has no torque left to go faster, rad/s; 0 for one that is as strong at any speed.

    From standstill, where the ends of its force range are what it can do, torque falls linearly, as a direct-current
    motor's does at its greatest voltage. Against the motion it keeps all.
    """

    kind = "no_load_speed"
    zero_is_endless = True
    unit, slide_unit = "rad/s", "m/s"
    fields = ("no_load_speed",)
    default_each = "element"

    def check(self, target: Target, selection: Selection) -> None:
        super().check(target, selection)
        model = target.model
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            if not is_linear(model, actuator) or not is_affine(model, actuator):
                raise self.refuse(name, "it is no servo of a joint or fixed tendon")
            low, high = model.actuator_forcerange[actuator]
            if not model.actuator_forcelimited[actuator] or not low <= 0.0 <= high:
                raise self.refuse(name, "it has no force range around 0, which is its torque at standstill")


class WeakenBySpeed(_Motor):
    """Replaces the force laws (n, nactuator, 4) of actuators that ask for more torque than there is at their speed by
    that torque, as it depends on speed: so an implicit integrator finds the speed at which the two agree, and no joint is
    carried past it however long the physics step is."""

    settings = {"no_load_speed": Setting("action")}
    wants = ("ctrl", "qpos", "qvel")

    def prepare(self) -> None:
        super().prepare()
        ranges = self.site.target.model.actuator_forcerange[self._indices]
        self.memory["ranges"] = np.tile(ranges, (self.site.n, 1, 1))

    def load(self, rows: Rows, settings: Mapping[str, np.ndarray]) -> None:
        super().load(rows, settings)
        if "actuator_forcerange" in settings:
            self.memory["ranges"][rows] = settings["actuator_forcerange"][:, self._actuators]

    def find_work(self) -> None:
        super().find_work()
        speed = self.rows["no_load_speed"][:, self._controls]
        self._limited = speed > 0.0
        self._inverse = np.divide(1.0, speed, out=np.zeros_like(speed), where=self._limited)

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        sources, controls = self.site.sources, self._controls
        speed = self._transmission.speed(sources["qvel"]())[:, controls]
        length = self._transmission.length(sources["qpos"]())[:, controls]
        law, (low, high) = signal[:, self._actuators], np.moveaxis(self.memory["ranges"], 2, 0)
        asked = law[..., 0] * sources["ctrl"]()[:, controls] + law[..., 1] + law[..., 2] * length + law[..., 3] * speed
        share = speed * self._inverse
        most = high * np.minimum(np.maximum(1.0 - share, 0.0), 1.0)
        least = low * np.minimum(np.maximum(1.0 + share, 0.0), 1.0)
        forward, backward = (asked > most) & (share >= 0.0), (asked < least) & (share <= 0.0)
        weak = np.nonzero((forward | backward) & self._limited)
        if not len(weak[0]):
            return signal
        standing = np.where(forward[weak], high[weak], low[weak]) * (np.abs(share[weak]) < 1.0)
        slope = standing * self._inverse[weak] * np.where(forward[weak], -1.0, 1.0)
        changed = signal.copy()
        # A force at the very end of its range counts as cut off there, whatever the speed.
        inside = standing * (1.0 - _WITHIN)
        laws = np.stack((np.zeros_like(slope), inside, np.zeros_like(slope), slope), axis=1)
        changed[weak[0], self._indices[weak[1]]] = laws
        return changed
