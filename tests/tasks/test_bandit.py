from __future__ import annotations

import gymnasium
import numpy as np
import pytest

import sim2real  # noqa: F401  registers the tasks
from policies import LSTMPPO
from randomizers import Worlds
from sim2real.errors import UserError
from sim2real.evaluation.choice import choose_worlds
from sim2real.tasks import make_task
from sim2real.tasks.bandit import Bandit, BanditSimulation
from sim2real.trials import TrialEnv


@pytest.fixture(scope="module")
def task() -> Bandit:
    return Bandit(5, 100)


def started(task: Bandit, worlds: Worlds) -> BanditSimulation:
    simulation = task.simulate(len(worlds))
    ids = np.arange(len(worlds))
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, np.zeros_like(ids))
    return simulation


def payments(simulation: BanditSimulation, arms: np.ndarray) -> np.ndarray:
    """Payoffs (steps, n) for arms (steps, n)."""
    paid = []
    for row in arms:
        simulation.step(row)
        paid.append(simulation.progress())
    return np.array(paid)


def test_a_world_is_the_same_alone_and_among_others_and_another_seed_is_another_world(task) -> None:
    worlds = choose_worlds(task.worlds, "seen", 20, 0)
    arms = np.random.default_rng(0).integers(5, size=(150, 20))
    together, alone = started(task, worlds), started(task, worlds.take([7]))
    assert np.array_equal(together.means[7], alone.means[0])
    assert np.array_equal(payments(together, arms)[:, 7], payments(alone, arms[:, [7]])[:, 0])
    assert len(np.unique(together.means)) == 100


def test_an_arm_pays_as_often_as_its_mean_says(task) -> None:
    simulation = started(task, choose_worlds(task.worlds, "seen", 300, 1))
    arms = np.tile(np.arange(300) % 5, (400, 1))
    paid = payments(simulation, arms)
    assert set(np.unique(paid)) == {0.0, 1.0}
    mean = simulation.means[np.arange(300), arms[0]]
    error = (paid.mean(axis=0) - mean) / np.sqrt(mean * (1 - mean) / 400)
    assert np.abs(error.mean()) < 4 / np.sqrt(300)
    assert error.std() == pytest.approx(1.0, abs=0.2)


def test_means_are_uniform(task) -> None:
    means = started(task, choose_worlds(task.worlds, "seen", 2000, 2)).means
    shares = np.histogram(means, 10, (0.0, 1.0))[0] / means.size
    assert np.abs(shares - 0.1).max() < 4 * np.sqrt(0.09 / means.size)


def test_the_policy_sees_its_last_action_and_payoff_and_the_critic_the_means(task) -> None:
    simulation = started(task, choose_worlds(task.worlds, "seen", 3, 0))
    policy, critic = simulation.observe()
    assert policy.tolist() == [[0.0] * 6 + [1.0]] * 3
    simulation.step(np.array([4, 0, 2]))
    policy, critic = simulation.observe()
    assert policy[:, :5].argmax(axis=1).tolist() == [4, 0, 2]
    assert (policy[:, :5].sum(axis=1) == 1.0).all()
    assert np.array_equal(policy[:, 5], simulation.progress()) and not policy[:, 6].any()
    assert np.array_equal(critic[:, :7], policy)
    assert critic[:, 7:] == pytest.approx(simulation.means)
    assert np.array_equal(simulation.observe(np.array([2]))[0], policy[[2]])


def test_a_trial_ends_for_good_with_its_last_pull() -> None:
    env = TrialEnv(make_task("bandit/k5-n10"), 4, seed=0)
    env.reset()
    steps = [env.step(np.zeros(4, dtype=np.int64)) for _ in range(10)]
    assert [done.all() for _, _, done, _ in steps] == [False] * 9 + [True]
    infos = steps[-1][3]
    assert not any(info["TimeLimit.truncated"] for info in infos)
    seen = sum(observation["policy"][:, 5] for observation, _, _, _ in steps[:-1])
    last = [info["terminal_observation"]["policy"][5] for info in infos]
    assert [info["metrics"]["total_reward"] for info in infos] == (seen + last).tolist()


def test_what_is_learnt_from_is_minus_the_regret(task) -> None:
    simulation = started(task, choose_worlds(task.worlds, "seen", 6, 0))
    for arms in (simulation.means.argmax(axis=1), np.zeros(6, dtype=np.int64)):
        reward = simulation.step(arms).rewards["regret"]
        assert reward == pytest.approx(simulation.means[np.arange(6), arms] - simulation.means.max(axis=1))
    assert reward.min() < 0.0


def test_restored_it_goes_on_as_it_would_have(task) -> None:
    worlds = choose_worlds(task.worlds, "seen", 8, 0)
    arms = np.random.default_rng(0).integers(5, size=(130, 8))
    simulation = started(task, worlds)
    payments(simulation, arms[:37])
    state = simulation.state()
    wanted = payments(simulation, arms[37:])
    other = task.simulate(8)
    other.restore(state)
    assert np.array_equal(payments(other, arms[37:]), wanted)
    assert np.array_equal(other.observe()[1], simulation.observe()[1])


@pytest.mark.parametrize("arm", [-1, 5])
def test_an_arm_that_is_none_is_refused(task, arm: int) -> None:
    simulation = started(task, choose_worlds(task.worlds, "seen", 1, 0))
    with pytest.raises(ValueError, match=f"arms are 0 to 4, got {arm}"):
        simulation.step(np.array([arm]))


def test_terms_are_refused_as_nothing_could_follow_them() -> None:
    with pytest.raises(UserError, match=r"worlds of 'bandit/k5-n100' differ by their seed alone and take no terms"):
        Bandit(5, 100).simulate(1, distribution=make_task("leap/rotate-z").worlds)


def test_gymnasium_makes_it_by_name() -> None:
    env = gymnasium.make("bandit/k10-n100")
    assert env.action_space == gymnasium.spaces.Discrete(10)
    env.reset(seed=0)
    steps = [env.step(env.action_space.sample()) for _ in range(100)]
    assert [terminated for _, _, terminated, _, _ in steps] == [False] * 99 + [True]
    env.close()


def test_a_recurrent_policy_trains_on_it() -> None:
    env = TrialEnv(make_task("bandit/k5-n10"), 64, seed=0)
    kwargs = {"widths": (16,), "hidden": 16}
    model = LSTMPPO("LSTMPolicy", env, n_steps=10, value_cut="trial", policy_kwargs=kwargs, seed=0)
    before = [p.detach().clone() for p in model.policy.parameters()]
    model.learn(64 * 30)
    after = list(model.policy.parameters())
    assert all(p.isfinite().all() for p in after)
    assert any(not p.equal(q) for p, q in zip(before, after, strict=True))
