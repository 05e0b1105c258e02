from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from policies.lstm_policy import LSTMPolicy
from policies.normalizer import RunningNormalizer
from policies.update import LEARNING_RATE_BOUNDS, Diverged, UpdateSettings, update

SETTINGS = UpdateSettings(
    n_epochs=4,
    n_minibatches=2,
    gamma=0.9,
    gae_lambda=0.8,
    clip_range=0.2,
    ent_coef=0.0,
    vf_coef=1.0,
    max_grad_norm=1.0,
    desired_kl=None,
)
TRIALS = ("..e.tE.", ".T.t..D", "...E...", "t.....e")


@pytest.fixture
def collected(scripted_env: Any, small_model: Any, recorder: Any) -> Any:
    """A policy, its second rollout, in whose middle and at whose start memory was cleared, and the value after it."""
    callback = recorder()
    model = small_model(scripted_env(*TRIALS), n_steps=7, learning_rate=1e-9)
    model.learn(2 * 28, callback)
    recorded = callback.recorded[1]
    generator = torch.Generator().manual_seed(0)
    recorded.rollout.reward += torch.randn(recorded.rollout.reward.shape, generator=generator)
    recorded.policy.value_normalizer = RunningNormalizer(1)
    return recorded


def _update(collected: Any, settings: UpdateSettings, rng: Any, learning_rate: float = 1e-3) -> dict[str, float]:
    optimizer = torch.optim.Adam(collected.policy.parameters(), lr=learning_rate)
    return update(collected.policy, optimizer, collected.rollout, collected.last_value, settings, rng)


def _loss(policy: LSTMPolicy, rollout: Any, last_value: torch.Tensor, settings: UpdateSettings) -> torch.Tensor:
    """PPO's loss on all worlds, from steps taken one by one."""
    advantage = rollout.advantages(last_value, settings.gamma, settings.gae_lambda)
    target = advantage + rollout.value
    actor_memory, critic_memory = rollout.actor_memory, rollout.critic_memory
    losses = []
    for t, cleared in enumerate(rollout.memory_reset):
        keep = (~cleared).float()[:, None, None]
        distribution, actor_memory = policy.act(rollout.policy_observation[t : t + 1], actor_memory * keep)
        value, critic_memory = policy.value(rollout.critic_observation[t : t + 1], critic_memory * keep)
        ratio = torch.exp(distribution.log_prob(rollout.action[t]) - rollout.log_probability[t])
        gain = (advantage[t] - advantage.mean()) / advantage.std()
        clipped = torch.clamp(ratio, 1 - settings.clip_range, 1 + settings.clip_range)
        wanted = ((target[t] - target.mean()) / target.std(correction=0)).clamp(-5, 5)
        losses.append(
            -torch.minimum(gain * ratio, gain * clipped)
            + settings.vf_coef * (value[0] - wanted) ** 2
            - settings.ent_coef * distribution.entropy()
        )
    return torch.stack(losses).mean()


@pytest.mark.parametrize("max_grad_norm", [1e9, 0.1])
def test_a_step_follows_the_gradient_of_the_loss_computed_step_by_step(
    max_grad_norm: float, collected: Any, rng: Any
) -> None:
    policy, rollout, last_value = collected
    settings = replace(SETTINGS, n_epochs=1, n_minibatches=1, ent_coef=0.3, vf_coef=0.7, max_grad_norm=max_grad_norm)
    generator = torch.Generator().manual_seed(1)
    rollout.log_probability += 0.5 * torch.randn(rollout.log_probability.shape, generator=generator)
    assert rollout.memory_reset[0].any() and rollout.memory_reset[1:].any() and rollout.actor_memory.any()
    names, parameters = zip(*policy.named_parameters(), strict=True)
    gradients = torch.autograd.grad(_loss(policy, rollout, last_value, settings), parameters)
    scale = min(1.0, max_grad_norm / torch.stack([gradient.norm() for gradient in gradients]).norm().item())
    before = [parameter.detach().clone() for parameter in parameters]
    measured = update(policy, torch.optim.SGD(parameters, lr=1.0), rollout, last_value, settings, rng)
    assert 0.0 < measured["clip_fraction"] < 1.0
    for name, parameter, old, gradient in zip(names, parameters, before, gradients, strict=True):
        torch.testing.assert_close(
            old - parameter, scale * gradient, rtol=1e-3, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}"
        )


def test_repeated_updates_make_better_actions_likelier_and_values_truer(collected: Any, rng: Any) -> None:
    advantage = collected.rollout.advantages(collected.last_value, SETTINGS.gamma, SETTINGS.gae_lambda)
    settings = replace(SETTINGS, n_epochs=20)
    first = _update(collected, replace(settings, n_epochs=1), rng, 5e-3)
    last = _update(collected, settings, rng, 5e-3)
    assert last["value_loss"] < 0.8 * first["value_loss"]
    assert last["policy_loss"] < first["policy_loss"]
    rollout = collected.rollout
    after = torch.zeros_like(rollout.value)
    with torch.no_grad():
        memory = rollout.actor_memory
        for t, cleared in enumerate(rollout.memory_reset):
            memory = memory * (~cleared).float()[:, None, None]
            distribution, memory = collected.policy.act(rollout.policy_observation[t : t + 1], memory)
            after[t] = distribution.log_prob(rollout.action[t])
    gain = after - rollout.log_probability
    assert gain[advantage > advantage.mean()].mean() > gain[advantage < advantage.mean()].mean() + 0.05


def test_an_entropy_bonus_widens_the_policy(collected: Any, rng: Any) -> None:
    before = collected.policy.log_std.detach().clone()
    _update(collected, replace(SETTINGS, ent_coef=10.0), rng)
    assert (collected.policy.log_std > before).all()


@pytest.mark.parametrize(
    ("desired_kl", "start", "direction"), [(1e-12, 1e-3, -1), (1e6, 1e-4, 1), (None, 1e-3, 0), (1e-12, 3e-3, -1)]
)
def test_the_learning_rate_falls_when_the_policy_moves_too_far_and_rises_when_not_far_enough(
    desired_kl: float | None, start: float, direction: int, collected: Any, rng: Any
) -> None:
    measured = _update(collected, replace(SETTINGS, desired_kl=desired_kl), rng, start)
    assert (measured["learning_rate"] > start) - (measured["learning_rate"] < start) == direction


@pytest.mark.parametrize(("desired_kl", "start", "bound"), [(1e-12, 1.2e-5, 0), (1e6, 2.5e-3, 1)], ids=["low", "high"])
def test_the_learning_rate_stays_in_its_bounds(
    desired_kl: float, start: float, bound: int, collected: Any, rng: Any
) -> None:
    for _ in range(3):
        measured = _update(collected, replace(SETTINGS, n_epochs=8, desired_kl=desired_kl), rng, start)
        start = measured["learning_rate"]
        assert start == LEARNING_RATE_BOUNDS[bound]


def test_a_policy_that_moved_as_far_as_wanted_keeps_its_learning_rate(collected: Any, rng: Any) -> None:
    settings = replace(SETTINGS, n_epochs=1, n_minibatches=1)
    collected.rollout.log_probability += 0.1
    moved = _update(collected, settings, rng, 1e-9)["approx_kl"]
    for ratio, kept in ((1 / 2.1, False), (1 / 1.9, True), (1.0, True), (1.9, True), (2.1, False)):
        measured = _update(collected, replace(settings, desired_kl=ratio * moved), rng, 1e-9)
        assert (measured["learning_rate"] == 1e-9) == kept


def test_minibatches_are_shuffled_by_the_generator_alone(collected: Any, differences: Any) -> None:
    before = {name: tensor.clone() for name, tensor in collected.policy.state_dict().items()}
    after = []
    for seed in (1, 1, 2):
        collected.policy.load_state_dict(before)
        _update(collected, SETTINGS, np.random.default_rng(seed))
        after.append({name: tensor.clone() for name, tensor in collected.policy.state_dict().items()})
    assert not differences(after[0], after[1])
    assert differences(after[0], after[2])


@pytest.mark.parametrize(
    ("damage", "told"),
    [("reward", "returns of 1 worlds"), ("log_probability", "loss is nan"), ("ratio", "gradient's norm")],
)
def test_an_update_that_would_spoil_the_policy_is_refused(damage: str, told: str, collected: Any, rng: Any) -> None:
    policy, rollout, last_value = collected
    match damage:
        case "reward":
            rollout.reward[3, 1] = float("inf")
        case "log_probability":
            rollout.log_probability[3, 1] = float("nan")
        case "ratio":
            advantage = rollout.advantages(last_value, SETTINGS.gamma, SETTINGS.gae_lambda)
            rollout.log_probability[advantage > advantage.mean()] = -1e4
    before = {name: tensor.clone() for name, tensor in policy.named_parameters()}
    with pytest.raises(Diverged, match=told):
        _update(collected, replace(SETTINGS, n_minibatches=1), rng)
    assert all(torch.equal(tensor, before[name]) for name, tensor in policy.named_parameters())
    assert all(torch.isfinite(tensor).all() for tensor in policy.state_dict().values())


def test_training_on_rewards_that_are_not_numbers_raises_and_changes_nothing(
    scripted_env: Any, small_model: Any, differences: Any
) -> None:
    env = scripted_env(*TRIALS)
    model = small_model(env, n_steps=7)
    model.learn(2 * 28)
    before = {name: tensor.clone() for name, tensor in model.policy.state_dict().items()}
    moments = [moment["exp_avg"].clone() for moment in model.policy.optimizer.state_dict()["state"].values()]
    env.rewards[[1, 2]] = float("nan")
    with pytest.raises(Diverged, match="2 worlds"):
        model.learn(28, reset_num_timesteps=False)
    assert not differences(dict(model.policy.state_dict()), before)
    assert not differences([m["exp_avg"] for m in model.policy.optimizer.state_dict()["state"].values()], moments)
    env.rewards[[1, 2]] = 1.0
    model.learn(28, reset_num_timesteps=False)
    assert differences(dict(model.policy.state_dict()), before)
