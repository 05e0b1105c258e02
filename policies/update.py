"""The clipped policy-gradient update over whole worlds (PPO, Schulman 2017, arXiv 1707.06347)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import torch

from policies.lstm_policy import LSTMPolicy
from policies.rollout import Rollout
from policies.segments import Segments


@dataclass(frozen=True)
class UpdateSettings:
    """What the update of one rollout depends on; the fields are documented at `LSTMPPO`."""

    n_epochs: int
    n_minibatches: int
    gamma: float
    gae_lambda: float
    clip_range: float
    ent_coef: float
    vf_coef: float
    max_grad_norm: float
    desired_kl: float | None


LEARNING_RATE_BOUNDS = (1e-5, 3e-3)
"""The KL-adaptive learning rate stays within these."""


class Diverged(RuntimeError):
    """A return, loss or gradient became non-finite; the parameters are those before the step that it would have spoilt."""


def update(
    policy: LSTMPolicy,
    optimizer: torch.optim.Optimizer,
    rollout: Rollout,
    last_value: torch.Tensor,
    settings: UpdateSettings,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Improve `policy` on `rollout`; `last_value` (n,) follows the last step. Returns the means of what was measured.

    Minibatches are whole worlds, shuffled each epoch. With `desired_kl`, the optimizer's learning rate follows the
    divergence from the collecting policy (lowered or raised when it leaves a factor of two around the target).

    Raises Diverged if returns, a loss or a gradient are not finite.
    """
    advantage = rollout.advantages(last_value, settings.gamma, settings.gae_lambda)
    target = advantage + rollout.value
    if not torch.isfinite(target).all():
        raise Diverged(f"the returns of {int((~torch.isfinite(target)).any(0).sum())} worlds are not finite")
    policy.value_normalizer.update(target[..., None])
    normalized = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    target = policy.value_normalizer(target[..., None]).squeeze(-1)
    measured: dict[str, list[float]] = defaultdict(list)
    worlds = target.shape[1]
    for _ in range(settings.n_epochs):
        for chosen in np.split(rng.permutation(worlds), settings.n_minibatches):
            ids = torch.from_numpy(np.sort(chosen))
            loss, parts = _loss(policy, rollout, ids, normalized[:, ids], target[:, ids], settings)
            if not torch.isfinite(loss):
                raise Diverged(f"the loss is {loss.item()}: " + _listed(parts))
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
    explained = 1.0 - advantage.var() / (advantage + rollout.value).var().clamp_min(1e-8)
    return {name: float(np.mean(values)) for name, values in measured.items()} | {
        "explained_variance": explained.item(),
        "learning_rate": optimizer.param_groups[0]["lr"],
    }


def _loss(
    policy: LSTMPolicy,
    rollout: Rollout,
    ids: torch.Tensor,
    advantage: torch.Tensor,
    target: torch.Tensor,
    settings: UpdateSettings,
) -> tuple[torch.Tensor, dict[str, float]]:
    reset = rollout.memory_reset[:, ids]
    segments = Segments.from_resets(reset)
    distribution = policy.distribution(
        segments.unpad(
            policy.actor(
                segments.pad(policy.policy_normalizer(rollout.policy_observation[:, ids])),
                segments.initial_memory(rollout.actor_memory[ids], reset),
            )[0]
        ).flatten(0, 1)
    )
    features, _ = policy.critic(
        segments.pad(policy.critic_normalizer(rollout.critic_observation[:, ids])),
        segments.initial_memory(rollout.critic_memory[ids], reset),
    )
    value = policy.value_net(segments.unpad(features)).squeeze(-1)

    log_ratio = distribution.log_prob(rollout.action[:, ids].flatten(0, 1)) - rollout.log_probability[:, ids].flatten()
    ratio = log_ratio.exp()
    gain = advantage.flatten()
    clipped = ratio.clamp(1.0 - settings.clip_range, 1.0 + settings.clip_range)
    policy_loss = -torch.min(gain * ratio, gain * clipped).mean()
    value_loss = torch.nn.functional.mse_loss(value, target)
    entropy = distribution.entropy()
    entropy_mean = (-log_ratio if entropy is None else entropy).mean()
    loss = policy_loss + settings.vf_coef * value_loss - settings.ent_coef * entropy_mean
    with torch.no_grad():
        parts = {
            "policy_loss": policy_loss.item(),
            "value_loss": value_loss.item(),
            "entropy": entropy_mean.item(),
            "approx_kl": ((ratio - 1.0) - log_ratio).mean().item(),
            "clip_fraction": ((ratio - 1.0).abs() > settings.clip_range).float().mean().item(),
        }
    return loss, parts


def _listed(parts: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in parts.items())


def _adapt(optimizer: torch.optim.Optimizer, divergence: float, desired: float) -> None:
    low, high = LEARNING_RATE_BOUNDS
    for group in optimizer.param_groups:
        if divergence > 2.0 * desired:
            group["lr"] = max(low, group["lr"] / 1.5)
        elif divergence < 0.5 * desired:
            group["lr"] = min(high, group["lr"] * 1.5)
