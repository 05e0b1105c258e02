"""JointMap and MappedRobot: a robot whose driver calls joints otherwise, or counts them from elsewhere or backwards."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from deploy_robot import fields
from deploy_robot.errors import BundleError, JointMapError
from deploy_robot.robot import Robot, RobotState

KEYS = ("name", "sign", "offset")


@dataclass(frozen=True)
class JointMap:
    """What the driver calls the policy's joints and how it counts them: its angle is sign * the policy's + offset.

    Raises `JointMapError` on construction if the driver's names are not distinct.
    """

    joints: tuple[str, ...]
    """The policy's joints (j,)."""
    names: tuple[str, ...]
    """The driver's names of them (j,)."""
    sign: np.ndarray
    """(j,) 1, or -1 where the driver counts the other way."""
    offset: np.ndarray
    """(j,) what the driver says where the policy says 0 [rad; m of joints that slide]."""

    def __post_init__(self) -> None:
        repeated = next((name for name in self.names if self.names.count(name) > 1), None)
        if repeated is not None:
            both = [joint for joint, name in zip(self.joints, self.names, strict=True) if name == repeated]
            raise JointMapError(f"joints {' and '.join(map(repr, both))} are both called {repeated!r} by the driver")

    @classmethod
    def same(cls, joints: Sequence[str]) -> "JointMap":
        """Of a driver that calls and counts all joints as the policy does."""
        return cls(tuple(joints), tuple(joints), np.ones(len(joints)), np.zeros(len(joints)))

    @classmethod
    def load(cls, path: str | os.PathLike[str], joints: Sequence[str]) -> "JointMap":
        """Read a YAML file: for each joint of the policy that differs, the driver's name, or a mapping with any of `name`,
        `sign` and `offset`. Raises `JointMapError` naming the file and the joint or line."""
        try:
            given = _read(Path(path))
            names, sign, offset = list(joints), np.ones(len(joints)), np.zeros(len(joints))
            for joint, entry in given.items():
                index = joints.index(fields.names([joint], "joint", joints)[0])
                entry = {"name": entry} if isinstance(entry, str) else entry
                if not isinstance(entry, dict):
                    raise BundleError(f"{joint}: given {entry!r}, wanted a name or a mapping with {', '.join(KEYS)}")
                fields.names(list(entry), joint, KEYS)
                names[index] = fields.text(entry.get("name", joint), f"{joint}.name")
                sign[index] = fields.number(entry.get("sign", 1), f"{joint}.sign")
                if abs(sign[index]) != 1.0:
                    raise BundleError(f"{joint}.sign: given {entry['sign']!r}, wanted 1 or -1")
                offset[index] = fields.number(entry.get("offset", 0.0), f"{joint}.offset")
            return cls(tuple(joints), tuple(names), sign, offset)
        except (BundleError, JointMapError) as error:
            raise JointMapError(f"{path}: {error}") from error

    def to_driver(self, position: np.ndarray) -> np.ndarray:
        """The driver's angles (j,) for the policy's."""
        return self.sign * position + self.offset

    def from_driver(self, position: np.ndarray) -> np.ndarray:
        """The policy's angles (j,) for the driver's."""
        return self.sign * (position - self.offset)


class MappedRobot:
    """A `Robot` that calls and counts joints as a policy does, around one that does not; `robot` has the map's names."""

    def __init__(self, robot: Robot, joint_map: JointMap):
        if robot.joints != joint_map.names:
            raise ValueError(f"the robot has joints {', '.join(robot.joints)}, the map {', '.join(joint_map.names)}")
        self._robot, self._map = robot, joint_map

    @property
    def joints(self) -> tuple[str, ...]:
        """The policy's joints (j,)."""
        return self._map.joints

    @property
    def pose_names(self) -> tuple[str, ...]:
        """What is tracked beside the robot (m,)."""
        return self._robot.pose_names

    def read(self, timeout: float) -> RobotState:
        """As `Robot.read`."""
        state = self._robot.read(timeout)
        position, velocity = self._map.from_driver(state.position), self._map.sign * state.velocity
        return replace(state, position=position, velocity=velocity)

    def command(self, targets: np.ndarray, stamp: float) -> None:
        """As `Robot.command`."""
        self._robot.command(self._map.to_driver(targets), stamp)

    def stop(self) -> None:
        """As `Robot.stop`."""
        self._robot.stop()


def _read(path: Path) -> dict[Any, Any]:
    """A YAML mapping without repeated keys."""
    try:
        content = path.read_text(encoding="utf-8")
        root = yaml.compose(content, Loader=yaml.SafeLoader)
        data = yaml.safe_load(content)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise JointMapError(f"cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict) or not isinstance(root, yaml.MappingNode):
        raise JointMapError(f"given {data!r}, wanted a mapping from the policy's joints")
    for mapping in (root, *(value for _, value in root.value if isinstance(value, yaml.MappingNode))):
        seen: set[str] = set()
        for key, _ in mapping.value:
            if key.value in seen:
                raise JointMapError(f"line {key.start_mark.line + 1}: {key.value!r} stands there more than once")
            seen.add(key.value)
    return data
