"""What happens to actions on their way to the actuators: noise, delay, backlash."""

from __future__ import annotations

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows
from randomizers.channels.setting_term import ActionTerm
from randomizers.distributions import Distribution
from randomizers.settings import Setting

LONGEST_DELAY = 8
"""Most control steps that an action may be late."""


class ActionNoise(ActionTerm):
    """Standard deviation of noise added to the action at every control step."""

    kind = "action_noise"
    fields = ("action_noise",)


class AddActionNoise(Effect):
    """Additive noise, new at every control step."""

    settings = {"action_noise": Setting("action")}
    normals = ("action", 1)

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        return signal + self.rows["action_noise"][rows] * normals


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


class DelayActions(Effect):
    """A delay line of whole control steps, each actuator its own."""

    settings = {"action_delay": Setting("action", dtype=np.int64)}

    def prepare(self) -> None:
        self.memory["line"] = np.zeros((LONGEST_DELAY + 1, self.site.n, self.site.target.actions))
        self.memory["head"] = np.array(0)
        self._cells = np.arange(self.site.n * self.site.target.actions).reshape(self.site.n, -1)

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        self.memory["line"][:, rows] = signal
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        line, head = self.memory["line"], self.memory["head"]
        head[...] = (head + 1) % len(line)
        line[head] = signal
        return line.take((head - self.rows["action_delay"]) % len(line) * signal.size + self._cells)


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
