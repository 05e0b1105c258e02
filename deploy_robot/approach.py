"""Approach: how the robot is brought to the start pose before the policy takes over."""

import math
from dataclasses import dataclass

import numpy as np

from deploy_robot.contract import Contract


@dataclass(frozen=True)
class Approach:
    """A straight ramp of the targets to the contract's start pose, then a wait until the robot is there.

    Raises `ValueError` on construction for a number that cannot be.
    """

    seconds: float = 2.0
    """Shortest duration of the ramp [s]; 0 leaves only the speed limit."""
    speed: float = 0.5
    """Fastest joint in the ramp [rad/s]; the ramp takes longer than `seconds` if it must."""
    tolerance: float = 0.2
    """How far from the start pose a joint may be measured when the policy takes over [rad]."""
    settle_seconds: float = 2.0
    """How long to wait for that after the ramp [s]; a robot that is still elsewhere is a fault."""

    def __post_init__(self) -> None:
        for name in ("speed", "tolerance"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise ValueError(f"approach.{name}: given {getattr(self, name)}, wanted a finite number above 0")
        for name in ("seconds", "settle_seconds"):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise ValueError(f"approach.{name}: given {getattr(self, name)}, wanted a finite number of at least 0")


class Ramp:
    """One approach under way, in the order of the contract's joints.

    It leads from the targets `begin` (j,) [rad] to the start pose, by at most `max_change` (j,) [rad] a control period.
    """

    def __init__(self, approach: Approach, contract: Contract, begin: np.ndarray, max_change: np.ndarray):
        period = contract.control_period
        self._begin, self._end = begin, np.array(contract.start_pose)
        change = np.minimum(max_change, approach.speed * period)
        ticks = max(approach.seconds / period, float((np.abs(self._end - begin) / change).max()))
        self._ticks = max(1, math.ceil(ticks - 1e-9))
        self._patience = self._ticks + math.ceil(approach.settle_seconds / period - 1e-9)
        self._tolerance = approach.tolerance
        self._joints = contract.joints
        self._columns = list(contract.action_columns)
        self._tick = 0

    def next_target(self) -> np.ndarray:
        """The target of the next control period; the start pose itself from the end of the ramp on."""
        self._tick += 1
        share = min(1.0, self._tick / self._ticks)
        return self._end.copy() if share == 1.0 else self._begin + share * (self._end - self._begin)

    def arrived(self, position: np.ndarray, target: np.ndarray) -> bool:
        """Whether the start pose was both sent (`target`) and, by the joints of the policy, reached (`position`)."""
        if self._tick < self._ticks or not np.array_equal(target, self._end):
            return False
        return bool(self._distance(position).max() <= self._tolerance)

    def objection(self, position: np.ndarray) -> str | None:
        """Why to give up: the time to settle is over and a joint is elsewhere."""
        if self._tick < self._patience:
            return None
        worst = self._columns[int(np.argmax(self._distance(position)))]
        return (
            f"start pose not reached: joint {self._joints[worst]!r} is at {position[worst]:.3f} rad, wanted "
            f"{self._end[worst]:.3f} within {self._tolerance:.3f}"
        )

    def _distance(self, position: np.ndarray) -> np.ndarray:
        return np.abs(position - self._end)[self._columns]
