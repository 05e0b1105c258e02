"""DrivenPhysics: what of a world's physics changes while it runs."""

from __future__ import annotations

import numpy as np

from randomizers.channels import WorldChannels
from sim2real.simulation.batch_sim import BatchSim


class DrivenPhysics:
    """Passes n worlds' gravity and the weight of bodies through the channels "gravity" and "load", into model fields.

    Both start from what a world itself has, which is kept here. A changed weight is written as mass and inertia, and the
    constants derived from them are computed anew, for the worlds where it changed alone.
    """

    def __init__(self, sim: BatchSim, channels: WorldChannels, bodies: np.ndarray) -> None:
        self._sim, self._channels, self._bodies = sim, channels, bodies
        self._tilts, self._loads = bool(channels["gravity"].effects), bool(channels["load"].effects)
        model, n = sim.model, sim.worlds
        self._gravity = np.tile(model.opt.gravity, (n, 1))
        self._mass = np.tile(model.body_mass[bodies], (n, 1))
        self._inertia = np.tile(model.body_inertia[bodies], (n, 1, 1))
        self._unloaded = np.ones((n, len(bodies)))
        self._load = self._unloaded.copy()

    def load(self, rows: slice | np.ndarray) -> None:
        """Take what the model fields of these rows hold, just written, as their worlds' own."""
        if self._tilts:
            self._gravity[rows] = self._sim.fields["gravity"][rows]
        if self._loads:
            self._mass[rows] = self._sim.fields["body_mass"][rows][:, self._bodies]
            self._inertia[rows] = self._sim.fields["body_inertia"][rows][:, self._bodies]
            self._load[rows] = 1.0

    def restart(self, ids: np.ndarray, rows: slice | np.ndarray) -> None:
        """An episode begins in the worlds `ids` (m,), which are `rows`."""
        if self._tilts:
            self._sim.fields["gravity"][rows] = self._channels.restart("gravity", rows, self._gravity[rows])
        if self._loads:
            self._weigh(ids, self._channels.restart("load", rows, self._unloaded[rows]))

    def step(self) -> None:
        """A control step begins in all worlds."""
        if self._tilts:
            self._sim.fields["gravity"][:] = self._channels.apply("gravity", self._gravity)
        if self._loads:
            self._weigh(np.arange(self._sim.worlds), self._channels.apply("load", self._unloaded))

    def _weigh(self, ids: np.ndarray, load: np.ndarray) -> None:
        """Make bodies so many times heavier (m, b) than their worlds have them."""
        changed = (load != self._load[ids]).any(axis=1)
        if not changed.any():
            return
        ids, load = ids[changed], load[changed]
        self._load[ids] = load
        mass, inertia = self._sim.fields["body_mass"][ids], self._sim.fields["body_inertia"][ids]
        mass[:, self._bodies] = self._mass[ids] * load
        inertia[:, self._bodies] = self._inertia[ids] * load[..., None]
        self._sim.load(ids, {"body_mass": mass, "body_inertia": inertia}, recompute=True)

    def arrays(self) -> dict[str, np.ndarray]:
        """Every array (n, ...) of its own that the future depends on."""
        return {"gravity": self._gravity, "mass": self._mass, "inertia": self._inertia, "load": self._load}
