"""Run a bundle's policy on the robot that is found over ROS 2 and print the report as JSON."""

import argparse
import sys
from pathlib import Path

from deploy_robot import Approach, Bundle, DeploySettings, RosSettings
from deploy_robot.ros2.deploy import deploy

parser = argparse.ArgumentParser()
parser.add_argument("bundle")
parser.add_argument("--domain", type=int, required=True)
parser.add_argument("--pace", required=True)
parser.add_argument("--seconds", type=float, required=True)
parser.add_argument("--joint-map", type=Path)
options = parser.parse_args()

settings = DeploySettings(
    seconds=options.seconds,
    pace=options.pace,
    joint_map=options.joint_map,
    approach=Approach(seconds=0.5, speed=2.0),
    ros=RosSettings(domain_id=options.domain, localhost=True, match_timeout=30.0),
    state_timeout=10.0,  # a busy machine may be slow to start the robot
)
sys.stdout.write(deploy(Bundle.load(options.bundle), settings).to_json(log=True))
