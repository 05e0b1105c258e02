"""What is learnt from: a rollout's columns, and the losses of actor and critic on them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from policies.lstm_policy import LSTMPolicy
from policies.segments import Segments


@dataclass(frozen=True)
class UpdateSettings:
    """What the update of one rollout depends on; the fields are documented at `LSTMPPO`."""

    n_epochs: int
    n_minibatches: int
    gamma: float
    gae_lambda: float
    clip_range: float | None
    clip_range_vf: float | None
    ent_coef: float
    vf_coef: float
    max_grad_norm: float
    desired_kl: float | None
    baseline: bool


@dataclass(frozen=True)
class Batch:
    """Some columns of a rollout cut into segments: (L, m) steps, (k, m) steps before them, and what they are taken for.
    Observations are normalised."""

    policy_observation: torch.Tensor
    critic_observation: torch.Tensor
    memory_reset: torch.Tensor
    policy_before: torch.Tensor
    critic_before: torch.Tensor
    reset_before: torch.Tensor
    actor_memory: torch.Tensor
    critic_memory: torch.Tensor
    action: torch.Tensor
    log_probability: torch.Tensor
    advantage: torch.Tensor
    target: torch.Tensor
    value: torch.Tensor
    used: torch.Tensor

    def columns(self, ids: torch.Tensor) -> Batch:
        """These columns only; memories have a row per column."""
        rows = ("actor_memory", "critic_memory")
        return Batch(**{name: t[ids] if name in rows else t[:, ids] for name, t in vars(self).items()})


Loss = tuple[torch.Tensor, dict[str, float]]
"""A loss to differentiate, and what was measured on the way."""


def actor_loss(policy: LSTMPolicy, batch: Batch, settings: UpdateSettings) -> Loss:
    """PPO's clipped surrogate less the entropy bonus, the mean over the steps that are used; there must be some."""
    return _actor_loss(policy, _actor_features(policy, batch), batch, settings)


def critic_loss(policy: LSTMPolicy, batch: Batch, settings: UpdateSettings) -> Loss:
    """Squared error of a critic of its own, weighted."""
    assert policy.critic is not None
    segments = Segments.from_resets(batch.memory_reset)
    memory = policy.critic.memory_after(batch.critic_memory, batch.critic_before, batch.reset_before)
    features = segments.unroll(policy.critic, batch.critic_observation, memory)
    return _value_loss(policy.value_net(features).squeeze(-1), batch, settings)


def joint_loss(policy: LSTMPolicy, batch: Batch, settings: UpdateSettings) -> Loss:
    """Both of a critic that stands on the actor's features."""
    features = _actor_features(policy, batch)
    loss, measured = _actor_loss(policy, features, batch, settings)
    value = policy.joint_value(features, batch.critic_observation)
    value_loss, of_value = _value_loss(value, batch, settings)
    return loss + value_loss, measured | of_value


def _actor_features(policy: LSTMPolicy, batch: Batch) -> torch.Tensor:
    segments = Segments.from_resets(batch.memory_reset)
    memory = policy.actor.memory_after(batch.actor_memory, batch.policy_before, batch.reset_before)
    return segments.unroll(policy.actor, batch.policy_observation, memory)


def _actor_loss(policy: LSTMPolicy, features: torch.Tensor, batch: Batch, settings: UpdateSettings) -> Loss:
    used = batch.used.flatten()
    distribution = policy.distribution(features)
    log_ratio = (distribution.log_prob(batch.action.flatten(0, 1)) - batch.log_probability.flatten())[used]
    ratio = log_ratio.exp()
    gain = batch.advantage.flatten()[used]
    if settings.clip_range is None:
        policy_loss = -(gain * ratio).mean()
    else:
        clipped = ratio.clamp(1.0 - settings.clip_range, 1.0 + settings.clip_range)
        policy_loss = -torch.min(gain * ratio, gain * clipped).mean()
    entropy = distribution.entropy()
    entropy_mean = (-log_ratio if entropy is None else entropy[used]).mean()
    measured = {"policy_loss": policy_loss.item(), "entropy": entropy_mean.item()}
    with torch.no_grad():
        measured["approx_kl"] = ((ratio - 1.0) - log_ratio).mean().item()
        # To second order the same; a few actions that became very likely do not make it large.
        measured["quadratic_kl"] = 0.5 * log_ratio.square().mean().item()
        if settings.clip_range is not None:
            measured["clip_fraction"] = ((ratio - 1.0).abs() > settings.clip_range).float().mean().item()
    return policy_loss - settings.ent_coef * entropy_mean, measured


def _value_loss(value: torch.Tensor, batch: Batch, settings: UpdateSettings) -> Loss:
    """Squared error of normalised values; clipped, the larger of it and that of values held near the old ones."""
    error = (value - batch.target).square()
    if settings.clip_range_vf is not None:
        held = batch.value + (value - batch.value).clamp(-settings.clip_range_vf, settings.clip_range_vf)
        error = torch.max(error, (held - batch.target).square())
    loss = error.mean()
    return settings.vf_coef * loss, {"value_loss": loss.item()}
