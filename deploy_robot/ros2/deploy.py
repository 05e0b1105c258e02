"""deploy: runs a bundle's policy on the robot that is found over ROS 2."""

import os
from pathlib import Path

from deploy_robot.bundle import Bundle
from deploy_robot.control_loop import ControlLoop
from deploy_robot.joint_map import JointMap, MappedRobot
from deploy_robot.loop_report import LoopReport
from deploy_robot.ros2.client import Ros2Robot
from deploy_robot.safety import SafetyFilter
from deploy_robot.safety_limits import SafetyLimits
from deploy_robot.settings import DeploySettings


def deploy(bundle: Bundle, settings: DeploySettings | None = None) -> LoopReport:
    """Find the robot, bring it to the start pose, run the policy and hold, as `settings` say.

    Raises `ConnectionFailed` if there is not exactly one robot, `JointMapError` for a map that cannot be used, and
    `FileNotFoundError`, before the robot moves, where its report could not be written. A fault or a signal does not raise:
    see the report.
    """
    settings = settings or DeploySettings()
    if settings.out is not None:
        _make_room(settings.out)
    joints = bundle.contract.joints
    joint_map = JointMap.load(settings.joint_map, joints) if settings.joint_map else JointMap.same(joints)
    limits = SafetyLimits.from_contract(bundle.contract, settings.safety, lockstep=settings.pace == "lockstep")
    with Ros2Robot(
        joint_map.names, settings.ros, poses=bundle.contract.poses, lockstep=settings.pace == "lockstep"
    ) as robot:
        loop = ControlLoop(
            bundle,
            MappedRobot(robot, joint_map),
            SafetyFilter(limits),
            settings.pace,
            settings.approach,
            settings.state_timeout,
        )
        report = loop.run(settings.seconds)
    if settings.out is not None:
        settings.out.write_text(report.to_json(log=True))
    return report


def _make_room(path: Path) -> None:
    """The folder of a file that is to be written. Raises FileNotFoundError where it cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileNotFoundError(f"out: cannot write {path}: {path.parent}: {error.strerror}") from error
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise FileNotFoundError(f"out: cannot write {path}: wanted a file in a folder that can be written to")
