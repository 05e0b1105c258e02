"""ForceChannel: random pushes on one body of each world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

DECAY = 0.99
"""What remains of a force after `DECAY_TIME` (arXiv 1808.00177)."""
DECAY_TIME = 0.08
"""s"""


class ForceChannel:
    """A force (n, 3), N, that now and then jumps to a random value and decays in between (arXiv 1808.00177).

    Settings, one number per world: `force_probability`, of a new force in a control step, and `force_scale`, m/s^2, the
    sd of each coordinate of a new force divided by the body's mass. `control_period` is in s.
    """

    def __init__(self, n: int, control_period: float) -> None:
        self._decay = DECAY ** (control_period / DECAY_TIME)
        self._probability = np.zeros(n)
        self._sd = np.zeros(n)
        self._force = np.zeros((n, 3))
        self._find_work()

    def _find_work(self) -> None:
        self._has_force = bool((self._probability * self._sd).any() or self._force.any())

    def load(
        self, ids: Sequence[int] | np.ndarray | slice, settings: Mapping[str, np.ndarray], masses: np.ndarray
    ) -> None:
        """Takes the settings (m,) of the worlds `ids` (m,) and the masses (m,), kg, of the pushed body in them."""
        self._probability[ids] = settings["force_probability"]
        self._sd[ids] = np.asarray(settings["force_scale"]) * masses
        self._find_work()

    def reset(self, ids: Sequence[int] | np.ndarray | slice) -> None:
        """No force in the worlds `ids` (m,)."""
        self._force[ids] = 0.0
        self._find_work()

    def apply(self, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """The force (n, 3), N, during a control step, given standard normals (n, 3) and uniforms (n, 1)."""
        if not self._has_force:
            return np.zeros_like(self._force)
        new = uniforms < self._probability[:, None]
        self._force = np.where(new, normals * self._sd[:, None], self._force * self._decay)
        return self._force.copy()

    def state(self) -> dict[str, np.ndarray]:
        """Copies of all it holds."""
        return {"probability": self._probability.copy(), "sd": self._sd.copy(), "force": self._force.copy()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continues from a `state`."""
        self._probability[:] = state["probability"]
        self._sd[:] = state["sd"]
        self._force = state["force"].copy()
        self._find_work()
