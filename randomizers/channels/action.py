"""ActionChannel: noise, delay and backlash between the policy and the actuators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from randomizers.errors import WorldsError


class ActionChannel:
    """Controls (n, nu) of n worlds through additive noise, then a delay, then backlash.

    Settings, a row (nu,) per world: `action_noise`, sd of the noise of each control step, in units of the control;
    `action_delay`, whole control steps from 0 to `longest_delay`; `backlash`, half width b of the free play, in units
    of the control: the output moves only as far as it must to stay within b of the input.
    After `load`, `reset` the same worlds before the next `apply`: what the delay line held is not theirs.
    With all settings 0 `apply` gives back its argument itself.
    """

    def __init__(self, n: int, nu: int, longest_delay: int = 8) -> None:
        self._noise = np.zeros((n, nu))
        self._delay = np.zeros((n, nu), np.int64)
        self._play = np.zeros((n, nu))
        self._line = np.zeros((longest_delay + 1, n, nu))
        self._head = 0
        self._output = np.zeros((n, nu))
        self._cells = np.arange(n * nu).reshape(n, nu)
        self._find_work()

    def _find_work(self) -> None:
        self._has_noise = bool(self._noise.any())
        self._has_delay = bool(self._delay.any())
        self._has_play = bool(self._play.any())

    def load(self, ids: Sequence[int] | np.ndarray | slice, settings: Mapping[str, np.ndarray]) -> None:
        """Takes the settings (m, nu) of the worlds `ids` (m,). Raises WorldsError for a delay out of range."""
        delay = np.asarray(settings["action_delay"])
        longest = len(self._line) - 1
        if delay.size and not 0 <= delay.min() <= delay.max() <= longest:
            raise WorldsError(f"action_delay must be 0 to {longest} control steps, got {delay.min()} to {delay.max()}")
        self._noise[ids] = settings["action_noise"]
        self._delay[ids] = delay
        self._play[ids] = settings["backlash"]
        self._find_work()

    def reset(self, ids: Sequence[int] | np.ndarray | slice, ctrl: np.ndarray) -> None:
        """Leaves the worlds `ids` (m,) as if `ctrl` (m, nu) had been sent for long."""
        self._line[:, ids] = ctrl
        self._output[ids] = ctrl

    def apply(self, ctrl: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """The controls (n, nu) that arrive, given those sent and standard normals (n, nu). Call once per control
        step.
        """
        if self._has_noise:
            ctrl = ctrl + self._noise * normals
        if self._has_delay:
            ctrl = self._delayed(ctrl)
        if self._has_play:
            np.maximum(self._output, ctrl - self._play, out=self._output)
            np.minimum(self._output, ctrl + self._play, out=self._output)
            ctrl = self._output.copy()
        return ctrl

    def _delayed(self, ctrl: np.ndarray) -> np.ndarray:
        length = len(self._line)
        self._head = (self._head + 1) % length
        self._line[self._head] = ctrl
        return self._line.take((self._head - self._delay) % length * ctrl.size + self._cells)

    def state(self) -> dict[str, np.ndarray]:
        """Copies of all it holds."""
        return {
            "noise": self._noise.copy(),
            "delay": self._delay.copy(),
            "play": self._play.copy(),
            "line": self._line.copy(),
            "head": np.array(self._head),
            "output": self._output.copy(),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continues from a `state`."""
        self._noise[:] = state["noise"]
        self._delay[:] = state["delay"]
        self._play[:] = state["play"]
        self._line[:] = state["line"]
        self._head = int(state["head"])
        self._output[:] = state["output"]
        self._find_work()
