"""gym/*: many worlds, randomized, reproducible, with channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import randomizers
from randomizers import Choice, Fixed, Uniform, WorldDistribution, Worlds
from randomizers.presets import PRESETS, preset
from sim2real.commands import list as list_command
from sim2real.tasks import TASKS, make_task
from sim2real.tasks.gym_robotics.goal_env_simulation import GoalEnvSimulation
from sim2real.trials import TrialEnv

FETCH, REACH, BLOCK, PEN = (
    *("gym/FetchPickAndPlace-v4", "gym/HandReach-v3"),
    *("gym/HandManipulateBlock_ContinuousTouchSensors-v1", "gym/HandManipulatePenDense-v1"),
)
SOME = (FETCH, "gym/FetchSlideDense-v4", REACH, BLOCK, PEN)
"""One of every kind of simulation."""


def simulate(name: str, worlds: int, threads: int = 1, seed: int = 0, **options: Any) -> GoalEnvSimulation:
    """Randomized worlds whose first episodes have begun; the i-th is the same however many there are."""
    task = make_task(name)
    simulation = task.simulate(worlds, threads, **options)
    drawn = simulation.distribution.sample(np.random.default_rng(seed), 8)
    ids = np.arange(worlds)
    simulation.load(ids, drawn, ids)
    simulation.reset(ids, np.zeros(worlds, np.int64))
    return simulation


def with_terms(name: str, *terms: randomizers.Term) -> WorldDistribution:
    """The task's worlds, and these terms."""
    task = make_task(name)
    return WorldDistribution((*task.worlds.terms, *terms), task.target, name)


def noisy(name: str) -> WorldDistribution:
    """Worlds whose sensors are noisy, whose controls are late and whose object is pushed."""
    body = "@object" if name != REACH else "robot0:ffdistal"
    return with_terms(
        name,
        randomizers.ObservationNoise("noise", Uniform(0.001, 0.01), on=make_task(name).achieved_part),
        randomizers.ActionDelay("delay", Choice((0, 1, 2)), on="*"),
        randomizers.ForceProbability("push_probability", Fixed(0.3), on=body),
        randomizers.ForceAcceleration("push", Fixed(20.0), on=body),
    )


def course(simulation: GoalEnvSimulation, steps: int, first: int = 0) -> list[np.ndarray]:
    """What is seen and paid over some steps; the i-th world's actions are the same however many there are."""
    seen = []
    size = simulation.task.actions
    for step in range(first, first + steps):
        action = np.random.default_rng(step).uniform(-1.0, 1.0, (8, size))[: len(simulation.goal)]
        outcome = simulation.step(action)
        seen.append(np.column_stack([*simulation.observe(), outcome.rewards["goal"]]))
    return seen


def assert_same(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    for left, right in zip(a, b, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("name", SOME)
def test_random_actions_in_randomized_worlds_stay_finite(name: str) -> None:
    env = TrialEnv(make_task(name), 32, seed=1, threads=2)
    env.reset()
    rng = np.random.default_rng(0)
    for step in range(110):
        action = rng.uniform(-1.0, 1.0, (32, *env.action_space.shape))
        observation, reward, _, _ = env.step(np.sign(action) if step % 2 else action)
        assert np.isfinite(reward).all()
        assert all(np.isfinite(rows).all() for rows in observation.values())
    assert env.simulation.diverged_steps == 0


@pytest.mark.parametrize("name", SOME)
def test_a_world_does_not_depend_on_how_many_there_are_nor_on_threads(name: str) -> None:
    alone = course(simulate(name, 1, distribution=noisy(name) if name != SOME[1] else None), 12)
    for worlds, threads in ((5, 1), (5, 3)):
        among = course(simulate(name, worlds, threads, distribution=noisy(name) if name != SOME[1] else None), 12)
        assert_same(alone, [rows[:1] for rows in among])
    assert not np.array_equal(among[-1][0], among[-1][1])


@pytest.mark.parametrize("name", SOME)
def test_a_seed_decides_the_worlds_and_all_that_happens_in_them(name: str) -> None:
    assert_same(course(simulate(name, 2), 5), course(simulate(name, 2), 5))
    assert not np.array_equal(course(simulate(name, 2, seed=1), 1)[0], course(simulate(name, 2), 1)[0])


@pytest.mark.parametrize("name", [FETCH, REACH, BLOCK])
def test_a_simulation_goes_on_exactly_where_its_state_was_taken(name: str) -> None:
    simulation, other = (simulate(name, 3, distribution=noisy(name), seed=seed) for seed in (0, 1))
    course(simulation, 7)
    state, seen = simulation.state(), simulation.observe()
    expected = course(simulation, 10, first=7)
    course(other, 3)
    other.restore(state)
    assert_same(list(seen), list(other.observe()))
    assert_same(expected, course(other, 10, first=7))


@pytest.mark.parametrize("name", SOME)
def test_the_episodes_of_a_world_start_differently_and_reproducibly(name: str) -> None:
    simulation = simulate(name, 4)
    simulation.reset(np.arange(4), np.arange(4))
    first = [array.copy() for array in (simulation.sim.qpos, simulation.goal)]
    assert len(np.unique(first[1], axis=0)) == 4
    simulation.reset(np.array([2]), np.array([0]))
    assert not np.array_equal(simulation.goal[2], first[1][2])
    simulation.reset(np.array([2]), np.array([2]))
    assert_same(first, [simulation.sim.qpos, simulation.goal])


def test_an_episode_lasts_its_time_and_success_is_that_of_its_last_step() -> None:
    task = make_task(FETCH)
    env = TrialEnv(task, 2, threads=1)
    env.reset()
    rows = env.simulation
    for step in range(task.episode_steps):
        # World 0 is at its goal all along but for the end, world 1 only at the end.
        last = step >= task.episode_steps - 2
        rows.goal[:] = rows.achieved_goal + 1.0 * np.array([[last], [not last]])
        _, reward, done, infos = env.step(np.zeros((2, 4)))
        assert reward.tolist() == [-1.0, 0.0] if last else [0.0, -1.0]
        assert done.all() == (step == task.episode_steps - 1)
    assert [info["metrics"]["success"] for info in infos] == [0.0, 1.0]
    assert [info["metrics"]["reached"] for info in infos] == [1.0, 1.0]
    assert all(info["TimeLimit.truncated"] for info in infos)


def test_progress_adds_up_to_success_at_the_last_step() -> None:
    simulation = simulate(FETCH, 2)
    total = np.zeros(2)
    for step in range(4):
        simulation.goal[:] = simulation.achieved_goal + float(step == 2) + np.array([[0.0], [1.0]])
        simulation.step(np.zeros((2, 4)))
        total += simulation.progress()
        assert total.tolist() == simulation.measure(np.arange(2))["success"].tolist() == [float(step != 2), 0.0]


def test_a_world_that_diverges_fails_pays_for_the_rest_and_leaves_the_others_alone() -> None:
    simulation, untouched = simulate(FETCH, 3), simulate(FETCH, 3)
    for rows in (simulation, untouched):
        course(rows, 9)
    simulation.sim.qvel[1, 7] = 1e6
    action = np.zeros((3, 4))
    outcome, expected = simulation.step(action), untouched.step(action)
    assert outcome.diverged.tolist() == outcome.failure.tolist() == [False, True, False]
    assert not outcome.success.any()
    assert outcome.rewards["goal"][1] == -(simulation.task.episode_steps - 9)
    assert simulation.diverged_steps == 1
    np.testing.assert_array_equal(outcome.rewards["goal"][[0, 2]], expected.rewards["goal"][[0, 2]])
    for ours, theirs in zip(simulation.observe(), untouched.observe(), strict=True):
        np.testing.assert_array_equal(ours[[0, 2]], theirs[[0, 2]])
        assert np.isfinite(ours).all()


@pytest.mark.parametrize("name", [FETCH, PEN])
def test_a_larger_object_starts_higher_by_as_much_as_it_reaches_farther(name: str) -> None:
    task = make_task(name)
    simulation = task.simulate(2, 1)
    values = task.worlds.nominal(2).values.copy()
    values[1, task.worlds.names.index("object_size")] = 1.1
    ids = np.arange(2)
    simulation.load(ids, Worlds(task.worlds.names, values, np.zeros(2, np.uint64)), ids)
    simulation.reset(ids, np.zeros(2, np.int64))
    geom = task.model.geom("object" if name == PEN else "object0").id
    height = simulation.observation[:, task.columns_of("object_position")][:, 2]
    assert height[1] - height[0] == pytest.approx(0.1 * task.model.geom_rbound[geom])


@pytest.mark.parametrize("name", [BLOCK, REACH])
def test_hands_start_within_the_limits_that_their_joints_have(name: str) -> None:
    simulation = simulate(name, 8)
    joints = simulation.task.robot_joints
    limits = simulation.sim.fields["jnt_range"][:, joints]
    angles = simulation.observation[:, :24]
    assert ((limits[..., 0] <= angles) & (angles <= limits[..., 1])).all()
    assert (np.abs(angles - angles[:1]) > 1e-3).any()


@pytest.mark.parametrize("name", [FETCH, REACH, BLOCK])
def test_noise_reaches_the_policy_alone_and_the_goal_it_has_achieved_with_it(name: str) -> None:
    task = make_task(name)
    term = randomizers.ObservationBias("off", Uniform(0.5, 0.6), on=task.achieved_part)
    simulation, exact = simulate(name, 2, distribution=with_terms(name, term)), simulate(name, 2)
    seen, plain = course(simulation, 3)[-1], course(exact, 3)[-1]
    policy, critic = np.split(seen[:, :-1], 2, axis=1)
    size = task.goal_size
    shift = policy - critic
    np.testing.assert_array_equal(critic, np.split(plain[:, :-1], 2, axis=1)[1])
    np.testing.assert_array_equal(seen[:, -1], plain[:, -1])
    width = task.parts[task.achieved_part][0]
    assert (shift[:, :width] > 0.49).all()
    np.testing.assert_allclose(
        shift[:, :width], shift[:, 2 * size :][:, task.columns_of(task.achieved_part)], atol=1e-6
    )
    assert not shift[:, size : 2 * size].any(), "desired goals are not sensed"
    assert np.count_nonzero(shift) == 2 * 2 * width


@pytest.mark.parametrize("name", [FETCH, BLOCK])
def test_a_delayed_control_arrives_that_many_steps_later(name: str) -> None:
    delay = randomizers.ActionDelay("delay", Fixed(2), on="*")
    late, prompt = simulate(name, 1, distribution=with_terms(name, delay)), simulate(name, 1)
    start = late.sim.ctrl.copy()
    action = np.full((1, late.task.actions), 0.7)
    prompt.step(action)
    sent = prompt.sim.ctrl.copy()
    for arrived in (start, start, sent):
        late.step(action)
        np.testing.assert_allclose(late.sim.ctrl, arrived, atol=0.05 if name == FETCH else 0.0)
    assert np.abs(sent - start).max() > 0.1


def test_pushes_move_the_object() -> None:
    calm, pushed = simulate(FETCH, 1), simulate(FETCH, 1, distribution=noisy(FETCH))
    for simulation in (calm, pushed):
        for _ in range(20):
            simulation.step(np.array([[0.0, 0.0, 1.0, 0.0]]))
    assert np.abs(calm.achieved_goal - pushed.achieved_goal).max() > 1e-3


@pytest.mark.parametrize("name", [name for name in PRESETS if not name.endswith("looks")])
def test_published_worlds_of_hands_fit_and_go_on_exactly_from_a_state(name: str) -> None:
    worlds = preset(name, make_task(BLOCK).target)
    simulation, other = (simulate(BLOCK, 2, distribution=worlds, seed=seed) for seed in (0, 1))
    course(simulation, 3)
    state = simulation.state()
    expected = course(simulation, 4, first=3)
    other.restore(state)
    assert_same(expected, course(other, 4, first=3))
    assert np.isfinite(expected).all()
    assert simulation.diverged_steps == 0


def test_listings_show_a_line_for_each_family_and_data_for_each_task() -> None:
    result = list_command.run(list_command.Options(what="tasks"))
    assert [task["name"] for task in result.data["tasks"]] == list(TASKS)
    lines = [line for line in result.text.splitlines() if line.startswith("gym/")]
    assert [line.split("  ")[0] for line in lines] == [
        *("gym/Fetch*-v4 (8)", "gym/HandReach*-v3 (2)", "gym/HandManipulateBlock*-v1 (26)"),
        *("gym/HandManipulateEgg*-v1 (14)", "gym/HandManipulatePen*-v1 (14)"),
    ]
