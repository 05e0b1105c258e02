"""N MuJoCo worlds stepped in C++ threads, one set of model fields per world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import mjbatch
import mujoco
import numpy as np

from sim2real.simulation.rows import as_slice

_FATAL = [
    int(mujoco.mjtWarning.mjWARN_BADQPOS),
    int(mujoco.mjtWarning.mjWARN_BADQVEL),
    int(mujoco.mjtWarning.mjWARN_BADQACC),
    int(mujoco.mjtWarning.mjWARN_BADCTRL),
]
"""MuJoCo's own signs of divergence; it has reset the state to qpos0 when it raises them."""


class BatchSim:
    """n worlds over one base model. The only module that knows mjbatch.

    `qpos (n, nq)`, `qvel (n, nv)`, `ctrl (n, nu)` and `xfrc_applied (n, nbody, 6)` are live views of the states: what is
    written there is the world's state at its next step. Derived fields bound with `bind` are those of the last substep's
    start. A row depends on nothing but its own state and fields, whatever the other rows or the number of threads.

    :param model: the base model; copied.
    :param worlds: n.
    :param threads: C++ threads; 0 takes one per core.
    :param fields: names of the model fields that differ between worlds (also `gravity` and other mjOption fields).
    :param speed_limit: generalised speed [rad/s or m/s] above which a world counts as diverged.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        worlds: int,
        threads: int = 0,
        fields: Iterable[str] = (),
        speed_limit: float = 100.0,
    ) -> None:
        self.model = model
        self.worlds = worlds
        self.speed_limit = speed_limit
        self.diverged_steps = 0
        self._batch = mjbatch.Batch(model, worlds, threads)
        self._state = self._batch.bind("state")
        self._fresh = self._state[0].copy()
        self.qpos = self._batch.bind("qpos")
        self.qvel = self._batch.bind("qvel")
        self.ctrl = self._batch.bind("ctrl")
        self.xfrc_applied = self._batch.bind("xfrc_applied")
        self._warning = self._batch.bind("warning")
        self.fields = {name: self._batch.expand(name) for name in fields}

    @property
    def threads(self) -> int:
        """C++ threads in use."""
        return self._batch.num_threads

    def bind(self, name: str) -> np.ndarray:
        """A live (n, ...) view of any mjData field, such as `site_xpos`; filled by the next step or reset."""
        return self._batch.bind(name)

    def load(self, ids: np.ndarray, fields: Mapping[str, np.ndarray], recompute: bool) -> None:
        """Write model fields (m, ...) into the worlds `ids` (m,); `recompute` their derived constants (mj_setConst)."""
        rows = as_slice(ids)
        for name, values in fields.items():
            self.fields[name][rows] = values
        if recompute:
            self._batch.set_const(np.sort(ids))

    def reset(self, ids: np.ndarray, qpos: np.ndarray, qvel: np.ndarray, ctrl: np.ndarray) -> None:
        """Start the worlds `ids` (m,) from qpos (m, nq), qvel (m, nv), ctrl (m, nu): time, forces and warm start cleared."""
        rows = as_slice(ids)
        self._state[rows] = self._fresh
        self._warning[rows] = 0
        self.qpos[rows], self.qvel[rows], self.ctrl[rows] = qpos, qvel, ctrl
        self._batch.forward(np.sort(ids))

    def step(self, substeps: int, before_each: Callable[[], int] | None = None) -> np.ndarray:
        """Advance all worlds by `substeps` physics steps; returns which diverged (n,), to be reset by the caller.

        `before_each` is called before the first one, to set controls and fields, and says for how many they hold; then
        before the next, until all are made.
        """
        if before_each is None:
            self._batch.step(nstep=substeps)
        else:
            left = substeps
            while left:
                together = min(before_each(), left)
                self._batch.step(nstep=together)
                left -= together
        limit = self.speed_limit
        # The usual case, told by a few numbers: NaN fails every comparison.
        if (
            -limit < self.qvel.min()
            and self.qvel.max() < limit
            and np.isfinite(self.qpos.sum())
            and not self._warning.any()
        ):
            return np.zeros(self.worlds, dtype=bool)
        with np.errstate(invalid="ignore"):
            diverged = ~(np.abs(self.qvel).max(axis=1) < limit)
        diverged |= ~np.isfinite(self.qpos.sum(axis=1))
        diverged |= self._warning[:, _FATAL, 1].any(axis=1)
        self.diverged_steps += int(diverged.sum())
        return diverged

    def state(self) -> np.ndarray:
        """A copy of all worlds' integration states (n, nstate); fields are not part of it."""
        return self._state.copy()

    def restore(self, state: np.ndarray, ids: np.ndarray | None = None) -> None:
        """Put back what `state` returned, and the derived fields with it; only the rows `ids` (m,) if given."""
        rows = slice(None) if ids is None else as_slice(ids)
        self._warning[rows] = 0
        self._state[rows] = state
        self.forward(ids)
        self._state[rows] = state

    def forward(self, ids: np.ndarray | None = None) -> None:
        """Compute the derived fields of the states as they are now; only of the rows `ids` (m,) if given."""
        self._batch.forward(None if ids is None else np.sort(ids))
