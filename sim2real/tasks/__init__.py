"""Tasks by name."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from sim2real.errors import UserError
from sim2real.tasks.task import Outcome, Simulation, Task

_CLASSES = {
    "leap/rotate-z": "sim2real.tasks.leap_rotate_z:LeapRotateZ",
    "shadow/block-rotate-z": "sim2real.tasks.shadow_block_rotate_z:ShadowBlockRotateZ",
}
"""Where each task's class is; a module is imported when its task is asked for."""

TASKS = tuple(_CLASSES)

__all__ = ["TASKS", "Outcome", "Simulation", "Task", "make_task", "task_class"]


def task_class(name: str) -> type[Task]:
    """The class of a task. Raises UserError for a name that is none, listing those that are."""
    if name not in _CLASSES:
        raise UserError(f"unknown task {name!r}; tasks: {', '.join(TASKS)}")
    module, _, attribute = _CLASSES[name].partition(":")
    return getattr(import_module(module), attribute)


@cache
def make_task(name: str) -> Task:
    """The task of that name, made once. Raises UserError for a name that is none."""
    return task_class(name)()
