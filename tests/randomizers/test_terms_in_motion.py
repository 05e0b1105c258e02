"""What terms do to how things move, in small models."""

from __future__ import annotations

import copy

import mujoco
import numpy as np
import pytest

from randomizers import (
    BodyPosition,
    CenterOfMass,
    Choice,
    ContactTimeConstant,
    Density,
    Fixed,
    ForceLimit,
    Friction,
    GravityDirection,
    Inertia,
    MotorStrength,
    RollingFriction,
    Shape,
    StuckJoint,
    Target,
    TendonStiffness,
    Term,
    TimeStep,
    Wind,
    World,
    WorldDistribution,
)

ONE = Fixed(1.0)


def write(model: mujoco.MjModel, *terms: Term, **world: float) -> mujoco.MjModel:
    """A copy of the model in a world; brackets of names as double underscores: `tilt__x` for `tilt[x]`."""
    numbers = {
        f"{name[: name.index('__')]}[{name[name.index('__') + 2 :]}]" if "__" in name else name: value
        for name, value in world.items()
    }
    written = copy.copy(model)
    WorldDistribution(terms, Target(model, "model", {})).apply(written, World(numbers))
    return written


def run(model: mujoco.MjModel, seconds: float, **start: object) -> mujoco.MjData:
    """The state after so long from `start`: qvel, ctrl."""
    data = mujoco.MjData(model)
    for name, value in start.items():
        getattr(data, name)[:] = value
    mujoco.mj_step(model, data, round(seconds / model.opt.timestep))
    return data


BALL = """
<mujoco><worldbody>
  <geom name="floor" type="plane" size="5 5 .1" condim="6" friction="1 .005 .0001"/>
  <body name="ball" pos="0 0 .05"><freejoint/>
    <geom name="ball" type="sphere" size=".05" mass=".1" condim="6" friction="1 .005 .0001"/></body>
</worldbody></mujoco>
"""


@pytest.fixture(scope="module")
def ball() -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(BALL)


def test_a_ball_rolls_down_where_gravity_is_tilted(ball: mujoco.MjModel) -> None:
    tilt = GravityDirection("tilt", ONE)
    still, along_x, along_y = (
        run(write(ball, tilt, **world), 1.0) for world in ({}, {"tilt__y": -0.1}, {"tilt__x": 0.1})
    )
    assert np.abs(still.qpos[:2]).max() < 1e-9
    # A solid ball that rolls without slipping: 5/7 of g sin(angle).
    rolled = 0.5 * 5 / 7 * 9.81 * np.sin(0.1)
    assert along_x.qpos[:2] == pytest.approx([rolled, 0.0], rel=0.02, abs=1e-6)
    assert along_y.qpos[:2] == pytest.approx([0.0, rolled], rel=0.02, abs=1e-6)


def test_rolling_friction_stops_a_ball(ball: mujoco.MjModel) -> None:
    friction = RollingFriction("rolling", ONE, on="*", operation="set")
    start = {"qvel": [0.5, 0, 0, 0, 10.0, 0]}
    far, near = (run(write(ball, friction, rolling=value), 2.0, **start).qpos[0] for value in (1e-5, 1e-2))
    assert far > 0.9
    assert near < 0.5 * far


def test_a_softer_contact_lets_a_ball_sink_deeper(ball: mujoco.MjModel) -> None:
    softness = ContactTimeConstant("softness", ONE, on="*")
    hard, soft = (run(write(ball, softness, softness=factor), 1.0).qpos[2] for factor in (1.0, 4.0))
    assert 0.05 - soft > 5 * (0.05 - hard) > 0


def test_a_shorter_time_step_takes_less_time(ball: mujoco.MjModel) -> None:
    data = mujoco.MjData(ball)
    mujoco.mj_step(write(ball, TimeStep("step", ONE), step=0.5), data, 10)
    assert data.time == pytest.approx(0.01)


FLOATING = """
<mujoco><option gravity="0 0 0" {option}/><worldbody>
  <body name="box"><freejoint/><geom name="box" type="box" size=".05 .05 .05" mass=".1"/></body>
</worldbody></mujoco>
"""


def test_a_body_of_a_larger_moment_of_inertia_spins_up_more_slowly() -> None:
    box = mujoco.MjModel.from_xml_string(FLOATING.format(option=""))
    inertia = Inertia("inertia", ONE, on="box")
    torque = np.tile([0, 0, 0, 0, 0, 1e-4], (2, 1))
    light, heavy = (
        run(write(box, inertia, inertia__z=factor), 0.5, xfrc_applied=torque).qvel[5] for factor in (1.0, 1.6)
    )
    assert light / heavy == pytest.approx(1.6, rel=1e-6)


def test_a_denser_medium_brakes_and_its_wind_carries_along() -> None:
    box = mujoco.MjModel.from_xml_string(FLOATING.format(option=""))
    terms = (Density("density", ONE), Wind("wind", ONE))
    start = {"qvel": [1.0, 0, 0, 0, 0, 0]}
    empty, thin, thick = (run(write(box, *terms, density=value), 1.0, **start).qvel[0] for value in (0.0, 1.2, 100.0))
    assert empty == pytest.approx(1.0)
    assert 1.0 > thin > 1.5 * thick > 0.0
    carried = run(write(box, *terms, density=100.0, wind__x=1.0), 1.0, **start)
    assert carried.qvel[0] == pytest.approx(1.0)


FINGER = """
<mujoco><compiler angle="radian"/><option timestep="0.004" integrator="implicitfast"/><worldbody>
  <body name="a" pos="0 0 .3"><joint name="a" axis="0 1 0" damping=".02" range="-1 1" limited="true"/>
    <geom type="capsule" fromto="0 0 0 .05 0 0" size=".01" mass=".05"/>
    <body name="b" pos=".05 0 0"><joint name="b" axis="0 1 0" damping=".02"/>
      <geom type="capsule" fromto="0 0 0 .05 0 0" size=".01" mass=".05"/></body></body>
</worldbody>
<tendon><fixed name="spring" springlength="0"><joint joint="a" coef="1"/></fixed></tendon>
<actuator>
  <position name="a" joint="a" kp="2" kv=".02" forcerange="-.5 .5" ctrlrange="-1 1"/>
  <motor name="b" joint="b" gear="2" ctrlrange="-.2 .2"/>
</actuator></mujoco>
"""


@pytest.fixture(scope="module")
def finger() -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_string(FINGER)


def test_a_stuck_joint_stays_where_it_starts_whatever_its_motor_does(finger: mujoco.MjModel) -> None:
    stuck = StuckJoint("stuck", Choice((0, 1)), on=("a", "b"))
    for target in (-1.0, 1.0):
        moves = run(write(finger, stuck), 10.0, ctrl=[target, 0.0]).qpos
        stays = run(write(finger, stuck, stuck__a=1.0), 10.0, ctrl=[target, 0.0]).qpos
        assert abs(moves[0]) > 0.5
        assert abs(stays[0]) < 0.002
        assert abs(stays[1]) > 0.5, "the joint behind it still hangs down"


def test_a_broken_motor_gives_no_force_and_a_weak_one_a_part(finger: mujoco.MjModel) -> None:
    strength = MotorStrength("strength", ONE, on=("a", "b"))
    whole, weak, broken = (
        run(write(finger, strength, strength=factor), 0.004, ctrl=[0.2, 0.1]).qfrc_actuator
        for factor in (1.0, 0.3, 0.0)
    )
    assert whole == pytest.approx([0.4, 0.2])
    assert weak == pytest.approx([0.12, 0.06])
    assert broken.tolist() == [0.0, 0.0]
    limited = run(write(finger, strength, strength=0.3), 0.004, ctrl=[1.0, 0.0]).qfrc_actuator
    assert limited[0] == pytest.approx(0.3 * 0.5), "its limit of force is weaker too"


def test_a_motor_of_less_force_holds_less(finger: mujoco.MjModel) -> None:
    limit = ForceLimit("limit", ONE, on="a", operation="set")
    forces = [run(write(finger, limit, limit=value), 0.004, ctrl=[1.0, 0.0]).actuator_force[0] for value in (0.1, 0.3)]
    assert forces == pytest.approx([0.1, 0.3])


def test_a_tendon_with_a_spring_pulls_its_joint_back(finger: mujoco.MjModel) -> None:
    spring = TendonStiffness("spring", ONE, on="spring", operation="set")
    slack, sprung = (run(write(finger, spring, spring=value), 5.0, ctrl=[1.0, 0.0]).qpos[0] for value in (0.0, 2.0))
    assert 0 < sprung < 0.5 * slack


STAND = """
<mujoco><worldbody>
  <body name="stand" pos="{x} 0 .1"><geom type="box" size=".05 .05 .05"/>
    <geom type="box" size=".02 .02 .02" pos="0 0 -.06"/></body>
  <body name="block" pos=".5 0 .2" simple="false"><freejoint/>
    <geom name="block" type="box" size=".04 .04 .04" mass=".1"/>
    <geom name="knob" type="box" size=".01 .01 .01" pos="0 .05 0" mass="0"/></body>
</worldbody></mujoco>
"""


def test_a_stand_that_is_moved_catches_what_falls_where_it_then_stands() -> None:
    place = BodyPosition("place", ONE, on="stand")
    nominal = mujoco.MjModel.from_xml_string(STAND.format(x=0))
    moved = run(write(nominal, place, place__x=0.5), 0.5).qpos
    compiled = run(mujoco.MjModel.from_xml_string(STAND.format(x=0.5)), 0.5).qpos
    assert run(nominal, 0.5).qpos[2] < 0
    assert moved[2] == pytest.approx(0.19, abs=1e-3)
    assert np.array_equal(moved, compiled)


def test_a_block_with_its_weight_to_one_side_tips_over_the_edge() -> None:
    weight = CenterOfMass("weight", ONE, on="block")
    model = mujoco.MjModel.from_xml_string(STAND.format(x=0.47))
    stays = run(write(model, weight, weight__x=-0.03), 0.6)
    tips = run(write(model, weight, weight__x=0.03), 0.6)
    assert stays.qpos[2] == pytest.approx(0.19, abs=2e-3)
    assert tips.qpos[2] < 0.15


def test_contacts_are_felt_far_from_the_center_of_mass() -> None:
    weight = CenterOfMass("weight", ONE, on="block")
    model = mujoco.MjModel.from_xml_string(STAND.format(x=0.5))
    counts = []
    for offset in (0.0, 0.3, -0.3):
        data = mujoco.MjData(write(model, weight, weight__z=offset))
        data.qpos[2] = 0.189
        mujoco.mj_forward(write(model, weight, weight__z=offset), data)
        counts.append(data.ncon)
    assert counts == [4, 4, 4]


def test_a_block_made_longer_is_felt_where_it_then_reaches() -> None:
    shape = Shape("shape", ONE, on="block")
    model = mujoco.MjModel.from_xml_string(STAND.format(x=0.5))
    counts = []
    for factor in (1.0, 2.0):
        written = write(model, shape, shape__z=factor)
        data = mujoco.MjData(written)
        data.qpos[2] = 0.15 + 0.079
        mujoco.mj_forward(written, data)
        counts.append(data.ncon)
    assert counts == [0, 4]


SLIDE = """
<mujoco><option gravity="3 0 -9"/><worldbody>
  <geom name="floor" type="plane" size="5 5 .1"/>
  <body name="block" pos="0 0 .02"><freejoint/><geom name="block" type="box" size=".04 .04 .02" mass=".1"/></body>
</worldbody>
<contact><pair geom1="floor" geom2="block" friction=".5 .5 .005 .0001 .0001" condim="3"/></contact></mujoco>
"""


def test_a_slippery_pair_slides() -> None:
    model = mujoco.MjModel.from_xml_string(SLIDE)
    friction = Friction("friction", ONE, on=("floor", "block"))
    holds, slides = (run(write(model, friction, friction=factor), 0.5).qpos[0] for factor in (1.0, 0.5))
    assert holds < 0.01
    # 3 m/s^2 along the floor less a quarter of 9 m/s^2.
    assert slides == pytest.approx(0.5 * (3 - 0.25 * 9) * 0.5**2, rel=0.1)
