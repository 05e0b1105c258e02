"""The policy-gradient update over whole worlds: PPO (Schulman 2017, arXiv 1707.06347), of which the plainer ones are cases."""

from __future__ import annotations

import copy
import math
from collections import defaultdict

import numpy as np
import torch

from policies.gradients import Gradients
from policies.loss import Batch, UpdateSettings
from policies.lstm_policy import LSTMPolicy
from policies.rollout import Rollout, before_segments, in_segments

LEARNING_RATE_BOUNDS = (1e-5, 3e-3)
"""The KL-adaptive learning rate stays within these."""
HIGHEST_KL = 5.0
"""A minibatch whose policy is further [nats] from the one that collected it has exploded."""


class Diverged(RuntimeError):
    """A return, loss or gradient became non-finite, or the policy left the collecting one; policy and optimizer are
    what they were before the update."""


class NoReturns(ValueError):
    """Returns without a baseline were asked for, and none is known to its end."""


def update(
    policy: LSTMPolicy,
    optimizer: torch.optim.Optimizer,
    rollout: Rollout,
    settings: UpdateSettings,
    rng: np.random.Generator,
    threads: int = 1,
) -> dict[str, float]:
    """Improve `policy` on `rollout`. Returns the means of what was measured, whatever the number of threads.

    Minibatches are whole worlds, shuffled each epoch. With `desired_kl`, the optimizer's learning rate follows the
    divergence from the collecting policy (lowered or raised when it leaves a factor of two around the target).

    Raises Diverged if returns, a loss or a gradient are not finite, or the divergence explodes, and NoReturns.
    """
    before = copy.deepcopy((policy.state_dict(), optimizer.state_dict()))
    try:
        with Gradients(policy, settings, threads) as gradients:
            return _improve(policy, optimizer, rollout, settings, rng, gradients)
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
    gradients: Gradients,
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
            loss, parts = gradients.set(minibatch)
            if not math.isfinite(loss):
                raise Diverged(f"the loss is {loss}: " + _listed(parts))
            if parts["quadratic_kl"] > HIGHEST_KL:
                raise Diverged(f"the policy moved by {parts['quadratic_kl']:.3g} nats in one update: " + _listed(parts))
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


def _prepare(policy: LSTMPolicy, rollout: Rollout, settings: UpdateSettings) -> tuple[Batch, float]:
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

    batch = Batch(
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


def _listed(parts: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in parts.items())


def _adapt(optimizer: torch.optim.Optimizer, divergence: float, desired: float) -> None:
    low, high = LEARNING_RATE_BOUNDS
    for group in optimizer.param_groups:
        if divergence > 2.0 * desired:
            group["lr"] = max(low, group["lr"] / 1.5)
        elif divergence < 0.5 * desired:
            group["lr"] = min(high, group["lr"] * 1.5)
