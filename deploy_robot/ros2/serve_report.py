"""ServeReport: what a simulated robot saw while it was served over ROS 2."""

import json
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

ServeEnding = Literal["seconds", "signal", "hold", "client gone", "no command"]


@dataclass(frozen=True)
class ServeReport:
    """One session of a simulated robot; C commands were taken."""

    ended: ServeEnding
    """Why it ended; the last three only in lockstep."""
    simulated_seconds: float
    """Simulated time that passed [s]."""
    steps: int
    """Control periods simulated."""
    overruns: int
    """Control periods of wall time that were skipped because a step took too long."""
    rejected: int
    """Commands that could not be used."""
    rejection: str | None
    """What was wrong with the last of them."""
    holds: int
    """Commands that said the client stops."""
    watchdog_delays: tuple[float, ...]
    """For every time commands ceased, how long after the last one it was noticed [s]."""
    command_stamps: np.ndarray
    """(C,) the stamp of the state that each command was decided on [s]."""
    command_targets: np.ndarray
    """(C, j) position targets [rad]."""
    final_targets: np.ndarray
    """(j,) what the robot was told to hold at the end [rad]."""

    def summary(self) -> dict[str, Any]:
        """Everything but the logs."""
        return {
            "ended": self.ended,
            "simulated_seconds": self.simulated_seconds,
            "steps": self.steps,
            "overruns": self.overruns,
            "commands": len(self.command_stamps),
            "rejected": self.rejected,
            "rejection": self.rejection,
            "holds": self.holds,
            "watchdog_delays": list(self.watchdog_delays),
            "final_targets": self.final_targets.tolist(),
        }

    def to_json(self, log: bool = False) -> str:
        """The summary as one line of JSON; with `log`, every command too, under the key "log"."""
        data = self.summary()
        if log:
            data["log"] = {"stamps": self.command_stamps.tolist(), "targets": self.command_targets.tolist()}
        return json.dumps(data, allow_nan=False)
