"""leap/tumble: which tumbles count and what leaning pays."""

import numpy as np
import pytest

from deploy_robot.quaternions import from_rotation_vector, from_yaw, multiply
from randomizers import Worlds
from sim2real.tasks import make_task
from sim2real.tasks.cube_faces import OPPOSITE, heights, lean
from sim2real.tasks.palm_up_tumble import PalmUpTumble, PalmUpTumbleSimulation
from sim2real.trials import TrialEnv

QUARTER = np.pi / 2


@pytest.fixture(scope="module")
def task() -> PalmUpTumble:
    task = make_task("leap/tumble")
    assert isinstance(task, PalmUpTumble)
    return task


def begun(task: PalmUpTumble, worlds: int = 1) -> PalmUpTumbleSimulation:
    env = TrialEnv(task, worlds, threads=1, draw=lambda rng, n: Worlds((), np.zeros((n, 0)), np.arange(n)))
    env.reset()
    simulation = env.simulation
    assert isinstance(simulation, PalmUpTumbleSimulation)
    simulation.object_pose[:, :3] = task.cube_start
    simulation.object_pose[:, 3:] = (1.0, 0.0, 0.0, 0.0)
    simulation.object_velocity[:] = 0.0
    simulation.begin(np.arange(worlds), [])
    return simulation


def turned(simulation: PalmUpTumbleSimulation, *turn: float) -> dict[str, float]:
    """What each reward term pays when cubes are turned by a rotation vector [rad] from where they are."""
    pose = simulation.object_pose
    pose[:, 3:] = multiply(from_rotation_vector(np.array([turn])), pose[:, 3:])
    outcome = simulation.evaluate(np.zeros(simulation.n, dtype=bool))
    return {name: float(term[0]) for name, term in outcome.rewards.items()}


def test_the_six_faces_are_told_apart_however_a_cube_is_turned() -> None:
    up = heights(np.array([[1.0, 0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(up, [[0, 0, 1, 0, 0, -1]], atol=1e-12)
    onto_x = multiply(from_yaw(np.array([0.7])), from_rotation_vector(np.array([[0.0, -QUARTER, 0.0]])))
    np.testing.assert_allclose(heights(onto_x), [[1, 0, 0, -1, 0, 0]], atol=1e-12)
    leaning = heights(from_rotation_vector(np.array([[0.3, 0.0, 0.0]])))
    assert lean(leaning[0, 2]) == pytest.approx(0.3)
    assert (leaning[:, OPPOSITE] == -leaning).all()


def test_leaning_further_than_ever_pays_and_leaning_back_costs_nothing(task) -> None:
    simulation = begun(task)
    weight = simulation.reward.lean
    assert turned(simulation, 0.5, 0.0, 0.0)["lean"] == pytest.approx(0.5 * weight)
    assert turned(simulation, -0.4, 0.0, 0.0)["lean"] == 0.0
    assert turned(simulation, 0.4, 0.0, 0.0)["lean"] == pytest.approx(0.0, abs=1e-9)
    assert turned(simulation, 0.1, 0.0, 0.0)["lean"] == pytest.approx(0.1 * weight)


def test_turning_about_the_vertical_is_no_tumbling(task) -> None:
    simulation = begun(task)
    for _ in range(6):
        paid = turned(simulation, 0.0, 0.0, 0.5)
        assert paid["lean"] == pytest.approx(0.0, abs=1e-6)
        assert paid["tumble"] == 0.0


def test_tumbling_on_counts_each_time_and_rocking_only_once(task) -> None:
    on, rocking = begun(task), begun(task)
    assert [turned(on, QUARTER, 0, 0)["tumble"] > 0 for _ in range(5)] == [True] * 5
    assert on.measure(np.array([0]))["tumbles"] == [5.0]
    turns = (QUARTER, -QUARTER, QUARTER, -QUARTER)
    assert [turned(rocking, turn, 0, 0)["tumble"] > 0 for turn in turns] == [True, False, False, False]
    # Leaning back to the face before does not pay either.
    assert turned(rocking, 0.4, 0, 0)["lean"] == 0.0
    assert turned(rocking, -0.8, 0, 0)["lean"] == pytest.approx(0.4 * rocking.reward.lean)


@pytest.mark.parametrize(("what", "value"), [("fast", 5.0), ("low", 0.0)])
def test_a_face_comes_up_only_in_a_cube_that_is_calm_and_held(what, value, task) -> None:
    simulation = begun(task)
    if what == "fast":
        simulation.object_velocity[:, 3] = value
    else:
        simulation.object_pose[:, 2] = task.lowest + 0.01
    paid = turned(simulation, QUARTER, 0, 0)
    assert paid["tumble"] == 0.0
    assert simulation.measure(np.array([0]))["tumbles"] == [0.0]
    assert (paid["lean"] == 0.0) == (what == "low")


def test_it_starts_from_what_turning_about_the_vertical_has_learnt(task) -> None:
    assert task.policy_names == make_task("leap/rotate-z").policy_names


def test_a_restored_run_goes_on_exactly(task) -> None:
    env = TrialEnv(task, 4, seed=1, threads=1)
    env.reset()
    rng = np.random.default_rng(0)
    for _ in range(8):
        env.step(rng.uniform(-1.0, 1.0, (4, 16)))
    state, action = env.state(), rng.uniform(-1.0, 1.0, (4, 16))
    first = [env.step(action)[1] for _ in range(40)]
    other = TrialEnv(task, 4, seed=2, threads=1)
    other.reset()
    other.restore(state)
    np.testing.assert_array_equal([other.step(action)[1] for _ in range(40)], first)
