"""PhysicsSimulation: what live worlds in MuJoCo keep, and go on from."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from randomizers import WorldDistribution, Worlds
from randomizers.channels import WorldChannels
from sim2real.simulation.batch_sim import BatchSim
from sim2real.simulation.marks import Mark
from sim2real.tasks.task import Simulation, Task


class PhysicsSimulation(Simulation):
    """Worlds of a distribution, in a batch of MuJoCo's and with the channels that their effects act in."""

    task: Task
    """What they are worlds of."""
    sim: BatchSim
    """The physics."""
    channels: WorldChannels
    """What the worlds' effects act on."""
    distribution: WorldDistribution
    """What is loaded into them."""
    steps: np.ndarray
    """Control steps (n,) of each world's present episode so far."""
    _seeds: np.ndarray
    _values: np.ndarray

    @property
    def present_worlds(self) -> Worlds:
        """The world that each row is in, in its present episode."""
        return Worlds(self.distribution.names, self._values, self._seeds)

    def marks(self, world: int) -> tuple[Mark, ...]:
        """What pictures show of that row beside its model, such as its goal; nothing by itself."""
        return ()

    @property
    def diverged_steps(self) -> int:  # type: ignore[override]
        """Steps so far in which a world's physics broke down."""
        return self.sim.diverged_steps

    def state(self) -> dict[str, Any]:
        return {
            "integration": self.sim.state(),
            "fields": {name: values.copy() for name, values in self.sim.fields.items()},
            "diverged_steps": self.sim.diverged_steps,
            "channels": self.channels.state(),
            "arrays": {name: array.copy() for name, array in self._arrays().items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.sim.load(np.arange(self.sim.worlds), state["fields"], self.distribution.recompute)
        self.sim.restore(state["integration"])
        self.sim.diverged_steps = state["diverged_steps"]
        self.channels.restore(state["channels"])
        for name, array in self._arrays().items():
            array[:] = state["arrays"][name]

    @abstractmethod
    def _arrays(self) -> dict[str, np.ndarray]:
        """Every array (n, ...) of its own that the future depends on."""
