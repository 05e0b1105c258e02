from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from policies.normalizer import RunningNormalizer
from policies.update import LEARNING_RATE_BOUNDS, UpdateSettings, update

SETTINGS = UpdateSettings(
    n_epochs=4,
    n_minibatches=2,
    gamma=0.9,
    gae_lambda=0.8,
    clip_range=0.2,
    clip_range_vf=None,
    ent_coef=0.0,
    vf_coef=1.0,
    max_grad_norm=1.0,
    desired_kl=None,
    baseline=True,
)
TRIALS = ("..e.tE.", ".T.t..D", "...E...", "t.....e")


@pytest.fixture
def collected(scripted_env: Any, small_model: Any, recorder: Any) -> Any:
    """A policy and its second rollout, in whose middle and at whose start memory was cleared."""
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
    return update(collected.policy, optimizer, collected.rollout, settings, rng)


def test_repeated_updates_make_better_actions_likelier_and_values_truer(collected: Any, rng: Any) -> None:
    advantage = collected.rollout.advantages(SETTINGS.gamma, SETTINGS.gae_lambda)
    settings = replace(SETTINGS, n_epochs=20)
    first = _update(collected, replace(settings, n_epochs=1), rng, 5e-3)
    last = _update(collected, settings, rng, 5e-3)
    assert last["value_loss"] < 0.8 * first["value_loss"]
    assert last["policy_loss"] < first["policy_loss"]
    rollout = collected.rollout
    after = torch.zeros_like(rollout.value)
    with torch.no_grad():
        memory = rollout.actor_memory[0]
        for t, cleared in enumerate(rollout.memory_reset):
            memory = memory * (~cleared).float()[:, None, None]
            features, memory = collected.policy.act(rollout.policy_observation[t : t + 1], memory)
            after[t] = collected.policy.distribution(features).log_prob(rollout.action[t])
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
