"""Variants: what every id of gymnasium-robotics for the Shadow hand and the Fetch arm stands for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

PREFIX = "gym/"
"""A task is named by its id in gymnasium-robotics after this prefix."""


@dataclass(frozen=True)
class HandReachVariant:
    """The fingertips of a Shadow hand to points in space."""

    dense: bool
    """Rewarded by distance; otherwise -1 until the goal is reached, then 0."""


@dataclass(frozen=True)
class HandManipulateVariant:
    """An object in a Shadow hand to a goal pose."""

    object: str
    """"block", "egg" or "pen"."""
    rotation: str
    """Which turns goals are drawn from: "z", "parallel" or "xyz"."""
    position: bool
    """Whether the goal has a position; otherwise only the rotation counts."""
    touch: str | None
    """Touch sensors in the observation: "boolean", "continuous" or none."""
    dense: bool
    """Rewarded by distance; otherwise -1 until the goal is reached, then 0."""


@dataclass(frozen=True)
class FetchVariant:
    """The gripper of a Fetch arm, or an object by means of it, to a point in space."""

    kind: str
    """"reach", "push", "slide" or "pick_and_place"."""
    dense: bool
    """Rewarded by distance; otherwise -1 until the goal is reached, then 0."""


_DENSE = {"": False, "Dense": True}
_TOUCH = {"": None, "_BooleanTouchSensors": "boolean", "_ContinuousTouchSensors": "continuous"}
_FETCH = {"Reach": "reach", "Push": "push", "Slide": "slide", "PickAndPlace": "pick_and_place"}
_GOALS = {
    "Block": {
        "": (True, "xyz"),
        "Full": (True, "xyz"),
        "RotateZ": (False, "z"),
        "RotateParallel": (False, "parallel"),
        "RotateXYZ": (False, "xyz"),
    },
    "Egg": {"": (True, "xyz"), "Full": (True, "xyz"), "Rotate": (False, "xyz")},
    "Pen": {"": (True, "xyz"), "Full": (True, "xyz"), "Rotate": (False, "xyz")},
}
"""By object and the name of its goals: whether positions count, and which turns."""

HAND_REACH = {f"{PREFIX}HandReach{suffix}-v3": HandReachVariant(dense) for suffix, dense in _DENSE.items()}
FETCH = {
    f"{PREFIX}Fetch{name}{suffix}-v4": FetchVariant(kind, dense)
    for (name, kind), (suffix, dense) in product(_FETCH.items(), _DENSE.items())
}
HAND_MANIPULATE = {
    f"{PREFIX}HandManipulate{thing}{goals}{sensors}{suffix}-v1": HandManipulateVariant(
        thing.lower(), rotation, position, touch, dense
    )
    for thing, variants in _GOALS.items()
    for (goals, (position, rotation)), (sensors, touch), (suffix, dense) in product(
        variants.items(), _TOUCH.items(), _DENSE.items()
    )
    if not (goals == "Full" and touch)
}

CLASSES = {
    **dict.fromkeys(FETCH, "sim2real.tasks.gym_robotics.fetch:Fetch"),
    **dict.fromkeys(HAND_REACH, "sim2real.tasks.gym_robotics.hand_reach:HandReach"),
    **dict.fromkeys(HAND_MANIPULATE, "sim2real.tasks.gym_robotics.hand_manipulate:HandManipulate"),
}
"""Where each task's class is; it is made with the task's name."""

FAMILIES = {
    f"{PREFIX}{family}": tuple(name for name in CLASSES if name.startswith(f"{PREFIX}{family.partition('*')[0]}"))
    for family in (
        "Fetch*-v4",
        "HandReach*-v3",
        "HandManipulateBlock*-v1",
        "HandManipulateEgg*-v1",
        "HandManipulatePen*-v1",
    )
}
"""Task names by the pattern that listings show in place of them."""
