"""The policy gradients that PPO comes from, through the same interface."""

from __future__ import annotations

from typing import Any

from stable_baselines3.common.type_aliases import GymEnv

from policies.lstm_policy import LSTMPolicy
from policies.lstm_ppo import LSTMPPO


class A2C(LSTMPPO):
    """Advantage actor-critic (Mnih et al. 2016, arXiv 1602.01783), synchronous: one whole-batch step per rollout, no clip.

    Takes `LSTMPPO`'s other parameters.
    """

    def __init__(self, policy: str | type[LSTMPolicy] = "LSTMPolicy", env: GymEnv | str | None = None, **options: Any):
        super().__init__(policy, env, **{**options, "n_epochs": 1, "n_minibatches": 1, "clip_range": None})


class REINFORCE(LSTMPPO):
    """REINFORCE (Williams 1992): returns of whole episodes, less their mean, one whole-batch step per rollout.

    Takes `LSTMPPO`'s other parameters. Of each rollout, the steps of episodes that it sees to their end are used; a
    rollout in which none ends raises ValueError.
    """

    def __init__(self, policy: str | type[LSTMPolicy] = "LSTMPolicy", env: GymEnv | str | None = None, **options: Any):
        plain = {"n_epochs": 1, "n_minibatches": 1, "clip_range": None, "baseline": False}
        super().__init__(policy, env, **{**options, **plain})
