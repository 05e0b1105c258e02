"""What a world's numbers do to the simulation, one number at a time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from randomizers import World, Worlds
from sim2real.tasks import make_task
from sim2real.tasks.leap_rotate_z import LeapRotateZ
from sim2real.tasks.palm_up_rotate_z import PalmUpRotateZSimulation

PERIOD = 0.05


@pytest.fixture(scope="module")
def task() -> LeapRotateZ:
    task = make_task("leap/rotate-z")
    assert isinstance(task, LeapRotateZ)
    return task


def side_by_side(task: LeapRotateZ, *changes: dict[str, float]) -> PalmUpRotateZSimulation:
    """Worlds that differ from the nominal one by `changes` alone, each at the start of its first episode."""
    worlds = Worlds.stack([task.worlds.complete(World(change, seed=5))[0] for change in changes])
    simulation = task.simulate(len(worlds), 1)
    ids = np.arange(len(worlds))
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, np.zeros_like(ids))
    return simulation


def actions(steps: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (steps, 16))


def act(simulation: PalmUpRotateZSimulation, action: np.ndarray) -> None:
    """One step of every world with the same action (16,)."""
    simulation.step(np.tile(action, (simulation.n, 1)))


def wait(simulation: PalmUpRotateZSimulation, steps: int) -> None:
    for _ in range(steps):
        act(simulation, np.zeros(16))


def lift(simulation: PalmUpRotateZSimulation) -> None:
    """Put the cubes so high that they touch nothing for seconds."""
    simulation.object_pose[:, :3] = (0.0, 0.0, 100.0)
    simulation.object_velocity[:] = 0.0


CHANGES = (
    {"cube_mass": 1.4},
    {"cube_size": 1.05},
    {"friction": 1.3},
    {"joint_damping": 2.0},
    {"friction_loss": 2.0},
    {"armature": 1.25},
    {"servo_gain": 1.3},
    {"gravity[z]": 0.5},
    {"action_delay": 1.0},
    {"action_noise": 0.02},
    {"backlash": 0.02},
    {"push_probability": 1.0, "push_acceleration": 1.0},
)


def test_each_number_by_itself_changes_how_its_world_moves_and_no_other(task) -> None:
    alone = side_by_side(task, {})
    simulation = side_by_side(task, {}, *CHANGES, {})
    for action in actions(20):
        act(simulation, action)
        act(alone, action)
    for row, change in enumerate(CHANGES, start=1):
        assert not np.array_equal(simulation.sim.qpos[row], alone.sim.qpos[0]), change
    assert np.array_equal(simulation.sim.qpos[0], alone.sim.qpos[0])
    assert np.array_equal(simulation.sim.qpos[-1], alone.sim.qpos[0])


def test_every_term_of_the_tasks_worlds_is_among_those_tested_here(task) -> None:
    tested = {name.partition("[")[0] for change in CHANGES for name in change}
    elsewhere = {"joint_limits", "joint_noise", "joint_offset"}
    assert tested | elsewhere == {term.name for term in task.worlds.terms}


def test_a_resting_cube_weighs_on_the_hand_with_its_own_mass(task) -> None:
    factors = np.array([1.0, 1.4, 0.7])
    simulation = side_by_side(task, *({"cube_mass": factor} for factor in factors))
    support = simulation.sim.bind("qfrc_constraint")
    wait(simulation, 40)
    assert support[:, 18] == pytest.approx(0.08 * factors * 9.81, rel=0.01)


def test_a_cube_sinks_faster_in_stronger_gravity_whatever_its_mass(task) -> None:
    simulation = side_by_side(task, {}, {"gravity[z]": -0.5, "gravity[x]": 0.3}, {"cube_mass": 1.4})
    lift(simulation)
    wait(simulation, 2)
    fallen = [[0.0, 0.0, -9.81], [0.3, 0.0, -10.31], [0.0, 0.0, -9.81]]
    assert simulation.object_velocity[:, :3] == pytest.approx(2 * PERIOD * np.array(fallen), abs=1e-9)


def test_a_larger_cube_lies_higher_by_half_of_what_it_grew(task) -> None:
    simulation = side_by_side(task, {}, {"cube_size": 1.05}, {"cube_size": 0.95})
    wait(simulation, 40)
    height = simulation.object_pose[:, 2]
    assert height[1:] - height[0] == pytest.approx(0.035 * np.array([0.05, -0.05]), abs=8e-4)


def test_a_spinning_cube_turns_less_far_on_a_hand_that_grips_and_farther_on_one_that_does_not(task) -> None:
    simulation = side_by_side(task, {"friction": 0.6}, {}, {"friction": 1.5})
    wait(simulation, 10)
    simulation.begin(np.arange(3), [])
    simulation.object_velocity[:, 5] = 8.0
    wait(simulation, 5)
    rate = simulation.measure(np.arange(3))["rotation_rate"]
    assert rate[0] > 1.2 * rate[1] > 1.2 * 1.2 * rate[2] > 0.0


def test_joints_give_way_in_inverse_proportion_to_the_servo_gain(task) -> None:
    factors = np.array([0.6, 1.0, 1.6])
    simulation = side_by_side(task, *({"servo_gain": factor, "friction_loss": 0.0} for factor in factors))
    lift(simulation)
    wait(simulation, 40)
    # Held against its own weight alone.
    sag = (simulation.joint_position - simulation.target_angle)[:, 0]
    assert abs(sag[1]) > 0.01
    assert sag * factors == pytest.approx(sag[1], rel=0.05)


@pytest.mark.parametrize("name", ["joint_damping", "friction_loss", "armature"])
def test_joints_move_less_far_in_a_step_the_more_they_resist(task, name: str) -> None:
    simulation = side_by_side(task, {}, {name: 3.0})
    before = simulation.joint_position.copy()
    act(simulation, np.eye(16)[6] * 0.4)
    moved = (simulation.joint_position - before)[:, 6]
    assert moved[0] > moved[1] + 1e-3


def test_a_joint_does_not_pass_the_limit_of_its_own_world(task) -> None:
    simulation = side_by_side(task, {}, {"joint_limits[if_pip:low]": 0.3})
    for _ in range(15):
        act(simulation, -np.eye(16)[2])
    reached = simulation.joint_position[:, 2]
    assert reached[0] == pytest.approx(-0.506, abs=0.05)
    assert reached[1] == pytest.approx(-0.206, abs=0.08)


def test_a_delay_of_one_step_shifts_the_whole_response_by_exactly_that_step(task) -> None:
    delayed, prompt = side_by_side(task, {"action_delay": 1.0}), side_by_side(task, {})
    course = actions(40)
    prompt.step(np.zeros((1, 16)))
    delayed.step(course[:1])
    for now, following in pairwise(course):
        assert np.array_equal(delayed.sim.qpos, prompt.sim.qpos)
        prompt.step(now[None])
        delayed.step(following[None])


def test_action_noise_moves_the_controls_and_not_the_targets_that_the_policy_sees(task) -> None:
    simulation = side_by_side(task, {}, {"action_noise": 0.02})
    noise = []
    # As far from any limit as the start pose is, so that nothing is cut off.
    for _ in range(100):
        wait(simulation, 1)
        noise.append(simulation.sim.ctrl[1] - simulation.sim.ctrl[0])
    assert np.array_equal(simulation.target_angle[0], simulation.target_angle[1])
    free = np.abs(simulation.sim.ctrl[0] - task.action.lower) > 0.1
    assert np.std(noise, axis=0)[free] == pytest.approx(0.02, rel=0.3)
    assert np.mean(noise, axis=0)[free] == pytest.approx(0.0, abs=0.01)


def test_backlash_leaves_the_servo_behind_by_its_half_width(task) -> None:
    simulation = side_by_side(task, {"backlash": 0.03})
    for sign in (1.0, 1.0, -1.0, -1.0):
        act(simulation, sign * 0.4 * np.ones(16))
        free = np.abs(simulation.target_angle[0] - task.action.lower) > 1e-9
        behind = simulation.target_angle - simulation.sim.ctrl
        assert behind[0][free] == pytest.approx(sign * 0.03, abs=1e-9)


def columns(simulation: PalmUpRotateZSimulation) -> np.ndarray:
    """The joint angles (n, 16) [rad] that the policy is given."""
    policy = simulation.observe()[0][:, :16].astype(np.float64)
    term = simulation.task.observation[0]
    return policy / np.array(term.scale) + np.array(term.offset)


def test_joint_noise_reaches_the_policy_and_leaves_the_true_joints_untouched(task) -> None:
    simulation = side_by_side(task, {}, {"joint_noise": 0.02})
    errors = []
    for action in actions(200):
        act(simulation, 0.3 * action)
        assert np.array_equal(simulation.sim.qpos[0], simulation.sim.qpos[1])
        policy, critic = simulation.observe()
        errors.append((columns(simulation) - simulation.joint_position)[1])
        assert np.array_equal(policy[0, 16:], policy[1, 16:])
        assert np.array_equal(critic[0, 33:], critic[1, 33:]), "what only the simulator knows has no noise"
    assert columns(simulation)[0] == pytest.approx(simulation.joint_position[0], abs=1e-6)
    assert np.std(errors, axis=0) == pytest.approx(0.02, rel=0.2)
    assert np.mean(errors, axis=0) == pytest.approx(0.0, abs=0.006)
    correlation = np.corrcoef(np.ravel(errors[:-1]), np.ravel(errors[1:]))[0, 1]
    assert abs(correlation) < 0.1, "drawn anew in every step"


def test_a_joint_offset_stays_for_the_whole_trial(task) -> None:
    offset = np.linspace(-0.06, 0.06, 16)
    change = {f"joint_offset[joint_position.{joint}]": value for joint, value in enumerate(offset)}
    simulation = side_by_side(task, {}, change)
    for episode in range(3):
        for action in actions(10, seed=episode):
            act(simulation, 0.3 * action)
            assert (columns(simulation) - simulation.joint_position)[1] == pytest.approx(offset, abs=1e-6)
        simulation.reset(np.arange(2), np.full(2, episode + 1))
        assert (columns(simulation) - simulation.joint_position)[1] == pytest.approx(offset, abs=1e-6)
    assert np.array_equal(simulation.sim.qpos[0], simulation.sim.qpos[1])


def test_a_push_accelerates_a_free_cube_alike_whatever_its_mass(task) -> None:
    push = {"push_probability": 1.0, "push_acceleration": 1.0}
    simulation = side_by_side(task, {}, push, push | {"cube_mass": 1.4}, push | {"push_acceleration": 2.0})
    lift(simulation)
    felt = []
    for _ in range(30):
        before = simulation.object_velocity[:, :3].copy()
        wait(simulation, 1)
        felt.append((simulation.object_velocity[:, :3] - before) / PERIOD - (0.0, 0.0, -9.81))
    felt = np.array(felt)
    assert felt[:, 0] == pytest.approx(0.0, abs=1e-9)
    assert felt[:, 2] == pytest.approx(felt[:, 1], abs=1e-9)
    assert felt[:, 3] == pytest.approx(2 * felt[:, 1], abs=1e-9)
    assert felt[:, 1].std() == pytest.approx(1.0, rel=0.25)


def test_pushes_come_as_often_as_their_probability_says_and_fade(task) -> None:
    simulation = side_by_side(task, {"push_probability": 0.1, "push_acceleration": 1.0})
    forces = []
    for _ in range(400):
        wait(simulation, 1)
        forces.append(simulation.sim.xfrc_applied[0, task.model.body("cube").id, :3].copy())
    forces = np.array(forces)
    moving = forces[:-1].any(axis=1)
    kept = np.isclose(forces[1:], 0.99 ** (PERIOD / 0.08) * forces[:-1], rtol=1e-6, atol=0).all(axis=1)
    assert (~kept[moving]).mean() == pytest.approx(0.1, abs=0.04)
    other = np.delete(simulation.sim.xfrc_applied[0], task.model.body("cube").id, axis=0)
    assert not other.any()


def test_an_episode_starts_without_the_push_of_the_one_before(task) -> None:
    push = {"push_probability": 0.1, "push_acceleration": 1.0}
    simulation = side_by_side(task, push, push)
    while not simulation.sim.xfrc_applied.any():
        wait(simulation, 1)
        assert simulation.steps[0] < 100
    simulation.reset(np.array([1]), np.array([1]))
    assert simulation.sim.xfrc_applied.any(axis=(1, 2)).tolist() == [True, False]
    wait(simulation, 1)
    assert simulation.sim.xfrc_applied.any(axis=(1, 2)).tolist() == [True, False]


def test_the_noises_of_actions_sensors_and_pushes_have_nothing_to_do_with_each_other(task) -> None:
    noisy = {"action_noise": 0.02, "joint_noise": 0.02, "push_probability": 1.0, "push_acceleration": 1.0}
    simulation = side_by_side(task, {}, noisy)
    noises = []
    for _ in range(300):
        wait(simulation, 1)
        moved = simulation.sim.ctrl[1] - simulation.sim.ctrl[0]
        sensed = (columns(simulation) - simulation.joint_position)[1]
        noises.append(np.concatenate((moved, sensed, simulation.sim.xfrc_applied[1, task.model.body("cube").id, :3])))
    correlation = np.corrcoef(np.array(noises).T) - np.eye(35)
    assert np.abs(correlation).max() < 0.35


def test_another_world_in_a_row_leaves_its_neighbours_as_they_were(task) -> None:
    worlds = task.worlds.sample(np.random.default_rng(0), 4)
    simulations = [task.simulate(3, 1) for _ in range(2)]
    ids = np.arange(3)
    for simulation in simulations:
        simulation.load(ids, worlds, ids)
        simulation.reset(ids, np.zeros(3, dtype=np.int64))
    changed, left = simulations
    for t, action in enumerate(actions(30)):
        if t == 10:
            changed.load(np.array([1]), worlds, np.array([3]))
            changed.reset(np.array([1]), np.zeros(1, dtype=np.int64))
        for simulation in simulations:
            act(simulation, action)
        for one, other in zip(changed.observe(), left.observe(), strict=True):
            assert np.array_equal(one[[0, 2]], other[[0, 2]])
    assert not np.array_equal(changed.sim.qpos[1], left.sim.qpos[1])
