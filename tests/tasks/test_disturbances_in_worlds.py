"""Payloads, pushes, torques and a tilting base in the simulation of a robot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from randomizers import World, WorldDistribution, Worlds, term_from_config
from sim2real.tasks import make_task
from sim2real.tasks.leap_rotate_z import LeapRotateZ
from sim2real.tasks.robot_simulation import RobotSimulation

PERIOD = 0.05


@pytest.fixture(scope="module")
def leap() -> LeapRotateZ:
    task = make_task("leap/rotate-z")
    assert isinstance(task, LeapRotateZ)
    return task


def term(kind: str, *on: str, unit: str = "1", **settings: Any) -> dict[str, Any]:
    """A term's configuration, named as its kind; its numbers are given world by world."""
    config: dict[str, Any] = {"name": kind, "kind": kind, "unit": unit, "distribution": {"uniform": [0, 1]}}
    return config | settings | ({"on": list(on)} if on else {})


def payload(on: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return term("payload_mass", on, unit="kg"), term("payload_time", on, unit="s")


TILT = (term("tilt_angle", unit="rad"), term("tilt_rate", unit="1/s"))


def side_by_side(
    task: LeapRotateZ, terms: tuple[dict[str, Any], ...], *changes: dict[str, float]
) -> tuple[RobotSimulation, WorldDistribution]:
    """Worlds that differ from the nominal one by `changes` alone, each at the start of its first episode."""
    distribution = WorldDistribution([term_from_config(config, task.target) for config in terms], task.target)
    worlds = Worlds.stack([distribution.complete(World(change, seed=5))[0] for change in changes])
    simulation = task.simulate(len(worlds), 1, distribution)
    ids = np.arange(len(worlds))
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, np.zeros_like(ids))
    return simulation, distribution


def wait(simulation: RobotSimulation, steps: int) -> None:
    for _ in range(steps):
        simulation.step(np.zeros((simulation.n, 16)))


def weight_after(simulation: RobotSimulation, steps: int) -> np.ndarray:
    """What the hand holds up of each cube (n,) [N], having waited so many steps."""
    support = simulation.sim.bind("qfrc_constraint")
    wait(simulation, steps)
    return support[:, 18].copy()


def test_a_payload_weighs_on_the_hand_from_its_time_on_until_the_trial_ends(leap) -> None:
    heavy = {"payload_mass": 0.05, "payload_time": 2.0}
    simulation, distribution = side_by_side(leap, payload("cube"), {}, heavy, heavy | {"payload_time": 0.0})
    empty, full = 0.08 * 9.81, 0.13 * 9.81
    assert weight_after(simulation, 40) == pytest.approx([empty, empty, full], rel=0.01)
    assert weight_after(simulation, 20) == pytest.approx([empty, full, full], rel=0.01)
    ids = np.arange(3)
    simulation.reset(ids, ids * 0 + 1)
    assert weight_after(simulation, 20) == pytest.approx([empty, full, full], rel=0.01), "kept over episodes"
    again = distribution.complete(World(heavy, seed=6))
    simulation.load(ids[1:2], again, ids[:1])
    simulation.reset(ids[1:2], ids[:1])
    assert weight_after(simulation, 20) == pytest.approx([empty, empty, full], rel=0.01), "a new trial starts without"


def test_a_payload_on_a_finger_makes_its_servo_give_way_with_inertia_and_derived_constants(leap) -> None:
    simulation, _ = side_by_side(leap, payload("if_ds"), {}, {"payload_mass": 0.1, "payload_time": 0.5})
    simulation.object_pose[:, :3] = (0.0, 0.0, 100.0)
    simulation.listen()
    body = leap.model.body("if_ds").id
    wait(simulation, 10)
    before = simulation.joint_position.copy()
    assert np.array_equal(before[0], before[1])
    wait(simulation, 30)
    sag = np.abs(simulation.joint_position - before)[:, :4].max(axis=1)
    assert sag[1] > 0.005 > 10 * sag[0]
    masses, inertias = (simulation.sim.fields[name][:, body] for name in ("body_mass", "body_inertia"))
    assert masses[1] == pytest.approx(masses[0] + 0.1)
    assert inertias[1] == pytest.approx(inertias[0] * masses[1] / masses[0])
    heavier = simulation.sim._batch.expand("body_invweight0")
    assert heavier[1, body, 0] < 0.9 * heavier[0, body, 0]


def test_payloads_stay_when_other_numbers_are_drawn_anew_for_an_episode(leap) -> None:
    mass = term("mass", "cube", operation="scale", when="episode", distribution={"uniform": [0.5, 2]})
    heavy = {"payload_mass": 0.05, "payload_time": 0.0}
    simulation, distribution = side_by_side(leap, (*payload("cube"), mass), heavy)
    only = np.zeros(1, dtype=np.int64)
    for episode, factor in enumerate((1.0, 2.0, 2.0)):
        simulation.rewrite(only, distribution.complete(World(heavy | {"mass": factor}, seed=5)))
        simulation.reset(only, only + episode)
        mass = simulation.sim.fields["body_mass"][0, leap.model.body("cube").id]
        assert mass == pytest.approx(0.08 * factor + 0.05)


def test_on_a_tilting_base_a_free_cube_falls_aside(leap) -> None:
    gravity = term("gravity", unit="m/s^2", operation="add")
    tilting = {"tilt_angle": 0.2, "tilt_rate": 0.25}
    simulation, _ = side_by_side(leap, (*TILT, gravity), {}, tilting, tilting | {"gravity[z]": 1.0})
    simulation.object_pose[:, :3] = (0.0, 0.0, 1000.0)
    wait(simulation, 20)
    velocity = simulation.object_velocity[:, :3]
    tilt = 0.2 * np.sin(2 * np.pi * 0.25 * PERIOD * np.arange(20))
    for world, size in enumerate((0.0, 9.81, 8.81)):
        aside = np.linalg.norm(velocity[world, :2])
        assert aside == pytest.approx(size * PERIOD * np.sin(tilt).sum(), abs=1e-6)
    assert velocity[1, 2] == pytest.approx(-9.81 * PERIOD * np.cos(tilt).sum())
    simulation.reset(np.arange(3), np.ones(3, dtype=np.int64))
    assert simulation.sim.fields["gravity"].tolist() == [[0, 0, -9.81], [0, 0, -9.81], [0, 0, -8.81]], "level again"


def test_pushes_and_torques_act_on_the_bodies_that_they_are_for(leap) -> None:
    terms = (
        term("push_rate", "if_ds", unit="1/s", distribution={"uniform": [0, 1000]}),
        term("push_impulse", "if_ds", unit="N s"),
        term("push_duration", "if_ds", unit="s"),
        term("torque_probability", "cube", unit="1/control step"),
        term("torque_acceleration", "cube", unit="rad/s^2", distribution={"uniform": [0, 5]}),
    )
    push = {"push_rate": 1000.0, "push_impulse": 0.01, "push_duration": 0.05}
    twist = {"torque_probability": 1.0, "torque_acceleration": 5.0}
    simulation, _ = side_by_side(leap, terms, {}, push, twist)
    simulation.object_pose[:, :3] = (0.0, 0.0, 100.0)
    cube, finger = leap.model.body("cube").id, leap.model.body("if_ds").id
    spins = []
    for _ in range(200):
        simulation.object_velocity[:] = 0.0
        wait(simulation, 1)
        spins.append(simulation.object_velocity[:, 3:] / PERIOD)
    wrench = simulation.sim.xfrc_applied
    assert not wrench[0].any()
    assert wrench[1, finger, :3].any() and not wrench[1, cube].any()
    assert np.linalg.norm(wrench[1, finger, :3]) == pytest.approx(0.01 / PERIOD)
    spins = np.array(spins)
    assert not spins[:, 0].any()
    assert spins[:, 2].std(axis=0) == pytest.approx(5.0, rel=0.25), "as an angular acceleration"
