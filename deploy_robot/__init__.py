"""Runs a trained policy on a robot that has neither torch nor mujoco: bundle, safety, control loop, ROS 2."""

from deploy_robot.action_mapping import ActionMapping, map_action
from deploy_robot.approach import Approach
from deploy_robot.bundle import Bundle
from deploy_robot.contract import Contract
from deploy_robot.control_loop import ControlLoop
from deploy_robot.errors import (
    BundleError,
    ConnectionFailed,
    JointMapError,
    MalformedState,
    MissingPose,
    MissingRos,
    RobotTimeout,
)
from deploy_robot.golden import Golden
from deploy_robot.joint_map import JointMap, MappedRobot
from deploy_robot.kinematics import Chain, Link
from deploy_robot.loop_report import LoopReport
from deploy_robot.observation import ObservationBuilder, ObservationTerm
from deploy_robot.pose_terms import PoseTerm, PoseTerms
from deploy_robot.robot import Robot, RobotState
from deploy_robot.runtime import PolicyRuntime
from deploy_robot.safety import Fault, SafetyFilter
from deploy_robot.safety_limits import SafetyLimits, SafetySettings
from deploy_robot.settings import DeploySettings, RosSettings
from deploy_robot.simulated_robot import InProcessRobot, SimulatedRobot

__all__ = [
    "ActionMapping",
    "Approach",
    "Bundle",
    "BundleError",
    "ConnectionFailed",
    "Chain",
    "Contract",
    "ControlLoop",
    "DeploySettings",
    "Fault",
    "Golden",
    "InProcessRobot",
    "JointMap",
    "JointMapError",
    "Link",
    "LoopReport",
    "MalformedState",
    "MappedRobot",
    "MissingPose",
    "MissingRos",
    "ObservationBuilder",
    "ObservationTerm",
    "PolicyRuntime",
    "PoseTerm",
    "PoseTerms",
    "Robot",
    "RobotState",
    "RobotTimeout",
    "RosSettings",
    "SafetyFilter",
    "SafetyLimits",
    "SafetySettings",
    "SimulatedRobot",
    "map_action",
]
