from __future__ import annotations

import numpy as np
import pytest
import torch

from sim2real.evaluation import Player, evaluate, trained_player
from sim2real.evaluation.choice import choose_worlds
from sim2real.runs import TrainConfig
from sim2real.runs.baselines import Baseline, PolicyGroup, make_baseline
from sim2real.tasks import make_task
from sim2real.trials import TrialEnv


def model(algo: str, task: str = "leap/rotate-z") -> Baseline:
    config = TrainConfig(algo=algo, worlds=4, rollout=8, hidden=8, threads=1)
    return make_baseline(PolicyGroup(TrialEnv(make_task(task), 4, seed=0, threads=1)), config)


def played(player: Player, observations: np.ndarray) -> np.ndarray:
    """Actions (T, n, a) after observations (T, n, p)."""
    memory, actions = player.initial_memory(observations.shape[1]), []
    for observation in observations:
        action, memory = player.step(observation, memory)
        actions.append(action)
    return np.array(actions)


@pytest.fixture
def observations() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(5, 3, 33)).astype(np.float32)


def test_memory_carries_the_lstms_states_from_step_to_step(observations) -> None:
    policy = model("sb3-recurrent-ppo").policy
    player = trained_player(policy)
    assert player.initial_memory(3).shape == (3, 2, 1, 8) and not player.initial_memory(3).any()
    state, wanted = None, []
    for observation in observations:
        action, state = policy.predict(observation, state, deterministic=True)
        wanted.append(action)
    assert np.array_equal(played(player, observations), wanted)
    forgetful = [player.step(observation, player.initial_memory(3))[0] for observation in observations]
    assert not np.array_equal(wanted[1:], forgetful[1:])


def test_each_world_has_a_memory_of_its_own_and_a_cleared_one_begins_anew(observations) -> None:
    player = trained_player(model("sb3-recurrent-ppo").policy)
    together = played(player, observations)
    for world in range(3):
        alone = played(player, observations[:, world : world + 1])
        np.testing.assert_allclose(alone[:, 0], together[:, world], atol=1e-6)
    _, memory = player.step(observations[0], player.initial_memory(3))
    memory[1] = player.initial_memory(1)[0]
    after, _ = player.step(observations[1], memory)
    fresh, _ = player.step(observations[1], player.initial_memory(3))
    np.testing.assert_allclose(after[1], fresh[1], atol=1e-6)
    assert not np.allclose(after[0], fresh[0], atol=1e-6)


def test_without_a_memory_nothing_is_carried(observations) -> None:
    player = trained_player(model("sb3-ppo").policy)
    assert player.initial_memory(3).shape == (3, 0)
    for action, observation in zip(played(player, observations), observations, strict=True):
        assert np.array_equal(action, player.step(observation, player.initial_memory(3))[0])


@pytest.mark.parametrize("algo", ["sb3-ppo", "sb3-recurrent-ppo"])
def test_sampled_actions_follow_from_the_seed_and_leave_torchs_generator_alone(algo, observations) -> None:
    policy = model(algo).policy
    before = torch.get_rng_state()
    first, again, other = (played(trained_player(policy, seed), observations) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert not np.array_equal(first, played(trained_player(policy), observations))
    assert np.abs(np.diff(first - played(trained_player(policy), observations), axis=0)).min() > 0, "each step anew"


@pytest.mark.parametrize("algo", ["sb3-ppo", "sb3-recurrent-ppo"])
def test_trials_of_discrete_actions_are_evaluated(algo) -> None:
    task = make_task("bandit/k5-n10")
    worlds = choose_worlds(task.worlds, "seen", 16, 0)
    evaluation = evaluate(task, trained_player(model(algo, task.name).policy), worlds)
    assert evaluation.metrics["total_reward"].shape == (16, 1)
    assert (evaluation.metrics["total_reward"] % 1 == 0).all()
