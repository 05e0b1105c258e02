"""gym/*: equal to gymnasium-robotics itself, id by id.

The same state, goal and 200 actions give the same observations, goals, rewards and successes within `EXACT`. Measured
with mujoco 3.14: no difference at all for the hands, 4e-16 at most for Fetch, whose velocities are sums in another order.
Drops, object places and goals drawn with the original's generator are the original's, bit for bit. What remains:

| | the original | here |
|---|---|---|
| starts of HandManipulate* | a new drop each; controls, warm start left over | one of 256 drops from rest, made beforehand |
| clock of Fetch* | starts at 0.4 s | starts at 0; nothing depends on it |
| a state that diverges | reset to the model's pose by MuJoCo | ends the episode as failed, paid to its end as before |
| comparisons of enums | false from mujoco 3.12 on: none can be made | as they were meant; patched below |
"""

from __future__ import annotations

import enum
import types
from collections.abc import Iterator

import gymnasium
import mujoco
import numpy as np
import pytest

from sim2real.tasks import TASKS, make_task
from sim2real.tasks.gym_robotics.fetch import Fetch
from sim2real.tasks.gym_robotics.goal_env_simulation import GoalEnvSimulation
from sim2real.tasks.gym_robotics.goal_env_task import GoalEnvTask, integration_state, qpos_slice
from sim2real.tasks.gym_robotics.hand_manipulate import HandManipulate, drop

EXACT = 1e-8
STEPS = 200
NAMES = [name for name in TASKS if name.startswith("gym/")]
ONE = np.arange(1)


@pytest.fixture(scope="module", autouse=True)
def _comparable_enums() -> Iterator[None]:
    """From mujoco 3.12 on its enums do not equal NumPy's integers, with which gymnasium-robotics compares them."""
    from gymnasium_robotics.utils import mujoco_utils

    class Patched(types.ModuleType):
        def __getattr__(self, name: str) -> object:
            return getattr(mujoco, name)

    patched = Patched("mujoco")
    for kind in (mujoco.mjtJoint, mujoco.mjtEq):
        members = {name: int(value) for name, value in kind.__members__.items()}
        setattr(patched, kind.__name__, enum.IntEnum(kind.__name__, members))
    mujoco_utils.mujoco = patched
    yield
    mujoco_utils.mujoco = mujoco


def original(name: str) -> gymnasium.Env:
    import gymnasium_robotics

    gymnasium.register_envs(gymnasium_robotics)
    return gymnasium.make(name.removeprefix("gym/")).unwrapped


def simulation_of(env: gymnasium.Env, task: GoalEnvTask) -> GoalEnvSimulation:
    """A nominal world that stands exactly as the original does."""
    simulation = task.simulate(1, 1)
    simulation.load(ONE, task.worlds.nominal(1), ONE)
    simulation.begin(ONE, integration_state(env.model, env.data)[None], env.goal[None])
    return simulation


def actions(env: gymnasium.Env, observation: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Anything for the hands, beyond the limits too; Fetch goes for its object, where there is one."""
    action = rng.uniform(-1.2, 1.2, env.action_space.shape)
    if len(observation) == 25:
        action[:3] = 0.5 * action[:3] + 10.0 * observation[6:9]
    return action.astype(np.float32)


def test_every_shadow_and_fetch_id_of_the_installed_version_is_a_task() -> None:
    original(NAMES[0])
    newest: dict[str, int] = {}
    for name in gymnasium.registry:
        if name.startswith(("Hand", "Fetch")):
            stem, _, version = name.rpartition("-v")
            newest[stem] = max(newest.get(stem, 0), int(version))
    assert {f"gym/{stem}-v{version}" for stem, version in newest.items()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_nominal_world_does_what_the_original_does(name: str) -> None:
    env, task = original(name), make_task(name)
    assert task.episode_steps == gymnasium.spec(name.removeprefix("gym/")).max_episode_steps
    assert task.control_period == env.dt
    assert task.action_space == env.action_space
    expected, _ = env.reset(seed=3)
    simulation = simulation_of(env, task)
    first = expected["achieved_goal"]
    rng = np.random.default_rng(0)
    worst = np.abs(simulation.observation[0] - expected["observation"]).max()
    for _ in range(STEPS):
        action = actions(env, expected["observation"], rng)
        expected, reward, _, _, info = env.step(action)
        outcome = simulation.step(action[None])
        assert not outcome.diverged[0]
        differences = (
            np.abs(simulation.observation[0] - expected["observation"]).max(),
            np.abs(simulation.achieved_goal[0] - expected["achieved_goal"]).max(),
            abs(outcome.rewards["goal"][0] - reward),
            abs(float(simulation.is_success[0]) - info["is_success"]),
        )
        worst = max(worst, *differences)
    assert np.abs(expected["achieved_goal"] - first).max() > 0.01, "what is to be moved has been"
    assert worst < EXACT


def test_the_policy_group_is_the_originals_observation_flattened() -> None:
    for name in (
        "gym/FetchPush-v4",
        "gym/FetchReach-v4",
        "gym/HandReach-v3",
        "gym/HandManipulatePen_BooleanTouchSensors-v1",
    ):
        env = gymnasium.wrappers.FlattenObservation(original(name))
        flat, _ = env.reset(seed=1)
        simulation = simulation_of(env.unwrapped, make_task(name))
        for group in simulation.observe():
            np.testing.assert_array_equal(group[0], flat.astype(np.float32))


@pytest.mark.parametrize("name", [name for name in NAMES if "Touch" not in name and "Dense" not in name])
def test_starts_and_goals_are_drawn_as_the_original_draws_them(name: str) -> None:
    env, task = original(name), make_task(name)
    for seed in range(2):
        # Its first start: later ones carry over what the last episode left.
        env = original(name)
        env.reset(seed=seed)
        state, rng = integration_state(env.model, env.data), np.random.default_rng(seed)
        if isinstance(task, HandManipulate):
            pen = task.variant.object == "pen"
            ours = drop(task.variant.object, [rng], "" if pen else task.variant.rotation)[0]
            goal = task.draw_goal(rng, ours[qpos_slice(task.model)][-14:-11])
        else:
            ours = task.start.copy()
            if isinstance(task, Fetch) and task.kind.object is not None:
                ours[qpos_slice(task.model)][-7:-5] = task.draw_object(rng)
            goal = task.draw_goal(rng)
        ours[0] = state[0]
        np.testing.assert_array_equal(ours, state)
        np.testing.assert_array_equal(goal, env.goal)


@pytest.mark.parametrize(
    "stem",
    [
        *("FetchReach{}-v4", "HandReach{}-v3", "HandManipulateBlock{}-v1", "HandManipulateBlockRotateZ{}-v1"),
        *("HandManipulatePen{}-v1", "HandManipulatePenRotate{}-v1"),
    ],
)
def test_goals_near_and_far_are_judged_as_the_original_judges_them(stem: str) -> None:
    rng = np.random.default_rng(0)
    for suffix in ("", "Dense"):
        name = "gym/" + stem.format(suffix)
        env, task = original(name), make_task(name)
        goal = rng.normal(size=(300, task.goal_size))
        achieved = goal + rng.normal(size=goal.shape) * np.logspace(-5, 0, 300)[:, None]
        if task.goal_size == 7:
            for poses in (goal, achieved):
                poses[:, 3:] /= np.linalg.norm(poses[:, 3:], axis=1, keepdims=True)
        reward, success = task.simulate(1, 1).judge(achieved, goal)
        pairs = list(zip(achieved, goal, strict=True))
        expected = [env.compute_reward(a.copy(), g.copy(), {}) for a, g in pairs]
        np.testing.assert_allclose(reward, expected, rtol=0.0, atol=EXACT)
        assert success.tolist() == [bool(env._is_success(a.copy(), g.copy())) for a, g in pairs]
        assert 0 < success.sum() < 300
