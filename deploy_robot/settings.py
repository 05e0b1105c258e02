"""DeploySettings: everything a user chooses about one run on a robot."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from deploy_robot.approach import Approach
from deploy_robot.pace import Pace
from deploy_robot.safety_limits import SafetySettings


@dataclass(frozen=True)
class RosSettings:
    """Where the robot is found over ROS 2. Raises `ValueError` on construction for a setting that cannot be."""

    state_topic: str = "/joint_states"
    """Topic of the measured joint state, sensor_msgs/JointState."""
    pose_topic: str = "/{name}_pose"
    """Topics of what is tracked beside the robot and of goals, geometry_msgs/PoseStamped, with `{name}` for which; in a name
    every character but letters, digits and _ becomes _."""
    pose_frame: str = "world"
    """The frame that poses must be given in, which is that of the task's model."""
    command_topic: str = "/joint_command"
    """Topic for joint position targets, sensor_msgs/JointState."""
    domain_id: int | None = None
    """ROS domain, 0 to 232; what ROS_DOMAIN_ID says if not given."""
    localhost: bool = False
    """Talk to this computer only."""
    best_effort: bool = False
    """Receive states from a publisher that offers best-effort delivery only."""
    match_timeout: float = 10.0
    """How long to wait for the other side to appear [s]."""

    def pose_topics(self, names: Sequence[str]) -> dict[str, str]:
        """The topic of each of these poses, by name. Raises `ValueError` if two would share one."""
        topics = {name: self.pose_topic.replace("{name}", re.sub(r"\W", "_", name, flags=re.ASCII)) for name in names}
        for name, topic in topics.items():
            others = [other for other in topics if other != name and topics[other] == topic]
            if others:
                raise ValueError(f"ros.pose_topic: {name!r} and {others[0]!r} would both come on {topic}")
        return topics

    def __post_init__(self) -> None:
        if self.domain_id is not None and not 0 <= self.domain_id <= 232:
            raise ValueError(f"ros.domain_id: given {self.domain_id}, wanted 0 to 232")
        if not self.match_timeout > 0.0:
            raise ValueError(f"ros.match_timeout: given {self.match_timeout}, wanted above 0")
        if "{name}" not in self.pose_topic or self.pose_topic.replace("{name}", "").count("{"):
            raise ValueError(f"ros.pose_topic: given {self.pose_topic!r}, wanted one with {{name}} in it")
        for name in ("state_topic", "command_topic", "pose_frame"):
            if not getattr(self, name):
                raise ValueError(f"ros.{name}: given an empty name, wanted one")


@dataclass(frozen=True)
class DeploySettings:
    """One run of a policy on a robot."""

    seconds: float = 30.0
    """How long the policy runs [s], the approach to the start pose not counted."""
    pace: Pace = "wall"
    """`wall` for hardware; `lockstep` for a simulated robot that waits for every command."""
    approach: Approach = field(default_factory=Approach)
    """How the robot is brought to the start pose."""
    safety: SafetySettings = field(default_factory=SafetySettings)
    """Limits on top of the contract's."""
    ros: RosSettings = field(default_factory=RosSettings)
    """Where the robot is found."""
    joint_map: Path | None = None
    """YAML file of what the driver calls joints and how it counts them; as the policy does if not given."""
    out: Path | None = None
    """Write the loop's report there as JSON, with every command and state."""
    state_timeout: float = 10.0
    """How long to wait for the first state, and in lockstep for any [s]."""

    def __post_init__(self) -> None:
        if not self.seconds >= 0.0:
            raise ValueError(f"seconds: given {self.seconds}, wanted at least 0")
        if not self.state_timeout > 0.0:
            raise ValueError(f"state_timeout: given {self.state_timeout}, wanted above 0")
        if self.pace not in get_args(Pace):
            raise ValueError(f"pace: given {self.pace!r}, wanted one of {', '.join(get_args(Pace))}")
