"""Baselines: stable-baselines3's PPO and sb3-contrib's RecurrentPPO on the same worlds, by the same configuration.

Networks have the sizes of `LSTMPPO`'s. Observations are taken as they are, values in units of reward, and time limits and
returns as stable-baselines3 has them: both end with the trial.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
from torch import nn

from policies.encoders import MLP
from policies.update import Diverged
from sim2real.errors import UserError
from sim2real.runs.config import TrainConfig


class PolicyGroup(VecEnvWrapper):
    """Shows the observation group `policy` (n, p) alone: a policy that is to be deployed has no more."""

    def __init__(self, env: VecEnv) -> None:
        assert isinstance(env.observation_space, spaces.Dict)
        super().__init__(env, env.observation_space["policy"])

    def reset(self) -> np.ndarray:
        """Draw n new worlds and start their trials."""
        observation = self.venv.reset()
        assert isinstance(observation, dict)
        return observation["policy"]

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """One control step of all worlds."""
        observation, reward, done, infos = self.venv.step_wait()
        assert isinstance(observation, dict)
        for info in infos:
            if "terminal_observation" in info:
                info["terminal_observation"] = info["terminal_observation"]["policy"]
        return observation["policy"], reward, done, infos


class DenseFeatures(BaseFeaturesExtractor):
    """One dense layer before the memory (n, p) -> (n, width), as `LSTMPPO`'s networks have it."""

    def __init__(self, observation_space: spaces.Box, width: int) -> None:
        super().__init__(observation_space, width)
        self.layers = MLP(observation_space.shape[0], (width,))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """(n, p) -> (n, width)."""
        return self.layers(observations)


class _Stopped(Exception):
    """Leaves `learn` between iterations, for which stable-baselines3 has no other way."""


class Baseline(OnPolicyAlgorithm):
    """What a run wants of stable-baselines3's algorithms beside their own interface."""

    def learn(self, *arguments: Any, **options: Any) -> Any:
        """As the algorithm's own. Raises Diverged where parameters became non-finite."""
        try:
            return super().learn(*arguments, **options)
        except _Stopped:
            return self
        except ValueError as error:
            if all(torch.isfinite(parameter).all() for parameter in self.policy.parameters()):
                raise
            raise Diverged("parameters of the policy are not finite") from error

    def request_stop(self) -> None:
        """Return from `learn` at once; callbacks call it at a rollout's start."""
        raise _Stopped

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since the last call of `learn` began."""
        return max((time.time_ns() - self.start_time) / 1e9, 1e-9)


def baseline_class(algo: str) -> type[Baseline]:
    """The algorithm of that name. Raises UserError if its package is not installed."""
    own: type[OnPolicyAlgorithm] = PPO
    if algo == "sb3-recurrent-ppo":
        try:
            from sb3_contrib import RecurrentPPO
        except ImportError as error:
            raise UserError(f"{algo} wants the package sb3-contrib: pip install 'sim2real[baselines]'") from error
        own = RecurrentPPO
    return type(own.__name__, (Baseline, own), {})


def make_baseline(env: VecEnv, config: TrainConfig) -> Baseline:
    """The baseline that a configuration describes, on n worlds that show a Box.

    Raises UserError if its package is missing, or its minibatches are of one step.
    """
    batch = config.worlds * config.rollout // config.minibatches
    if batch < 2:
        raise UserError(f"minibatches={config.minibatches} of {config.algo} hold one step each: wanted at least 2")
    rate = LinearSchedule(config.learning_rate, 0.0, 1.0) if config.anneal else config.learning_rate
    algorithm: Any = baseline_class(config.algo)
    return algorithm(
        "MlpLstmPolicy" if config.memory == "lstm" else "MlpPolicy",
        env,
        learning_rate=rate,
        n_steps=config.rollout,
        batch_size=batch,
        n_epochs=config.epochs,
        clip_range=config.clip_range,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        ent_coef=config.entropy,
        max_grad_norm=config.gradient_clip,
        policy_kwargs=network(config),
        seed=config.seed,
        device="cpu",
    )


def network(config: TrainConfig) -> dict[str, Any]:
    """`policy_kwargs` for networks of the same make as `LSTMPPO`'s."""
    common = {"activation_fn": nn.ELU, "log_std_init": config.log_std}
    if config.memory == "none":
        return {**common, "net_arch": [config.hidden, config.hidden]}
    return {
        **common,
        "net_arch": [],
        "features_extractor_class": DenseFeatures,
        "features_extractor_kwargs": {"width": config.hidden},
        "share_features_extractor": False,
        "lstm_hidden_size": config.hidden,
    }
