from __future__ import annotations

import pytest
import torch

from policies.rollout import Rollout


def _rollout(reward: torch.Tensor, value: torch.Tensor, cut: torch.Tensor, reset: torch.Tensor) -> Rollout:
    rollout = Rollout.empty(*reward.shape, 1, 1, torch.zeros(reward.shape[1], 1))
    rollout.reward, rollout.value, rollout.value_cut, rollout.memory_reset = reward, value, cut, reset
    return rollout


def test_advantages_are_those_computed_by_hand() -> None:
    """Four worlds alike: without a cut, cut after the second step, memory cleared before the third, cut at the end."""
    reward = torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None].expand(4, 4)
    value = torch.tensor([2.0, 4.0, 6.0, 8.0])[:, None].expand(4, 4)
    cut, reset = torch.zeros(4, 4, dtype=torch.bool), torch.zeros(4, 4, dtype=torch.bool)
    cut[1, 1] = reset[2, 2] = cut[3, 3] = True
    advantage = _rollout(reward, value, cut, reset).advantages(torch.full((4,), 8.0), gamma=0.5, gae_lambda=0.5)
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
    advantage = _rollout(reward, value, cut, reset).advantages(last_value, gamma, gae_lambda)
    torch.testing.assert_close(advantage, expected, rtol=1e-4, atol=1e-5)
