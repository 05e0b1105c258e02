"""Tasks by name."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from sim2real.errors import UserError
from sim2real.tasks.gym_robotics import variants as gym_robotics
from sim2real.tasks.own import SUFFIXES, read_task
from sim2real.tasks.task import Outcome, Simulation, Task

_ROBOTS = {
    "leap/rotate-z": "sim2real.tasks.leap_rotate_z:LeapRotateZ",
    "shadow/block-rotate-z": "sim2real.tasks.shadow_block_rotate_z:ShadowBlockRotateZ",
    "shadow/reach": "sim2real.tasks.shadow_reach:ShadowReach",
    "leap/reorient": "sim2real.tasks.leap_reorient:LeapReorient",
    "allegro/rotate-z": "sim2real.tasks.allegro_rotate_z:AllegroRotateZ",
    "allegro/reorient": "sim2real.tasks.allegro_reorient:AllegroReorient",
    "arm/reach": "sim2real.tasks.arm_reach:ArmReach",
    "arm/push": "sim2real.tasks.arm_push:ArmPush",
    "arm/pick-and-place": "sim2real.tasks.arm_pick_and_place:ArmPickAndPlace",
}
_BANDITS = {f"bandit/k{arms}-n{pulls}": (arms, pulls) for arms in (5, 10, 50) for pulls in (10, 100, 500)}
_MDPS = {f"mdp/n{episodes}": (episodes,) for episodes in (10, 25, 50, 75, 100)}
_GRID_MAZES = {f"maze/grid-{size}x{size}": (size,) for size in (5, 9)}
_VIEW_MAZES = {f"maze/view-{size}x{size}": (size,) for size in (5, 9)}
_ARGUMENTS: dict[str, tuple[int | str, ...]] = {
    **_BANDITS,
    **_MDPS,
    **_GRID_MAZES,
    **_VIEW_MAZES,
    **{name: (name,) for name in gym_robotics.CLASSES},
}
"""What a class that several names share is made with."""
_CLASSES = {
    **_ROBOTS,
    **dict.fromkeys(_BANDITS, "sim2real.tasks.bandit:Bandit"),
    **dict.fromkeys(_MDPS, "sim2real.tasks.tabular_mdp:TabularMDP"),
    **dict.fromkeys(_GRID_MAZES, "sim2real.tasks.mazes.grid:GridMaze"),
    **dict.fromkeys(_VIEW_MAZES, "sim2real.tasks.mazes.view:ViewMaze"),
    **gym_robotics.CLASSES,
}
"""Where each task's class is; a module is imported when its task is asked for."""

TASKS = tuple(_CLASSES)

FAMILIES: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in TASKS if name not in gym_robotics.CLASSES},
    **gym_robotics.FAMILIES,
}
"""All tasks by what listings show of them: its name, or the pattern of those that are too many to be told apart there."""

__all__ = ["FAMILIES", "TASKS", "Outcome", "Simulation", "Task", "is_task", "make_task", "task_class"]


def task_class(name: str) -> type[Task]:
    """The class of a task. Raises UserError for a name that is none, listing those that are."""
    if name not in _CLASSES:
        raise UserError(f"unknown task {name!r}; tasks: {', '.join(FAMILIES)}, and files that end in .yaml")
    module, _, attribute = _CLASSES[name].partition(":")
    return getattr(import_module(module), attribute)


def is_task(name: str) -> bool:
    """Whether that is the name of a task, or could be that of a file that describes one."""
    return name in _CLASSES or Path(name).suffix in SUFFIXES


def make_task(name: str) -> Task:
    """The task of that name, or that the file there describes, made once. Raises UserError for what is neither."""
    return read_task(Path(name)) if name not in _CLASSES and is_task(name) else _make(name)


@cache
def _make(name: str) -> Task:
    return task_class(name)(*_ARGUMENTS.get(name, ()))
