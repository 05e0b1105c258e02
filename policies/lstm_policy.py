"""The recurrent actor and critic as one stateless function: (observation, memory) -> (action, memory, value)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.distributions import DiagGaussianDistribution, Distribution, make_proba_distribution
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

from policies.binned import BinnedDistribution
from policies.encoders import MLP, WITHOUT_IMAGE, Encoder, Image
from policies.memory import Memory, NoMemory
from policies.networks import RecurrentNetwork
from policies.normalizer import RunningNormalizer
from policies.observation_groups import group_sizes

PARTS = ("encoder", "memory", "head", "critic")
"""What can be kept while the rest learns: the actor's encoder, memory and output layer; the whole critic."""

ActionDistribution = Distribution | BinnedDistribution


class LSTMPolicy(BasePolicy):
    """A recurrent actor on the `policy` group and a critic on the `critic` group (asymmetric actor-critic).

    :param encoder: "mlp" or "gated", or "cnn" or "impala" where observations begin with an image.
    :param widths: dense layers of the encoder.
    :param memory: "lstm", "gru", "table" (an LSTM that reads means by key) or "none".
    :param hidden: width H of the memory.
    :param memory_span: steps that memory reaches back from the start (chrono initialisation); None lets it begin by
        losing half at each step, all biases 0. A table keeps for 2000 by itself, whatever is given.
    :param shared: the critic is a dense layer on the actor's features and its own group, instead of a network with a
        memory of its own.
    :param critic_group: the observation group that the critic sees.
    :param image: height, width and channels of the picture that both groups begin with, if they do.
    :param bins: choose each coordinate of a continuous action among so many values, instead of from a Gaussian.
    :param log_std_init: logarithm of the Gaussian's standard deviation at the start.
    :raises ValueError: where these do not go together, or an observation group is missing.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        lr_schedule: Schedule | None = None,
        encoder: Encoder = "mlp",
        widths: tuple[int, ...] = (128,),
        memory: Memory = "lstm",
        hidden: int = 128,
        memory_span: int | None = None,
        shared: bool = False,
        critic_group: str = "critic",
        image: Image | None = None,
        bins: int | None = None,
        log_std_init: float = -0.7,
        **kwargs: Any,
    ) -> None:
        super().__init__(observation_space, action_space, squash_output=False, **kwargs)
        self.hidden, self.shared, self.critic_group = hidden, shared, critic_group
        self.made_with: dict[str, Any] = {
            "encoder": encoder,
            "widths": tuple(widths),
            "memory": memory,
            "hidden": hidden,
            "memory_span": memory_span,
            "shared": shared,
            "critic_group": critic_group,
            "image": image,
            "bins": bins,
            "log_std_init": log_std_init,
        }
        self.sizes = sizes = group_sizes(observation_space, critic_group)
        self.pixels = int(np.prod(image)) if image and encoder not in WITHOUT_IMAGE else 0
        layout = tuple(widths), hidden, memory, encoder, image, memory_span
        self.actor = RecurrentNetwork(sizes["policy"], *layout)
        self.critic = None if shared else RecurrentNetwork(sizes["critic"], *layout)
        self.policy_normalizer = RunningNormalizer(sizes["policy"], self.pixels)
        self.critic_normalizer = RunningNormalizer(sizes["critic"], self.pixels)
        self.value_normalizer = RunningNormalizer(1)
        width = self.actor.width
        if bins is None:
            self.action_dist: ActionDistribution = make_proba_distribution(action_space)
        elif isinstance(action_space, spaces.Box):
            self.action_dist = BinnedDistribution(action_space, bins)
        else:
            raise ValueError(f"bins={bins} are for continuous actions, these are {action_space}")
        if isinstance(self.action_dist, DiagGaussianDistribution):
            head, self.log_std = self.action_dist.proba_distribution_net(width, log_std_init)
        else:
            head = self.action_dist.proba_distribution_net(width)  # type: ignore[assignment]
        assert isinstance(head, nn.Linear)
        self.action_net = head
        self.value_net = nn.Linear(hidden if shared else width, 1)
        self.value_encoder = MLP(width + sizes["critic"], (hidden,)) if shared else None
        layers = [(self.action_net, 0.01), (self.value_net, 1.0)]
        if self.value_encoder is not None:
            layers.append((self.value_encoder[0], 2**0.5))  # type: ignore[arg-type]
        for layer, gain in layers:
            nn.init.orthogonal_(layer.weight, gain=gain)
            nn.init.zeros_(layer.bias)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | self.made_with

    def freeze(self, parts: Sequence[str]) -> None:
        """Keep these of `PARTS` as they are, and the normalisers that they have learnt with. Raises ValueError for others."""
        for part in parts:
            if part not in PARTS:
                raise ValueError(f"cannot freeze {part!r}; there are: {', '.join(PARTS)}")
        frozen: list[torch.Tensor | None] = []
        if "encoder" in parts:
            frozen += self.actor.encoder.parameters()
            self.policy_normalizer.frozen = True
        if "memory" in parts:
            frozen += self.actor.memory.parameters()
        if "head" in parts:
            frozen += [*self.action_net.parameters(), getattr(self, "log_std", None)]
        if "critic" in parts:
            for module in (self.critic, self.value_encoder, self.value_net):
                frozen += [] if module is None else module.parameters()
            self.critic_normalizer.frozen = self.value_normalizer.frozen = True
        for parameter in frozen:
            if parameter is not None:
                parameter.requires_grad_(False)

    def act(self, observation: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Policy group (T, n, p), actor's memory (n, gates, H) -> features (T, n, w), memory after the last step."""
        return self.actor(self.policy_normalizer(observation), memory)

    def distribution(self, features: torch.Tensor) -> ActionDistribution:
        """The actor's features (..., w) -> distribution over as many actions, flattened."""
        outputs = self.action_net(features.reshape(-1, features.shape[-1]))
        fresh = copy.copy(self.action_dist)  # it keeps what it is given, and several threads may ask
        if isinstance(fresh, DiagGaussianDistribution):
            return fresh.proba_distribution(outputs, self.log_std)
        return fresh.proba_distribution(outputs)

    def value(
        self, actor_features: torch.Tensor, observation: torch.Tensor, memory: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The actor's features (T, n, w), critic's group (T, n, c) and memory -> normalised value (T, n), memory after."""
        seen = self.critic_normalizer(observation)
        if self.critic is None:
            return self.joint_value(actor_features, seen), memory
        features, memory = self.critic(seen, memory)
        return self.value_net(features).squeeze(-1), memory

    def joint_value(self, actor_features: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """The shared critic: the actor's features (T, n, w), normalised critic's group (T, n, c) -> (T, n)."""
        assert self.value_encoder is not None
        return self.value_net(self.value_encoder(torch.cat((actor_features, seen), dim=-1))).squeeze(-1)

    def sample(self, distribution: ActionDistribution, generator: torch.Generator) -> torch.Tensor:
        """One action per row, drawn from `generator` alone."""
        if isinstance(distribution, BinnedDistribution):
            return distribution.draw(generator)
        inner: Any = distribution.distribution
        if isinstance(inner, torch.distributions.Normal):
            return inner.mean + inner.stddev * torch.randn(inner.mean.shape, generator=generator)
        if isinstance(inner, torch.distributions.Categorical):
            return torch.multinomial(inner.probs, 1, generator=generator).squeeze(-1)
        if isinstance(inner, list):
            return torch.stack([torch.multinomial(c.probs, 1, generator=generator).squeeze(-1) for c in inner], dim=-1)
        return torch.bernoulli(inner.probs, generator=generator)

    def taken(self, action: torch.Tensor) -> np.ndarray:
        """Actions (n, ...) as the environment takes them: of bins their values, within the bounds of the space."""
        if not isinstance(self.action_space, spaces.Box):
            return action.numpy()
        values = self.action_dist.values(action) if isinstance(self.action_dist, BinnedDistribution) else action
        shaped = values.numpy().reshape(-1, *self.action_space.shape)
        return np.clip(shaped, self.action_space.low, self.action_space.high)

    def initial_memory(self, worlds: int) -> np.ndarray:
        """Cleared actor's memory (worlds, gates, H)."""
        return self.actor.initial_memory(worlds).numpy()

    def initial_critic_memory(self, worlds: int) -> torch.Tensor:
        """Cleared critic's memory (worlds, gates, H); (worlds, 1, 1) that nothing reads if it is `shared`."""
        return torch.zeros(worlds, *NoMemory.shape) if self.critic is None else self.critic.initial_memory(worlds)

    @torch.no_grad()
    def step(
        self, observation: np.ndarray, memory: np.ndarray, generator: torch.Generator | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """observation (n, p), memory (n, gates, H) -> action (n, ...), memory; the likeliest action without a generator."""
        inputs = torch.as_tensor(observation, dtype=torch.float32)[None]
        features, after = self.act(inputs, torch.as_tensor(memory))
        distribution = self.distribution(features)
        action = distribution.mode() if generator is None else self.sample(distribution, generator)
        return self.taken(action), after.numpy()

    def forward(self, observation: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One step, as exported: observation (n, p), memory (n, gates, H) -> likeliest action (n, a) in [-1, 1], memory."""
        features, memory = self.act(observation[None], memory)
        outputs = self.action_net(features[0])
        if isinstance(self.action_dist, BinnedDistribution):
            chosen = outputs.reshape(-1, self.action_dist.size, self.action_dist.bins).argmax(dim=-1)
            return 2.0 * chosen.float() / (self.action_dist.bins - 1) - 1.0, memory
        return outputs.clamp(-1.0, 1.0), memory

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
        """stable-baselines3's protocol: `state` is the memory (n, gates, H), cleared where `episode_start` (n,) is True.

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
        return (action[0] if single else action), memory
