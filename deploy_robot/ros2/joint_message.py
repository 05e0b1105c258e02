"""Reading sensor_msgs/JointState by joint name, and refusing what cannot be trusted."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from deploy_robot.errors import MalformedState


class JointMessage(Protocol):
    """The fields of sensor_msgs/JointState that are read."""

    name: Sequence[str]
    position: Sequence[float]
    velocity: Sequence[float]


def read_joints(message: JointMessage, joints: Sequence[str]) -> tuple[np.ndarray, np.ndarray | None]:
    """Position (j,) [rad] and velocity (j,) [rad/s] in the order of `joints`; None for velocities that are not given.

    Further joints and any order are accepted. Raises `MalformedState` for a missing or repeated name, for lengths that
    differ, and for a wanted number that is not finite.
    """
    names = list(message.name)
    row = {name: index for index, name in enumerate(names)}
    if len(row) != len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise MalformedState(f"joint message: name {repeated!r} stands there more than once")
    missing = [joint for joint in joints if joint not in row]
    if missing:
        raise MalformedState(f"joint message: no joint {missing[0]!r}; given: {', '.join(names) or 'none'}")
    rows = [row[joint] for joint in joints]
    position = _column("position", message.position, names, rows)
    velocity = _column("velocity", message.velocity, names, rows) if len(message.velocity) else None
    return position, velocity


def _column(field: str, values: Sequence[float], names: list[str], rows: list[int]) -> np.ndarray:
    if len(values) != len(names):
        raise MalformedState(f"joint message: given {len(values)} {field} values for {len(names)} names")
    column = np.array(values, dtype=np.float64)[rows]
    bad = ~np.isfinite(column)
    if bad.any():
        index = int(np.argmax(bad))
        raise MalformedState(f"joint message: {field} of joint {names[rows[index]]!r} is {column[index]}")
    return column
