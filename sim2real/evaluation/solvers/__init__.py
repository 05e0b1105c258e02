"""Classical solvers: players that know how a task is made, for learned policies to be compared with."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from sim2real.tasks.task import Task

if TYPE_CHECKING:
    from sim2real.evaluation.players import Player

__all__ = ["solver"]


def solver(name: str, task: Task, seed: int) -> Player:
    """The solver of that name, one of `task.solvers`. Its module is that of the task's family and imported when asked."""
    module = import_module(f"{__name__}.{task.name.partition('/')[0]}")
    return module.SOLVERS[name](task, seed)
