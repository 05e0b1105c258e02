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
    defaults, ros = DeploySettings(), RosSettings()
    parser = argparse.ArgumentParser(prog="python -m deploy_robot", description="Run a policy bundle on a ROS 2 robot.")
    parser.add_argument("bundle", type=Path, help="the bundle's folder")
    for name, kind, default, meaning in (
        (
            "seconds",
            float,
            defaults.seconds,
            "how long the policy runs [s], the approach to the start pose not counted",
        ),
        ("joint-map", Path, None, "YAML file of the driver's names, signs and offsets of joints"),
        ("state-topic", str, ros.state_topic, "sensor_msgs/JointState, measured"),
        ("command-topic", str, ros.command_topic, "sensor_msgs/JointState, targets"),
        ("pose-topic", str, ros.pose_topic, "geometry_msgs/PoseStamped, {name} for whose"),
        ("pose-frame", str, ros.pose_frame, "the frame poses must be given in"),
        ("domain-id", int, None, "ROS domain, 0 to 232; what ROS_DOMAIN_ID says if not given"),
        ("match-timeout", float, ros.match_timeout, "how long to wait for the robot to appear [s]"),
        ("velocity-share", float, defaults.safety.velocity_share, "share of the trained target velocity, up to 1"),
        ("out", Path, None, "write the loop's report there as JSON, with every command and state"),
    ):
        shown = "" if default is None else " (default: %(default)s)"
        parser.add_argument(f"--{name}", type=kind, default=default, help=meaning + shown)
    parser.add_argument("--best-effort", action="store_true", help="the robot offers best-effort states only")
    parser.add_argument("--localhost", action="store_true", help="talk to this computer only")
    given = parser.parse_args(arguments)
    try:
        settings = DeploySettings(
            seconds=given.seconds,
            joint_map=given.joint_map,
            out=given.out,
            safety=SafetySettings(velocity_share=given.velocity_share),
            ros=RosSettings(
                state_topic=given.state_topic,
                command_topic=given.command_topic,
                pose_topic=given.pose_topic,
                pose_frame=given.pose_frame,
                domain_id=given.domain_id,
                localhost=given.localhost,
                best_effort=given.best_effort,
                match_timeout=given.match_timeout,
            ),
        )
        bundle = Bundle.load(given.bundle)
        from deploy_robot.ros2.deploy import deploy

        print(notice(bundle, settings.ros), file=sys.stderr)
        report = deploy(bundle, settings)
    except (BundleError, ConnectionFailed, MissingRos, OSError, ValueError) as error:
        print(f"deploy_robot: {error}", file=sys.stderr)
        return 2
    print(report.sentence())
    return 0 if report.ended == "completed" else 1


if __name__ == "__main__":
    sys.exit(main())
