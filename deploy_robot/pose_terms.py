"""PoseTerm and PoseTerms: how poses that are tracked, such as an object's and its goal's, become part of the observation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from deploy_robot import fields
from deploy_robot.errors import BundleError
from deploy_robot.quaternions import axis_rotation_between, from_rotation_vector, rotation_between

Measure = Literal["offset", "rotation", "axis_rotation", "quaternion"]

SIZES: dict[Measure, int] = {"offset": 3, "rotation": 3, "axis_rotation": 3, "quaternion": 4}


@dataclass(frozen=True)
class PoseTerm:
    """One block of the observation, 3 or 4 values: the way from one tracked pose, or a fixed point, to another pose.

    Raises `BundleError` on construction if a field is not as described.
    """

    name: str
    """What errors call it."""
    measure: Measure
    """`offset`: from position to position [m]. `rotation`: the rotation vector [rad] that takes orientation to orientation;
    `axis_rotation`: that which takes z axis to z axis, of things that look alike however turned about it; `quaternion`: the
    rotation as a quaternion, w first and not negative. All along the axes of the frame that poses are given in."""
    start: str | tuple[float, float, float]
    """Where the way begins: the name of a pose, or, of an offset, a fixed point [m]."""
    end: str
    """The name of the pose it leads to."""
    goal: bool = False
    """Whether `end` is a goal that someone sets, which does not grow old, and not a thing that is tracked."""

    def __post_init__(self) -> None:
        where = f"tracked {fields.text(self.name, 'tracked.name')!r}"
        fields.text(self.measure, f"{where}.measure", get_args(Measure))
        fields.text(self.end, f"{where}.end")
        if not isinstance(self.goal, bool):
            raise BundleError(f"{where}.goal: given {self.goal!r}, wanted true or false")
        if self.measure == "offset" and not isinstance(self.start, str):
            object.__setattr__(self, "start", fields.numbers(self.start, f"{where}.start", 3))
        elif fields.text(self.start, f"{where}.start") == self.end:
            raise BundleError(f"{where}.end: given {self.end!r}, where it starts, wanted another pose")

    @property
    def size(self) -> int:
        """How many values it adds to the observation."""
        return SIZES[self.measure]


class PoseTerms:
    """Reads terms, one after the other, from poses: position [m] and orientation (w first), in the order of `names`.

    Those in `computed` follow from the robot's joints; the others must be tracked.
    """

    def __init__(self, terms: Sequence[PoseTerm], computed: Collection[str] = ()):
        self.terms = tuple(terms)
        ends = [end for term in terms for end in (term.start, term.end) if isinstance(end, str)]
        self.names = tuple(dict.fromkeys(ends))
        """The poses (m,)."""
        self.tracked = tuple(name for name in self.names if name not in computed)
        """Which of them must be tracked, or set as goals."""
        self.goals = frozenset(term.end for term in terms if term.goal)
        """Which of them are goals."""
        self.turned = frozenset(
            end for term in terms for end in (term.start, term.end) if isinstance(end, str) and term.measure != "offset"
        )
        """Those whose orientation is looked at; that of others, such as of fingertips, may be anything."""
        self.size = sum(term.size for term in terms)
        """How many values they are together."""

    def read(self, poses: np.ndarray) -> np.ndarray:
        """The terms' values (..., k) of poses (..., m, 7)."""
        blocks = [self._value(term, poses) for term in self.terms]
        return np.concatenate([poses[..., 0, :0] if self.names else poses.reshape(0), *blocks], axis=-1)

    def _value(self, term: PoseTerm, poses: np.ndarray) -> np.ndarray:
        end = poses[..., self.names.index(term.end), :]
        if not isinstance(term.start, str):
            return end[..., :3] - np.array(term.start)
        start = poses[..., self.names.index(term.start), :]
        if term.measure == "offset":
            return end[..., :3] - start[..., :3]
        if term.measure == "axis_rotation":
            return axis_rotation_between(start[..., 3:], end[..., 3:])
        rotation = rotation_between(start[..., 3:], end[..., 3:])
        return from_rotation_vector(rotation) if term.measure == "quaternion" else rotation
