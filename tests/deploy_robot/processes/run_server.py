"""Serve a LagRobot over ROS 2 and print the report as JSON."""

import argparse
import logging
import sys

from lag_robot import LagRobot

from deploy_robot import RosSettings
from deploy_robot.ros2.server import serve

parser = argparse.ArgumentParser()
parser.add_argument("--domain", type=int, required=True)
parser.add_argument("--joints", nargs="+", required=True)
parser.add_argument("--passive", nargs="*", default=())
parser.add_argument("--poses", nargs="*", default=())
parser.add_argument("--pace", required=True)
parser.add_argument("--seconds", type=float, default=float("inf"))
options = parser.parse_args()
logging.basicConfig(level=logging.INFO)

report = serve(
    LagRobot(options.joints, passive=options.passive, poses=options.poses),
    seconds=options.seconds,
    pace=options.pace,
    settings=RosSettings(domain_id=options.domain, localhost=True, match_timeout=30.0),
)
sys.stdout.write(report.to_json(log=True) + "\n")
