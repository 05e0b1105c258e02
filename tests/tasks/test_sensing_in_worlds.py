"""What is sensed and what disturbs, in the simulations of robots."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from randomizers import World, WorldDistribution, Worlds, WorldsError, term_from_config
from sim2real.tasks import make_task
from sim2real.tasks.leap_hand import HOME
from sim2real.tasks.leap_rotate_z import LeapRotateZ
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.robot_task import RobotTask
from sim2real.tasks.sensing import distance_to_others
from sim2real.tasks.shadow_manipulate import ShadowManipulate
from sim2real.trials import TrialEnv
from sim2real.twin import Twin

PERIOD = 0.05
JOINTS = ["joint_position"]


@pytest.fixture(scope="module")
def leap() -> LeapRotateZ:
    task = make_task("leap/rotate-z")
    assert isinstance(task, LeapRotateZ)
    return task


@pytest.fixture(scope="module")
def shadow() -> ShadowManipulate:
    task = make_task("shadow/block-rotate-z")
    assert isinstance(task, ShadowManipulate)
    return task


def term(kind: str, *numbers: float, unit: str = "", on: Any = None, **settings: Any) -> dict[str, Any]:
    """A term's configuration, named as its kind: fixed at a number, or one of several."""
    config = {"name": kind, "kind": kind, "distribution": {"choice": list(numbers)}} | settings
    return config | ({"unit": unit} if unit else {}) | ({"on": on} if on is not None else {})


SENSING = (
    term("observation_scale", 1.05, on=JOINTS),
    term("observation_bias", 0.02, unit="rad", on=JOINTS),
    term("observation_drift", 0.05, unit="rad/sqrt(s)", on=JOINTS),
    term("observation_trend", 0.01, unit="rad/s", on=JOINTS),
    term("observation_noise", 0.02, unit="rad", on=JOINTS),
    term("observation_quantum", 0.01, unit="rad", on=JOINTS),
    term("swapped_sensors", 7, on=JOINTS),
    term("missing_sensor", 0, 1, on=JOINTS),
    term("marker_loss", 0.5, unit="1/s", on=JOINTS),
    term("sensor_period", 2, unit="control steps", on=JOINTS),
    term("observation_delay", 1, unit="control steps", on=JOINTS),
    term("observation_dropout", 0.2, unit="1/control step", on=JOINTS),
    term("held_frame", 0.1, unit="1/control step"),
)
DISTURBANCES = (
    term("force_probability", 0.1, unit="1/control step", on=["@object"]),
    term("force_acceleration", 1.0, unit="m/s^2", on=["@object"]),
    term("torque_probability", 0.1, unit="1/control step", on=["@object", "@robot"]),
    term("torque_acceleration", 5.0, unit="rad/s^2", on=["@object", "@robot"]),
    term("push_rate", 1.0, unit="1/s", on=["@robot"]),
    term("push_impulse", 0.01, unit="N s", on=["@robot"]),
    term("push_duration", 0.1, unit="s", on=["@robot"]),
    term("tilt_angle", 0.1, unit="rad"),
    term("tilt_rate", 0.5, unit="1/s"),
    term("payload_mass", 0.05, unit="kg", on=["@object"]),
    term("payload_time", 1.0, 1.5, 2.0, unit="s", on=["@object"]),
)


def worlds_of(task: RobotTask, *configs: dict[str, Any]) -> WorldDistribution:
    return WorldDistribution([term_from_config(config, task.target) for config in configs], task.target)


def side_by_side(task: RobotTask, distribution: WorldDistribution, *changes: dict[str, float]) -> RobotSimulation:
    """Worlds that differ from the nominal one by `changes` alone, each at the start of its first episode."""
    worlds = Worlds.stack([distribution.complete(World(change, seed=5))[0] for change in changes])
    simulation = task.simulate(len(worlds), 1, distribution)
    assert isinstance(simulation, RobotSimulation)
    ids = np.arange(len(worlds))
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, np.zeros_like(ids))
    return simulation


def act(simulation: RobotSimulation, action: np.ndarray) -> None:
    """One step of every world with the same action (a,)."""
    simulation.step(np.tile(action, (simulation.n, 1)))


def wait(simulation: RobotSimulation, steps: int) -> None:
    for _ in range(steps):
        act(simulation, np.zeros(simulation.last_action.shape[1]))


def actions(steps: int, seed: int = 0) -> np.ndarray:
    return 0.3 * np.random.default_rng(seed).uniform(-1.0, 1.0, (steps, 16))


def test_what_disturbs_sensing_changes_what_the_policy_sees_and_nothing_else(leap) -> None:
    distribution = worlds_of(leap, *SENSING)
    simulation = side_by_side(leap, distribution, {}, {"swapped_sensors": 7.0}, {"held_frame": 0.9})
    for action in actions(20):
        act(simulation, action)
        assert np.array_equal(simulation.sim.qpos[1:], simulation.sim.qpos[:1].repeat(2, axis=0))
        policy, critic = simulation.observe()
        assert np.array_equal(policy[1:, 16:], policy[:1, 16:].repeat(2, axis=0)), "targets and start are not sensed"
        assert np.array_equal(critic[1:, 33:], critic[:1, 33:].repeat(2, axis=0))
    assert not np.array_equal(policy[1, :16], policy[0, :16])
    assert not np.array_equal(policy[2, :16], policy[0, :16])


def test_a_late_sensor_shows_the_joints_as_they_were_so_many_steps_ago(leap) -> None:
    distribution = worlds_of(leap, term("observation_delay", 0, 3, unit="control steps", on=JOINTS))
    simulation = side_by_side(leap, distribution, {}, {"observation_delay": 3.0})
    start = simulation.joint_position[0].copy()
    true = [start] * 3
    for action in actions(12):
        act(simulation, action)
        true.append(simulation.joint_position[1].copy())
        sensed = simulation.sensed_state().position
        assert np.array_equal(sensed, [true[-1], true[-4]])
    # The next episode begins with what is there.
    simulation.reset(np.arange(2), np.ones(2, dtype=np.int64))
    assert np.array_equal(simulation.sensed_state().position, simulation.joint_position)


def test_the_last_observation_of_an_episode_is_the_late_one_and_the_next_episode_has_none_of_it(leap) -> None:
    distribution = worlds_of(leap, term("observation_delay", 2, unit="control steps", on=JOINTS))
    env = TrialEnv(leap, 3, distribution, seed=1, threads=1)
    env.reset()
    env._limit[:] = 6
    seen = [env.simulation.joint_position.copy()]
    for action in actions(6):
        observation, _, _, infos = env.step(np.tile(action, (3, 1)).astype(np.float32))
        if len(seen) < 6:
            seen.append(env.simulation.joint_position.copy())
    scale, offset = np.array(leap.observation[0].scale), np.array(leap.observation[0].offset)
    for i, info in enumerate(infos):
        assert info["TimeLimit.truncated"]
        last = info["terminal_observation"]["policy"][:16]
        assert last == pytest.approx((seen[4][i] - offset) * scale, abs=1e-6)
    first = (env.simulation.joint_position - offset) * scale
    assert observation["policy"][:, :16] == pytest.approx(first, abs=1e-6)


def test_everything_at_once_is_restored_bit_for_bit(leap) -> None:
    distribution = worlds_of(leap, *SENSING, *DISTURBANCES)
    env = TrialEnv(leap, 6, distribution, seed=3, threads=2)
    env.reset()
    env._limit[:] = [10, 25, 30, 33, 38, 60]

    def run(env: TrialEnv, steps: range) -> list[np.ndarray]:
        course = []
        for action in actions(60)[steps.start : steps.stop]:
            observation, reward, done, _ = env.step(np.tile(action, (6, 1)).astype(np.float32))
            course += [observation["policy"], observation["critic"], reward, done, env.simulation.sim.qpos.copy()]
        return course

    # Payloads have appeared in some worlds and not in others, whose second episode began already.
    run(env, range(30))
    state = env.state()
    assert len(np.unique(env.simulation.sim.fields["body_mass"].sum(axis=1))) > 1
    expected = run(env, range(30, 60))
    fresh = TrialEnv(leap, 6, distribution, seed=99, threads=1)
    fresh.reset()
    # Into one that knows nothing, and one that has gone on.
    for other in (fresh, env):
        other.restore(state)
        for one, another in zip(run(other, range(30, 60)), expected, strict=True):
            assert np.array_equal(one, another)


def test_a_world_is_the_same_whatever_the_others_are(leap) -> None:
    distribution = worlds_of(leap, *SENSING, *DISTURBANCES)
    worlds = distribution.sample(np.random.default_rng(0), 4)
    crowd, alone = leap.simulate(3, 2, distribution), leap.simulate(1, 1, distribution)
    first = np.zeros(1, dtype=np.int64)
    alone.load(first, worlds, np.array([1]))
    alone.reset(first, first)
    crowd.load(np.arange(3), worlds, np.array([0, 1, 2]))
    crowd.reset(np.arange(3), np.zeros(3, dtype=np.int64))
    for t, action in enumerate(actions(40)):
        if t == 15:
            crowd.load(np.array([0]), worlds, np.array([3]))
            crowd.reset(np.array([0, 2]), np.array([0, 1]))
        if t == 30:
            crowd.reset(np.array([1]), np.array([1]))
            alone.reset(first, first + 1)
        crowd.step(np.tile(action, (3, 1)))
        alone.step(action[None])
        for several, one in zip(crowd.observe(), alone.observe(), strict=True):
            assert np.array_equal(several[1], one[0]), t


def test_a_nominal_world_of_these_terms_is_the_task_itself_bit_for_bit(leap) -> None:
    given = side_by_side(leap, worlds_of(leap, *SENSING, *DISTURBANCES), {})
    bare = side_by_side(leap, worlds_of(leap), {})
    for action in actions(30):
        act(given, action)
        act(bare, action)
        assert np.array_equal(given.sim.qpos, bare.sim.qpos)
        for one, other in zip(given.observe(), bare.observe(), strict=True):
            assert np.array_equal(one, other)


def test_a_block_freezes_for_the_tracker_while_a_fingertip_is_close_to_its_center(shadow) -> None:
    occlusion = term("marker_occlusion", 0.03, unit="m", on=["object"])
    simulation = side_by_side(shadow, worlds_of(shadow, occlusion), {}, {"marker_occlusion": 10.0})
    columns = sum(term.size for term in shadow.observation) + np.arange(6)
    first = simulation.observe()[0][:, columns]
    for _ in range(5):
        simulation.object_pose[:, 0] += 0.001
        wait(simulation, 1)
    policy = simulation.observe()[0][:, columns]
    assert np.array_equal(policy[1], first[1])
    assert policy[0] == pytest.approx(simulation.track(slice(None))[0], abs=1e-6)
    assert abs(policy[0, 0] - first[0, 0]) > 1e-3


def test_clearance_is_the_distance_to_the_nearest_other_point() -> None:
    points = np.random.default_rng(0).normal(size=(4, 6, 3))
    wanted = [
        [min(np.linalg.norm(world[i] - other) for k, other in enumerate(world) if k != i) for i in range(2)]
        for world in points
    ]
    assert distance_to_others(points, 2) == pytest.approx(np.array(wanted))


def test_occlusion_is_refused_in_a_task_without_markers(leap) -> None:
    with pytest.raises(WorldsError, match="'if_mcp': it is no marker; markers: none"):
        worlds_of(leap, term("marker_occlusion", 0.03, unit="m", on=["if_mcp"]))


def test_a_lost_block_is_lost_with_its_place_and_its_turn_together(shadow) -> None:
    distribution = worlds_of(shadow, term("marker_loss", 1.0, unit="1/s", on=["object_position"]))
    simulation = side_by_side(shadow, distribution, {"marker_loss": 1.0})
    lost, heard = [], simulation._sensing.heard[0, -6:].copy()
    for t in range(150):
        simulation.object_pose[:, 0] += 1e-4 * (-1.0) ** t
        wait(simulation, 1)
        same = simulation._sensing.heard[0, -6:] == heard
        heard = simulation._sensing.heard[0, -6:].copy()
        assert same[:3].all() == same[3:].all()
        lost.append(bool(same.all()))
    runs = "".join("x" if x else " " for x in lost).split()
    assert len(runs) > 1 and all(len(run) % 25 == 0 for run in runs[:-1]), "1 s of 25 Hz"


def test_a_robots_own_side_knows_nothing_of_these_effects(leap) -> None:
    """What will be exported depends on no world, and a twin's sensors deliver what the effects leave."""
    distribution = worlds_of(leap, *SENSING, *DISTURBANCES)
    world = distribution.complete(World({"missing_sensor[if_mcp]": 1.0, "observation_delay": 2.0}, seed=4))
    twin = Twin(leap, world, distribution)
    position, _ = twin.state()
    assert position[0] == 0.0
    assert position[1:] == pytest.approx(twin.simulation.joint_position[0, 1:])
    start = position.copy()
    for _ in range(2):
        twin.step(HOME + 0.1)
        assert np.array_equal(twin.state()[0], start)
    twin.step(HOME + 0.1)
    assert not np.array_equal(twin.state()[0], start)
