"""How late actions arrive: whole control steps and parts of one."""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import ActionTerm
from randomizers.distributions import Distribution
from randomizers.errors import WorldsError
from randomizers.settings import Setting

LONGEST_DELAY = 8
"""Most control steps that an action may be late."""


class ActionDelay(ActionTerm):
    """How late actions arrive, in whole control steps."""

    kind = "action_delay"
    unit = "control steps"
    fields = ("action_delay",)
    default_each = "element"
    highest = LONGEST_DELAY

    def _check_distribution(self, what: str, distribution: Distribution) -> None:
        super()._check_distribution(what, distribution)
        for leaf in distribution.leaves:
            if leaf.atoms is None or any(value % 1 for value in leaf.atoms):
                raise self.error(f"{what} must be a Choice of whole control steps, got {distribution!r}")


class ActionDelayTime(ActionTerm):
    """How much later than `action_delay` actions arrive, in time: what is less than a control step is exact to less than
    a physics step."""

    kind = "action_delay_time"
    unit = "s"
    fields = ("action_delay_time",)
    default_each = "element"


class DelayActions(Effect):
    """A delay line of whole control steps, each actuator its own.

    Raises WorldsError from `load` for an action that would be later than `LONGEST_DELAY` control steps.
    """

    settings = {"action_delay": Setting("action", dtype=np.int64), "action_delay_time": Setting("action")}

    def prepare(self) -> None:
        self.memory["line"] = np.zeros((LONGEST_DELAY + 1, self.site.n, self.site.target.actions))
        self.memory["head"] = np.array(0)
        self._cells = np.arange(self.site.n * self.site.target.actions).reshape(self.site.n, -1)

    def find_work(self) -> None:
        steps = self.rows["action_delay"] + _whole_steps(self.rows["action_delay_time"], self.site.period)
        latest = int(steps.max(initial=0))
        if latest > LONGEST_DELAY:
            raise WorldsError(
                f"an action would be {latest} control steps of {self.site.period:g} s late, by action_delay and "
                f"action_delay_time together; at most {LONGEST_DELAY}"
            )
        self._oldest = self._cells - steps * self._cells.size
        self.working = latest > 0

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["line"][:, rows] = signal
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        line, head = self.memory["line"], self.memory["head"]
        head[...] = (head + 1) % len(line)
        line[head] = signal
        return line.take(self._oldest + head * self._cells.size, mode="wrap")


class ArriveLate(Effect):
    """Commands (n, nu) that take effect within a control step: what `action_delay_time` leaves beyond whole steps.

    Applied at every physics step. Those before the command arrives use the one before it, those after use it, and the
    physics step in which it arrives uses both, each by its share of the time, which gives a servo whose force is linear
    in its command the right mean force. A command that would come after the next one is sent comes with it.
    """

    settings = {"action_delay_time": Setting("action")}
    wants = ("timestep",)

    def prepare(self) -> None:
        self.memory["before"] = np.zeros((self.site.n, self.site.target.actions))
        self.memory["step"] = np.array(0)

    def find_work(self) -> None:
        times, period = self.rows["action_delay_time"], self.site.period
        self._rest = np.maximum(times - period * _whole_steps(times, period), 0.0)
        self.working = bool(self._rest.any())

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["before"][rows] = signal
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        self._signal, self._share = signal, self._share_now()
        arrived = self._share * self.memory["before"] + (1.0 - self._share) * signal
        self._go_on()
        return arrived

    def repeats(self) -> int:
        count = 0
        while self.memory["step"] > 0 and np.array_equal(self._share_now(), self._share):
            self._go_on()
            count += 1
        return count

    def _share_now(self) -> np.ndarray:
        """The share of the time (n, nu) that the command before has in the physics step that begins."""
        timestep = self.site.sources["timestep"]()[:, None]
        return np.minimum(np.maximum(self._rest / timestep - self.memory["step"], 0.0), 1.0)

    def _go_on(self) -> None:
        step = self.memory["step"]
        step[...] = (step + 1) % self.site.substeps
        if step == 0:
            self.memory["before"][:] = self._signal


def _whole_steps(times: np.ndarray, period: float) -> np.ndarray:
    """Whole control steps in delays [s]; what is short of one by no more than a rounding is one."""
    return np.floor(times / period + 1e-9).astype(np.int64)
