"""ActionMapping: how the policy's action in [-1, 1] becomes joint position targets, exactly as it was trained."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from deploy_robot import fields
from deploy_robot.errors import BundleError


@dataclass(frozen=True)
class ActionMapping:
    """From an action (a,) in [-1, 1] to targets (a,) [rad].

    Wherever a value per joint is asked for, a single number stands for all joints.
    Raises `BundleError` on construction if a field is not as described.
    """

    joints: tuple[str, ...]
    """The joints it moves, in the order of the action."""
    kind: Literal["absolute", "relative"]
    """`absolute`: center + scale * action. `relative`: previous target + scale * action."""
    center: tuple[float, ...]
    """(a,) [rad]; not used by `relative`."""
    scale: tuple[float, ...]
    """(a,) [rad per unit of action]."""
    lower: tuple[float, ...]
    """(a,) lowest target [rad]."""
    upper: tuple[float, ...]
    """(a,) highest target [rad]."""
    max_velocity: tuple[float, ...]
    """(a,) fastest change of the target [rad/s]."""
    smoothing: float = 0.0
    """Share of the previous target in the new one, 0 for none, below 1."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "joints", fields.names(self.joints, "action.joints"))
        fields.text(self.kind, "action.kind", get_args(Literal["absolute", "relative"]))
        size = len(self.joints)
        for field in ("center", "scale", "lower", "upper"):
            object.__setattr__(self, field, fields.numbers(getattr(self, field), f"action.{field}", size))
        velocity = fields.numbers(self.max_velocity, "action.max_velocity", size, positive=True)
        object.__setattr__(self, "max_velocity", velocity)
        smoothing = fields.number(self.smoothing, "action.smoothing", 0.0, 1.0)
        if smoothing == 1.0:
            raise BundleError("action.smoothing: given 1, wanted below 1: the target would never move")
        object.__setattr__(self, "smoothing", smoothing)
        for joint, low, high in zip(self.joints, self.lower, self.upper, strict=True):
            if not low < high:
                raise BundleError(f"action.lower: joint {joint!r} has lower {low:g}, wanted below its upper {high:g}")

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """The fields that have a value per joint, each (a,) float64 and read-only."""
        arrays = {name: np.array(getattr(self, name)) for name in ("center", "scale", "lower", "upper", "max_velocity")}
        for array in arrays.values():
            array.flags.writeable = False
        return arrays


def map_action(
    mapping: ActionMapping, control_period: float, action: np.ndarray, previous_target: np.ndarray
) -> np.ndarray:
    """The next targets (..., a) [rad] float64 from actions (..., a) and the targets before (..., a) [rad].

    In this order: clip the action, scale it, smooth, clip to [lower, upper], limit the change to
    `max_velocity * control_period` with `control_period` in seconds. Pure, and row by row: any leading shape will do.
    """
    values = mapping.arrays
    previous = np.asarray(previous_target, dtype=np.float64)
    origin = values["center"] if mapping.kind == "absolute" else previous
    action = np.minimum(np.maximum(np.asarray(action, dtype=np.float64), -1.0), 1.0)
    target = origin + values["scale"] * action
    if mapping.smoothing:
        target = mapping.smoothing * previous + (1.0 - mapping.smoothing) * target
    target = np.minimum(np.maximum(target, values["lower"]), values["upper"])
    return limit_change(previous, target, values["max_velocity"] * control_period)


def limit_change(previous: np.ndarray, target: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """`target` brought to within `largest` of `previous`, each (..., a) in the same unit."""
    return np.minimum(np.maximum(target, previous - largest), previous + largest)
