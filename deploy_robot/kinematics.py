"""Chain: where a tool of the robot is, such as a gripper or a fingertip, from the angles of its joints."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from deploy_robot import fields
from deploy_robot.errors import BundleError

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]


@dataclass(frozen=True)
class Link:
    """One step along a chain: a fixed displacement, and then the motion of a joint.

    Raises `BundleError` on construction if a field is not as described.
    """

    position: Vector = (0.0, 0.0, 0.0)
    """From the link before [m], along its axes."""
    orientation: Quaternion = (1.0, 0.0, 0.0, 0.0)
    """How it is turned from the link before, w first."""
    joint: str | None = None
    """The joint that moves it; None where none does."""
    motion: Literal["hinge", "slide"] = "hinge"
    """What that joint does."""
    axis: Vector = (0.0, 0.0, 1.0)
    """The joint's axis, of length 1, along the link's axes."""
    anchor: Vector = (0.0, 0.0, 0.0)
    """A point that the axis goes through [m], from the link."""
    zero: float = 0.0
    """The joint's position at which the link stands as displaced [rad or m]."""

    def __post_init__(self) -> None:
        for name, size in (("position", 3), ("orientation", 4), ("axis", 3), ("anchor", 3)):
            object.__setattr__(self, name, fields.numbers(getattr(self, name), f"link.{name}", size))
        for name in ("orientation", "axis"):
            length = float(np.linalg.norm(getattr(self, name)))
            if not abs(length - 1.0) < 1e-6:
                raise BundleError(f"link.{name}: given length {length:g}, wanted 1")
        if self.joint is not None:
            fields.text(self.joint, "link.joint")
        fields.text(self.motion, "link.motion", get_args(Literal["hinge", "slide"]))
        object.__setattr__(self, "zero", fields.number(self.zero, "link.zero"))


@dataclass(frozen=True)
class Chain:
    """The links from the origin of the frame that poses are given in to a tool."""

    name: str
    """What the tool's pose is called."""
    links: tuple[Link, ...]
    """One after the other."""

    def __post_init__(self) -> None:
        fields.text(self.name, "chain.name")
        if not isinstance(self.links, list | tuple) or not all(isinstance(link, Link) for link in self.links):
            raise BundleError(f"chain {self.name!r}.links: given {self.links!r}, wanted a list of links")
        object.__setattr__(self, "links", tuple(self.links))

    def pose(self, joints: Sequence[str], position: np.ndarray) -> np.ndarray:
        """Position [m] and orientation (w first) of the tool (7,) with these joints at `position` (j,).

        In Python's own numbers, since NumPy takes ten times as long for so few: this is done in every control step.
        """
        place: Vector = (0.0, 0.0, 0.0)
        turn: Quaternion = (1.0, 0.0, 0.0, 0.0)
        angles = position.tolist()
        for link in self.links:
            place = _sum(place, _rotated(turn, link.position))
            turn = _product(turn, link.orientation)
            if link.joint is None:
                continue
            moved, (x, y, z) = angles[joints.index(link.joint)] - link.zero, link.axis
            if link.motion == "slide":
                place = _sum(place, _rotated(turn, (moved * x, moved * y, moved * z)))
                continue
            anchor = _sum(place, _rotated(turn, link.anchor))
            sine = math.sin(moved / 2.0)
            turn = _product(turn, (math.cos(moved / 2.0), sine * x, sine * y, sine * z))
            x, y, z = link.anchor
            place = _sum(anchor, _rotated(turn, (-x, -y, -z)))
        return np.array((*place, *turn))


def _sum(a: Vector, b: Vector) -> Vector:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _product(a: Quaternion, b: Quaternion) -> Quaternion:
    """First b, then a."""
    (p, q, r, s), (w, x, y, z) = a, b
    return (
        p * w - q * x - r * y - s * z,
        p * x + q * w + r * z - s * y,
        p * y - q * z + r * w + s * x,
        p * z + q * y - r * x + s * w,
    )


def _rotated(turn: Quaternion, vector: Vector) -> Vector:
    w, *back = turn
    _, x, y, z = _product(_product(turn, (0.0, *vector)), (w, -back[0], -back[1], -back[2]))
    return x, y, z
