"""ShadowVariant: what every name of a Shadow hand's task with an object stands for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

from sim2real.tasks.goal_orientations import Turns

Reward = Literal["dactyl", "sparse", "dense"]


@dataclass(frozen=True)
class ShadowVariant:
    """An object in a Shadow hand to goals."""

    object: str
    """"block", "egg" or "pen"."""
    turns: Turns
    """Which orientations goals are drawn from."""
    position: bool
    """Whether goals have a position as well."""
    touch: bool
    """Whether policy and critic are given touch sensors."""
    reward: Reward
    """Dactyl's, one goal after another; or gymnasium-robotics', one goal an episode: -1 until it is reached, or minus the
    distance."""


OBJECTS = ("block", "egg", "pen")
GOALS: dict[str, tuple[Turns, bool]] = {
    "rotate-z": ("z", False),
    "rotate-parallel": ("parallel", False),
    "rotate-xyz": ("xyz", False),
    "full": ("xyz", True),
}
REWARDS: dict[str, Reward] = {"": "dactyl", "-sparse": "sparse", "-dense": "dense"}

VARIANTS = {
    f"shadow/{thing}-{goal}{'-touch' * touch}{suffix}": ShadowVariant(thing, turns, position, touch, reward)
    for thing, (goal, (turns, position)), touch, (suffix, reward) in product(
        OBJECTS, GOALS.items(), (False, True), REWARDS.items()
    )
}
"""By the task's name."""

CLASSES = {
    name: "sim2real.tasks.shadow_manipulate:ShadowManipulate"
    if variant.reward == "dactyl"
    else "sim2real.tasks.shadow_single_goal:ShadowSingleGoal"
    for name, variant in VARIANTS.items()
}
"""Where each task's class is; it is made with the task's name."""

FAMILIES = {
    f"shadow/{thing}-*": tuple(name for name, variant in VARIANTS.items() if variant.object == thing)
    for thing in OBJECTS
}
"""Task names by the pattern that listings show in place of them."""
