"""Observation groups: what the robot has, and what only the simulator knows (asymmetric actor-critic)."""

from __future__ import annotations

from typing import Any

import torch
from gymnasium import spaces

GROUPS = ("policy", "critic")
"""The actor's group, and the one that the critic sees unless told otherwise."""


def group_sizes(space: spaces.Space, critic: str = "critic") -> dict[str, int]:
    """Width of what the actor ("policy") and the critic ("critic") see; `critic` names the latter's group.

    A plain Box serves both; a Dict must hold them by name. Raises ValueError if a group is missing, or is no vector.
    """
    if isinstance(space, spaces.Box) and len(space.shape) == 1:
        if critic not in GROUPS:
            raise ValueError(f"unknown observation group {critic!r}; there are: {', '.join(GROUPS)}")
        return dict.fromkeys(GROUPS, space.shape[0])
    if not isinstance(space, spaces.Dict):
        raise ValueError(f"observation space {space}: wanted a vector Box, or a Dict of vectors with group 'policy'")
    sizes = {}
    for role, group in (("policy", "policy"), ("critic", critic)):
        if group not in space.spaces:
            raise ValueError(f"unknown observation group {group!r}; there are: {', '.join(space.spaces)}")
        shape = space[group].shape
        if shape is None or len(shape) != 1:
            raise ValueError(f"observation group {group!r} is {space[group]}: wanted a vector")
        sizes[role] = shape[0]
    return sizes


def in_groups(observation: Any, critic: str = "critic") -> dict[str, torch.Tensor]:
    """A VecEnv's observation as what the actor (n, p) and the critic (n, c) see; a plain array serves both."""
    if isinstance(observation, dict):
        return {
            role: torch.as_tensor(observation[group], dtype=torch.float32)
            for role, group in (("policy", "policy"), ("critic", critic))
        }
    return dict.fromkeys(GROUPS, torch.as_tensor(observation, dtype=torch.float32))
