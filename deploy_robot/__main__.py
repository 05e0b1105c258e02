"""python -m deploy_robot: runs a bundle on a robot's own computer, where nothing else of this project is installed."""

import argparse
import sys
from pathlib import Path

from deploy_robot.bundle import Bundle
from deploy_robot.errors import BundleError, ConnectionFailed, MissingRos
from deploy_robot.safety_limits import SafetySettings
from deploy_robot.settings import DeploySettings, RosSettings


def notice(bundle: Bundle, ros: RosSettings) -> str:
    """What is said before a robot is looked for."""
    topics = ", ".join((ros.state_topic, *ros.pose_topics(bundle.contract.poses.tracked).values()))
    return f"waiting for {topics}; not certified for safety: keep a hardware stop in reach"


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 when the policy ran its time, 1 after a fault or a signal, 2 for what the user must mend."""
    defaults = DeploySettings()
    parser = argparse.ArgumentParser(prog="python -m deploy_robot", description="Run a policy bundle on a ROS 2 robot.")
    parser.add_argument("bundle", type=Path, help="the bundle's folder")
    parser.add_argument("--seconds", type=float, default=defaults.seconds, help="how long the policy runs [s]")
    parser.add_argument("--joint-map", type=Path, help="YAML file of the driver's names, signs and offsets of joints")
    parser.add_argument("--state-topic", default=defaults.ros.state_topic, help="sensor_msgs/JointState, measured")
    parser.add_argument("--command-topic", default=defaults.ros.command_topic, help="sensor_msgs/JointState, targets")
    parser.add_argument("--pose-topic", default=defaults.ros.pose_topic, help="PoseStamped, {name} for whose")
    parser.add_argument("--pose-frame", default=defaults.ros.pose_frame, help="the frame poses must be given in")
    parser.add_argument("--domain-id", type=int, help="ROS domain; what ROS_DOMAIN_ID says if not given")
    parser.add_argument("--best-effort", action="store_true", help="the robot offers best-effort states only")
    parser.add_argument("--velocity-share", type=float, default=1.0, help="share of the trained target velocity, to 1")
    parser.add_argument("--out", type=Path, help="write the loop's report there as JSON")
    given = parser.parse_args(arguments)
    try:
        settings = DeploySettings(
            seconds=given.seconds,
            joint_map=given.joint_map,
            safety=SafetySettings(velocity_share=given.velocity_share),
            ros=RosSettings(
                state_topic=given.state_topic,
                command_topic=given.command_topic,
                pose_topic=given.pose_topic,
                pose_frame=given.pose_frame,
                domain_id=given.domain_id,
                best_effort=given.best_effort,
            ),
        )
        bundle = Bundle.load(given.bundle)
        from deploy_robot.ros2.deploy import deploy

        print(notice(bundle, settings.ros), file=sys.stderr)
        report = deploy(bundle, settings)
        if given.out is not None:
            given.out.write_text(report.to_json(log=True))
    except (BundleError, ConnectionFailed, MissingRos, OSError, ValueError) as error:
        print(f"deploy_robot: {error}", file=sys.stderr)
        return 2
    print(report.sentence())
    return 0 if report.ended == "completed" else 1


if __name__ == "__main__":
    sys.exit(main())
