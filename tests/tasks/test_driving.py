"""What happens between a robot's targets and its joints, in the physics of a real hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from randomizers import (
    ActionDelay,
    ActionDelayTime,
    ActionFactor,
    ActionFactorNoise,
    ActionNoise,
    ActionOffset,
    ActionSmoothing,
    ActuatorGain,
    AdversaryAction,
    AdversaryForce,
    Backlash,
    Choice,
    DeadZone,
    Gravity,
    NoLoadSpeed,
    Normal,
    SkippedTick,
    TendonSlack,
    Term,
    TimestepJitter,
    Uniform,
    World,
    WorldDistribution,
    Worlds,
)
from randomizers.channels import Channel
from sim2real.tasks import make_task
from sim2real.tasks.leap_rotate_z import LeapRotateZ
from sim2real.tasks.palm_up_rotate_z import PalmUpRotateZSimulation

PERIOD, SUBSTEPS, TIMESTEP = 0.05, 5, 0.01

TERMS: tuple[Term, ...] = (
    ActionFactor("factor", Normal(1.0, 0.05), "*", each="world"),
    ActionFactorNoise("factor_noise", Uniform(0.0, 0.05), "*"),
    ActionOffset("offset", Normal(0.0, 0.02), "*", each="world"),
    ActionNoise("noise", Uniform(0.0, 0.03), "*"),
    ActionSmoothing("smoothing", Uniform(0.0, 0.5), "*"),
    ActionDelay("delay", Choice((0, 1)), "*", each="world"),
    ActionDelayTime("lag", Uniform(0.0, PERIOD), "*", each="world"),
    Backlash("backlash", Uniform(0.0, 0.03), "*", each="world"),
    TendonSlack("slack", Uniform(0.0, 0.005), "*", each="world"),
    DeadZone("dead_zone", Uniform(0.0, 0.02), "*", each="world"),
    NoLoadSpeed("no_load_speed", Uniform(6.0, 10.0), "*", each="world"),
    SkippedTick("skip", Uniform(0.0, 0.1)),
    TimestepJitter("jitter", Uniform(0.0, 1e-3)),
    AdversaryAction("adversary", Uniform(0.0, 0.2), "*"),
    AdversaryForce("shove", Uniform(0.0, 1.0), "cube"),
    Gravity("gravity", Normal(0.0, 0.1)),
    ActuatorGain("gain", Uniform(0.8, 1.25), "*"),
)
TRIED = (
    {"factor": 1.2},
    {"factor_noise": 0.1},
    {"offset": 0.03},
    {"noise": 0.02},
    {"smoothing": 0.3},
    {"delay": 1.0},
    {"lag": 0.02},
    {"backlash": 0.02},
    {"slack[down]": 0.005, "slack[up]": 0.005},
    {"dead_zone": 0.02},
    {"no_load_speed": 3.0},
    {"skip": 0.3},
    {"jitter": 5e-4},
    {"adversary": 0.2},
    {"shove": 1.0},
    {"gravity[z]": 1.0},
    {"gain": 1.2},
)


@pytest.fixture(scope="module")
def task() -> LeapRotateZ:
    task = make_task("leap/rotate-z")
    assert isinstance(task, LeapRotateZ)
    return task


@pytest.fixture(scope="module")
def distribution(task: LeapRotateZ) -> WorldDistribution:
    return WorldDistribution(TERMS, task.target)


def start(task: LeapRotateZ, distribution: WorldDistribution, worlds: Worlds) -> PalmUpRotateZSimulation:
    simulation = task.simulate(len(worlds), 1, distribution)
    ids = np.arange(len(worlds))
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, np.zeros_like(ids))
    return simulation


def side_by_side(
    task: LeapRotateZ, distribution: WorldDistribution, *changes: dict[str, float]
) -> PalmUpRotateZSimulation:
    """Worlds that differ from the nominal one by `changes` alone, each at the start of its first episode."""
    worlds = Worlds.stack([distribution.complete(World(change, seed=5))[0] for change in changes])
    return start(task, distribution, worlds)


def course(steps: int, worlds: int = 1, seed: int = 0) -> np.ndarray:
    """Random actions (steps, worlds, 16), the same for all worlds."""
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (steps, 1, 16)).repeat(worlds, axis=1)


def test_each_term_by_itself_changes_how_its_world_moves_and_no_other(task, distribution) -> None:
    alone = side_by_side(task, distribution, {})
    simulation = side_by_side(task, distribution, {}, *TRIED, {})
    for action in course(30, len(TRIED) + 2):
        simulation.step(action)
        alone.step(action[:1])
    for row, change in enumerate(TRIED, start=1):
        assert not np.array_equal(simulation.sim.qpos[row], alone.sim.qpos[0]), change
    assert np.array_equal(simulation.sim.qpos[0], alone.sim.qpos[0])
    assert np.array_equal(simulation.sim.qpos[-1], alone.sim.qpos[0])
    assert {name.partition("[")[0] for change in TRIED for name in change} == {term.name for term in TERMS}


def test_nominal_worlds_move_as_without_the_terms(task, distribution) -> None:
    with_terms, without = (
        side_by_side(task, distribution, {}),
        start(task, WorldDistribution([], task.target), Worlds.stack([World({}, seed=5)])),
    )
    for action in course(30):
        with_terms.step(action)
        without.step(action)
        assert np.array_equal(with_terms.sim.qpos, without.sim.qpos)


def test_servos_keep_the_gain_of_their_world_beside_worlds_whose_servos_tire(task, distribution) -> None:
    beside = side_by_side(task, distribution, {"gain": 1.2}, {"no_load_speed": 6.0, "dead_zone": 0.01})
    alone = side_by_side(task, WorldDistribution(TERMS[-2:], task.target), {"gain": 1.2})
    for action in course(30, 2):
        beside.step(action)
        alone.step(action[:1])
        assert np.array_equal(beside.sim.qpos[0], alone.sim.qpos[0])


def test_a_world_is_the_same_whatever_the_others_are(task, distribution) -> None:
    worlds = distribution.sample(np.random.default_rng(0), 4)
    together, alone = start(task, distribution, worlds), start(task, distribution, worlds.take(np.array([2])))
    for action in course(40, 4):
        together.step(action)
        alone.step(action[:1])
        assert np.array_equal(together.sim.qpos[2], alone.sim.qpos[0])


def test_a_restored_simulation_goes_on_bit_for_bit(task, distribution) -> None:
    worlds = distribution.sample(np.random.default_rng(0), 3)
    original = start(task, distribution, worlds)
    for action in course(10, 3):
        original.step(action)
    copy = start(task, distribution, distribution.sample(np.random.default_rng(1), 3))
    copy.restore(original.state())
    ids = np.array([1])
    for t, action in enumerate(course(30, 3, seed=1)):
        for simulation in (original, copy):
            if t == 15:
                simulation.reset(ids, np.ones(1, np.int64))
            simulation.step(action)
        assert np.array_equal(original.sim.qpos, copy.sim.qpos)


def test_a_world_that_follows_another_in_a_row_has_nothing_of_it(task, distribution) -> None:
    worlds = Worlds.stack([*distribution.sample(np.random.default_rng(0), 1), *distribution.nominal(1)])
    simulation, nominal = (
        start(task, distribution, worlds.take(np.array([0]))),
        start(task, distribution, worlds.take(np.array([1]))),
    )
    for action in course(5):
        simulation.step(action)
    simulation.load(np.array([0]), worlds, np.array([1]))
    simulation.reset(np.array([0]), np.array([0]))
    for action in course(20):
        simulation.step(action)
        nominal.step(action)
        assert np.array_equal(simulation.sim.qpos, nominal.sim.qpos)


def test_a_lag_of_a_whole_control_step_is_a_delay_of_one(task, distribution) -> None:
    simulation = side_by_side(task, distribution, {"lag": PERIOD}, {"delay": 1.0}, {"lag": 0.0}, {})
    for action in course(30, 4):
        simulation.step(action)
        assert np.array_equal(simulation.sim.qpos[0], simulation.sim.qpos[1])
        assert np.array_equal(simulation.sim.qpos[2], simulation.sim.qpos[3])


def test_a_lag_of_two_physics_steps_starts_the_motion_two_physics_steps_later(task, distribution) -> None:
    simulation = side_by_side(task, distribution, {"lag": 2 * TIMESTEP}, {})
    controls, calls = [], []
    step = simulation.sim._batch.step

    def recorded(nstep: int) -> None:
        controls.extend([simulation.sim.ctrl.copy()] * nstep)
        calls.append(nstep)
        step(nstep=nstep)

    simulation.sim._batch.step = recorded
    targets = []
    for action in course(6, 2):
        simulation.step(action)
        targets.append(simulation.target_angle[0].copy())
    late, prompt = np.array(controls).reshape(6, SUBSTEPS, 2, 16).transpose(2, 0, 1, 3)
    for k, (before, now) in enumerate(pairwise(targets), start=1):
        assert np.array_equal(prompt[k], np.tile(now, (SUBSTEPS, 1)))
        assert np.array_equal(late[k, :2], np.tile(before, (2, 1)))
        assert np.array_equal(late[k, 2:], np.tile(now, (3, 1)))
    assert calls == [2, 3] * 6, "physics steps with the same controls are made together"


def test_steps_made_together_are_those_made_one_by_one(task, distribution, monkeypatch: pytest.MonkeyPatch) -> None:
    lags = [{"lag": 0.7 * TIMESTEP}, {"lag": 2.4 * TIMESTEP}, {"lag": PERIOD + TIMESTEP}, {}]
    together = side_by_side(task, distribution, *lags)
    actions = list(course(20, 4))
    for action in actions:
        together.step(action)
    monkeypatch.setattr(Channel, "repeats", lambda channel: 0)
    single = side_by_side(task, distribution, *lags)
    for action in actions:
        single.step(action)
    assert np.array_equal(together.sim.state(), single.sim.state())


@pytest.mark.parametrize("joint", range(16))
def test_no_joint_turns_faster_than_its_no_load_speed(joint: int, task, distribution) -> None:
    limit = 3.0
    weightless = {"gravity[z]": 9.81}
    simulation = side_by_side(task, distribution, weightless, weightless | {"no_load_speed": limit})
    simulation.object_pose[:, :3] = (0.0, 0.0, 100.0)
    fastest = np.zeros(2)
    for end in (task.action.upper, task.action.lower):
        target = simulation.target_angle.copy()
        target[:, joint] = end[joint]
        for _ in range(10):
            simulation.step_targets(target)
            fastest = np.maximum(fastest, np.abs(simulation.joint_velocity[:, joint]))
    assert fastest[0] > 1.5 * limit
    assert fastest[1] < 1.02 * limit


def test_a_stalled_joint_keeps_all_its_torque(task, distribution) -> None:
    simulation = side_by_side(task, distribution, {}, {"no_load_speed": 8.0})
    force = simulation.sim.bind("actuator_force")
    for _ in range(40):
        simulation.step_targets(np.array(task.action.upper)[None].repeat(2, axis=0))
    stalled = np.abs(simulation.joint_velocity).max(axis=0) < 1e-3
    assert stalled.sum() > 8
    assert force[1, stalled] == pytest.approx(force[0, stalled], abs=1e-2)


def test_a_servo_pushes_with_nothing_while_its_error_is_in_its_dead_zone(task, distribution) -> None:
    zone = 0.3
    simulation = side_by_side(task, distribution, {"dead_zone": zone}, {})
    force, length, speed = (simulation.sim.bind(f"actuator_{name}") for name in ("force", "length", "velocity"))
    gain, damping = task.model.actuator_gainprm[0, 0], -task.model.actuator_biasprm[0, 2]
    idle = 0
    for action in course(60, 2):
        simulation.step(action)
        error = simulation.target_angle - length
        beyond = error - np.clip(error, -zone, zone)
        expected = np.clip(gain * np.stack((beyond[0], error[1])) - damping * speed, -0.95, 0.95)
        assert force == pytest.approx(expected, abs=1e-9)
        idle += (beyond[0] == 0).sum()
    assert idle > 100


def test_slack_keeps_a_servo_where_its_joint_is_until_it_is_taken_up(task, distribution) -> None:
    simulation = side_by_side(task, distribution, {"slack[down]": 0.2, "slack[up]": 0.2}, {})
    target = np.array(task.action.upper)[None].repeat(2, axis=0)
    # No joint is so far from its target that it takes up half the slack in two control steps.
    for _ in range(2):
        before = simulation.joint_position.copy()
        simulation.step_targets(target)
        assert simulation.sim.ctrl[0] == pytest.approx(before[0], abs=1e-12)
    for _ in range(60):
        simulation.step_targets(target)
    far = np.abs(simulation.joint_position[0] - target[0]) > 0.3
    assert far.any()
    assert np.array_equal(simulation.sim.ctrl[0, far], target[0, far])


def test_skipping_every_tick_leaves_the_hand_at_its_start(task, distribution) -> None:
    simulation = side_by_side(task, distribution, {"skip": 1.0}, {})
    first = simulation.sim.ctrl.copy()
    for action in course(20, 2):
        simulation.step(action)
        assert np.array_equal(simulation.sim.ctrl[0], first[0])
    assert np.array_equal(simulation.target_angle[0], simulation.target_angle[1])


def test_smoothed_targets_lag_behind_by_their_share(task, distribution) -> None:
    simulation = side_by_side(task, distribution, {"smoothing": 0.3})
    smoothed = simulation.sim.ctrl[0].copy()
    for action in course(10):
        simulation.step(action)
        smoothed = 0.3 * smoothed + 0.7 * simulation.target_angle[0]
        assert simulation.sim.ctrl[0] == pytest.approx(smoothed, abs=1e-12)


def test_physics_time_follows_the_time_step_of_each_control_step(task, distribution) -> None:
    means = (0.0, 2e-4, 1e-3)
    simulation = side_by_side(task, distribution, *({"jitter": mean} for mean in means))
    clock = simulation.sim.bind("time")
    lengths = []
    for action in course(400, 3):
        before = clock.copy()
        simulation.step(0.2 * action)
        lengths.append(clock - before)
        assert lengths[-1] == pytest.approx(SUBSTEPS * simulation.sim.fields["timestep"], abs=1e-9)
    added = np.array(lengths) / SUBSTEPS - TIMESTEP
    assert added[:, 0] == pytest.approx(0.0, abs=1e-12)
    assert added[:, 1:].mean(axis=0) == pytest.approx(means[1:], rel=0.15)
    assert (np.sort(added[:, 2])[200]) == pytest.approx(np.log(2) * 1e-3, rel=0.2)


def test_an_adversary_moves_the_controls_and_not_the_targets_that_the_policy_sees(task, distribution) -> None:
    simulation = side_by_side(task, distribution, {}, {"adversary": 0.1})
    low, high = task.model.actuator_ctrlrange.T
    moved = []
    for action in course(30, 2):
        simulation.step(action)
        moved.append((simulation.sim.ctrl[1] - 0.9 * simulation.sim.ctrl[0]) / 0.1)
    assert np.array_equal(simulation.target_angle[0], simulation.target_angle[1])
    assert np.array(moved) == pytest.approx(np.clip(moved, low, high), abs=1e-9)
    assert len(np.unique(np.round(moved, 6)[:, 0])) > 1, "it answers to what it sees"


def test_an_adversarys_push_accelerates_a_free_cube_by_no_more_than_its_strength(task, distribution) -> None:
    simulation = side_by_side(task, distribution, {}, {"shove": 1.0})
    simulation.object_pose[:, :3] = (0.0, 0.0, 100.0)
    simulation.object_velocity[:] = 0.0
    felt = []
    for action in course(40, 2):
        before = simulation.object_velocity[:, :3].copy()
        simulation.step(action)
        felt.append((simulation.object_velocity[:, :3] - before) / PERIOD - (0.0, 0.0, -9.81))
    felt = np.array(felt)
    assert felt[:, 0] == pytest.approx(0.0, abs=1e-9)
    assert 0.5 < np.abs(felt[:, 1]).max() < 1.0 + 1e-9


def bad_steps(simulation: PalmUpRotateZSimulation, actions: Sequence[np.ndarray]) -> int:
    for action in actions:
        simulation.step(action)
    return simulation.diverged_steps


def test_a_world_that_breaks_within_a_control_step_is_counted_once(task, distribution) -> None:
    simulation = side_by_side(task, distribution, {"dead_zone": 0.01}, {})
    simulation.sim.qvel[0, :16] = 1e6
    assert bad_steps(simulation, course(1, 2)) == 1
    assert bad_steps(simulation, course(5, 2)) == 1
