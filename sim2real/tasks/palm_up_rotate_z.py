"""PalmUpRotateZ: turn a cube about the vertical, feeling only the joints."""

from __future__ import annotations

from typing import Any

from randomizers import WorldDistribution
from sim2real.tasks.palm_up import PalmUp, PalmUpSimulation
from sim2real.tasks.rotation import METRICS, TERMS, RotationReward, RotationSimulation


class PalmUpRotateZ(PalmUp):
    """The policy is not told where the cube is: it must be felt through the servos."""

    episode_steps = 200
    reward_terms = TERMS
    metrics = METRICS

    @property
    def recipe(self) -> dict[str, Any]:
        """A horizon that grows from one second, in which turning is found, to ten, in which a drop weighs most."""
        return {"gamma": 0.95, "gamma_final": 0.995, "steps": 12_000_000}

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> PalmUpRotateZSimulation:
        return PalmUpRotateZSimulation(self, worlds, threads, distribution)


class PalmUpRotateZSimulation(PalmUpSimulation, RotationSimulation):
    """n hands that turn a cube each."""

    reward = RotationReward()
