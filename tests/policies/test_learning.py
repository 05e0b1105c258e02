from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

TRIALS = 200


def _score(model: Any, env: Any, memory: str = "trial", deterministic: bool = True) -> float:
    """Mean reward of the worlds' next trials, memory kept for the `trial`, the `episode` or a `step`."""
    observation, state, total = env.reset(), None, np.zeros(env.num_envs)
    for t in range(env.TRIAL):
        if memory == "step" or (memory == "episode" and t % env.EPISODE == 0):
            state = None
        action, state = model.predict(observation, state, deterministic=deterministic)
        observation, reward, _, _ = env.step(action)
        total += reward
    return float(total.mean())


BOX = spaces.Box(-1.0, 1.0, (1,))


@pytest.mark.parametrize(
    ("action", "value_cut", "network", "settings"),
    [
        (spaces.Discrete(2), "episode", {}, {}),
        (spaces.Discrete(2), "trial", {"shared": True}, {"clip_range_vf": 0.5}),
        (spaces.MultiDiscrete([2, 2]), "trial", {}, {"segment": 8, "burn_in": 8}),
        (BOX, "episode", {}, {}),
        (BOX, "trial", {"memory": "gru", "bins": 5}, {}),
        (spaces.Discrete(2), "trial", {"memory": "table"}, {}),
    ],
    ids=str,
)
def test_what_was_seen_in_one_episode_is_learnt_to_be_used_in_the_next(
    action: spaces.Space,
    value_cut: str,
    network: dict[str, Any],
    settings: dict[str, Any],
    recall_env: Any,
    small_model: Any,
) -> None:
    model = small_model(
        recall_env(64, action=action),
        network=network,
        n_steps=16,
        n_minibatches=4,
        learning_rate=5e-3,
        value_cut=value_cut,
        **settings,
    )
    model.learn(64 * 16 * 15)
    scores = {
        memory: _score(model, recall_env(TRIALS, 7, action, stagger=False), memory)
        for memory in ("trial", "episode", "step")
    }
    assert scores["trial"] > 0.95
    assert scores["episode"] == pytest.approx(0.5, abs=0.1)
    assert scores["step"] == pytest.approx(0.5, abs=0.1)


def test_a_deed_that_pays_in_the_next_episode_is_learnt_only_if_the_return_is_cut_at_trials(
    recall_env: Any, small_model: Any
) -> None:
    class DeedEnv(recall_env):
        """The action in a trial's first step, instead of a cue, is what its last step pays."""

        def step_wait(self) -> Any:
            first = self.time == 0
            self.cue[first] = self.actions[first]
            return super().step_wait()

        def reward(self) -> np.ndarray:
            return self.cue.astype(float)

    scores = {}
    for value_cut in ("trial", "episode"):
        model = small_model(DeedEnv(64), n_steps=16, n_minibatches=4, learning_rate=5e-3, value_cut=value_cut)
        model.learn(64 * 16 * 15)
        scores[value_cut] = _score(model, DeedEnv(TRIALS, 7, stagger=False), deterministic=False)
    assert scores["trial"] > 0.95
    assert scores["episode"] < 0.85
