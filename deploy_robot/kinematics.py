"""Chain: where a tool of the robot is, such as a gripper or a fingertip, from the angles of its joints."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from deploy_robot import fields
from deploy_robot.errors import BundleError
from deploy_robot.quaternions import from_rotation_vector, multiply, rotate


@dataclass(frozen=True)
class Link:
    """One step along a chain: a fixed displacement, and then the motion of a joint.

    Raises `BundleError` on construction if a field is not as described.
    """

    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """From the link before [m], along its axes."""
    orientation: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    """How it is turned from the link before, w first."""
    joint: str | None = None
    """The joint that moves it; None where none does."""
    motion: Literal["hinge", "slide"] = "hinge"
    """What that joint does."""
    axis: tuple[float, float, float] = (0.0, 0.0, 1.0)
    """The joint's axis, of length 1, along the link's axes."""
    anchor: tuple[float, float, float] = (0.0, 0.0, 0.0)
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
        """Position [m] and orientation (w first) of the tool (..., 7) with the joints at `position` (..., j)."""
        place = np.zeros((*position.shape[:-1], 3))
        turn = np.broadcast_to([1.0, 0.0, 0.0, 0.0], (*position.shape[:-1], 4))
        for link in self.links:
            place = place + rotate(turn, np.array(link.position))
            turn = multiply(turn, np.array(link.orientation))
            if link.joint is None:
                continue
            moved = position[..., joints.index(link.joint), None] - link.zero
            if link.motion == "slide":
                place = place + rotate(turn, moved * np.array(link.axis))
            else:
                anchor = place + rotate(turn, np.array(link.anchor))
                turn = multiply(turn, from_rotation_vector(moved * np.array(link.axis)))
                place = anchor - rotate(turn, np.array(link.anchor))
        return np.concatenate((place, turn), axis=-1)
