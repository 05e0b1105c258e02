"""The recurrent actor and critic as one stateless function: (observation, memory) -> (action, memory, value)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.distributions import DiagGaussianDistribution, Distribution, make_proba_distribution
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

from policies.networks import RecurrentNetwork
from policies.normalizer import RunningNormalizer

GROUPS = ("policy", "critic")
"""Observation groups: what the robot has, and what only the simulator knows (asymmetric actor-critic)."""


def group_sizes(space: spaces.Space) -> dict[str, int]:
    """Width of each observation group. A plain Box serves both groups; a Dict must hold them by name.

    Raises ValueError if a group is missing or an observation is not a vector.
    """
    if isinstance(space, spaces.Box) and len(space.shape) == 1:
        return dict.fromkeys(GROUPS, space.shape[0])
    if isinstance(space, spaces.Dict) and set(GROUPS) <= set(space.spaces):
        shapes = {group: space[group].shape for group in GROUPS}
        if all(shape is not None and len(shape) == 1 for shape in shapes.values()):
            return {group: shape[0] for group, shape in shapes.items() if shape}
    raise ValueError(f"observation space {space}: wanted a vector Box, or a Dict with vector groups {GROUPS}")


class LSTMPolicy(BasePolicy):
    """LSTM actor on the `policy` group and a separate LSTM critic on the `critic` group, no weights shared."""

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        lr_schedule: Schedule | None = None,
        encoder: tuple[int, ...] = (128,),
        hidden: int = 128,
        log_std_init: float = -0.7,
        **kwargs: Any,
    ) -> None:
        super().__init__(observation_space, action_space, squash_output=False, **kwargs)
        self.encoder, self.hidden, self.log_std_init = tuple(encoder), hidden, log_std_init
        sizes = group_sizes(observation_space)
        self.sizes = sizes
        self.policy_normalizer = RunningNormalizer(sizes["policy"])
        self.critic_normalizer = RunningNormalizer(sizes["critic"])
        self.value_normalizer = RunningNormalizer(1)
        self.actor = RecurrentNetwork(sizes["policy"], self.encoder, hidden)
        self.critic = RecurrentNetwork(sizes["critic"], self.encoder, hidden)
        self.action_dist = make_proba_distribution(action_space)
        if isinstance(self.action_dist, DiagGaussianDistribution):
            head, self.log_std = self.action_dist.proba_distribution_net(hidden, log_std_init)
        else:
            head = self.action_dist.proba_distribution_net(hidden)  # type: ignore[assignment]
        assert isinstance(head, nn.Linear)
        self.action_net = head
        self.value_net = nn.Linear(hidden, 1)
        for layer, gain in ((self.action_net, 0.01), (self.value_net, 1.0)):
            nn.init.orthogonal_(layer.weight, gain=gain)
            nn.init.zeros_(layer.bias)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | {
            "encoder": self.encoder,
            "hidden": self.hidden,
            "log_std_init": self.log_std_init,
        }

    def act(self, observation: torch.Tensor, memory: torch.Tensor) -> tuple[Distribution, torch.Tensor]:
        """observation (T, n, p), memory (n, 2, H) -> distribution over (T * n) actions, memory after the last step."""
        features, memory = self.actor(self.policy_normalizer(observation), memory)
        return self.distribution(features.flatten(0, 1)), memory

    def distribution(self, features: torch.Tensor) -> Distribution:
        """features (m, H) -> distribution over m actions."""
        if isinstance(self.action_dist, DiagGaussianDistribution):
            return self.action_dist.proba_distribution(self.action_net(features), self.log_std)
        return self.action_dist.proba_distribution(self.action_net(features))

    def value(self, observation: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """observation (T, n, c), memory (n, 2, H) -> normalised value (T, n), memory after the last step."""
        features, memory = self.critic(self.critic_normalizer(observation), memory)
        return self.value_net(features).squeeze(-1), memory

    def sample(self, distribution: Distribution, generator: torch.Generator) -> torch.Tensor:
        """One action per row, drawn from `generator` alone."""
        inner: Any = distribution.distribution
        if isinstance(inner, torch.distributions.Normal):
            return inner.mean + inner.stddev * torch.randn(inner.mean.shape, generator=generator)
        if isinstance(inner, torch.distributions.Categorical):
            return torch.multinomial(inner.probs, 1, generator=generator).squeeze(-1)
        if isinstance(inner, list):
            return torch.stack([torch.multinomial(c.probs, 1, generator=generator).squeeze(-1) for c in inner], dim=-1)
        return torch.bernoulli(inner.probs, generator=generator)

    def initial_memory(self, worlds: int) -> np.ndarray:
        """Cleared actor memory (worlds, 2, H)."""
        return self.actor.initial_memory(worlds).numpy()

    @torch.no_grad()
    def step(
        self, observation: np.ndarray, memory: np.ndarray, generator: torch.Generator | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """observation (n, p), memory (n, 2, H) -> action (n, ...), memory; the most likely action without a generator."""
        inputs = torch.as_tensor(observation, dtype=torch.float32)[None]
        distribution, after = self.act(inputs, torch.as_tensor(memory))
        action = distribution.mode() if generator is None else self.sample(distribution, generator)
        return action.numpy(), after.numpy()

    def forward(self, observation: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One step, as exported: observation (n, p), memory (n, 2, H) -> mean action (n, a) in [-1, 1], memory."""
        features, memory = self.actor(self.policy_normalizer(observation)[None], memory)
        return self.action_net(features[0]).clamp(-1.0, 1.0), memory

    def _predict(self, observation: Any, deterministic: bool = False) -> torch.Tensor:
        raise TypeError("LSTMPolicy is recurrent: use predict(), which takes and returns the memory")

    def predict(  # type: ignore[override]
        self,
        observation: np.ndarray | dict[str, np.ndarray],
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
        generator: torch.Generator | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """stable-baselines3's protocol: `state` is the memory (n, 2, H), cleared where `episode_start` (n,) is True.

        A stochastic action draws from `generator`, or from torch's default generator, which stable-baselines3 seeds.
        """
        group = observation["policy"] if isinstance(observation, dict) else observation
        single = np.ndim(group) == 1
        group = np.atleast_2d(np.asarray(group, dtype=np.float32))
        memory = self.initial_memory(len(group)) if state is None else np.array(state, dtype=np.float32)
        if episode_start is not None:
            memory[np.atleast_1d(episode_start).astype(bool)] = 0.0
        chosen = None if deterministic else (generator or torch.default_generator)
        action, memory = self.step(group, memory, chosen)
        if isinstance(self.action_space, spaces.Box):
            action = np.clip(action, self.action_space.low, self.action_space.high)
        return (action[0] if single else action), memory
