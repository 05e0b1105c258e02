"""Task and Simulation: a problem posed in many worlds at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from randomizers import Target, WorldDistribution, Worlds
from sim2real.errors import UserError


@dataclass(frozen=True)
class Outcome:
    """What one control step led to in each of n worlds."""

    rewards: dict[str, np.ndarray]
    """Reward terms (n,) by name; the reward is their sum."""
    success: np.ndarray
    """(n,) bool: the episode ends because its goal is reached."""
    failure: np.ndarray
    """(n,) bool: the episode ends badly."""
    diverged: np.ndarray
    """(n,) bool: the physics broke down; the world stands in a start state again and its episode ends as failed."""


class Task(ABC):
    """A problem posed in worlds that may differ. Stateless: `simulate` makes the n worlds that live.

    Nothing that trains or evaluates knows more of a task than what stands here.
    """

    name: str
    """As users type it, such as "leap/rotate-z"; of a task that a file describes, the file's name without its ending."""
    files: Mapping[str, str] = MappingProxyType({})
    """sha256 of every file that the task was read from, by path, where it is not a part of this package."""
    summary: ClassVar[str]
    """One line for listings."""
    control_period: float
    """Time from one action to the next [s]."""
    episode_steps: int
    """Control steps after which an episode is over."""
    episodes_per_trial: int
    """Episodes that one world's trial lasts, memory carried through."""
    side_by_side: ClassVar[int | None] = None
    """Most worlds to evaluate at a time, where each costs more than memory; any number if None."""
    solvers: ClassVar[tuple[str, ...]] = ()
    """Names of the classical solvers that `sim2real.evaluation` has for it, to compare policies with."""
    action_space: spaces.Space
    """Actions of one world: a Box (a,), or Discrete."""
    observation_sizes: dict[str, int]
    """Width of the observation groups "policy" and "critic" (the world vector not counted)."""
    policy_names: tuple[str, ...] | None = None
    """Of each value in the group "policy", a name that tasks of the same robot share; None where they have none."""
    image: tuple[int, int, int] | None = None
    """(height, width, channels): the groups policy and critic begin with an image of that shape, values 0 to 1, row by
    row, channels last; None without."""
    reward_terms: tuple[str, ...]
    """Names of the reward terms, as they are logged."""
    metrics: dict[str, str]
    """Names and units of what is measured over an episode; the first is the one that is compared."""
    target: Target
    """What randomization terms can act on."""
    worlds: WorldDistribution
    """The worlds that training draws by default."""

    @property
    def reference(self) -> str:
        """What `make_task` makes it of again: its name, or where its file is."""
        return self.name

    @property
    def recipe(self) -> dict[str, Any]:
        """Settings of `TrainConfig` that differ from its defaults for this task."""
        return {}

    def rewarded(self, changes: Mapping[str, float]) -> Task:
        """This task with other weights of its reward, by name. Raises UserError for names that are none."""
        if changes:
            raise UserError(f"{self.name} has no weights of a reward that could be changed, given {', '.join(changes)}")
        return self

    @abstractmethod
    def simulate(self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None) -> Simulation:
        """n live worlds of this task; `distribution` (default: `self.worlds`) is what will be loaded into them."""


class Simulation(ABC):
    """n worlds of one task, alive. All rows of all arrays are worlds."""

    diverged_steps: int
    """Steps so far in which a world's physics broke down."""

    @abstractmethod
    def load(self, ids: np.ndarray, worlds: Worlds, picks: np.ndarray) -> None:
        """Turn the rows `ids` (m,) into `worlds[picks]`, picks (m,); an episode must be started next.

        Worlds are drawn many at a time and picked from, so what is computed from them may be kept for the next call.
        """

    @abstractmethod
    def rewrite(self, ids: np.ndarray, worlds: Worlds) -> None:
        """Change the parameters of the rows `ids` (m,) within their trial, to those of `worlds` (m of them), seeds aside;
        an episode must be started next."""

    @abstractmethod
    def reset(self, ids: np.ndarray, episodes: np.ndarray) -> None:
        """Start an episode in the rows `ids` (m,); `episodes` (m,) counts those of the trial, and with the world's seed
        decides the start."""

    @abstractmethod
    def step(self, action: np.ndarray) -> Outcome:
        """One control step of all worlds with action (n, a), or (n,) where actions are discrete."""

    @abstractmethod
    def observe(self, ids: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The groups policy (m, p) and critic (m, c), float32, of the rows `ids` (default: all) as they stand now."""

    @abstractmethod
    def measure(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        """The task's metrics (m,) of the episodes now running in the rows `ids`."""

    @abstractmethod
    def progress(self) -> np.ndarray:
        """What the last step added to the task's first metric (n,): its course over the trial shows adaptation."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Everything the future depends on, as arrays and numbers."""

    @abstractmethod
    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state` was taken."""

    def close(self) -> None:  # noqa: B027
        """Release what it holds beyond memory, such as processes; by itself it holds nothing."""
