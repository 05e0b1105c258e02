from __future__ import annotations

import gymnasium
import numpy as np
import pytest

import sim2real  # noqa: F401  registers the tasks
from randomizers import Worlds
from sim2real.evaluation.choice import choose_worlds
from sim2real.tasks import make_task
from sim2real.tasks.tabular_mdp import TabularMDP, TabularMDPSimulation, action_values
from sim2real.trials import TrialEnv


@pytest.fixture(scope="module")
def task() -> TabularMDP:
    return TabularMDP(10)


def started(task: TabularMDP, worlds: Worlds) -> TabularMDPSimulation:
    simulation = task.simulate(len(worlds))
    ids = np.arange(len(worlds))
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, np.zeros_like(ids))
    return simulation


def course(simulation: TabularMDPSimulation, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States before and after each step and rewards (steps, n) for actions (steps, n), episode upon episode."""
    before, after, rewards = [], [], []
    everything = np.arange(actions.shape[1])
    for row in actions:
        before.append(simulation.observe()[0][:, :10].argmax(axis=1))
        ended = simulation.step(row).success
        rewards.append(simulation.progress())
        after.append(simulation.observe()[0][:, :10].argmax(axis=1))
        if ended.all():
            simulation.reset(everything, np.zeros_like(everything))
    return np.array(before), np.array(after), np.array(rewards)


def test_a_world_is_the_same_alone_and_among_others_and_another_seed_is_another_world(task) -> None:
    worlds = choose_worlds(task.worlds, "seen", 20, 0)
    actions = np.random.default_rng(0).integers(5, size=(150, 20))
    together, alone = started(task, worlds), started(task, worlds.take([7]))
    for one, other in zip(course(together, actions), course(alone, actions[:, [7]]), strict=True):
        assert np.array_equal(one[:, 7], other[:, 0])
    assert len(np.unique(together.means)) == 1000


def test_rewards_and_moves_follow_the_process_that_the_critic_sees(task) -> None:
    world = choose_worlds(task.worlds, "seen", 1, 0)
    simulation = started(task, world)
    actions = np.random.default_rng(0).integers(5, size=(20_000, 1))
    before, after, rewards = (column[:, 0] for column in course(simulation, actions))
    actions = actions[:, 0]
    critic = simulation.observe()[1][0, 27:]
    means, transitions = critic[:50].reshape(10, 5), critic[50:550].reshape(10, 5, 10)
    assert transitions.sum(axis=-1) == pytest.approx(1.0, abs=1e-5) and (transitions >= 0.0).all()
    noise = rewards - means[before, actions]
    assert noise.mean() == pytest.approx(0.0, abs=4 / np.sqrt(20_000))
    assert noise.std() == pytest.approx(1.0, abs=0.03)
    moves = np.zeros((10, 5, 10))
    np.add.at(moves, (before, actions, after), 1.0)
    tried = moves.sum(axis=-1, keepdims=True)
    error = (moves - tried * transitions) / np.sqrt(np.maximum(tried * transitions, 1.0))
    assert np.abs(error).max() < 5.0


def test_the_policy_sees_the_state_that_its_last_reward_belongs_to(task) -> None:
    simulation = started(task, choose_worlds(task.worlds, "seen", 30, 0))
    for action in (0, 3, 1):
        before = simulation.observe()[0][:, :10]
        simulation.step(np.full(30, action))
        assert np.array_equal(simulation.observe()[0][:, 17:], before)


def test_what_is_learnt_from_is_minus_the_regret_which_sums_to_what_the_best_policy_would_have_gained(task) -> None:
    n = 2000
    simulation = started(task, choose_worlds(task.worlds, "seen", n, 0))
    best = action_values(simulation.means, simulation.transitions).max(axis=-1)[:, 0, 0]
    rng = np.random.default_rng(0)
    regret, earned = np.zeros(n), np.zeros(n)
    for _ in range(10):
        told = simulation.observe()[1][:, -5:]
        actions = rng.integers(5, size=n)
        term = simulation.step(actions).rewards["regret"]
        assert (term <= 0.0).all() and told[np.arange(n), actions] == pytest.approx(term, abs=1e-5)
        regret += term
        earned += simulation.progress()
    difference = earned - (best + regret)
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(n)
    assert regret.mean() < -5.0


def test_following_the_action_values_is_without_regret(task) -> None:
    simulation = started(task, choose_worlds(task.worlds, "seen", 50, 0))
    values, rows = action_values(simulation.means, simulation.transitions), np.arange(50)
    for step in range(10):
        state = simulation.observe()[0][:, :10].argmax(axis=1)
        assert not simulation.step(values[rows, step, state].argmax(axis=-1)).rewards["regret"].any()


def test_processes_are_drawn_from_the_published_prior(task) -> None:
    simulation = started(task, choose_worlds(task.worlds, "seen", 500, 0))
    assert simulation.means.mean() == pytest.approx(1.0, abs=4 / np.sqrt(simulation.means.size))
    assert simulation.means.std() == pytest.approx(1.0, abs=0.02)
    assert simulation.transitions.mean() == pytest.approx(0.1)
    assert simulation.transitions.var() == pytest.approx(0.1 * 0.9 / 11, rel=0.02), "as of a flat Dirichlet"


def test_an_episode_begins_in_the_first_state_and_shows_what_the_last_one_ended_with() -> None:
    env = TrialEnv(make_task("mdp/n10"), 4, seed=0)
    env.reset()
    trial, rewards = [], []
    for step in range(100):
        observation, _, done, infos = env.step(np.full(4, step % 5))
        trial.append(infos[0].get("metrics", {}).get("total_reward"))
        last = infos[0]["terminal_observation"] if infos[0] else observation
        rewards.append(last["policy"][15] if infos[0] else last["policy"][0, 15])
        assert done.all() == (step == 99)
        if step % 10 == 9 and step < 99:
            policy = observation["policy"]
            assert policy[:, 0].all() and policy[:, 16].all()
            assert [info["terminal_observation"]["policy"][17:].argmax() for info in infos] == policy[:, 17:].argmax(
                axis=1
            ).tolist()
            assert policy[:, 10:15].argmax(axis=1).tolist() == [step % 5] * 4
            assert [info["terminal_observation"]["policy"][15] for info in infos] == policy[:, 15].tolist()
            assert not infos[0]["TimeLimit.truncated"]
    assert [total is not None for total in trial] == ([False] * 9 + [True]) * 10
    assert trial[19] == pytest.approx(sum(rewards[10:20]), abs=1e-5)
    fresh = env.reset()["policy"]
    assert not fresh[:, 10:16].any() and not fresh[:, 17:].any(), "a new trial knows nothing of the last"


def test_restored_it_goes_on_as_it_would_have(task) -> None:
    worlds = choose_worlds(task.worlds, "seen", 8, 0)
    actions = np.random.default_rng(0).integers(5, size=(130, 8))
    simulation = started(task, worlds)
    course(simulation, actions[:37])
    state = simulation.state()
    wanted = course(simulation, actions[37:])
    other = task.simulate(8)
    other.restore(state)
    for one, two in zip(course(other, actions[37:]), wanted, strict=True):
        assert np.array_equal(one, two)


def test_an_action_that_is_none_is_refused(task) -> None:
    with pytest.raises(ValueError, match="actions are 0 to 4, got 5 to 5"):
        started(task, choose_worlds(task.worlds, "seen", 1, 0)).step(np.array([5]))


def test_gymnasium_makes_it_by_name() -> None:
    env = gymnasium.make("mdp/n25", group="both")
    observation, _ = env.reset(seed=0)
    assert {group: rows.shape for group, rows in observation.items()} == {"policy": (27,), "critic": (582,)}
    steps = [env.step(0) for _ in range(250)]
    assert [terminated for _, _, terminated, _, _ in steps] == [False] * 249 + [True]
    env.close()
