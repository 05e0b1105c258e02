from __future__ import annotations

import pytest
import torch

from policies.rollout import Rollout, before_segments, in_segments


def _rollout(
    reward: torch.Tensor, value: torch.Tensor, cut: torch.Tensor, reset: torch.Tensor, last_value: torch.Tensor
) -> Rollout:
    seen, memory = torch.zeros(*reward.shape, 1), torch.zeros(1, reward.shape[1], 1, 1)
    return Rollout(seen, seen, reset, seen, reward, value, reward, cut, memory, memory, last_value)


def test_advantages_are_those_computed_by_hand() -> None:
    """Four worlds alike: without a cut, cut after the second step, memory cleared before the third, cut at the end."""
    reward = torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None].expand(4, 4)
    value = torch.tensor([2.0, 4.0, 6.0, 8.0])[:, None].expand(4, 4)
    cut, reset = torch.zeros(4, 4, dtype=torch.bool), torch.zeros(4, 4, dtype=torch.bool)
    cut[1, 1] = reset[2, 2] = cut[3, 3] = True
    rollout = _rollout(reward, value, cut, reset, torch.full((4,), 8.0))
    advantage = rollout.advantages(gamma=0.5, gae_lambda=0.5)
    assert advantage.T.tolist() == [
        [1.3125, 1.25, 1.0, 0.0],
        [0.5, -2.0, 1.0, 0.0],
        [1.3125, 1.25, 1.0, 0.0],
        [1.25, 1.0, 0.0, -4.0],
    ]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("gae_lambda", [0.0, 0.9, 1.0])
def test_advantages_are_sums_of_errors_up_to_the_cut(seed: int, gae_lambda: float) -> None:
    steps, worlds, gamma = 12, 5, 0.95
    generator = torch.Generator().manual_seed(seed)
    reward, value = torch.randn(2, steps, worlds, generator=generator)
    cut, reset = torch.rand(2, steps, worlds, generator=generator) < 0.25
    last_value = torch.randn(worlds, generator=generator)
    following = torch.cat((value[1:], last_value[None]))
    expected = torch.zeros(steps, worlds)
    for i in range(worlds):
        for t in range(steps):
            weight = 1.0
            for k in range(t, steps):
                expected[t, i] += weight * (reward[k, i] - value[k, i])
                if cut[k, i]:
                    break
                expected[t, i] += weight * gamma * following[k, i]
                weight *= gamma * gae_lambda
    advantage = _rollout(reward, value, cut, reset, last_value).advantages(gamma, gae_lambda)
    torch.testing.assert_close(advantage, expected, rtol=1e-4, atol=1e-5)


def test_returns_are_those_computed_by_hand_and_known_where_an_episode_was_seen_to_its_end() -> None:
    """Three worlds alike: without a cut, cut after the second step, cut after the third and memory cleared before it."""
    reward = torch.tensor([1.0, 2.0, 4.0, 8.0])[:, None].expand(4, 3)
    cut, reset = torch.zeros(4, 3, dtype=torch.bool), torch.zeros(4, 3, dtype=torch.bool)
    cut[1, 1] = cut[2, 2] = reset[2, 2] = True
    returns, known = _rollout(reward, reward + 7.0, cut, reset, torch.full((3,), 100.0)).returns(gamma=0.5)
    assert known.T.int().tolist() == [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]]
    assert returns.T.tolist() == [[4.0, 6.0, 8.0, 8.0], [2.0, 2.0, 8.0, 8.0], [3.0, 4.0, 4.0, 8.0]]


def test_segments_stand_side_by_side_with_the_steps_before_each() -> None:
    """Two worlds of six steps after two, each value telling its step and world."""
    values = torch.arange(-2, 6)[:, None] * 10 + torch.tensor([0, 1])
    assert in_segments(values[2:], 2).T.tolist() == [[0, 10, 20], [1, 11, 21], [30, 40, 50], [31, 41, 51]]
    assert before_segments(values, 2, 2).T.tolist() == [[-20, -10], [-19, -9], [10, 20], [11, 21]]
    assert in_segments(values[2:], 1).equal(values[2:])
    assert before_segments(values[2:], 3, 0).shape == (0, 6)
