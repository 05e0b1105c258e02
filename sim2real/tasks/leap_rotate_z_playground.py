"""leap/rotate-z-playground: turn a cube about the vertical, rewarded as in MuJoCo Playground."""

from __future__ import annotations

import math
from typing import Any

from randomizers import WorldDistribution
from sim2real.tasks.leap_rotate_z import LeapRotateZ
from sim2real.tasks.palm_up_rotate_z import PalmUpRotateZSimulation
from sim2real.tasks.rotation import RotationReward


class LeapRotateZPlayground(LeapRotateZ):
    """The reward, length of episodes and discount of Playground's LeapCubeRotateZAxis (arXiv 2502.08844).

    Per control step of 0.05 s it pays the angle turned about the vertical, without end, and -100 times the period for a
    drop; the terms that the published configuration weighs with 0 are 0 here as well. What is not Playground's: the turning
    rate is the mean over the step, not the one at its end; a cube that spins faster than a hand can turn it, or leaves the
    palm, has been dropped, where Playground waits until it has fallen 5 cm below; observations, actions, starts, cube and
    worlds are those of leap/rotate-z (`--preset playground-leap` has Playground's randomization); leap-menagerie/* has its
    hand.
    """

    name = "leap/rotate-z-playground"
    summary = "leap/rotate-z with the reward of MuJoCo Playground"
    episode_steps = 500

    @property
    def recipe(self) -> dict[str, Any]:
        return {"gamma": 0.97}

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> LeapRotateZPlaygroundSimulation:
        return LeapRotateZPlaygroundSimulation(self, worlds, threads, distribution)


class LeapRotateZPlaygroundSimulation(PalmUpRotateZSimulation):
    """n hands that turn a cube each; weights are the published ones times the control period of 0.05 s."""

    reward = RotationReward(
        rotation=1.0 * 0.05,
        highest_rate=math.inf,
        linear_velocity=0.0,
        action_rate=0.0,
        pose=0.0,
        torque=0.0,
        drop=-100.0 * 0.05,
    )
