"""ControlLoop: brings a robot to the start pose and runs a policy on it, twin and hardware alike."""

import math
import time
from typing import get_args

import numpy as np

from deploy_robot.approach import Approach, Ramp
from deploy_robot.bundle import Bundle
from deploy_robot.errors import MalformedState, MissingPose, RobotTimeout
from deploy_robot.loop_log import LoopLog
from deploy_robot.loop_report import Ending, LoopReport
from deploy_robot.pace import Pace, Pacer
from deploy_robot.policy_controller import PolicyController
from deploy_robot.robot import Robot, RobotState
from deploy_robot.safety import Fault, SafetyFilter
from deploy_robot.safety_limits import SafetyLimits
from deploy_robot.stop_signals import StopSignals

READ_SLICE = 0.02  # s; a signal is noticed within this while a state is awaited
LOCKSTEP_TOLERANCE = 1e-3  # share of the control period


class ControlLoop:
    """Runs a bundle's policy on a robot through a safety filter.

    `pace` is "wall", ticks one control period apart on the steady clock, or "lockstep", ticks as fast as a simulated
    robot answers. `state_timeout` [s] is how long to wait for the first state, and in lockstep for any.
    A fault ends the run with the robot holding, and no later run moves it until `safety.reset()`.
    Raises `ValueError` if the joints of robot, contract and safety filter are not the same, or if poses that the contract
    needs are not tracked.
    """

    def __init__(
        self,
        bundle: Bundle,
        robot: Robot,
        safety: SafetyFilter | None = None,
        pace: Pace = "wall",
        approach: Approach | None = None,
        state_timeout: float = 10.0,
    ):
        contract = bundle.contract
        if pace not in get_args(Pace):
            raise ValueError(f"pace: given {pace!r}, wanted one of {', '.join(get_args(Pace))}")
        if sorted(robot.joints) != sorted(contract.joints):
            raise ValueError(
                f"the robot has joints {', '.join(robot.joints)}; the contract wants {', '.join(contract.joints)}"
            )
        absent = [name for name in contract.poses.tracked if name not in robot.pose_names]
        if absent:
            raise ValueError(
                f"nothing tracks {', '.join(absent)}; tracked: {', '.join(robot.pose_names) or 'nothing'}; "
                f"the contract wants {', '.join(contract.poses.tracked)}"
            )
        self.safety = safety or SafetyFilter(SafetyLimits.from_contract(contract, lockstep=pace == "lockstep"))
        if self.safety.limits.joints != contract.joints:
            raise ValueError(
                f"the safety filter has joints {', '.join(self.safety.limits.joints)}; "
                f"the contract wants {', '.join(contract.joints)}, in this order"
            )
        if self.safety.limits.poses != contract.poses.tracked:
            raise ValueError(
                f"the safety filter has poses {', '.join(self.safety.limits.poses) or 'none'}; "
                f"the contract wants {', '.join(contract.poses.tracked) or 'none'}, in this order"
            )
        self._bundle, self._contract, self._robot = bundle, contract, robot
        self._pace, self._approach, self._state_timeout = pace, approach or Approach(), state_timeout
        self._patience = state_timeout if pace == "lockstep" else self.safety.limits.max_age
        self._controller = PolicyController(bundle)
        self._from_robot = np.array([robot.joints.index(joint) for joint in contract.joints])
        self._tracked = np.array([robot.pose_names.index(name) for name in contract.poses.tracked], dtype=np.intp)
        self._to_robot = np.array([contract.joints.index(joint) for joint in robot.joints])

    def run(self, seconds: float) -> LoopReport:
        """Approach the start pose, clear the policy's memory, run the policy for `seconds` (inf: until a signal), hold.

        The robot is told to hold however this ends: time, fault, SIGINT, SIGTERM or an exception, which is passed on.
        """
        if not seconds >= 0.0:
            raise ValueError(f"seconds: given {seconds}, wanted at least 0")
        log = LoopLog(len(self._contract.joints), len(self._contract.poses.tracked))
        clamps = self.safety.position_clamps, self.safety.velocity_clamps
        with StopSignals() as stop:
            try:
                overruns = self._drive(seconds, stop, log)
            finally:
                self._robot.stop()
        return LoopReport(
            ended=self._ending(stop),
            fault=self.safety.fault.reason if self.safety.fault else None,
            signal=stop.received.name if stop.received else None,
            pace=self._pace,
            control_period=self._contract.control_period,
            bundle=self._bundle.fingerprint,
            joints=self._contract.joints,
            pose_names=self._contract.poses.tracked,
            overruns=overruns,
            position_clamps=self.safety.position_clamps - clamps[0],
            velocity_clamps=self.safety.velocity_clamps - clamps[1],
            **log.columns(),
        )

    def _ending(self, stop: StopSignals) -> Ending:
        if self.safety.fault is not None:
            return "fault"
        return "signal" if stop.requested else "completed"

    def _drive(self, seconds: float, stop: StopSignals, log: LoopLog) -> int:
        """Tick until the time is over, a fault or a signal; returns how many ticks were skipped."""
        safety, period = self.safety, self._contract.control_period
        state = self._read(self._state_timeout, stop)
        if state is None or safety.start(state, time.monotonic()) is not None:
            return 0
        pacer = Pacer(self._pace, period, state.received)
        ramp = Ramp(self._approach, self._contract, safety.target, safety.limits.max_change)
        remaining = seconds if math.isinf(seconds) else round(seconds / period)
        running = False
        while True:
            if not running and ramp.arrived(state.position, safety.target):
                self._controller.reset()
                running = True
            if running and remaining <= 0:
                break
            wanted = self._controller.step(state, safety.target) if running else self._approach_target(ramp, state)
            safe = safety.limit(wanted)
            if safety.fault is not None:
                break
            self._robot.command(safe[self._to_robot], state.stamp)
            log.add(state, safe, self._controller.inference_seconds if running else None)
            remaining -= running
            if (running and remaining <= 0) or stop.wait(pacer.next_due() - time.monotonic()):
                break
            before, state = state, self._read(self._patience, stop)
            if state is None or self._checked(state, before) is not None:
                break
        return pacer.overruns

    def _checked(self, state: RobotState, before: RobotState) -> Fault | None:
        """The fault, if any, in a state that follows another."""
        period, elapsed = self._contract.control_period, state.stamp - before.stamp
        if self._pace == "lockstep" and abs(elapsed - period) > LOCKSTEP_TOLERANCE * period:
            self.safety.trip(f"lockstep: a command moved the robot's time by {elapsed:.6f} s, wanted {period:.6f} s")
        return self.safety.check(state, time.monotonic())

    def _approach_target(self, ramp: Ramp, state: RobotState) -> np.ndarray:
        reason = ramp.objection(state.position)
        if reason is not None:
            self.safety.trip(reason)
        return ramp.next_target()

    def _read(self, timeout: float, stop: StopSignals) -> RobotState | None:
        """The next state in the contract's order of joints and poses, or None after a signal or a fault."""
        deadline = time.monotonic() + timeout
        while not stop.requested:
            try:
                state = self._robot.read(max(0.0, min(READ_SLICE, deadline - time.monotonic())))
            except RobotTimeout as error:
                if time.monotonic() >= deadline:
                    stale = f"stale state: no new one within {timeout:.3f} s"
                    self.safety.trip(str(error) if isinstance(error, MissingPose) else stale)
                    return None
            except MalformedState as error:
                self.safety.trip(str(error))
                return None
            else:
                for name, given, wanted in (
                    ("state", state.position.shape, (len(self._robot.joints),)),
                    ("poses", state.poses.shape, (len(self._robot.pose_names), 7)),
                ):
                    if given != wanted:
                        self.safety.trip(f"{name}: given shape {given}, wanted {wanted}")
                        return None
                return state.columns(self._from_robot, self._tracked)
        return None
