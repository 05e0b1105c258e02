from __future__ import annotations

import numpy as np
import pytest

from policies.checkpoint import load_checkpoint, save_checkpoint
from randomizers import Uniform, Worlds
from sim2real.errors import UserError
from sim2real.tasks import make_task
from sim2real.trials import TrialEnv
from sim2real.trials.stock import STOCK
from sim2real.trials.trial_env import nominal_draw

LENGTH = 12
"""Steps of an episode of the short task."""


def gentle(steps: int, n: int, seed: int = 0) -> np.ndarray:
    """Actions (steps, n, 16) that drop no cube."""
    return np.random.default_rng(seed).uniform(-0.1, 0.1, (steps, n, 16)).astype(np.float32)


def rough(steps: int, n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (steps, n, 16)).astype(np.float32)


def poison(env: TrialEnv, world: int) -> None:
    env.simulation.sim.qpos[world, 3] = np.nan


def test_a_trial_is_k_episodes_in_one_world_and_done_comes_at_its_end_alone(short_task) -> None:
    env = TrialEnv(short_task, 4, seed=1, threads=1, episodes_per_trial=3)
    env.reset()
    trials = [env.worlds]
    for step, action in enumerate(gentle(2 * 3 * LENGTH, 4), start=1):
        _, _, done, infos = env.step(action)
        assert done.tolist() == [step % (3 * LENGTH) == 0] * 4
        assert [info.get("episode_end", False) for info in infos] == [step % LENGTH == 0] * 4
        for info in filter(None, infos):
            assert info["episode_of_trial"] == (step // LENGTH - 1) % 3
            assert info["TimeLimit.truncated"] is True
        if done.all():
            trials.append(env.worlds)
        assert env.worlds == trials[-1], "the world stays while its trial runs"
    for k in range(4):
        assert len({trial[k].fingerprint for trial in trials}) == 3, "a new world for every trial"


def test_episodes_of_a_trial_start_from_different_states_of_the_same_world(short_task) -> None:
    env = TrialEnv(short_task, 2, seed=1, threads=1, episodes_per_trial=2)
    env.reset()
    fields = {name: values.copy() for name, values in env.simulation.sim.fields.items()}
    starts = [env.simulation.sim.qpos.copy()]
    for action in gentle(LENGTH, 2):
        env.step(action)
    starts.append(env.simulation.sim.qpos.copy())
    assert (starts[0] != starts[1]).any(axis=1).all()
    assert all(np.array_equal(fields[name], values) for name, values in env.simulation.sim.fields.items())
    for action in gentle(LENGTH, 2):
        env.step(action)
    assert (fields["body_mass"] != env.simulation.sim.fields["body_mass"]).any(axis=1).all()


def test_worlds_whose_episodes_fail_go_on_by_themselves(short_task) -> None:
    env = TrialEnv(short_task, 3, seed=1, threads=1, episodes_per_trial=2)
    env.reset()
    actions = gentle(2 * LENGTH, 3)
    ends = []
    for step, action in enumerate(actions, start=1):
        if step in (5, 9):
            env.simulation.object_pose[1, 2] = 0.0
        _, _, done, infos = env.step(action)
        ends += [(k, step, bool(done[k]), info["TimeLimit.truncated"]) for k, info in enumerate(infos) if info]
    assert [end for end in ends if end[0] == 1] == [
        (1, 5, False, False),
        (1, 9, True, False),
        (1, 9 + LENGTH, False, True),
    ]
    assert [end for end in ends if end[0] == 0] == [(0, LENGTH, False, True), (0, 2 * LENGTH, True, True)]


def test_the_metrics_of_an_episode_come_with_its_end(short_task) -> None:
    env = TrialEnv(short_task, 2, seed=1, threads=1)
    env.reset()
    rewards = []
    for action in gentle(7, 2):
        if len(rewards) == 6:
            env.simulation.object_pose[1, 2] = 0.0
        _, reward, _, infos = env.step(action)
        rewards.append(reward)
    assert infos[0] == {}
    metrics = infos[1]["metrics"]
    assert metrics["return"] == pytest.approx(np.sum(rewards, axis=0)[1], rel=1e-6)
    assert (metrics["drop"], metrics["diverged"]) == (1.0, 0.0)
    assert metrics["seconds"] == pytest.approx(0.35)
    assert set(metrics) == {*short_task.metrics, "return", "diverged"}


def test_the_terminal_observation_is_the_last_before_the_reset(short_task) -> None:
    """As a simulation shows that runs the same world without trials."""
    env = TrialEnv(short_task, 2, seed=3, threads=1)
    seen = env.reset()
    simulation = short_task.simulate(2, 1)
    worlds = env.worlds
    simulation.load(np.arange(2), worlds, np.arange(2))
    simulation.reset(np.arange(2), np.zeros(2, dtype=np.int64))
    assert np.array_equal(seen["policy"], simulation.observe()[0])
    for action in gentle(LENGTH, 2):
        seen, _, _, infos = env.step(action)
        simulation.step(action)
    policy, critic = simulation.observe()
    vector = env.distribution.vector(worlds)
    for k in range(2):
        last = infos[k]["terminal_observation"]
        assert np.array_equal(last["policy"], policy[k])
        assert np.array_equal(last["critic"], np.concatenate((critic[k], vector[k])))
    simulation.reset(np.arange(2), np.ones(2, dtype=np.int64))
    assert np.array_equal(seen["policy"], simulation.observe()[0]), "and what is returned is the next episode's first"


def test_the_policy_group_says_when_an_episode_has_just_begun(short_task) -> None:
    env = TrialEnv(short_task, 3, seed=1, threads=1)
    flags = [env.reset()["policy"][:, -1]]
    for step, action in enumerate(gentle(2 * LENGTH, 3), start=1):
        if step == 5:
            env.simulation.object_pose[1, 2] = 0.0
        flags.append(env.step(action)[0]["policy"][:, -1])
    flags = np.array(flags)
    assert np.flatnonzero(flags[:, 0]).tolist() == [0, LENGTH, 2 * LENGTH]
    assert np.flatnonzero(flags[:, 1]).tolist() == [0, 5, 5 + LENGTH]
    assert set(np.unique(flags)) == {0.0, 1.0}


def test_the_critic_is_told_the_world_and_the_policy_is_not(short_task) -> None:
    env = TrialEnv(short_task, 3, seed=1, threads=1)
    width = len(env.distribution.names)
    observation = env.reset()
    for action in gentle(3 * LENGTH, 3):
        assert np.array_equal(observation["critic"][:, -width:], env.distribution.vector(env.worlds))
        assert observation["critic"].shape == (3, short_task.observation_sizes["critic"] + width)
        assert observation["policy"].shape == (3, short_task.observation_sizes["policy"])
        assert all(env.observation_space[group].contains(rows[0]) for group, rows in observation.items())
        observation = env.step(action)[0]


def test_the_distribution_that_is_given_is_drawn_from_and_normalised_by(short_task) -> None:
    heavy = short_task.worlds.replace_distribution("cube_mass", Uniform(1.9, 2.0))
    env = TrialEnv(short_task, 8, heavy, seed=0, threads=1)
    env.reset()
    mass = env.worlds.column("cube_mass")
    assert ((mass >= 1.9) & (mass <= 2.0)).all()
    cube = short_task.model.body("cube").id
    assert env.simulation.sim.fields["body_mass"][:, cube] == pytest.approx(0.08 * mass)


def continued(env: TrialEnv, actions: np.ndarray) -> list[tuple]:
    """All that a user sees of these steps."""
    return [env.step(action) for action in actions]


def assert_same(one: list[tuple], other: list[tuple]) -> None:
    for (seen, reward, done, infos), (seen2, reward2, done2, infos2) in zip(one, other, strict=True):
        for group in ("policy", "critic"):
            assert np.array_equal(seen[group], seen2[group])
        assert np.array_equal(reward, reward2)
        assert np.array_equal(done, done2)
        for info, info2 in zip(infos, infos2, strict=True):
            assert info.keys() == info2.keys()
            for key in info.keys() - {"terminal_observation"}:
                assert info[key] == info2[key], key
            for group, row in info.get("terminal_observation", {}).items():
                assert np.array_equal(row, info2["terminal_observation"][group])


@pytest.mark.parametrize("before", [3, 77])
def test_a_fresh_environment_goes_on_bit_for_bit_from_a_state_read_from_disk(short_task, tmp_path, before: int) -> None:
    env = TrialEnv(short_task, 6, seed=1, threads=1, stagger=True)
    env.reset()
    actions = rough(before + 300, 6)
    for action in actions[:before]:
        env.step(action)
    save_checkpoint(tmp_path / "state.pt", {"env": env.state()})
    seen, worlds = env.simulation.observe()[0], env.worlds
    expected = continued(env, actions[before:])
    assert sum(done.sum() for _, _, done, _ in expected) > STOCK, "trials ended, and new worlds were drawn"

    fresh = TrialEnv(short_task, 6, seed=2, threads=2, stagger=True)
    fresh.restore(load_checkpoint(tmp_path / "state.pt")["env"])
    assert np.array_equal(fresh.simulation.observe()[0], seen)
    assert fresh.worlds == worlds
    assert_same(continued(fresh, actions[before:]), expected)
    assert env.worlds == fresh.worlds


def test_a_state_is_not_changed_by_what_follows(short_task) -> None:
    env = TrialEnv(short_task, 2, seed=1, threads=1)
    env.reset()
    state = env.state()
    actions = gentle(3 * LENGTH, 2)
    expected = continued(env, actions)
    env.restore(state)
    assert_same(continued(env, actions), expected)


def test_divergences_so_far_are_part_of_the_state(short_task, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)  # where MuJoCo logs its warning
    env = TrialEnv(short_task, 2, seed=1, threads=1)
    env.reset()
    poison(env, 0)
    env.step(gentle(1, 2)[0])
    fresh = TrialEnv(short_task, 2, seed=1, threads=1)
    fresh.restore(env.state())
    assert fresh.simulation.diverged_steps == env.simulation.diverged_steps == 1


def drawn(task, n: int, trials: int, seed: int = 5) -> list[str]:
    """Fingerprints of the worlds that an environment draws, in their order."""
    env = TrialEnv(task, n, seed=seed, threads=1, episodes_per_trial=1)
    env.reset()
    found = [world.fingerprint for world in env.worlds]
    for _ in range(trials):
        for action in gentle(LENGTH, n):
            env.step(action)
        found += [world.fingerprint for world in env.worlds]
    return found


def test_a_seed_draws_the_same_worlds_in_the_same_order_however_many_run_side_by_side(short_task) -> None:
    one = drawn(short_task, 1, 11)
    assert drawn(short_task, 4, 2) == one
    assert drawn(short_task, 6, 1) == one
    assert len(set(one)) == 12
    assert not set(one) & set(drawn(short_task, 12, 0, seed=6))


def test_more_worlds_than_are_drawn_at_a_time_all_differ(short_task) -> None:
    env = TrialEnv(short_task, STOCK + 10, seed=5, threads=1)
    env.reset()
    assert len({world.fingerprint for world in env.worlds}) == STOCK + 10
    few = TrialEnv(short_task, 3, seed=5, threads=1)
    few.reset()
    assert few.worlds == env.worlds.take(np.arange(3))


def test_a_world_runs_the_same_alone_and_among_others(short_task) -> None:
    many, one = (TrialEnv(short_task, n, seed=5, threads=1) for n in (5, 1))
    many.reset(), one.reset()
    for action in gentle(2 * LENGTH - 1, 5):
        seen, reward, _, _ = many.step(action)
        alone, alone_reward, _, _ = one.step(action[:1])
        assert np.array_equal(seen["critic"][:1], alone["critic"])
        assert reward[0] == alone_reward[0]


def test_reset_begins_anew_and_with_a_seed_reproducibly(short_task) -> None:
    env = TrialEnv(short_task, 2, seed=5, threads=1)
    first = env.reset()
    second = env.reset()
    assert not np.array_equal(first["critic"], second["critic"])
    runs = []
    for _ in range(2):
        env.seed(5)
        runs.append([env.reset()["critic"], *(env.step(action)[0]["critic"] for action in gentle(3 * LENGTH, 2))])
    assert np.array_equal(runs[0], runs[1])
    assert np.array_equal(runs[0][0], first["critic"])
    env.seed(6)
    assert not np.array_equal(env.reset()["critic"], first["critic"])


def test_the_episode_statistics_of_stable_baselines3_are_those_of_whole_trials(short_task) -> None:
    env = TrialEnv(short_task, 2, seed=1, threads=1, episodes_per_trial=2)
    env.reset()
    for action in gentle(LENGTH + 3, 2):
        env.step(action)
    env.reset()
    total = np.zeros(2)
    for action in gentle(2 * LENGTH, 2, seed=1):
        _, reward, done, infos = env.step(action)
        total += reward
    assert done.all()
    for k in range(2):
        assert infos[k]["episode"]["r"] == pytest.approx(total[k], rel=1e-5)
        assert infos[k]["episode"]["l"] == 2 * LENGTH


def test_statistics_are_means_per_step_and_metrics_of_whole_episodes_since_the_last_call(short_task) -> None:
    env = TrialEnv(short_task, 4, seed=1, threads=1, stagger=True)
    env.reset()
    total, ended = 0.0, []
    for action in gentle(2 * LENGTH, 4):
        _, reward, _, infos = env.step(action)
        total += reward.sum()
        ended += [info["metrics"] for info in infos if info and info["metrics"]["seconds"] > 0.05 * (LENGTH - 0.5)]
    terms, finished = env.pop_statistics()
    assert tuple(terms) == short_task.reward_terms
    assert sum(terms.values()) == pytest.approx(total / (4 * 2 * LENGTH), rel=1e-4)
    assert finished == ended, "first episodes that were cut short to stagger the worlds do not count"
    assert len(finished) >= 4
    assert env.pop_statistics() == (dict.fromkeys(short_task.reward_terms, 0.0), [])


def test_staggered_worlds_do_not_all_end_together(short_task) -> None:
    env = TrialEnv(short_task, 20, seed=1, threads=1, episodes_per_trial=1, stagger=True)
    env.reset()
    at_once = [env.step(action)[2].sum() for action in gentle(5 * LENGTH, 20)]
    assert sum(at_once) >= 5 * 20 - 20
    assert max(at_once) <= 6


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_action_that_is_not_finite_is_refused_with_the_worlds_number(short_task, bad: float) -> None:
    env = TrialEnv(short_task, 3, seed=1, threads=1)
    env.reset()
    before = env.simulation.sim.qpos.copy()
    action = gentle(1, 3)[0]
    action[2, 5] = bad
    with pytest.raises(ValueError, match="the action of world 2 is not finite"):
        env.step(action)
    assert np.array_equal(env.simulation.sim.qpos, before)


def test_actions_beyond_their_limits_act_as_at_the_limits(short_task) -> None:
    clipped, beyond = (TrialEnv(short_task, 2, seed=1, threads=1) for _ in range(2))
    clipped.reset(), beyond.reset()
    for action in rough(8, 2):
        one, two = clipped.step((3 * action).clip(-1, 1)), beyond.step(3 * action)
        assert np.array_equal(one[0]["critic"], two[0]["critic"])
        assert np.array_equal(one[1], two[1])


def test_a_world_that_diverges_ends_its_episode_as_failed_and_its_neighbours_never_notice(
    short_task, monkeypatch, tmp_path
) -> None:
    monkeypatch.chdir(tmp_path)  # where MuJoCo logs its warning
    env, healthy = (TrialEnv(short_task, 3, seed=1, threads=1) for _ in range(2))
    env.reset(), healthy.reset()
    others = [0, 2]
    for t, action in enumerate(gentle(2 * LENGTH - 1, 3)):
        if t == 4:
            poison(env, 1)
        observation, reward, done, infos = env.step(action)
        expected, expected_reward, expected_done, _ = healthy.step(action)
        assert np.array_equal(observation["critic"][others], expected["critic"][others])
        assert np.array_equal(reward[others], expected_reward[others])
        assert np.array_equal(done[others], expected_done[others])
        assert np.isfinite(observation["critic"]).all() and np.isfinite(reward).all()
        if t == 4:
            info = infos[1]
            assert info["episode_end"] and not info["TimeLimit.truncated"] and not done[1]
            assert (info["metrics"]["diverged"], info["metrics"]["drop"]) == (1.0, 1.0)
            assert all(np.isfinite(row).all() for row in info["terminal_observation"].values())
            assert all(np.isfinite(value) for value in info["metrics"].values())
            assert observation["policy"][1, -1] == 1.0, "the next episode has begun"
    assert env.simulation.diverged_steps == 1


@pytest.mark.parametrize("count", [0, -3])
@pytest.mark.parametrize("name", ["worlds", "episodes_per_trial"])
def test_counts_below_one_are_refused(short_task, name: str, count: int) -> None:
    with pytest.raises(ValueError, match=f"{name}={count}: wanted at least 1"):
        TrialEnv(short_task, **({"worlds": 1, "threads": 1} | {name: count}))


def test_nominal_draws_differ_in_their_seeds_alone(short_task) -> None:
    env = TrialEnv(short_task, 3, seed=1, threads=1, draw=nominal_draw(short_task.worlds))
    observation = env.reset()
    assert np.array_equal(env.worlds.values, short_task.worlds.nominal(3).values)
    assert len(set(env.worlds.seeds.tolist())) == 3
    assert len(np.unique(observation["policy"], axis=0)) == 3, "each starts otherwise"


def test_worlds_that_lack_numbers_are_completed_by_nominal_ones(short_task) -> None:
    def draw(rng: np.random.Generator, n: int) -> Worlds:
        return Worlds(("cube_mass",), np.full((n, 1), 1.2), np.arange(n, dtype=np.uint64))

    env = TrialEnv(short_task, 2, seed=1, threads=1, draw=draw)
    env.reset()
    assert env.worlds.names == short_task.worlds.names
    assert env.worlds.column("cube_mass").tolist() == [1.2, 1.2]
    assert env.worlds.column("friction").tolist() == [1.0, 1.0]


def test_a_reward_that_is_no_number_is_refused_by_its_name_and_world() -> None:
    env = TrialEnv(make_task("bandit/k5-n10"), 4, seed=0)
    env.reset()
    env.simulation.means[2, 3] = np.nan
    with pytest.raises(UserError, match=r"bandit/k5-n10: reward term 'regret' of world 2 is nan, not finite"):
        env.step(np.array([0, 0, 3, 0]))
