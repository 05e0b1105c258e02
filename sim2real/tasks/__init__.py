"""Tasks by name."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module

from sim2real.errors import UserError
from sim2real.tasks.task import Outcome, Simulation, Task

_ROBOTS = {
    "leap/rotate-z": "sim2real.tasks.leap_rotate_z:LeapRotateZ",
    "shadow/block-rotate-z": "sim2real.tasks.shadow_block_rotate_z:ShadowBlockRotateZ",
}
_BANDITS = [f"bandit/k{arms}-n{pulls}" for arms in (5, 10, 50) for pulls in (10, 100, 500)]
_MDPS = [f"mdp/n{episodes}" for episodes in (10, 25, 50, 75, 100)]
_CLASSES = {
    **_ROBOTS,
    **dict.fromkeys(_BANDITS, "sim2real.tasks.bandit:Bandit"),
    **dict.fromkeys(_MDPS, "sim2real.tasks.tabular_mdp:TabularMDP"),
}
"""Where each task's class is; a module is imported when its task is asked for."""

TASKS = tuple(_CLASSES)
ROBOT_TASKS = tuple(_ROBOTS)
"""Those of a robot simulated in MuJoCo, which can be looked at."""

__all__ = ["ROBOT_TASKS", "TASKS", "Outcome", "Simulation", "Task", "make_task", "task_class"]


def task_class(name: str) -> type[Task]:
    """The class of a task. Raises UserError for a name that is none, listing those that are."""
    if name not in _CLASSES:
        raise UserError(f"unknown task {name!r}; tasks: {', '.join(TASKS)}")
    module, _, attribute = _CLASSES[name].partition(":")
    return getattr(import_module(module), attribute)


@cache
def make_task(name: str) -> Task:
    """The task of that name, made once; a class that several names share is given the numbers in the name.

    Raises UserError for a name that is none.
    """
    made = task_class(name)
    return made() if name in _ROBOTS else made(*map(int, re.findall(r"\d+", name)))
