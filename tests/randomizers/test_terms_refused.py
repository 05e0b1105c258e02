"""Terms that contradict themselves, each other, or what they are to act on."""

from __future__ import annotations

import re

import mujoco
import numpy as np
import pytest

from randomizers import (
    ActionDelay,
    ActuatorDamping,
    ActuatorGain,
    BodyOrientation,
    BodyPosition,
    CenterOfMass,
    Choice,
    ContactDampingRatio,
    ContactImpedance,
    ContactTimeConstant,
    Density,
    Fixed,
    ForceLimit,
    ForceProbability,
    Friction,
    Gravity,
    GravityDirection,
    Inertia,
    JointDamping,
    JointLimits,
    JointSpringref,
    JointStiffness,
    Mass,
    MassSpread,
    MotorStrength,
    RoundShape,
    Shape,
    Size,
    SlidingFriction,
    StuckJoint,
    Target,
    TendonRange,
    Term,
    TimeStep,
    Uniform,
    Wind,
    World,
    WorldDistribution,
    WorldsError,
    term_from_config,
)
from randomizers.fields import nominal_rows

WIDE = Uniform(0.5, 2.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Mass("m", Uniform(0, 1), on="a"),
            "term 'm': distribution Uniform(low=0.0, high=1.0) reaches 0 to 1; kind 'mass' takes values above 0",
        ),
        (lambda: Friction("m", Uniform(-1, 1), on="a"), "kind 'friction' takes values of at least 0"),
        (lambda: ForceProbability("p", Uniform(0, 2), on="a"), "takes values of at least 0 and at most 1"),
        (lambda: Mass("m", WIDE), "term 'm': kind 'mass' takes patterns of body names in 'on', got []"),
        (lambda: Gravity("g", WIDE, on="a"), "term 'g': kind 'gravity' takes no 'on', got ['a']"),
        (
            lambda: Mass("m", WIDE, on="a", operation="add"),
            "term 'm': operation 'add' is not one that kind 'mass' takes; operation: scale, set",
        ),
        (
            lambda: Gravity("g", WIDE, each="element"),
            "each 'element' is not one that kind 'gravity' takes; each: world",
        ),
        (
            lambda: Mass("m", WIDE, on="a", when="step"),
            "when 'step' is not one that kind 'mass' takes; when: trial, episode",
        ),
        (lambda: Mass("", WIDE, on="a"), "a term's name is a non-empty text without brackets, got ''"),
        (lambda: Mass("m[0]", WIDE, on="a"), "without brackets, got 'm[0]'"),
        (lambda: Mass("m", 1.0, on="a"), "term 'm': distribution must be a Distribution, got 1.0"),
        (
            lambda: Mass("m", WIDE, on="a", unseen=Uniform(1.9, 3)),
            "term 'm': unseen Uniform(low=1.9, high=3.0) overlaps "
            "the training range Uniform(low=0.5, high=2.0); they may share an end point only",
        ),
        (
            lambda: ActionDelay("d", Uniform(0, 2), on="a"),
            "term 'd': distribution must be a Choice of whole control steps",
        ),
        (lambda: ActionDelay("d", Choice((0, 0.5)), on="a"), "must be a Choice of whole control steps"),
    ],
)
def test_a_term_that_contradicts_itself_is_refused(make, message: str) -> None:
    with pytest.raises(WorldsError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (Mass("t", WIDE, on="anchor"), "term 't': mass cannot act on body 'anchor': it has no mass"),
        (
            Size("t", WIDE, on="mesh"),
            "size cannot act on geom 'mesh': it is a mesh; shapes that size can scale: sphere, "
            "capsule, ellipsoid, cylinder, box",
        ),
        (JointLimits("t", WIDE, on="wheel"), "joint_limits cannot act on joint 'wheel': it is unlimited"),
        (JointLimits("t", WIDE, on="ball"), "joint_limits cannot act on joint 'ball': a ball joint has no two ends"),
        (ActuatorGain("t", WIDE, on="velocity"), "actuator_gain cannot act on actuator 'velocity': it is neither"),
        (ActuatorDamping("t", WIDE, on="motor"), "actuator_damping cannot act on actuator 'motor': it is no position"),
        (JointDamping("t", WIDE, on="wheel"), "joint_damping is 0 at wheel of 'table'; scaling changes nothing"),
        (
            Mass("t", WIDE, on=("capsule", "measured"), operation="set"),
            "one shared value cannot stand for the nominal mass of capsule",
        ),
        (ForceProbability("t", Fixed(0.1), on="anchor"), "cannot act on body 'anchor': it has no mass"),
        (Mass("t", WIDE, on="thumb"), "term 't': pattern 'thumb' matched no body of 'table'; bodies: anchor, capsule"),
    ],
)
def test_what_the_model_cannot_take_is_refused(term: Term, message: str, table: Target) -> None:
    with pytest.raises(WorldsError, match=re.escape(message)):
        term.select(table)


def test_a_value_that_a_kind_cannot_take_is_refused_at_writing(arm: Target) -> None:
    mass = Mass("mass", WIDE, on="cube")
    with pytest.raises(WorldsError, match="the given worlds' value reaches -1 to 1; kind 'mass' takes values above 0"):
        mass.write(arm, mass.select(arm), nominal_rows(arm, mass.fields, 2), np.array([[1.0], [-1.0]]))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (3, "a term is written as keys and values, got 3; keys: kind, unit, optional, name, distribution, on"),
        (
            {"nam": "x"},
            "unknown key 'nam'; keys: kind, unit, optional, name, distribution, on, operation, each, when, unseen",
        ),
        ({"name": "x", "kind": "mass"}, "key 'distribution' is missing; given: name, kind"),
        ({"name": "x", "kind": "mas", "distribution": {"fixed": 1}}, "unknown kind 'mas'; kinds: action_delay"),
        ({"name": "x", "kind": "mass", "on": [1], "distribution": {"fixed": 1}}, "'on' takes name patterns, got [1]"),
    ],
)
def test_an_unreadable_config_of_a_term_is_refused(config: object, message: str, arm: Target) -> None:
    with pytest.raises(WorldsError, match=re.escape(message)):
        term_from_config(config, arm)


RIG = """
<mujoco>
  <compiler angle="radian"/>
  <option gravity="0 0 0"/>
  <worldbody>
    <geom name="floor" type="plane" size="1 1 .1"/>
    <body name="stand" mocap="true"><geom name="stand" type="box" size=".1 .1 .1" mass="0"/></body>
    <body name="rod" pos="0 0 1">
      <joint name="rod" axis="0 1 0"/>
      <geom name="rod" type="capsule" size=".005 .2" mass=".1"/>
      <geom name="ball" type="sphere" size=".03" mass="0"/>
      <geom name="fin" type="ellipsoid" size=".03 .02 .01" mass="0" fluidshape="ellipsoid"/>
    </body>
    <body name="free" pos="0 0 .2"><freejoint name="free"/>
      <geom name="free" type="box" size=".03 .02 .04" mass=".1"/></body>
    <body name="loose" pos="0 0 .5"><joint name="a" axis="1 0 0" actuatorfrcrange="-1 1"/>
      <geom name="stiff" size=".03" mass=".1" solref="-1000 -10"/></body>
  </worldbody>
  <contact>
    <pair geom1="free" geom2="rod" friction=".5 .5 .005 .0001 .0001"/>
    <pair geom1="free" geom2="floor" solref="-500 -5"/>
  </contact>
  <tendon><fixed name="string"><joint joint="a" coef="1"/></fixed></tendon>
  <actuator>
    <motor name="one" joint="a"/>
    <motor name="other" joint="a" forcerange="-1 2"/>
    <motor name="limited" joint="rod" forcerange="-1 2"/>
    <muscle name="muscle" joint="rod" lengthrange="0 1"/>
  </actuator>
</mujoco>
"""


@pytest.fixture(scope="module")
def rig() -> Target:
    return Target(mujoco.MjModel.from_xml_string(RIG), "rig", {})


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (
            Inertia("t", Uniform(0.9, 1.1), on="rod"),
            "inertia cannot act on body 'rod': factors from 0.9 to 1.1, each on its own, can make one of its moments "
            "0.00138, 0.00138, 1.25e-06 kg m^2 exceed the sum of the other two; narrow the range, or use kind mass_spread",
        ),
        (Inertia("t", Fixed(1), on="rod", unseen=Uniform(1.1, 1.5)), "factors from 1.1 to 1.5, each on its own"),
        (MassSpread("t", WIDE, on="stand"), "mass_spread cannot act on body 'stand': it has no mass"),
        (
            CenterOfMass("t", WIDE, on="free"),
            "center_of_mass cannot act on body 'free': it is compiled with a diagonal inertia; give the body the "
            'attribute simple="false"',
        ),
        (BodyPosition("t", WIDE, on="free"), "body_position cannot act on body 'free': it moves freely"),
        (BodyOrientation("t", WIDE, on="stand"), "body_orientation cannot act on body 'stand': it is a mocap body"),
        (Shape("t", WIDE, on="ball"), "it is a sphere; shapes that shape can scale: box, ellipsoid"),
        (RoundShape("t", WIDE, on="free"), "it is a box; shapes that round_shape can scale: capsule, cylinder"),
        (Size("t", WIDE, on="fin"), "size cannot act on geom 'fin': its drag in a fluid was compiled from its size"),
        (
            Friction("t", WIDE, on="free", operation="set"),
            "friction cannot act on geom 'free': its contact pair with 'rod' has a friction of its own; use operation: scale",
        ),
        (
            ContactTimeConstant("t", WIDE, on="stiff"),
            "contact_time_constant cannot act on geom 'stiff': its contacts are given as stiffness and damping",
        ),
        (
            ContactDampingRatio("t", WIDE, on="free"),
            "cannot act on geom 'free': its contact pair with 'floor' is given as stiffness and damping",
        ),
        (
            ContactImpedance("t", Uniform(0.9, 1.1), on="rod"),
            "cannot act on geom 'rod': values from 0.9 to 1.1 bring its impedance to 1.045; it is below 1",
        ),
        (JointStiffness("t", WIDE, on="rod"), "joint_stiffness is 0 at rod of 'rig'; scaling changes nothing"),
        (JointSpringref("t", WIDE, on="free"), "cannot act on joint 'free': free and ball joints rest in a pose"),
        (
            StuckJoint("t", Choice((0, 1)), on="free"),
            "stuck_joint cannot act on joint 'free': nothing holds a free joint",
        ),
        (StuckJoint("t", Choice((0, 1)), on="a"), "cannot act on 'rig': the force of actuator 'muscle' has no limit"),
        (TendonRange("t", WIDE, on="string"), "tendon_range cannot act on tendon 'string': it is unlimited"),
        (ForceLimit("t", WIDE, on="muscle"), "force_limit cannot act on actuator 'muscle': its force is unlimited"),
        (ForceLimit("t", WIDE, on="one"), "cannot act on actuator 'one': 'other' is under the same limit of force"),
        (
            ForceLimit("t", WIDE, on="limited", operation="set"),
            "cannot act on actuator 'limited': it has several limits, or another in each direction; use operation: scale",
        ),
        (
            MotorStrength("t", WIDE, on="muscle"),
            "motor_strength cannot act on actuator 'muscle': only of fixed and affine",
        ),
        (GravityDirection("t", Fixed(0.1)), "'rig' has no gravity to tilt; use kind gravity"),
        (Density("t", WIDE, operation="scale"), "density is 0 in 'rig'; scaling changes nothing, use operation: set"),
    ],
)
def test_what_a_rig_cannot_take_is_refused(term: Term, message: str, rig: Target) -> None:
    with pytest.raises(WorldsError, match=re.escape(message)):
        term.select(rig)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (
            [Friction("a", WIDE, on="fin", operation="set"), SlidingFriction("b", WIDE, on="fin", operation="set")],
            "term 'b': it sets sliding_friction of 'fin', as term 'a' does; one term may",
        ),
        (
            [TimeStep("a", Fixed(0.001), operation="set"), TimeStep("b", Fixed(0.002), operation="set")],
            "term 'b': it sets timestep, as term 'a' does; one term may",
        ),
        (
            [Shape("a", WIDE, on="free"), Inertia("b", Fixed(1.0), on="free")],
            "term 'b': inertia cannot act on body 'free': term 'a' changes the proportions of its moments too",
        ),
        (
            [Inertia("a", Fixed(1.0), on="rod"), MassSpread("b", WIDE, on=("rod", "free"))],
            "term 'a': inertia cannot act on body 'rod': term 'b' changes the proportions of its moments too",
        ),
        (
            [Inertia("a", Fixed(1.0), on="rod"), Inertia("b", Fixed(1.0), on=("rod", "free"))],
            "term 'a': inertia cannot act on body 'rod': term 'b' changes the proportions of its moments too",
        ),
        ([Wind("a", WIDE)], "term 'a': 'rig' has no medium that could blow; wind needs a term of kind 'density' or"),
        (
            [JointSpringref("a", WIDE, on="rod"), JointStiffness("b", WIDE, on="a", operation="set")],
            "term 'a': joint_springref cannot act on joint 'rod': it has no spring; give it one with a term of kind",
        ),
    ],
)
def test_terms_that_contradict_each_other_are_refused(terms: list[Term], message: str, rig: Target) -> None:
    rest = [Mass("rest", WIDE, on="rod")]
    with pytest.raises(WorldsError, match=re.escape(message)):
        WorldDistribution(terms + rest, rig)


def test_an_inertia_that_no_body_has_is_refused_at_writing(rig: Target) -> None:
    inertia = Inertia("t", Fixed(1.0), on="free")
    world = World({"t[x]": 3.0})
    with pytest.raises(WorldsError, match=r"of its moments .* in a given world one exceeds the sum of the other two"):
        WorldDistribution([inertia], rig).settings(world)


def test_half_stuck_is_refused_at_writing(arm: Target) -> None:
    stuck = StuckJoint("t", Choice((0, 1)), on="elbow")
    with pytest.raises(WorldsError, match=re.escape("values must be 0 (moves) or 1 (stuck)")):
        WorldDistribution([stuck], arm).settings(World({"t[elbow]": 0.5}))
    with pytest.raises(WorldsError, match=re.escape("must be a Choice of 0 (moves) and 1 (stuck)")):
        StuckJoint("t", Uniform(0, 1), on="elbow")
