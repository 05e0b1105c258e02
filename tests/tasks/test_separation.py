"""Episodes begin without fingers deep in objects or in each other, whatever a world's limits and sizes are."""

from __future__ import annotations

import copy

import mujoco
import numpy as np
import pytest

from randomizers import (
    PRESETS,
    BodyPosition,
    Fixed,
    JointLimits,
    Mass,
    Shape,
    Size,
    Uniform,
    WorldDistribution,
    Worlds,
    WorldsError,
    preset,
)
from sim2real.tasks import make_task
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.robot_task import RobotTask
from sim2real.tasks.separation import TOLERATED
from sim2real.tasks.start_check import check_starts

HANDS = ("leap/rotate-z", "allegro/rotate-z", "shadow/block-rotate-z", "shadow/reach")
WORLDS = 64


def started(task: RobotTask, distribution: WorldDistribution, worlds: Worlds, episode: int = 0) -> RobotSimulation:
    simulation = task.simulate(len(worlds), 1, distribution)
    assert isinstance(simulation, RobotSimulation)
    ids = np.arange(len(worlds))
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, np.full(len(worlds), episode))
    return simulation


def robot_task(name: str) -> RobotTask:
    task = make_task(name)
    assert isinstance(task, RobotTask)
    return task


def deepest(task: RobotTask, distribution: WorldDistribution, worlds: Worlds, simulation: RobotSimulation) -> float:
    """The deepest penetration [m] at the start, as MuJoCo has it in models of the worlds."""
    model = copy.copy(task.model)
    data = mujoco.MjData(model)
    depth = 0.0
    for world, qpos in zip(worlds, simulation.sim.qpos, strict=True):
        distribution.apply(model, world)
        data.qpos[:] = qpos
        mujoco.mj_forward(model, data)
        depth = max(depth, -data.contact.dist.min(initial=0.0))
    return depth


@pytest.mark.parametrize("name", HANDS)
def test_no_start_in_any_preset_is_deep_or_beyond_a_limit(name: str) -> None:
    task = robot_task(name)
    limited = np.array([task.model.joint(joint).id for joint in task.joints])
    moving = {"size", "joint_limits", "shape", "round_shape", "body_position", "body_orientation"}
    for kind in PRESETS:
        full = preset(kind, task.target)
        terms = [term for term in full.terms if term.kind in moving]
        if not terms:
            continue
        distribution = WorldDistribution(terms, task.target)
        worlds = distribution.sample(np.random.default_rng(0), WORLDS)
        simulation = started(task, distribution, worlds)
        assert deepest(task, distribution, worlds, simulation) < TOLERATED + 5e-4, kind
        if "jnt_range" in simulation.sim.fields:
            low, high = np.moveaxis(simulation.sim.fields["jnt_range"][:, limited], -1, 0)
            assert (simulation.joint_position >= low).all() and (simulation.joint_position <= high).all(), kind


def test_limits_would_push_fingers_into_the_block_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    task = robot_task("shadow/block-rotate-z")
    limits = JointLimits("limits", preset("dactyl2018", task.target).terms[6].distribution, on="@robot")
    distribution = WorldDistribution([limits], task.target)
    worlds = distribution.sample(np.random.default_rng(0), WORLDS)
    apart = deepest(task, distribution, worlds, started(task, distribution, worlds))
    monkeypatch.setattr("sim2real.tasks.separation.ROUNDS", 1)
    monkeypatch.setattr("sim2real.tasks.robot_simulation.TRIES", 1)
    assert deepest(task, distribution, worlds, started(task, distribution, worlds)) > 0.005 > apart


def test_a_start_depends_on_its_world_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    task = robot_task("shadow/block-rotate-z")
    distribution = preset("robogym", task.target)
    worlds = distribution.sample(np.random.default_rng(3), 24)
    crowd = started(task, distribution, worlds)
    again = started(task, distribution, worlds)
    turned = started(task, distribution, worlds.take(np.arange(24)[::-1]))
    assert np.array_equal(crowd.sim.qpos, again.sim.qpos)
    assert np.array_equal(crowd.sim.qpos, turned.sim.qpos[::-1])
    for world in (0, 7):
        alone = started(task, distribution, worlds.take(np.array([world])))
        assert np.array_equal(alone.sim.qpos[0], crowd.sim.qpos[world])
    assert not np.array_equal(started(task, distribution, worlds, 1).sim.qpos, crowd.sim.qpos), "episodes differ"


def test_what_is_tolerated_stays_as_it_settled() -> None:
    task = robot_task("leap/rotate-z")
    plain = WorldDistribution([Mass("mass", Fixed(1.0), on="@object")], task.target)
    sized = WorldDistribution([Size("size", Fixed(1.0), on="@object")], task.target)
    seeds = plain.sample(np.random.default_rng(0), 16).seeds
    settled, looked_at = (
        started(task, d, Worlds(d.names, np.ones((16, 1)), seeds)).sim.qpos.copy() for d in (plain, sized)
    )
    assert np.array_equal(settled, looked_at)
    assert {tuple(row) for row in settled} <= {tuple(row) for row in task.starts}


def test_an_object_that_there_is_no_room_for_is_refused_by_the_term() -> None:
    task = robot_task("leap/rotate-z")
    with pytest.raises(WorldsError, match=r"term 'size': at 2.5 an episode of 'leap/rotate-z' would begin with things"):
        check_starts(task, WorldDistribution([Size("size", Uniform(1.0, 2.5), on="@object")], task.target))


def test_terms_that_are_harmless_alone_are_refused_where_they_are_not_together() -> None:
    task = robot_task("leap/rotate-z")
    size = Size("size", Uniform(0.9, 1.14), on="@object")
    shape = Shape("shape", Uniform(0.9, 1.14), on="@object")
    for term in (size, shape):
        check_starts(task, WorldDistribution([term], task.target))
    with pytest.raises(
        WorldsError, match=r"term 'shape': at 1.14 \(size at 1.14\) an episode .* mm inside of one another"
    ):
        check_starts(task, WorldDistribution([size, shape], task.target))


def test_places_are_refused_from_which_the_object_cannot_be_moved_apart() -> None:
    task = robot_task("leap/rotate-z")

    def moved(distance: float) -> WorldDistribution:
        return WorldDistribution([BodyPosition("mount", Uniform(0.0, distance), on="palm")], task.target)

    check_starts(task, moved(0.005))
    with pytest.raises(WorldsError, match=r"term 'mount': at 0.08 an episode .* mm inside of one another"):
        check_starts(task, moved(0.08))


def test_pinned_numbers_are_looked_at_and_no_others() -> None:
    task = robot_task("leap/rotate-z")
    distribution = WorldDistribution([Size("size", Uniform(0.9, 1.1), on="@object")], task.target)
    check_starts(task, distribution.with_pins({"size": 1.0}))
    with pytest.raises(WorldsError, match="term 'size': at 3 an episode"):
        check_starts(task, distribution.with_pins({"size": 3.0}))
