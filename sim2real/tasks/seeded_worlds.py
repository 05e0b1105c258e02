"""Worlds of tasks without physics: a world is decided by its seed alone."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import mujoco
import numpy as np

from randomizers import Target, WorldDistribution, Worlds, WorldStreams
from sim2real.errors import UserError
from sim2real.tasks.task import Simulation


def seeded_worlds(name: str, finite: int | None = None) -> WorldDistribution:
    """Worlds of the task of that name: no parameters, a seed each; in training only `finite` of them, if given."""
    target = Target(mujoco.MjModel.from_xml_string("<mujoco/>"), name, {})
    return WorldDistribution((), target, name, finite=finite)


def refuse_terms(name: str, distribution: WorldDistribution | None) -> None:
    """Raises UserError for a distribution with terms: nothing in these worlds could follow them."""
    if distribution is not None and distribution.terms:
        terms = ", ".join(term.name for term in distribution.terms)
        raise UserError(f"worlds of {name!r} differ by their seed alone and take no terms, got: {terms}")


class SeededSimulation(Simulation):
    """n such worlds, which are rewarded with one number a step; subclasses keep it in `_reward` and its sum in `_total`."""

    _streams: WorldStreams
    _reward: np.ndarray
    _total: np.ndarray

    def rewrite(self, ids: np.ndarray, worlds: Worlds) -> None:
        """Nothing changes: worlds have no parameters."""

    def measure(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        return {"total_reward": self._total[ids].copy()}

    def progress(self) -> np.ndarray:
        return self._reward.copy()

    def state(self) -> dict[str, Any]:
        return {"streams": self._streams.state(), **{name: array.copy() for name, array in self._arrays().items()}}

    def restore(self, state: dict[str, Any]) -> None:
        self._streams.restore(state["streams"])
        for name, array in self._arrays().items():
            array[:] = state[name]

    @abstractmethod
    def _arrays(self) -> dict[str, np.ndarray]:
        """Every array (n, ...) that the future depends on."""
