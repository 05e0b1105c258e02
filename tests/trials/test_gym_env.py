from __future__ import annotations

import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env as check_env_for_sb3

import sim2real  # noqa: F401  registers the tasks
from sim2real.gym_env import GymTask
from sim2real.tasks import ELSEWHERE, ROBOT_FAMILIES, TASKS
from sim2real.tasks.shadow_variants import VARIANTS
from sim2real.trials import TrialEnv

PARTS_APART = (
    "shadow/block-rotate-z-touch",
    "shadow/block-rotate-parallel-sparse",
    "shadow/egg-full-touch-dense",
    "shadow/pen-rotate-xyz",
    "shadow/pen-full",
)
"""Each of what names of the Shadow hand's tasks with an object are put together from."""
CHECKED = [name for name in TASKS if name not in (*VARIANTS, *ELSEWHERE) or name in PARTS_APART]
ROBOTS = [names[0] for names in ROBOT_FAMILIES.values()]
PICTURED = (*ROBOTS, "gym/FetchReach-v4")


def action(env: gymnasium.Env, seed: int) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).uniform(-1, 1, env.action_space.shape).astype(np.float32)


@pytest.fixture
def make():
    """Makes environments that are closed at the end."""
    made = []

    def make(name: str = "leap/rotate-z", **options) -> gymnasium.Env:
        made.append(gymnasium.make(name, **options))
        return made[-1]

    yield make
    for env in made:
        env.close()


def test_importing_the_package_is_all_that_gymnasium_needs() -> None:
    code = "import gymnasium, sim2real; env = gymnasium.make('leap/rotate-z'); env.reset(); env.step([0.0] * 16)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize(
    ("name", "group", "render_mode"),
    [*((name, "policy", None) for name in CHECKED), *((name, "both", "rgb_array") for name in PICTURED)],
)
def test_gymnasiums_own_checks_pass(name: str, group: str, render_mode: str | None, make) -> None:
    env = make(name, group=group, render_mode=render_mode, disable_env_checker=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env(env.unwrapped)
    unexpected = [str(w.message) for w in caught if "infinity" not in str(w.message)]
    assert unexpected == []


@pytest.mark.parametrize("name", CHECKED)
def test_stable_baselines3s_own_checks_pass(name: str, make) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env_for_sb3(make(name, disable_env_checker=True).unwrapped, warn=True)


@pytest.mark.parametrize("name", PICTURED)
def test_a_picture_shows_something_and_changes_with_the_world(name: str, make) -> None:
    env = make(name, render_mode="rgb_array")
    assert env.metadata["render_fps"] == round(1 / env.unwrapped.task.control_period)
    env.reset(seed=0)
    first = env.render()
    assert first.dtype == np.uint8 and first.ndim == 3 and first.shape[2] == 3
    assert first.std() > 10.0
    for step in range(3):
        env.step(np.ones_like(action(env, step)))
    assert (env.render() != first).any(axis=2).mean() > 0.005


def test_without_a_render_mode_there_is_no_picture() -> None:
    env = GymTask("leap/rotate-z")
    env.reset(seed=0)
    assert env.render() is None


@pytest.mark.parametrize("group", ["policy", "critic", "both"])
def test_a_group_is_what_the_trial_environment_gives_under_that_name(group: str, make) -> None:
    env = make(group=group)
    observation, _ = env.reset(seed=3)
    if group != "both":
        observation = {group: observation}
    assert set(observation) == ({"policy", "critic"} if group == "both" else {group})
    task = env.unwrapped.task
    widths = task.observation_sizes | {"critic": task.observation_sizes["critic"] + len(task.worlds.names)}
    assert all(row.shape == (widths[name],) for name, row in observation.items())


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(ValueError, match="group='all': wanted 'policy', 'critic' or 'both'"):
        GymTask("leap/rotate-z", group="all")


def course(env: gymnasium.Env, seed: int, steps: int = 30) -> list[np.ndarray]:
    seen = [env.reset(seed=seed)[0]]
    for step in range(steps):
        observation, reward, _, _, _ = env.step(action(env, step))
        seen.append(np.append(observation, reward))
    return seen


def test_a_seed_reproduces_the_world_and_all_that_happens_in_it(make) -> None:
    env, other = make(), make()
    first = course(env, 4)
    for again in (course(env, 4), course(other, 4)):
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(course(env, 5)[0], first[0])


def test_every_reset_draws_another_world_and_names_it(make) -> None:
    env = make()
    worlds = [env.reset(seed=1)[1]["world"]] + [env.reset()[1]["world"] for _ in range(3)]
    assert len(set(worlds)) == 4
    assert all('"cube_mass":' in world for world in worlds)


def test_environments_that_were_given_no_seed_draw_different_worlds(make) -> None:
    assert make().reset()[1]["world"] != make().reset()[1]["world"]


def test_the_nominal_world_stays_while_starts_differ(make) -> None:
    env = make(nominal=True)
    starts = [env.reset(seed=0)[0], env.reset()[0], env.reset(seed=1)[0]]
    assert len(np.unique(starts, axis=0)) == 3
    values = env.unwrapped.task.worlds.nominal(1)[0].to_json().partition('"values"')[2]
    assert env.reset()[1]["world"].partition('"values"')[2] == values


def test_an_episode_of_gymnasium_is_a_trial(make) -> None:
    env = make()
    task = env.unwrapped.task
    env.reset(seed=0)
    ends = []
    for step in range(1, task.episode_steps * task.episodes_per_trial + 1):
        observation, _, terminated, truncated, info = env.step(np.zeros(16, np.float32))
        if info.get("episode_end"):
            ends.append((step, terminated, truncated))
    assert ends == [(200, False, False), (400, False, True)]
    assert observation[-1] == 0.0, "the last observation of the trial, not the first of the next"
    assert set(task.metrics) <= set(info["metrics"])


def test_a_trial_that_ends_by_a_drop_is_terminated_not_truncated(make) -> None:
    env = make()
    env.reset(seed=0)
    for last in (False, True):
        env.unwrapped._env.simulation.object_pose[0, 2] = 0.0
        _, reward, terminated, truncated, info = env.step(np.zeros(16, np.float32))
        assert reward < -15.0 and info["episode_end"]
        assert (terminated, truncated) == (last, False)


def test_gymnasiums_own_statistics_count_a_trial_as_an_episode(make) -> None:
    env = gymnasium.wrappers.RecordEpisodeStatistics(make())
    env.reset(seed=0)
    total = 0.0
    for step in range(1, 7):
        if step in (3, 6):
            env.unwrapped._env.simulation.object_pose[0, 2] = 0.0
        _, reward, terminated, _, info = env.step(np.zeros(16, np.float32))
        total += reward
    assert terminated
    assert (info["episode"]["r"], info["episode"]["l"]) == (pytest.approx(total), 6)


def test_stable_baselines3s_ppo_trains_unmodified_on_a_vector_observation(make) -> None:
    model = PPO("MlpPolicy", make(), n_steps=128, batch_size=64, n_epochs=2, seed=0, device="cpu")
    before = [p.clone() for p in model.policy.parameters()]
    model.learn(256)
    assert model.num_timesteps == 256
    assert any((a != b).any() for a, b in zip(before, model.policy.parameters(), strict=True))


def test_stable_baselines3s_ppo_trains_unmodified_on_many_worlds_and_both_groups(short_task) -> None:
    env = TrialEnv(short_task, 8, seed=0, threads=1)
    model = PPO("MultiInputPolicy", env, n_steps=48, batch_size=64, n_epochs=2, seed=0, device="cpu")
    model.learn(8 * 48 * 2)
    assert model.num_timesteps == 8 * 48 * 2
    assert len(model.ep_info_buffer) >= 8 * 2, "trials ended and were counted"
    action, _ = model.predict(env.reset(), deterministic=True)
    assert action.shape == (8, 16)
