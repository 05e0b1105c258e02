"""The policy-gradient update over whole worlds: PPO (Schulman 2017, arXiv 1707.06347), of which the plainer ones are cases."""

from __future__ import annotations

import copy
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch

from policies.lstm_policy import LSTMPolicy
from policies.rollout import Rollout, before_segments, in_segments
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


LEARNING_RATE_BOUNDS = (1e-5, 3e-3)
"""The KL-adaptive learning rate stays within these."""
HIGHEST_KL = 5.0
"""A minibatch whose policy is further [nats] from the one that collected it has exploded."""


class Diverged(RuntimeError):
    """A return, loss or gradient became non-finite, or the policy left the collecting one; policy and optimizer are
    what they were before the update."""


class NoReturns(ValueError):
    """Returns without a baseline were asked for, and none is known to its end."""


@dataclass(frozen=True)
class _Batch:
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

    def columns(self, ids: torch.Tensor) -> _Batch:
        """These columns only; memories have a row per column."""
        rows = ("actor_memory", "critic_memory")
        return _Batch(**{name: t[ids] if name in rows else t[:, ids] for name, t in vars(self).items()})


def update(
    policy: LSTMPolicy,
    optimizer: torch.optim.Optimizer,
    rollout: Rollout,
    settings: UpdateSettings,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Improve `policy` on `rollout`. Returns the means of what was measured.

    Minibatches are whole worlds, shuffled each epoch. With `desired_kl`, the optimizer's learning rate follows the
    divergence from the collecting policy (lowered or raised when it leaves a factor of two around the target).

    Raises Diverged if returns, a loss or a gradient are not finite, or the divergence explodes, and NoReturns.
    """
    before = copy.deepcopy((policy.state_dict(), optimizer.state_dict()))
    try:
        return _improve(policy, optimizer, rollout, settings, rng)
    except Diverged:
        policy.load_state_dict(before[0])
        optimizer.load_state_dict(before[1])
        raise


def _improve(
    policy: LSTMPolicy,
    optimizer: torch.optim.Optimizer,
    rollout: Rollout,
    settings: UpdateSettings,
    rng: np.random.Generator,
) -> dict[str, float]:
    batch, explained_variance = _prepare(policy, rollout, settings)
    worlds = rollout.reward.shape[1]
    segments = len(rollout.actor_memory)
    measured: dict[str, list[float]] = defaultdict(list)
    for _ in range(settings.n_epochs):
        for chosen in np.split(rng.permutation(worlds), settings.n_minibatches):
            ids = torch.from_numpy(np.sort(chosen))
            ids = (ids + worlds * torch.arange(segments)[:, None]).flatten()
            minibatch = batch.columns(ids)
            if not minibatch.used.any():
                continue
            loss, parts = _loss(policy, minibatch, settings)
            if not torch.isfinite(loss):
                raise Diverged(f"the loss is {loss.item()}: " + _listed(parts))
            if parts["quadratic_kl"] > HIGHEST_KL:
                raise Diverged(f"the policy moved by {parts['quadratic_kl']:.3g} nats in one update: " + _listed(parts))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(policy.parameters(), settings.max_grad_norm)
            if not torch.isfinite(norm):
                raise Diverged(f"the gradient's norm is {norm.item()}: " + _listed(parts))
            optimizer.step()
            if settings.desired_kl is not None:
                _adapt(optimizer, parts["approx_kl"], settings.desired_kl)
            parts["gradient_norm"] = norm.item()
            for name, value in parts.items():
                measured[name].append(value)
    return {name: float(np.mean(values)) for name, values in measured.items()} | {
        "explained_variance": explained_variance,
        "learning_rate": optimizer.param_groups[0]["lr"],
    }


def _prepare(policy: LSTMPolicy, rollout: Rollout, settings: UpdateSettings) -> tuple[_Batch, float]:
    """The batch, and the share of the returns' variance that the values explain; takes in the returns' statistics."""
    if settings.baseline:
        advantage = rollout.advantages(settings.gamma, settings.gae_lambda)
        target, used = advantage + rollout.value, torch.ones_like(rollout.value_cut)
    else:
        target, used = rollout.returns(settings.gamma)
        advantage = target
        if not used.any():
            raise NoReturns(
                f"no episode ended within the {len(used)} steps of a rollout: returns without a baseline want rollouts "
                "longer than an episode"
            )
    if not torch.isfinite(target).all():
        raise Diverged(f"the returns of {int((~torch.isfinite(target)).any(0).sum())} worlds are not finite")
    left = (target - rollout.value)[used].var() / target[used].var().clamp_min(1e-8)
    # In the units that the network gave it in, so that the clip holds what the network says, not what the units do.
    old = policy.value_normalizer(rollout.value[..., None]).squeeze(-1)
    policy.value_normalizer.update(target[used][:, None])
    advantage = (advantage - advantage[used].mean()) / (advantage[used].std() + 1e-8)
    normalized = policy.value_normalizer(target[..., None]).squeeze(-1)
    segments = len(rollout.actor_memory)
    burn_in = len(rollout.memory_reset) - len(rollout.reward)
    policy_seen = policy.policy_normalizer(rollout.policy_observation)
    critic_seen = policy.critic_normalizer(rollout.critic_observation)

    def steps(values: torch.Tensor) -> torch.Tensor:
        return in_segments(values, segments)

    def before(values: torch.Tensor) -> torch.Tensor:
        return before_segments(values, segments, burn_in)

    batch = _Batch(
        policy_observation=steps(policy_seen[burn_in:]),
        critic_observation=steps(critic_seen[burn_in:]),
        memory_reset=steps(rollout.memory_reset[burn_in:]),
        policy_before=before(policy_seen),
        critic_before=before(critic_seen),
        reset_before=before(rollout.memory_reset),
        actor_memory=rollout.actor_memory.flatten(0, 1),
        critic_memory=rollout.critic_memory.flatten(0, 1),
        action=steps(rollout.action),
        log_probability=steps(rollout.log_probability),
        advantage=steps(advantage),
        target=steps(normalized),
        value=steps(old),
        used=steps(used),
    )
    return batch, 1.0 - left.item()


def _loss(policy: LSTMPolicy, batch: _Batch, settings: UpdateSettings) -> tuple[torch.Tensor, dict[str, float]]:
    segments = Segments.from_resets(batch.memory_reset)
    memory = policy.actor.memory_after(batch.actor_memory, batch.policy_before, batch.reset_before)
    features = segments.unroll(policy.actor, batch.policy_observation, memory)
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
    loss = policy_loss - settings.ent_coef * entropy_mean
    parts = {"policy_loss": policy_loss.item(), "entropy": entropy_mean.item()}
    if settings.baseline:
        value_loss = _value_loss(policy, segments, features, batch, settings)
        loss = loss + settings.vf_coef * value_loss
        parts["value_loss"] = value_loss.item()
    with torch.no_grad():
        parts["approx_kl"] = ((ratio - 1.0) - log_ratio).mean().item()
        # To second order the same; a few actions that became very likely do not make it large.
        parts["quadratic_kl"] = 0.5 * log_ratio.square().mean().item()
        if settings.clip_range is not None:
            parts["clip_fraction"] = ((ratio - 1.0).abs() > settings.clip_range).float().mean().item()
    return loss, parts


def _value_loss(
    policy: LSTMPolicy, segments: Segments, features: torch.Tensor, batch: _Batch, settings: UpdateSettings
) -> torch.Tensor:
    """Squared error of normalised values; clipped, the larger of it and that of values held near the old ones."""
    if policy.critic is None:
        value = policy.joint_value(features, batch.critic_observation)
    else:
        memory = policy.critic.memory_after(batch.critic_memory, batch.critic_before, batch.reset_before)
        value = policy.value_net(segments.unroll(policy.critic, batch.critic_observation, memory)).squeeze(-1)
    error = (value - batch.target).square()
    if settings.clip_range_vf is not None:
        held = batch.value + (value - batch.value).clamp(-settings.clip_range_vf, settings.clip_range_vf)
        error = torch.max(error, (held - batch.target).square())
    return error.mean()


def _listed(parts: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in parts.items())


def _adapt(optimizer: torch.optim.Optimizer, divergence: float, desired: float) -> None:
    low, high = LEARNING_RATE_BOUNDS
    for group in optimizer.param_groups:
        if divergence > 2.0 * desired:
            group["lr"] = max(low, group["lr"] / 1.5)
        elif divergence < 0.5 * desired:
            group["lr"] = min(high, group["lr"] * 1.5)
