from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from policies.lstm_policy import LSTMPolicy
from policies.rollout import Rollout

TRIALS = ("..e.tE.", ".T.t..D")
"""Of the second world the last trial ends with nothing told but `done`."""


def _replay(policy: LSTMPolicy, rollout: Rollout) -> dict[str, torch.Tensor]:
    """Values and log-probabilities (T, n), and both memories after each step, from stored memory step by step."""
    actor_memory, critic_memory = rollout.actor_memory[0], rollout.critic_memory[0]
    steps: dict[str, list[torch.Tensor]] = {"value": [], "log_probability": [], "actor": [], "critic": []}
    with torch.no_grad():
        for t, cleared in enumerate(rollout.memory_reset):
            actor_memory, critic_memory = actor_memory.clone(), critic_memory.clone()
            actor_memory[cleared], critic_memory[cleared] = 0.0, 0.0
            features, actor_memory = policy.act(rollout.policy_observation[t : t + 1], actor_memory)
            value, critic_memory = policy.value(features, rollout.critic_observation[t : t + 1], critic_memory)
            steps["log_probability"].append(policy.distribution(features).log_prob(rollout.action[t]))
            steps["value"].append(policy.value_normalizer.denormalize(value[0, :, None])[:, 0])
            steps["actor"].append(actor_memory)
            steps["critic"].append(critic_memory)
    return {name: torch.stack(tensors) for name, tensors in steps.items()}


def _collect(model: Any, recorder: Any, rollouts: int = 1) -> list[Any]:
    """The recorded rollouts, made with values that are far from zero and one."""
    model.policy.value_normalizer.update(torch.tensor([[-4.0], [8.0]]))
    callback = recorder()
    model.learn(rollouts * model.n_steps * model.n_envs, callback)
    return callback.recorded


@pytest.mark.parametrize("value_cut", ["episode", "trial"])
def test_memory_is_kept_across_episodes_and_cleared_between_trials(
    value_cut: str, scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    model = small_model(scripted_env(*TRIALS), n_steps=7, value_cut=value_cut)
    first, second = (recorded.rollout.memory_reset.T.int().tolist() for recorded in _collect(model, recorder, 2))
    assert first == [[1, 0, 0, 0, 0, 0, 1], [1, 0, 1, 0, 0, 0, 0]]
    assert second == [[0, 0, 0, 0, 0, 0, 1], [1, 0, 1, 0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("value_cut", "expected"),
    [
        ("episode", [[0, 0, 1, 0, 1, 1, 0], [0, 1, 0, 1, 0, 0, 1]]),
        ("trial", [[0, 0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0, 1]]),
    ],
)
def test_the_return_is_cut_where_value_cut_says(
    value_cut: str, expected: list[list[int]], scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    model = small_model(scripted_env(*TRIALS), n_steps=7, value_cut=value_cut)
    assert _collect(model, recorder)[0].rollout.value_cut.T.int().tolist() == expected


@pytest.mark.parametrize(
    ("value_cut", "limited"), [("episode", {(4, 0), (1, 1), (3, 1)}), ("trial", {(1, 1)})], ids=["episode", "trial"]
)
@pytest.mark.parametrize("shared", [False, True])
def test_a_time_limit_bootstraps_from_the_true_last_observation(
    shared: bool, value_cut: str, limited: set[tuple[int, int]], scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    env = scripted_env(*TRIALS)
    model = small_model(env, network={"shared": shared}, n_steps=7, value_cut=value_cut, gamma=0.9)
    ((policy, rollout),) = _collect(model, recorder)
    memory = _replay(policy, rollout)
    expected = torch.ones(7, 2)
    with torch.no_grad():
        for t, i in limited:
            last = {name: torch.from_numpy(table[None, t, i : i + 1]) for name, table in env.last.items()}
            features, _ = policy.act(last["policy"], memory["actor"][t, i : i + 1])
            value, _ = policy.value(features, last["critic"], memory["critic"][t, i : i + 1])
            expected[t, i] += 0.9 * policy.value_normalizer.denormalize(value)[0, 0]
    torch.testing.assert_close(rollout.reward, expected)
    assert {tuple(at) for at in (rollout.reward != 1.0).nonzero().tolist()} == limited


@pytest.mark.parametrize(
    "network",
    [{}, {"shared": True}, {"memory": "gru"}, {"memory": "table"}, {"memory": "none"}, {"bins": 3}],
    ids=str,
)
def test_each_rollout_goes_on_from_the_memory_that_the_last_one_left(
    network: dict[str, Any], scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    model = small_model(scripted_env(*TRIALS), network=network, n_steps=5)
    for (policy, before), (_, after) in pairwise(_collect(model, recorder, 5)):
        replayed = _replay(policy, before)
        torch.testing.assert_close(before.log_probability, replayed["log_probability"])
        torch.testing.assert_close(before.value, replayed["value"])
        torch.testing.assert_close(after.actor_memory[0], replayed["actor"][-1])
        torch.testing.assert_close(after.critic_memory[0], replayed["critic"][-1])
        memory = {
            name: torch.where(after.memory_reset[0][:, None, None], 0.0, replayed[name][-1])
            for name in ("actor", "critic")
        }
        with torch.no_grad():
            features, _ = policy.act(after.policy_observation[:1], memory["actor"])
            value, _ = policy.value(features, after.critic_observation[:1], memory["critic"])
        torch.testing.assert_close(before.last_value, policy.value_normalizer.denormalize(value[0, :, None])[:, 0])


@pytest.mark.parametrize("value_cut", ["episode", "trial"])
@pytest.mark.parametrize("network", [{}, {"shared": True, "memory": "gru", "bins": 3}, {"memory": "none"}], ids=str)
def test_the_update_starts_at_the_policy_that_collected(
    network: dict[str, Any], value_cut: str, scripted_env: Any, small_model: Any, log_lines: Any
) -> None:
    env = scripted_env(*TRIALS)
    model = small_model(env, network=network, n_steps=6, segment=3, n_epochs=1, n_minibatches=1, value_cut=value_cut)
    lines = log_lines(model)
    model.learn(6 * 12)
    assert len(lines) == 6
    assert max(abs(line["train/approx_kl"]) for line in lines) < 1e-6
    assert max(line["train/clip_fraction"] for line in lines) == 0.0


def test_rewards_and_observations_stand_where_they_were_seen(
    scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    env = scripted_env("....", "....", rewards=(2.0, -3.0))
    ((_, rollout),) = _collect(small_model(env, n_steps=4), recorder)
    assert rollout.reward.tolist() == [[2.0, -3.0]] * 4
    assert np.array_equal(rollout.policy_observation, env.seen["policy"])
    assert np.array_equal(rollout.critic_observation, env.seen["critic"])


def test_actions_are_clipped_for_the_environment_and_learnt_from_as_drawn(
    scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    env = scripted_env(".", ".", ".", ".")
    ((_, rollout),) = _collect(small_model(env, n_steps=1, network={"log_std_init": 1.0}), recorder)
    assert (rollout.action.abs() > 1.0).any()
    assert np.array_equal(env.actions, rollout.action[0].clamp(-1.0, 1.0))


@pytest.mark.parametrize(("stop_after", "cleared"), [(2, [0, 1]), (3, [0, 0]), (9, [0, 1])])
def test_learning_goes_on_where_a_callback_stopped_it(
    stop_after: int, cleared: list[int], scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    stopped, whole = (small_model(scripted_env(*TRIALS), n_steps=7, learning_rate=1e-9) for _ in range(2))
    stopped.learn(100, recorder(stop_after))
    assert stopped.num_timesteps == 2 * stop_after
    callback = recorder()
    stopped.learn(14, callback, reset_num_timesteps=False)
    after = callback.recorded[0].rollout
    policy, before = _collect(whole, recorder, 2)[stop_after // 7]
    t, memory = stop_after % 7, _replay(policy, before)
    assert after.memory_reset[0].int().tolist() == cleared
    assert torch.equal(after.policy_observation[0], before.policy_observation[t])
    torch.testing.assert_close(after.actor_memory[0], memory["actor"][t - 1])
    torch.testing.assert_close(after.critic_memory[0], memory["critic"][t - 1])
