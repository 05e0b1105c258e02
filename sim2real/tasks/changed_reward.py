"""changed_reward: a task's reward with some of its numbers changed by the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass, replace
from typing import Any

from sim2real.errors import UserError


def changed_reward(task: str, reward: Any, changes: Mapping[str, float]) -> Any:
    """The dataclass `reward` of the task of that name with other numbers. Raises UserError for names that are none of its
    fields, and for a number with decimals where a count is wanted."""
    fields = asdict(reward) if is_dataclass(reward) and not isinstance(reward, type) else {}
    values: dict[str, float | int] = {}
    for name, value in changes.items():
        if name not in fields:
            raise UserError(f"the reward of {task} has no {name!r}; it has: {', '.join(fields) or 'nothing to change'}")
        if isinstance(fields[name], int) and value != int(value):
            raise UserError(f"the reward of {task}: given {name}={value:g}, wanted a whole number")
        values[name] = int(value) if isinstance(fields[name], int) else value
    return replace(reward, **values)
