"""What servos make of their commands, and which actuators that can be said of."""

from __future__ import annotations

from collections.abc import Mapping
from math import copysign

import mujoco
import numpy as np
import pytest

from randomizers import (
    ActionNoiseShare,
    DeadZone,
    Fixed,
    NoLoadSpeed,
    Target,
    TendonSlack,
    WorldDistribution,
    WorldsError,
)
from randomizers.channels import MOTOR, Channel, Site
from randomizers.channels.transmission import Transmission


class Servos:
    """The servos of some worlds, whose joints are where the test puts them."""

    def __init__(self, arm: Target, settings: Mapping[str, np.ndarray]) -> None:
        self.n = len(next(iter(settings.values())))
        self.qpos, self.qvel = np.zeros((self.n, arm.model.nq)), np.zeros((self.n, arm.model.nv))
        self.ctrl = np.zeros((self.n, arm.model.nu))
        sources = {name: lambda name=name: getattr(self, name) for name in ("qpos", "qvel", "ctrl")}
        self.channel = Channel(MOTOR, settings, Site(self.n, arm, 0.02, sources=sources))
        self.channel.load(np.arange(self.n), settings)

    def wander(self, rng: np.random.Generator) -> None:
        self.qpos[:], self.qvel[:] = rng.uniform(-1, 1, self.qpos.shape), rng.uniform(-8, 8, self.qvel.shape)
        self.ctrl[:] = rng.uniform(-1, 1, self.ctrl.shape)

    def __call__(self, laws: np.ndarray) -> np.ndarray:
        return self.channel.apply(laws, np.zeros((self.n, 0)), np.zeros((self.n, 0)))


def force(law, ctrl: float, length: float, speed: float) -> float:
    return law[0] * ctrl + law[1] + law[2] * length + law[3] * speed


def test_a_servo_gives_what_it_is_asked_for_or_what_is_left_at_its_speed(arm: Target) -> None:
    rng, n = np.random.default_rng(0), 400
    limits, ranges = (
        rng.choice([0.0, 2.0, 5.0], (n, 2)),
        np.stack((rng.uniform(-2, 0, (n, 2)), rng.uniform(0, 2, (n, 2))), 2),
    )
    servos = Servos(arm, {"no_load_speed": limits, "actuator_forcerange": ranges})
    servos.wander(rng)
    servos.qvel[: n // 10] = 0.0
    laws = np.tile([5.0, 0.1, -5.0, -0.2], (n, 2, 1))
    changed = servos(laws)
    seen = set()
    for i in range(n):
        for j in range(2):
            (low, high), limit, speed = ranges[i, j], limits[i, j], servos.qvel[i, j]
            state = servos.ctrl[i, j], servos.qpos[i, j], speed
            asked = force(laws[i, j], *state)
            if limit and speed > 0:
                high = high * max(1 - speed / limit, 0)
            elif limit and speed < 0:
                low = low * max(1 - -speed / limit, 0)
            given = min(max(force(changed[i, j], *state), ranges[i, j, 0]), ranges[i, j, 1])
            assert given == pytest.approx(min(max(asked, low), high), abs=1e-8)
            seen.add((bool(limit), bool(np.sign(speed)), asked > high, asked < low, bool(high), bool(low)))
            if not limit:
                assert np.array_equal(changed[i, j], laws[i, j])
    assert len(seen) > 12


def test_the_force_of_a_servo_begins_at_the_end_of_its_dead_zone(arm: Target) -> None:
    rng, n = np.random.default_rng(0), 100
    zones = rng.choice([0.0, 0.1, 0.5], (n, 2))
    servos = Servos(arm, {"dead_zone": zones})
    servos.wander(rng)
    laws = np.tile([5.0, 0.0, -5.0, -0.2], (n, 2, 1))
    changed = servos(laws)
    for i in range(n):
        for j in range(2):
            error, speed = servos.ctrl[i, j] - servos.qpos[i, j], servos.qvel[i, j]
            left = 0.0 if abs(error) <= zones[i, j] else error - copysign(zones[i, j], error)
            given = force(changed[i, j], servos.ctrl[i, j], servos.qpos[i, j], speed)
            assert given == pytest.approx(5.0 * left - 0.2 * speed, abs=1e-12)
    assert np.array_equal(changed[zones == 0], laws[zones == 0])


def test_torque_that_is_all_there_is_falls_with_the_speed_that_an_integrator_looks_for(arm: Target) -> None:
    servos = Servos(
        arm, {"no_load_speed": np.full((3, 2), 4.0), "actuator_forcerange": np.tile([-2.0, 3.0], (3, 2, 1))}
    )
    servos.qvel[:, :2] = np.array([0.0, 1.0, 5.0])[:, None]
    servos.ctrl[:] = [1.0, -1.0]
    law = servos(np.tile([50.0, 0.0, -50.0, 0.0], (3, 2, 1)))
    assert law[:2, 0] == pytest.approx(np.tile([0.0, 3.0, 0.0, -0.75], (2, 1)))
    assert law[2, 0].tolist() == [0.0] * 4
    # From standstill down as from standstill up; against its motion a servo has all it has.
    assert law[0, 1] == pytest.approx([0.0, -2.0, 0.0, -0.5])
    assert law[1, 1].tolist() == [50.0, 0.0, -50.0, 0.0]


CARRIAGE = """
<mujoco>
  <worldbody>
    <body><joint name="a" axis="0 1 0"/><geom size=".1"/><body><joint name="b" type="slide"/><geom size=".1"/>
      <body><joint name="c" axis="0 0 1"/><geom size=".1"/></body></body></body>
    <body><freejoint name="free"/><geom size=".1"/></body>
  </worldbody>
  <tendon><fixed name="sum"><joint joint="a" coef="2"/><joint joint="c" coef="-.5"/></fixed>
    <spatial name="string"><site site="world"/><site site="tip"/></spatial></tendon>
  <actuator>
    <position name="tendon" tendon="sum" kp="2" gear="3" forcerange="-1 1"/>
    <position name="slide" joint="b" kp="2" forcerange="-1 1" ctrlrange="-1 1"/>
    <position name="endless" joint="a" kp="2"/>
    <motor name="motor" joint="c" gear="1.5" forcerange="1 2"/>
    <position name="one-sided" joint="c" kp="1" forcerange="1 2"/>
    <position name="string" tendon="string" kp="1" forcerange="-1 1"/>
  </actuator>
</mujoco>
""".replace("<worldbody>", '<worldbody><site name="world"/>').replace(
    '<freejoint name="free"/>', '<freejoint name="free"/><site name="tip"/>'
)


@pytest.fixture
def carriage() -> Target:
    return Target(mujoco.MjModel.from_xml_string(CARRIAGE), "carriage", {})


def test_lengths_and_speeds_of_joints_and_fixed_tendons_are_mujocos_own(carriage: Target) -> None:
    model, rng = carriage.model, np.random.default_rng(0)
    transmission, data = Transmission(model), mujoco.MjData(model)
    for _ in range(5):
        data.qpos[:3], data.qvel[:] = rng.normal(size=3), rng.normal(size=model.nv)
        mujoco.mj_forward(model, data)
        assert transmission.length(data.qpos[None])[0, :5] == pytest.approx(data.actuator_length[:5], abs=1e-14)
        assert transmission.speed(data.qvel[None])[0, :5] == pytest.approx(data.actuator_velocity[:5], abs=1e-14)


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        (TendonSlack("x", Fixed(0.1), "motor"), "'motor': it is no position servo of a joint or fixed tendon"),
        (DeadZone("x", Fixed(0.1), "string"), "'string': it is no position servo of a joint or fixed tendon"),
        (NoLoadSpeed("x", Fixed(8.0), "string"), "'string': it is no servo of a joint or fixed tendon"),
        (NoLoadSpeed("x", Fixed(8.0), "endless"), "'endless': it has no force range around 0"),
        (NoLoadSpeed("x", Fixed(8.0), "motor"), "'motor': it is no servo of a joint or fixed tendon"),
        (NoLoadSpeed("x", Fixed(8.0), "one-sided"), "'one-sided': it has no force range around 0"),
        (ActionNoiseShare("x", Fixed(0.1), "endless"), "'endless': its control has no range to take a share of"),
    ],
)
def test_an_actuator_that_cannot_take_a_term_is_refused(term, reason: str, carriage: Target) -> None:
    with pytest.raises(WorldsError, match=reason):
        WorldDistribution([term], carriage)


def test_nominal_servos_keep_their_law_and_a_world_is_the_same_whatever_the_others_are(arm: Target) -> None:
    rng, n = np.random.default_rng(0), 30
    settings = {"dead_zone": rng.uniform(0, 0.3, (n, 2)), "no_load_speed": rng.uniform(2, 8, (n, 2))}
    settings["dead_zone"][4] = settings["no_load_speed"][4] = 0.0
    ranges = np.tile([-2.0, 2.0], (n, 2, 1))
    together = Servos(arm, settings | {"actuator_forcerange": ranges})
    together.wander(rng)
    laws = np.tile([5.0, 0.0, -5.0, -0.2], (n, 2, 1))
    changed = together(laws)
    assert np.array_equal(changed[4], laws[4])
    for row in range(n):
        one = {name: values[row : row + 1] for name, values in settings.items()}
        alone = Servos(arm, one | {"actuator_forcerange": ranges[:1]})
        alone.qpos[0], alone.qvel[0], alone.ctrl[0] = together.qpos[row], together.qvel[row], together.ctrl[row]
        assert np.array_equal(alone(laws[:1])[0], changed[row])
    nominal = Servos(arm, {name: np.zeros((n, 2)) for name in settings})
    assert nominal(laws) is laws
