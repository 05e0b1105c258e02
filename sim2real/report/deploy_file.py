"""DeployFile: what `deploy.json` says about one run of the control loop."""

from __future__ import annotations

from pydantic import Field, model_validator

from deploy_robot.loop_report import Spread
from sim2real.report.json_file import FileModel


class DeployLog(FileModel):
    """Every one of T ticks, joints (j,) in the order of the report."""

    stamps: list[float]
    """When each state was measured, on the robot's clock [s]."""
    sent: list[float]
    """When each command left [s]."""
    latencies: list[float]
    """From a state's arrival to the command decided on it [s]."""
    positions: list[list[float]]
    """(T, j) measured [rad]."""
    targets: list[list[float]]
    """(T, j) sent [rad]."""


class TwinSummary(FileModel):
    """What the simulated robot saw, over the whole time that it was there."""

    metric: str
    """The task's first metric."""
    unit: str
    mean: float
    """The mean of its rate."""
    total: float | None = None
    """How much it is in all, where it is counted."""
    drops: int
    seconds: float
    """Simulated time [s]."""
    world: dict[str, float]
    """The parameters of the world that it stood in."""


class DeployFile(FileModel):
    """A loop's report as `LoopReport.to_json` writes it, and what is known of the robot that it drove."""

    ended: str
    fault: str | None
    pace: str
    control_period: float = Field(gt=0)
    """As the contract has it [s]."""
    joints: tuple[str, ...]
    ticks: int
    approach_ticks: int = Field(ge=0)
    overruns: int
    position_clamps: int
    velocity_clamps: int
    period: Spread
    latency: Spread
    inference: Spread
    log: DeployLog | None = None
    twin: TwinSummary | None = None
    """The simulated robot; absent where the loop drove another one."""
    command: str | None = None
    """The command line that made the file."""

    @model_validator(mode="after")
    def _consistent(self) -> DeployFile:
        if self.log is not None:
            for name in DeployLog.model_fields:
                if len(getattr(self.log, name)) != self.ticks:
                    raise ValueError(f"log.{name} has {len(getattr(self.log, name))} entries for {self.ticks} ticks")
            if any(len(row) != len(self.joints) for row in (*self.log.positions, *self.log.targets)):
                raise ValueError(f"a row of the log has not one value for each of the {len(self.joints)} joints")
        return self
