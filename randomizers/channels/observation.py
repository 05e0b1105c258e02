"""ObservationChannel: bias and noise between the sensors and the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

_ALL = slice(None)


class ObservationChannel:
    """Observations (n, p) of n worlds with a bias and noise added.

    Settings, a row (p,) per world in the units of the observation: `observation_bias`, and `observation_noise`, the sd
    of the noise of each control step. With all settings 0 `apply` gives back its argument itself.
    """

    def __init__(self, n: int, p: int) -> None:
        self._bias = np.zeros((n, p), np.float32)
        self._noise = np.zeros((n, p), np.float32)
        self._find_work()

    def _find_work(self) -> None:
        self._has_bias = bool(self._bias.any())
        self._has_noise = bool(self._noise.any())

    def load(self, ids: Sequence[int] | np.ndarray | slice, settings: Mapping[str, np.ndarray]) -> None:
        """Takes the settings (m, p) of the worlds `ids` (m,)."""
        self._bias[ids] = settings["observation_bias"]
        self._noise[ids] = settings["observation_noise"]
        self._find_work()

    def apply(self, obs: np.ndarray, normals: np.ndarray, rows: slice | np.ndarray = _ALL) -> np.ndarray:
        """What the policy is given (m, p), of the argument's type, from what is so and standard normals (m, p), in
        these rows (default: all).
        """
        dtype = obs.dtype
        if self._has_bias:
            obs = obs + self._bias[rows]
        if self._has_noise:
            obs = obs + self._noise[rows] * normals
        return obs.astype(dtype, copy=False)

    def state(self) -> dict[str, np.ndarray]:
        """Copies of all it holds."""
        return {"bias": self._bias.copy(), "noise": self._noise.copy()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continues from a `state`."""
        self._bias[:] = state["bias"]
        self._noise[:] = state["noise"]
        self._find_work()
