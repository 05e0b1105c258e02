"""SafetyFilter: refuses states that cannot be trusted and bounds every target that leaves for the robot."""

from dataclasses import dataclass

import numpy as np

from deploy_robot.action_mapping import limit_change
from deploy_robot.robot import RobotState
from deploy_robot.safety_limits import SafetyLimits

ROUNDING = 1e-9  # rad; a target changed by less than this was not held back


@dataclass(frozen=True)
class Fault:
    """Why motion was stopped."""

    reason: str
    """One line naming the joint or field, what was given and what is allowed."""


class SafetyFilter:
    """Limits and checks between a policy and a robot; pure logic, no clock and no input or output of its own.

    `start` it on a measured state, pass every later state through `check` and every target through `limit`.
    The first fault is latched: from then on `limit` returns the last safe target, until `reset` is called.
    This is software on the control computer. It is no substitute for an emergency stop on the robot.
    """

    def __init__(self, limits: SafetyLimits):
        self.limits = limits
        self.position_clamps = 0
        """Targets brought back into [lower, upper], counted per joint."""
        self.velocity_clamps = 0
        """Targets whose change was limited, counted per joint."""
        self._fault: Fault | None = None
        self._target: np.ndarray | None = None
        self._previous: RobotState | None = None

    @property
    def fault(self) -> Fault | None:
        """The latched fault, or None."""
        return self._fault

    @property
    def target(self) -> np.ndarray:
        """The last target let through (j,) [rad]. Raises `RuntimeError` before `start`."""
        if self._target is None:
            raise RuntimeError("the safety filter was not started: no target is known to be safe")
        return self._target.copy()

    def start(self, state: RobotState, now: float) -> Fault | None:
        """Begin at a measured state: check it, and take its position within the limits as the target before the first.

        `now` is this computer's steady clock [s]. What was known of earlier states and targets is forgotten; a latched
        fault stays, and is returned.
        """
        self._previous = None
        if self.check(state, now) is None:
            self._target = np.clip(state.position, self.limits.lower, self.limits.upper)
        return self._fault

    def reset(self) -> None:
        """Clear a latched fault. Call it only on a person's word; motion then begins with `start`."""
        self._fault = None
        self._previous = None
        self._target = None

    def trip(self, reason: str) -> Fault:
        """Latch a fault found elsewhere; an earlier one stays and is returned."""
        if self._fault is None:
            self._fault = Fault(reason)
        return self._fault

    def check(self, state: RobotState, now: float) -> Fault | None:
        """Judge a state, joints and poses in the limits' order, at `now` [s, steady clock]; latch what is wrong."""
        reason = self._objection(state, now)
        if reason is not None:
            return self.trip(reason)
        self._previous = state
        return self._fault

    def limit(self, target: np.ndarray) -> np.ndarray:
        """The target to send (j,) [rad] in place of `target`, whatever that is.

        It is finite, within [lower, upper], and within `max_change` of the one before. Raises `RuntimeError` before
        `start`.
        """
        last = self.target
        wanted = self._finite(target)
        if self._fault is None and wanted is not None:
            inside = np.clip(wanted, self.limits.lower, self.limits.upper)
            safe = limit_change(last, inside, self.limits.max_change)
            self.position_clamps += int((np.abs(inside - wanted) > ROUNDING).sum())
            self.velocity_clamps += int((np.abs(safe - inside) > ROUNDING).sum())
            self._target = safe
        return self.target

    def _finite(self, target: np.ndarray) -> np.ndarray | None:
        """`target` as numbers, or None and a fault."""
        try:
            wanted = np.asarray(target, dtype=np.float64)
        except (TypeError, ValueError):
            self.trip(f"target: given {target!r}, wanted {len(self.limits.joints)} numbers")
            return None
        if wanted.shape != (len(self.limits.joints),):
            self.trip(f"target: given shape {wanted.shape}, wanted ({len(self.limits.joints)},)")
            return None
        bad = ~np.isfinite(wanted)
        if bad.any():
            joint = int(np.argmax(bad))
            self.trip(f"target of joint {self.limits.joints[joint]!r} is {wanted[joint]}, wanted a finite number")
            return None
        return wanted

    def _objection(self, state: RobotState, now: float) -> str | None:
        limits, size = self.limits, (len(self.limits.joints),)
        if state.position.shape != size:
            return f"state: given shape {state.position.shape}, wanted {size}"
        for name, values in (("position", state.position), ("velocity", state.velocity)):
            bad = ~np.isfinite(values)
            if bad.any():
                joint = int(np.argmax(bad))
                return f"{name} of joint {limits.joints[joint]!r} is {values[joint]}, wanted a finite number"
        age = now - state.received
        if not age <= limits.max_age:
            return f"stale state: {age:.3f} s old, allowed {limits.max_age:.3f} s"
        if not np.isfinite(state.stamp):
            return f"stamp: given {state.stamp}, wanted a finite number of seconds"
        reason = self._pose_objection(state, now)
        if reason is not None:
            return reason
        outside = np.maximum(limits.lower - state.position, state.position - limits.upper)
        joint = int(np.argmax(outside))
        if outside[joint] > limits.position_margin:
            return (
                f"position of joint {limits.joints[joint]!r} is {state.position[joint]:.3f} rad, allowed "
                f"[{limits.lower[joint]:.3f}, {limits.upper[joint]:.3f}] and {limits.position_margin:.3f} beyond"
            )
        return self._motion_objection(state)

    def _pose_objection(self, state: RobotState, now: float) -> str | None:
        """What is wrong with the poses of what is tracked."""
        names, wanted = self.limits.poses, (len(self.limits.poses), 7)
        if state.poses.shape != wanted or state.poses_received.shape != wanted[:1]:
            return f"poses: given shape {state.poses.shape}, wanted {wanted}"
        bad = ~np.isfinite(state.poses).all(axis=1)
        if bad.any():
            return f"pose of {names[int(np.argmax(bad))]!r} holds a number that is not finite"
        ages = now - state.poses_received
        old = ~(ages <= self.limits.max_pose_age)
        if old.any():
            first = int(np.argmax(old))
            return f"stale pose of {names[first]!r}: {ages[first]:.3f} s old, allowed {self.limits.max_pose_age[first]:.3f} s"
        return None

    def _motion_objection(self, state: RobotState) -> str | None:
        """What is wrong with a state in the light of the one before it."""
        if self._previous is None:
            return None
        elapsed = state.stamp - self._previous.stamp
        if elapsed <= 0.0:
            return (
                f"stamp: given {state.stamp:.6f} s after {self._previous.stamp:.6f} s, wanted it to increase; "
                "is there a second publisher of the state?"
            )
        moved = np.abs(state.position - self._previous.position)
        allowed = self.limits.max_joint_speed * elapsed + self.limits.jump_tolerance
        joint = int(np.argmax(moved))
        if moved[joint] > allowed:
            return (
                f"joint {self.limits.joints[joint]!r} jumped {moved[joint]:.3f} rad in {elapsed:.3f} s, "
                f"allowed {allowed:.3f} rad"
            )
        return None
