"""Tasks by name."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from sim2real.errors import UserError
from sim2real.tasks import shadow_variants as shadow
from sim2real.tasks.gym_robotics import variants as gym_robotics
from sim2real.tasks.task import Outcome, Simulation, Task

_ROBOTS = {
    "leap/rotate-z": "sim2real.tasks.leap_rotate_z:LeapRotateZ",
    **shadow.CLASSES,
    "shadow/block-dactyl": "sim2real.tasks.shadow_dactyl:ShadowBlockDactyl",
    "shadow/reach": "sim2real.tasks.shadow_reach:ShadowReach",
    "leap/reorient": "sim2real.tasks.leap_reorient:LeapReorient",
    "allegro/rotate-z": "sim2real.tasks.allegro_rotate_z:AllegroRotateZ",
    "allegro/reorient": "sim2real.tasks.allegro_reorient:AllegroReorient",
    "arm/reach": "sim2real.tasks.arm_reach:ArmReach",
    "arm/push": "sim2real.tasks.arm_push:ArmPush",
    "arm/pick-and-place": "sim2real.tasks.arm_pick_and_place:ArmPickAndPlace",
}
_VARIANTS = {
    "leap/reorient-z": "sim2real.tasks.leap_reorient:LeapReorientZ",
    "leap/tumble": "sim2real.tasks.leap_tumble:LeapTumble",
    "leap/rotate-z-playground": "sim2real.tasks.leap_rotate_z_playground:LeapRotateZPlayground",
    "leap/reorient-playground": "sim2real.tasks.leap_reorient_playground:LeapReorientPlayground",
}
_MENAGERIE = {
    "leap-menagerie/rotate-z": "sim2real.tasks.leap_menagerie:LeapMenagerieRotateZ",
    "leap-menagerie/reorient": "sim2real.tasks.leap_menagerie:LeapMenagerieReorient",
    "leap-menagerie/rotate-z-playground": "sim2real.tasks.leap_menagerie:LeapMenagerieRotateZPlayground",
    "leap-menagerie/reorient-playground": "sim2real.tasks.leap_menagerie:LeapMenagerieReorientPlayground",
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
    **{name: (name,) for name in (*shadow.CLASSES, *gym_robotics.CLASSES)},
}
"""What a class that several names share is made with."""
_CLASSES = {
    **_ROBOTS,
    **_VARIANTS,
    **_MENAGERIE,
    **dict.fromkeys(_BANDITS, "sim2real.tasks.bandit:Bandit"),
    **dict.fromkeys(_MDPS, "sim2real.tasks.tabular_mdp:TabularMDP"),
    **dict.fromkeys(_GRID_MAZES, "sim2real.tasks.mazes.grid:GridMaze"),
    **dict.fromkeys(_VIEW_MAZES, "sim2real.tasks.mazes.view:ViewMaze"),
    **gym_robotics.CLASSES,
}
"""Where each task's class is; a module is imported when its task is asked for."""

TASKS = tuple(_CLASSES)
ELSEWHERE = tuple(_MENAGERIE)
"""Those whose models the user must have: neither this package nor what it depends on brings them."""

_UNSEEN = (*_BANDITS, *_MDPS, *_GRID_MAZES, *_VIEW_MAZES)
_PATTERNS = {**shadow.FAMILIES, "leap-menagerie/*": ELSEWHERE, **gym_robotics.FAMILIES}
_PATTERN_OF = {name: pattern for pattern, names in _PATTERNS.items() for name in names}
FAMILIES: dict[str, tuple[str, ...]] = {
    _PATTERN_OF.get(name, name): _PATTERNS.get(_PATTERN_OF.get(name, name), (name,)) for name in TASKS
}
"""All tasks by what listings show of them: its name, or the pattern of those that are too many to be told apart there."""
ROBOT_FAMILIES = {family: names for family, names in FAMILIES.items() if names[0] in _ROBOTS}
"""Those of a robot with position servos; of those that differ in goals or rewards alone, one."""
PICTURED = tuple(family for family, names in FAMILIES.items() if names[0] not in _UNSEEN)
"""Those that are simulated in MuJoCo and can be looked at, as listings show them."""

__all__ = [
    "ELSEWHERE",
    "FAMILIES",
    "PICTURED",
    "ROBOT_FAMILIES",
    "TASKS",
    "Outcome",
    "Simulation",
    "Task",
    "is_task",
    "make_task",
    "task_arguments",
    "task_class",
]


def task_class(name: str) -> type[Task]:
    """The class of a task. Raises UserError for a name that is none, listing those that are."""
    if name not in _CLASSES:
        raise UserError(f"unknown task {name!r}; tasks: {', '.join(FAMILIES)}, and files that end in .yaml")
    module, _, attribute = _CLASSES[name].partition(":")
    return getattr(import_module(module), attribute)


def task_arguments(name: str) -> tuple[int | str, ...]:
    """What the class of a task is made with."""
    return _ARGUMENTS.get(name, ())


def is_task(name: str) -> bool:
    """Whether that is the name of a task, or could be that of a file that describes one."""
    if name in _CLASSES:
        return True
    from sim2real.tasks.own import SUFFIXES

    return Path(name).suffix in SUFFIXES


def make_task(name: str) -> Task:
    """The task of that name, or that the file there describes, made once. Raises UserError for what is neither."""
    if name in _CLASSES or not is_task(name):
        return _make(name)
    from sim2real.tasks.own import read_task

    return read_task(Path(name))


@cache
def _make(name: str) -> Task:
    return task_class(name)(*task_arguments(name))
