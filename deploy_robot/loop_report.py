"""LoopReport: what happened in one run of the control loop, and how well it kept time."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

Ending = Literal["completed", "fault", "signal"]


@dataclass(frozen=True)
class Spread:
    """Mean, percentiles and largest of a set of durations [s]; zeros if there was none."""

    mean: float
    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, durations: np.ndarray) -> "Spread":
        """The spread of durations (n,) [s]."""
        if not len(durations):
            return cls(0.0, 0.0, 0.0, 0.0, 0.0)
        p50, p95, p99, largest = np.percentile(durations, [50, 95, 99, 100])
        return cls(float(durations.mean()), float(p50), float(p95), float(p99), float(largest))


@dataclass(frozen=True)
class LoopReport:
    """One run: the approach and then the policy, T ticks in all, vectors in the order of `joints`."""

    ended: Ending
    """Why it ended."""
    fault: str | None
    """The latched fault's reason."""
    signal: str | None
    """The signal that ended it, such as "SIGTERM"."""
    pace: str
    """"wall" or "lockstep"."""
    control_period: float
    """As the contract has it [s]."""
    bundle: str
    """The bundle's fingerprint."""
    joints: tuple[str, ...]
    """The contract's joints (j,)."""
    approach_ticks: int
    """How many of the first ticks belong to the approach."""
    overruns: int
    """Control periods that were skipped because the tick before took too long; always 0 in lockstep."""
    position_clamps: int
    """Targets brought back into their limits, counted per joint."""
    velocity_clamps: int
    """Targets whose change was limited, counted per joint."""
    stamps: np.ndarray
    """(T,) when the state of each tick was measured, on the robot's clock [s]."""
    sent: np.ndarray
    """(T,) when each command left, on this computer's steady clock [s]."""
    latencies: np.ndarray
    """(T,) from a state's arrival to the command decided on it [s]."""
    inference: np.ndarray
    """(T - approach_ticks,) time the network took [s]."""
    positions: np.ndarray
    """(T, j) measured [rad]."""
    velocities: np.ndarray
    """(T, j) measured [rad/s]."""
    targets: np.ndarray
    """(T, j) sent [rad]."""
    pose_names: tuple[str, ...]
    """What was tracked beside the robot (m,)."""
    poses: np.ndarray
    """(T, m, 7) position [m] and orientation (w first) of each in every tick."""

    @property
    def ticks(self) -> int:
        """T, the number of commands sent, the final hold not counted."""
        return len(self.sent)

    @property
    def policy_ticks(self) -> int:
        """Ticks in which the policy decided."""
        return self.ticks - self.approach_ticks

    @property
    def periods(self) -> np.ndarray:
        """(T - 1,) from one command to the next [s]."""
        return np.diff(self.sent)

    def summary(self) -> dict[str, Any]:
        """Everything but the arrays, with the spread of periods, latencies and inference times."""
        return {
            "ended": self.ended,
            "fault": self.fault,
            "signal": self.signal,
            "pace": self.pace,
            "control_period": self.control_period,
            "bundle": self.bundle,
            "joints": list(self.joints),
            "pose_names": list(self.pose_names),
            "ticks": self.ticks,
            "approach_ticks": self.approach_ticks,
            "policy_ticks": self.policy_ticks,
            "overruns": self.overruns,
            "position_clamps": self.position_clamps,
            "velocity_clamps": self.velocity_clamps,
            "period": asdict(Spread.of(self.periods)),
            "latency": asdict(Spread.of(self.latencies)),
            "inference": asdict(Spread.of(self.inference)),
        }

    def sentence(self) -> str:
        """The run in one line."""
        period, latency = Spread.of(self.periods), Spread.of(self.latencies)
        reason = self.fault or self.signal
        return (
            f"{self.ended}{f' ({reason})' if reason else ''}: {self.policy_ticks} policy ticks after "
            f"{self.approach_ticks} of approach, period {1e3 * period.p50:.2f} ms (p99 {1e3 * period.p99:.2f}), "
            f"latency {1e3 * latency.p50:.2f} ms (p99 {1e3 * latency.p99:.2f}), {self.overruns} overruns, "
            f"{self.position_clamps + self.velocity_clamps} clamps"
        )

    def to_json(self, log: bool = False) -> str:
        """The summary as JSON; with `log`, the arrays too, under the key "log"."""
        data = self.summary()
        if log:
            names = ("stamps", "sent", "latencies", "inference", "positions", "velocities", "targets", "poses")
            data["log"] = {name: getattr(self, name).tolist() for name in names}
        return json.dumps(data, indent=2, allow_nan=False) + "\n"
