"""Driving: from commands to physics steps."""

from __future__ import annotations

import numpy as np

from randomizers.channels import WorldChannels
from sim2real.simulation.batch_sim import BatchSim

Rows = slice | np.ndarray
_ALL = slice(None)
_LAW_FIELDS = ("actuator_gainprm", "actuator_biasprm")


class Driving:
    """Steps the physics of n worlds with commands (n, nu), through the channels "timing", "drive" and "motor".

    "timing" gives each control step its physics time step; "drive" the controls and "motor" the force laws of each
    physics step. Time steps and force laws start from what a world itself has, which is kept here. Only where some world
    needs the last two is physics stepped in parts: for "drive" as long as all controls stay, for "motor" by single steps,
    as force laws follow where joints are.
    """

    def __init__(self, sim: BatchSim, channels: WorldChannels, substeps: int) -> None:
        self._sim, self._channels, self._substeps = sim, channels, substeps
        model, n = sim.model, sim.worlds
        self._times, self._moves = "timestep" in sim.fields, bool(channels["motor"].effects)
        self._timestep = np.full(n, model.opt.timestep)
        self._laws = np.tile(_laws(model.actuator_gainprm, model.actuator_biasprm), (n, 1, 1))
        self._command = np.zeros((n, model.nu))

    @property
    def timestep(self) -> np.ndarray:
        """The physics time step (n,) [s] of the present control step."""
        return self._sim.fields["timestep"] if self._times else self._timestep

    def load(self, rows: Rows) -> None:
        """Take what the model fields of these rows hold, just written, as their worlds' own."""
        if self._times:
            self._timestep[rows] = self._sim.fields["timestep"][rows]
        if self._moves:
            gain, bias = (self._sim.fields[name][rows] for name in _LAW_FIELDS)
            self._laws[rows] = _laws(gain, bias)

    def restart(self, rows: Rows, command: np.ndarray) -> None:
        """An episode begins in these rows, where `command` (m, nu) has stood for long."""
        if self._times:
            self._sim.fields["timestep"][rows] = self._channels.restart("timing", rows, self._timestep[rows])
        if self._moves:
            self._obey(rows, self._channels.restart("motor", rows, self._laws[rows]))
        self._channels.restart("drive", rows, command)

    def step(self, command: np.ndarray) -> np.ndarray:
        """One control step with these commands (n, nu); returns which worlds diverged (n,)."""
        if self._channels["timing"].working:
            self._sim.fields["timestep"][:] = self._channels.apply("timing", self._timestep)
        if not self._channels["drive"].working and not self._channels["motor"].working:
            self._sim.ctrl[:] = command
            return self._sim.step(self._substeps)
        self._command = command
        return self._sim.step(self._substeps, before_each=self._drive)

    def _drive(self) -> int:
        """A physics step begins; returns for how many controls and force laws are set."""
        self._sim.ctrl[:] = self._channels.apply("drive", self._command)
        if self._channels["motor"].working:
            self._obey(_ALL, self._channels.apply("motor", self._laws))
            return 1
        return 1 + self._channels["drive"].repeats()

    def _obey(self, rows: Rows, laws: np.ndarray) -> None:
        """Give the actuators of these rows force laws (m, nactuator, 4)."""
        gain, bias = (self._sim.fields[name] for name in _LAW_FIELDS)
        gain[rows, :, 0], bias[rows, :, :3] = laws[..., 0], laws[..., 1:]

    def arrays(self) -> dict[str, np.ndarray]:
        """Every array (n, ...) of its own that the future depends on."""
        return {"timestep": self._timestep, "laws": self._laws}


def _laws(gain: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Force laws (..., nactuator, 4) from parameters of gain and bias: factor of the control, constant, factors of the
    length and of the speed."""
    return np.concatenate((gain[..., :1], bias[..., :3]), axis=-1)
