from __future__ import annotations

from collections.abc import Callable
from math import ceil, cos, exp, pi, sin, sqrt

import mujoco
import numpy as np
import pytest

from randomizers import (
    SETTINGS,
    Fixed,
    PayloadMass,
    PayloadTime,
    PushDuration,
    PushImpulse,
    PushRate,
    Target,
    TiltAngle,
    TiltRate,
    TorqueAcceleration,
    TorqueProbability,
    WorldDistribution,
    WorldsError,
)
from randomizers.channels import FORCE, GRAVITY, LOAD, Channel, Effect, Site

PERIOD = 0.05
BODIES = ("fore", "cube")
DOWN = np.array([0.0, 0.0, -9.81])


class Disturbed:
    """One place's channel with settings by name, the same in all worlds, on two bodies, fed with one generator."""

    def __init__(self, arm: Target, place: tuple[type[Effect], ...], n: int, seed: int = 0, **settings) -> None:
        self.n, self.target, self.rng = n, arm, np.random.default_rng(seed)
        bodies = np.array([arm.id("body", name) for name in BODIES])
        self.channel = Channel(place, settings, Site(n, arm, PERIOD, bodies))
        self.nothing = {id(FORCE): np.zeros((n, 2, 6)), id(GRAVITY): np.tile(DOWN, (n, 1)), id(LOAD): np.ones((n, 2))}
        self.still = self.nothing[id(place)]
        self.set(range(n), **settings)
        self.channel.begin(list(range(n)))
        self.restart(range(n))

    def set(self, ids, fields: dict[str, np.ndarray] | None = None, **settings) -> None:
        rows = {}
        for name, value in settings.items():
            setting = SETTINGS[name]
            rows[name] = np.empty((len(ids), *setting.shape(self.target)), setting.dtype)
            rows[name][:] = value
        self.channel.load(list(ids), rows | (fields or {}))

    def restart(self, ids) -> np.ndarray:
        quiet = np.zeros((len(ids), self.channel.normals)), np.ones((len(ids), self.channel.uniforms))
        return self.channel.restart(list(ids), self.still[list(ids)], *quiet)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        normals = self.rng.standard_normal((self.n, self.channel.normals), np.float32)
        return normals, self.rng.random((self.n, self.channel.uniforms), np.float32)

    def step(self) -> np.ndarray:
        return self.channel.apply(self.still, *self.draw())

    def steps(self, count: int) -> np.ndarray:
        return np.array([self.step() for _ in range(count)])


WORKING = {
    FORCE: {
        "force_probability": 0.2,
        "force_acceleration": 1.0,
        "torque_probability": 0.2,
        "torque_acceleration": 5.0,
        "push_rate": 2.0,
        "push_impulse": 0.1,
        "push_duration": 0.15,
    },
    GRAVITY: {"tilt_angle": 0.2, "tilt_rate": 0.5},
    LOAD: {"payload_mass": 0.05, "payload_time": 0.5},
}
every_place = pytest.mark.parametrize("place", WORKING, ids=("force", "gravity", "load"))


@every_place
def test_nominal_settings_change_nothing(place, arm: Target) -> None:
    disturbed = Disturbed(arm, place, 2, **{name: SETTINGS[name].nominal for name in WORKING[place]})
    for _ in range(30):
        assert np.array_equal(disturbed.step(), disturbed.still)
    if place is not LOAD:
        assert disturbed.step() is disturbed.still, "and cost nothing"


@every_place
def test_a_world_is_disturbed_the_same_whatever_the_others_are(place, arm: Target) -> None:
    nominal = {name: SETTINGS[name].nominal for name in WORKING[place]}
    crowd, alone = Disturbed(arm, place, 3, **WORKING[place]), Disturbed(arm, place, 1, **nominal)
    crowd.set([0], **nominal)
    seen = []
    for t in range(80):
        if t in (20, 40, 60):
            for disturbed in (crowd, alone):
                # At 20 the trial goes on with other settings, as terms drawn at every episode have it.
                disturbed.set([0], **(WORKING[place] if t in (20, 40) else nominal))
                if t != 20:
                    disturbed.channel.begin([0])
                disturbed.restart([0])
        if t == 50:
            crowd.set([1, 2], **nominal)
            crowd.restart([1, 2])
        normals, uniforms = crowd.draw()
        together = crowd.channel.apply(crowd.still, normals, uniforms)
        seen.append(together[0])
        assert np.array_equal(seen[-1:], alone.channel.apply(alone.still, normals[:1], uniforms[:1])), t
    moved = [not np.array_equal(x, alone.still[0]) for x in seen]
    assert not any(moved[:20]) and any(moved[20:40]) and any(moved[40:60]) and not any(moved[60:])


@every_place
def test_restored_disturbances_continue_bit_for_bit(place, arm: Target) -> None:
    disturbed = Disturbed(arm, place, 3, **WORKING[place])
    disturbed.steps(7)
    state = disturbed.channel.state()
    copy = Disturbed(arm, place, 3, **{name: SETTINGS[name].nominal for name in WORKING[place]})
    copy.channel.restore(state)
    disturbed.rng, copy.rng = np.random.default_rng(1), np.random.default_rng(1)
    assert np.array_equal(disturbed.steps(30), copy.steps(30))


@every_place
def test_a_restart_ends_what_an_episode_has_and_keeps_what_a_trial_has(place, arm: Target) -> None:
    disturbed = Disturbed(arm, place, 2, **WORKING[place])
    disturbed.steps(40)
    again = disturbed.restart([1])[0]
    if place is LOAD:
        assert (again > 1.0).all()
        disturbed.channel.begin([1])
        again = disturbed.restart([1])[0]
    assert np.array_equal(again, disturbed.still[1])


@pytest.mark.parametrize("kind", ["force", "torque", "push"])
def test_a_restart_ends_a_force_that_lasts(kind: str, arm: Target) -> None:
    lasting = {
        "force": {"force_probability": 0.9, "force_acceleration": 1.0},
        "torque": {"torque_probability": 0.9, "torque_acceleration": 1.0},
        "push": {"push_rate": 100.0, "push_impulse": 1.0, "push_duration": 10.0},
    }[kind]
    disturbed = Disturbed(arm, FORCE, 2, **lasting)
    disturbed.steps(5)
    disturbed.restart([1])
    # Nothing new comes with uniforms of 1.
    normals, uniforms = disturbed.draw()
    left = disturbed.channel.apply(disturbed.still, normals, np.ones_like(uniforms))
    assert left.any(axis=(1, 2)).tolist() == [True, False]


def test_random_torques_are_in_proportion_to_the_inertia_that_a_body_has_in_its_world(arm: Target) -> None:
    n = 20000
    numbers = {"torque_probability": 1.0, "torque_acceleration": 3.0}
    disturbed = Disturbed(arm, FORCE, n, **numbers)
    inertia = np.tile(arm.model.body_inertia, (n, 1, 1))
    inertia[: n // 2] *= 2.0
    disturbed.set(range(n), {"body_inertia": inertia}, **numbers)
    wrench = disturbed.step()
    assert not wrench[..., :3].any()
    for k, name in enumerate(BODIES):
        mean = arm.model.body(name).inertia.mean()
        assert wrench[: n // 2, k, 3:].std(axis=0) == pytest.approx(6.0 * mean, rel=0.03)
        assert wrench[n // 2 :, k, 3:].std(axis=0) == pytest.approx(3.0 * mean, rel=0.03)


def test_random_torques_come_as_often_as_said_and_fade_as_forces_do(arm: Target) -> None:
    disturbed = Disturbed(arm, FORCE, 100, torque_probability=0.1, torque_acceleration=1.0)
    torque = disturbed.steps(300)[..., 3:]
    faded = np.isclose(torque[1:], torque[:-1] * 0.99 ** (PERIOD / 0.08), rtol=1e-9, atol=0.0).all(axis=-1)
    begun = torque[:-1].any(axis=-1)
    assert (~faded)[begun].mean() == pytest.approx(0.1, abs=0.005)


def test_torques_and_forces_have_nothing_to_do_with_each_other(arm: Target) -> None:
    both = {name: value for name, value in WORKING[FORCE].items() if not name.startswith("push")}
    wrench = Disturbed(arm, FORCE, 400, **both).steps(20).reshape(-1, 12)
    correlation = np.corrcoef(wrench.T) - np.eye(12)
    assert np.abs(correlation).max() < 0.1


def test_a_push_is_what_a_loop_over_steps_makes_of_it(arm: Target) -> None:
    n, rate, impulse, duration = 3, [1.0, 4.0], [0.2, 0.05], [0.0, 0.2]
    disturbed = Disturbed(arm, FORCE, n, push_rate=0.0, push_impulse=0.0, push_duration=0.0)
    whole = np.zeros((3, n, arm.model.nbody))
    for name, values in zip(BODIES, zip(rate, impulse, duration, strict=True), strict=True):
        whole[:, :, arm.id("body", name)] = np.array(values)[:, None]
    disturbed.set(range(n), push_rate=whole[0], push_impulse=whole[1], push_duration=whole[2])
    left, force, begun = np.zeros((n, 2), int), np.zeros((n, 2, 3)), 0
    for _ in range(300):
        normals, uniforms = disturbed.draw()
        wrench = disturbed.channel.apply(disturbed.still, normals, uniforms)
        for i in range(n):
            for k in range(2):
                if left[i, k] == 0:
                    force[i, k] = 0.0
                    chance, height, turn = uniforms[i, 3 * k : 3 * k + 3].astype(float)
                    if chance < 1 - exp(-rate[k] * PERIOD):
                        z, angle = 2 * height - 1, 2 * pi * turn
                        direction = np.array([sqrt(1 - z**2) * cos(angle), sqrt(1 - z**2) * sin(angle), z])
                        left[i, k] = max(1, round(duration[k] / PERIOD))
                        force[i, k] = impulse[k] / (left[i, k] * PERIOD) * direction
                        begun += 1
                left[i, k] -= left[i, k] > 0
        assert wrench[..., :3] == pytest.approx(force, abs=1e-12)
        assert not wrench[..., 3:].any()
    assert begun > 60


def test_pushes_come_as_often_as_said_with_their_impulse_and_from_any_side(arm: Target) -> None:
    n, steps = 200, 1000
    disturbed = Disturbed(arm, FORCE, n, push_rate=0.5, push_impulse=0.3, push_duration=0.1)
    force = disturbed.steps(steps)[:, :, 0, :3]
    begun = np.array([(force[1:] != force[:-1]).any(axis=-1) & force[1:].any(axis=-1)])[0]
    pushes = force[1:][begun]
    pushed = force.any(axis=-1)
    assert begun.sum() / ((~pushed).sum() * PERIOD) == pytest.approx(0.5, rel=0.05)
    assert np.linalg.norm(pushes, axis=1) == pytest.approx(0.3 / 0.1)
    assert force.sum(axis=0).any()
    assert pushed.sum() == pytest.approx(2 * begun.sum(), abs=2 * n), "each lasts two steps"
    # Of directions that are all alike, each coordinate is uniform from -1 to 1.
    for coordinate in (pushes / 3.0).T:
        assert np.histogram(coordinate, 4, (-1.0, 1.0))[0] / len(pushes) == pytest.approx([0.25] * 4, abs=0.02)


def test_a_tilting_base_swings_by_its_angle_about_a_horizontal_axis_and_starts_level(arm: Target) -> None:
    n, steps = 500, 80
    disturbed = Disturbed(arm, GRAVITY, n, tilt_angle=0.3, tilt_rate=0.25)
    gravity = disturbed.steps(steps)
    assert np.array_equal(gravity[0], disturbed.still)
    assert np.linalg.norm(gravity, axis=-1) == pytest.approx(9.81)
    time = PERIOD * np.arange(steps)
    tilt = np.arccos((gravity @ DOWN / 9.81**2).clip(-1, 1))
    assert tilt == pytest.approx(np.abs(0.3 * np.sin(2 * np.pi * 0.25 * time))[:, None].repeat(n, 1), abs=1e-6)
    heading = np.arctan2(gravity[20, :, 1], gravity[20, :, 0])
    assert np.histogram(heading, 4, (-np.pi, np.pi))[0] / n == pytest.approx([0.25] * 4, abs=0.08), "drawn for each"
    aside = gravity[..., :2] @ np.array([1.0, 1.0j])
    turned = aside[1:] / aside[20]
    assert np.abs(turned.imag).max() < 1e-9, "it stays in one plane"
    assert turned.real.min() == pytest.approx(-1.0, abs=1e-3), "to either side"


def test_a_tilting_base_turns_the_gravity_that_its_world_has(arm: Target) -> None:
    disturbed = Disturbed(arm, GRAVITY, 50, tilt_angle=0.3, tilt_rate=0.5)
    disturbed.still[:] = (0.5, -0.2, -8.0)
    disturbed.restart(range(50))
    for gravity in disturbed.steps(15):
        assert np.linalg.norm(gravity, axis=1) == pytest.approx(np.linalg.norm([0.5, -0.2, -8.0]))
    # What is along the axis stays; the axis is horizontal, and half a period on it is level again.
    disturbed.steps(5)
    assert disturbed.step() == pytest.approx(disturbed.still, abs=1e-9)


@pytest.mark.parametrize("time", [0.0, 0.3, 0.32])
def test_a_payload_appears_at_its_time_counted_over_all_episodes_of_a_trial(time: float, arm: Target) -> None:
    n = 2
    disturbed = Disturbed(arm, LOAD, n, payload_mass=0.05, payload_time=time)
    mass = np.array([arm.model.body(name).mass[0] for name in BODIES])
    seen = []
    for t in range(12):
        if t % 5 == 0:
            disturbed.restart(range(n))
        seen.append(disturbed.step())
    for t, factor in enumerate(seen):
        loaded = t >= ceil(round(time / PERIOD, 6))
        assert factor == pytest.approx(np.tile(1 + loaded * 0.05 / mass, (n, 1))), t
    disturbed.channel.begin([0])
    assert (disturbed.restart([0]) > 1.0).all() == (time == 0.0)


def test_a_payload_adds_to_the_mass_that_a_body_has_in_its_world(arm: Target) -> None:
    disturbed = Disturbed(arm, LOAD, 2, payload_mass=0.05)
    mass = np.tile(arm.model.body_mass, (2, 1))
    mass[1] *= 3.0
    disturbed.set([0, 1], {"body_mass": mass}, payload_mass=0.05)
    own = mass[:, [arm.id("body", name) for name in BODIES]]
    assert disturbed.step() * own == pytest.approx(own + 0.05)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([TorqueProbability("t", Fixed(0.1), on="cube")], "does nothing without a term of kind 'torque_acceleration'"),
        ([TorqueAcceleration("t", Fixed(1.0), on="cube")], "does nothing without a term of kind 'torque_probability'"),
        ([PushRate("t", Fixed(1.0), on="cube")], "does nothing without a term of kind 'push_impulse'"),
        ([PushImpulse("t", Fixed(1.0), on="cube")], "does nothing without a term of kind 'push_rate'"),
        ([PushDuration("t", Fixed(1.0), on="cube")], "does nothing without a term of kind 'push_rate'"),
        ([TiltAngle("t", Fixed(0.1))], "does nothing without a term of kind 'tilt_rate'"),
        ([TiltRate("t", Fixed(0.1))], "does nothing without a term of kind 'tilt_angle'"),
        ([PayloadTime("t", Fixed(1.0), on="cube")], "does nothing without a term of kind 'payload_mass'"),
        ([PayloadMass("t", Fixed(1.0), on="anchor")], "'anchor': it has no mass"),
        ([TorqueAcceleration("t", Fixed(1.0), on="anchor")], "'anchor': it has no mass"),
    ],
)
def test_a_disturbance_that_could_do_nothing_is_refused(terms, message: str, arm: Target, table: Target) -> None:
    with pytest.raises(WorldsError, match=message):
        WorldDistribution(terms, table if "anchor" in terms[0].on else arm)


def test_a_payload_has_derived_constants_computed_anew(compile_arm: Callable[..., mujoco.MjModel]) -> None:
    target = Target(compile_arm(), "arm", {})
    assert WorldDistribution([PayloadMass("t", Fixed(0.1), on="cube")], target).recompute
