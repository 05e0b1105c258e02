"""Two-armed Bernoulli bandits whose best policy is known exactly: that of the belief over which arm is the better."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

PULLS = 6
GOOD, BAD = 0.8, 0.2


@cache
def optimal(belief: float = 0.5, left: int = PULLS) -> float:
    """Most that `left` pulls pay in the mean, if arm 0 is the better one with probability `belief` (Bayes-adaptive)."""
    if left == 0:
        return 0.0
    values = []
    for good in (belief, 1.0 - belief):
        paid = good * GOOD + (1.0 - good) * BAD
        won, lost = good * GOOD / paid, good * (1.0 - GOOD) / (1.0 - paid)
        if good is not belief:
            won, lost = 1.0 - won, 1.0 - lost
        values.append(paid * (1.0 + optimal(won, left - 1)) + (1.0 - paid) * optimal(lost, left - 1))
    return max(values)


def _observe(action: np.ndarray, reward: np.ndarray) -> np.ndarray:
    """The last pull (n, 3): which arm, and what it paid; zeros before the first."""
    return np.column_stack((np.eye(2)[action], reward)).astype(np.float32)


def expected(policy: Any) -> float:
    """What the likeliest actions pay in the mean, exactly: over all that the arms could pay, in both kinds of trial."""
    rewards = np.array(list(product((0, 1), repeat=PULLS)))
    seen, memory = np.zeros((len(rewards), 3), np.float32), policy.initial_memory(len(rewards))
    likelihood = np.ones((2, len(rewards)))
    for reward in rewards.T:
        action, memory = policy.step(seen, memory)
        pays = np.where(action == np.array([[0], [1]]), GOOD, BAD)
        likelihood *= np.where(reward == 1, pays, 1.0 - pays)
        seen = _observe(action, reward)
    return float(likelihood.mean(axis=0) @ rewards.sum(axis=1))


@pytest.fixture
def bandits(small_env: Any) -> VecEnv:
    class Bandits(small_env):
        """Trials of six pulls, all worlds in step; the better arm is drawn for each."""

        def __init__(self, worlds: int) -> None:
            self.render_mode = None
            super().__init__(worlds, spaces.Box(0.0, 1.0, (3,), np.float32), spaces.Discrete(2))
            self.rng = np.random.default_rng(0)

        def reset(self) -> np.ndarray:
            self.pulls = 0
            self.better = self.rng.integers(0, 2, self.num_envs)
            return np.zeros((self.num_envs, 3), np.float32)

        def step_wait(self) -> Any:
            reward = self.rng.random(self.num_envs) < np.where(self.actions == self.better, GOOD, BAD)
            self.pulls += 1
            done = self.pulls == PULLS
            seen = self.reset() if done else _observe(self.actions, reward)
            return seen, reward.astype(float), np.full(self.num_envs, done), [{} for _ in range(self.num_envs)]

    return Bandits(256)


def test_the_optimum_is_that_of_hand_counted_cases() -> None:
    """One pull is a guess; after it a win is worth staying and a loss leaving; a majority of three decides the fourth."""
    assert optimal(left=1) == pytest.approx(0.5)
    right = [0.5, 0.8, 0.8, 0.8**3 + 3 * 0.8**2 * 0.2]
    assert optimal(left=4) == pytest.approx(sum(BAD + (GOOD - BAD) * p for p in right))


def _trained(memory: str, bandits: VecEnv, small_model: Any) -> Any:
    model = small_model(
        bandits,
        network={"memory": memory},
        n_steps=PULLS,
        n_minibatches=4,
        learning_rate=5e-3,
        gamma=1.0,
        gae_lambda=0.9,
        ent_coef=0.02,
        ent_coef_final=0.0,
        anneal=True,
        value_cut="trial",
    )
    model.learn(256 * PULLS * 100)
    return model


def test_a_memory_learns_to_play_optimally(bandits: VecEnv, small_model: Any) -> None:
    assert expected(_trained("gru", bandits, small_model).policy) == pytest.approx(optimal())


def test_without_a_memory_the_optimum_is_out_of_reach(bandits: VecEnv, small_model: Any) -> None:
    """The last pull alone is known, and the best that it allows, to stay after a win and to leave after a loss, learnt."""
    best = 0.5 + (PULLS - 1) * (BAD + (GOOD - BAD) * 0.8)
    assert best < 0.96 * optimal()
    assert expected(_trained("none", bandits, small_model).policy) == pytest.approx(best)
