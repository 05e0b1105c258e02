from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from policies import LSTMPolicy
from policies.binned import BinnedDistribution

SPACE = spaces.Box(np.array([-1.0, 0.0], np.float32), np.array([3.0, 10.0], np.float32))


def _logits() -> torch.Tensor:
    """Four rows of five logits for each of two coordinates."""
    return torch.randn(4, 10, generator=torch.Generator().manual_seed(0))


def test_indices_stand_for_equally_spaced_values_between_the_bounds() -> None:
    indices = torch.tensor([[0, 0], [1, 1], [2, 3], [4, 4]])
    values = BinnedDistribution(SPACE, 5).values(indices)
    assert values.tolist() == [[-1.0, 0.0], [0.0, 2.5], [1.0, 7.5], [3.0, 10.0]]
    assert values.dtype == torch.float32


def test_two_bins_are_the_bounds() -> None:
    assert BinnedDistribution(SPACE, 2).values(torch.tensor([[0, 1], [1, 0]])).tolist() == [[-1.0, 10.0], [3.0, 0.0]]


def test_log_probability_and_entropy_are_sums_over_independent_coordinates() -> None:
    logits, actions = _logits(), torch.tensor([[0, 4], [1, 1], [4, 0], [2, 3]])
    first, second = (torch.distributions.Categorical(logits=half) for half in (logits[:, :5], logits[:, 5:]))
    binned = BinnedDistribution(SPACE, 5).proba_distribution(logits)
    torch.testing.assert_close(binned.log_prob(actions), first.log_prob(actions[:, 0]) + second.log_prob(actions[:, 1]))
    torch.testing.assert_close(binned.entropy(), first.entropy() + second.entropy())


def test_the_mode_is_the_likeliest_of_each_coordinate() -> None:
    logits = torch.zeros(1, 10)
    logits[0, 3] = logits[0, 5] = 1.0
    assert BinnedDistribution(SPACE, 5).proba_distribution(logits).mode().tolist() == [[3, 0]]


def test_draws_are_as_frequent_as_they_are_likely_and_come_from_the_generator_alone() -> None:
    binned = BinnedDistribution(SPACE, 5).proba_distribution(_logits()[:1].expand(20_000, 10))
    drawn = binned.draw(torch.Generator().manual_seed(0))
    assert drawn.shape == (20_000, 2) and drawn.dtype == torch.int64
    for coordinate, logits in enumerate(_logits()[0].split(5)):
        frequency = torch.bincount(drawn[:, coordinate], minlength=5) / 20_000
        torch.testing.assert_close(frequency, logits.softmax(0), atol=0.015, rtol=0)
    torch.rand(3)
    assert torch.equal(binned.draw(torch.Generator().manual_seed(0)), drawn)
    assert not torch.equal(binned.draw(torch.Generator().manual_seed(1)), drawn)


def test_coordinates_of_one_draw_are_independent() -> None:
    binned = BinnedDistribution(SPACE, 2).proba_distribution(torch.zeros(20_000, 4))
    first, second = binned.draw(torch.Generator().manual_seed(0)).T
    assert (first == second).float().mean() == pytest.approx(0.5, abs=0.015)


def test_the_environment_gets_values_and_the_rollout_keeps_indices(
    scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    env, callback = scripted_env("..", "..", action=SPACE), recorder()
    small_model(env, network={"bins": 5}, n_steps=1).learn(2, callback)
    kept = callback.recorded[0].rollout.action[0]
    assert kept.dtype == torch.int64 and kept.shape == (2, 2)
    assert np.array_equal(env.actions, np.array([-1.0, 0.0]) + kept.numpy() * np.array([1.0, 2.5]))


@pytest.mark.parametrize("bins", [3, None])
def test_actions_keep_the_shape_of_their_space(bins: int | None, scripted_env: Any, small_model: Any) -> None:
    env = scripted_env("..E", ".E.", action=spaces.Box(-1.0, 1.0, (2, 3)))
    small_model(env, network={"bins": bins}, n_steps=6).learn(24)
    assert env.actions.shape == (2, 2, 3)
    assert all(env.action_space.contains(row) for row in env.actions)
    assert (set(np.unique(env.actions)) <= {-1.0, 0.0, 1.0}) == (bins == 3)


def test_deterministic_predictions_are_the_likeliest_values() -> None:
    policy = LSTMPolicy(spaces.Box(-1.0, 1.0, (4,)), SPACE, hidden=4, bins=5)
    with torch.no_grad():
        policy.action_net.bias[1] = policy.action_net.bias[5 + 3] = 9.0
    action, _ = policy.predict(np.zeros(4, np.float32), deterministic=True)
    assert action.tolist() == [0.0, 7.5]


@pytest.mark.parametrize(
    ("space", "bins"),
    [
        (SPACE, 1),
        (SPACE, 0),
        (spaces.Box(-np.inf, 1.0, (2,)), 5),
        (spaces.Box(-1.0, np.inf, (2,)), 5),
    ],
    ids=str,
)
def test_fewer_than_two_bins_or_actions_without_bounds_are_refused(space: spaces.Box, bins: int) -> None:
    with pytest.raises(ValueError, match=f"^bins={bins} over .*: wanted at least 2, over finite bounds$"):
        LSTMPolicy(spaces.Box(-1.0, 1.0, (4,)), space, bins=bins)


@pytest.mark.parametrize("space", [spaces.Discrete(3), spaces.MultiDiscrete([2, 3]), spaces.MultiBinary(2)], ids=repr)
def test_bins_of_actions_that_are_not_continuous_are_refused(space: spaces.Space) -> None:
    with pytest.raises(ValueError, match=r"^bins=5 are for continuous actions, these are "):
        LSTMPolicy(spaces.Box(-1.0, 1.0, (4,)), space, bins=5)
