"""deploy: runs a bundle's policy on the robot that is found over ROS 2."""

from deploy_robot.bundle import Bundle
from deploy_robot.control_loop import ControlLoop
from deploy_robot.joint_map import JointMap, MappedRobot
from deploy_robot.loop_report import LoopReport
from deploy_robot.output_file import make_room
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
        make_room(settings.out, "out")
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
