"""Terms that share fields: in whatever order they are listed, and as compiled with the same numbers."""

from __future__ import annotations

import copy
from itertools import permutations

import mujoco
import numpy as np
import pytest

from randomizers import (
    ActuatorDamping,
    ActuatorGain,
    BodyOrientation,
    CenterOfMass,
    Choice,
    ContactImpedance,
    ContactWidth,
    Density,
    Fixed,
    ForceLimit,
    Friction,
    FrictionLoss,
    Gravity,
    GravityDirection,
    Inertia,
    JointSpringref,
    JointStiffness,
    Mass,
    MassSpread,
    MotorStrength,
    RollingFriction,
    RoundShape,
    Shape,
    Size,
    SlidingFriction,
    StuckJoint,
    Target,
    Term,
    Wind,
    World,
    WorldDistribution,
)

ONE = Fixed(1.0)
RIG = """
<mujoco>
  <compiler angle="radian"/>
  <worldbody>
    <body name="arm" pos="0 0 1" euler=".1 .2 .3">
      <joint name="arm" axis="0 1 0" frictionloss=".02" stiffness=".1"/>
      <inertial pos=".1 0 0" mass=".3" diaginertia="1e-3 2e-3 2.5e-3"/>
      <geom name="arm" type="capsule" fromto="0 0 0 .2 0 0" size=".02"/>
      <geom name="tip" type="sphere" pos=".2 0 0" size=".03"/>
    </body>
    <body name="block" pos="0 0 .2"><freejoint name="block"/>
      <geom name="block" type="box" size="{block}" mass="{mass}"/></body>
    <body name="can" pos="1 0 .2"><freejoint name="can"/>
      <geom name="can" type="cylinder" size="{can}" mass=".2"/></body>
  </worldbody>
  <contact><pair geom1="block" geom2="can" friction=".5 .5 .02 .002 .002"/></contact>
  <actuator><position name="arm" joint="arm" kp="5" kv=".2" forcerange="-3 3" ctrlrange="-1 1"/></actuator>
</mujoco>
"""
NUMBERS = {"block": ".03 .02 .04", "mass": ".1", "can": ".03 .05"}


@pytest.fixture(scope="module")
def rig() -> Target:
    return Target(mujoco.MjModel.from_xml_string(RIG.format(**NUMBERS)), "rig", {})


@pytest.mark.parametrize(
    ("terms", "numbers"),
    [
        (
            [
                Mass("mass", ONE, on="*", operation="set", each="element"),
                Size("size", ONE, on="*", each="element"),
                Shape("shape", ONE, on="block"),
                RoundShape("round", ONE, on="can"),
                MassSpread("spread", ONE, on="block"),
            ],
            (0.2, 0.3, 0.15, 1.1, 0.9, 1.2, 0.95, 1.3, 0.8, 1.1, 0.9, 1.2, 1.4, 0.7, 1.1),
        ),
        ([Mass("mass", ONE, on="arm"), Inertia("inertia", ONE, on="arm")], (2.0, 1.1, 1.2, 1.3)),
        (
            [Size("size", ONE, on="tip"), CenterOfMass("center", ONE, on="arm", operation="add")],
            (1.5, 0.01, 0.02, 0.03),
        ),
        (
            [BodyOrientation("one", ONE, on="arm"), BodyOrientation("other", ONE, on="arm")],
            (0.3, -0.2, 0.5, -0.1, 0.4, 0.2),
        ),
        (
            [
                Friction("friction", ONE, on="block"),
                SlidingFriction("sliding", ONE, on="can"),
                RollingFriction("rolling", ONE, on="block"),
            ],
            (0.7, 1.3, 2.0),
        ),
        (
            [
                ContactImpedance("impedance", Fixed(0.5), on="arm", operation="set"),
                ContactWidth("width", ONE, on="arm"),
            ],
            (0.8, 0.9, 2.0),
        ),
        (
            [
                ActuatorGain("gain", ONE, on="arm", operation="set"),
                ActuatorDamping("damping", ONE, on="arm"),
                MotorStrength("strength", ONE, on="arm"),
                ForceLimit("limit", ONE, on="arm"),
            ],
            (7.0, 2.0, 0.6, 0.5),
        ),
        (
            [FrictionLoss("loss", ONE, on="arm", operation="set"), StuckJoint("stuck", Choice((0, 1)), on="arm")],
            (0.1, 1.0),
        ),
        ([Gravity("gravity", ONE), GravityDirection("tilt", ONE)], (0.1, 0.2, 0.3, 0.05, -0.1)),
        ([JointStiffness("stiffness", ONE, on="arm"), JointSpringref("springref", ONE, on="arm")], (2.0, 0.3)),
    ],
    ids=lambda value: "-".join(term.kind for term in value) if isinstance(value[0], Term) else "",
)
def test_the_order_in_which_terms_are_listed_does_not_matter(
    terms: list[Term], numbers: tuple[float, ...], rig: Target
) -> None:
    names = WorldDistribution(terms, rig).names
    world = World(dict(zip(names, numbers, strict=True)))
    first, *others = (WorldDistribution(order, rig).settings(world) for order in permutations(terms))
    for other in others:
        for field, rows in first.items():
            np.testing.assert_allclose(rows, other[field], rtol=1e-12, atol=1e-12, err_msg=field)


def test_a_block_of_another_mass_size_and_shape_equals_a_compiled_one(rig: Target) -> None:
    terms = [
        Mass("mass", ONE, on="block", operation="set"),
        Size("size", ONE, on=("block", "can")),
        Shape("shape", ONE, on="block"),
        RoundShape("round", ONE, on="can"),
    ]
    world = World(
        {"mass": 0.3, "size": 1.1, "shape[x]": 0.5, "shape[y]": 2.0, "shape[z]": 1.2, "round[radius]": 0.7}
        | {"round[length]": 1.5}
    )
    written = copy.copy(rig.model)
    WorldDistribution(terms, rig).apply(written, world)
    block = " ".join(str(1.1 * side) for side in (0.03 * 0.5, 0.02 * 2.0, 0.04 * 1.2))
    can = f"{1.1 * 0.7 * 0.03} {1.1 * 1.5 * 0.05}"
    compiled = mujoco.MjModel.from_xml_string(RIG.format(block=block, mass=".3", can=can))
    for field in ("geom_size", "geom_rbound", "geom_aabb", "body_inertia", "body_invweight0", "dof_M0", "dof_length"):
        np.testing.assert_allclose(getattr(written, field), getattr(compiled, field), rtol=1e-12, err_msg=field)


def test_factors_of_spread_always_leave_moments_that_a_body_can_have(rig: Target) -> None:
    rng = np.random.default_rng(0)
    distribution = WorldDistribution([MassSpread("spread", ONE, on="*", each="element")], rig)
    for factors in np.exp(rng.uniform(-7, 7, (50, 9))):
        world = World(dict(zip(distribution.names, factors.tolist(), strict=True)))
        moments = distribution.settings(world)["body_inertia"][0, 1:]
        assert (moments > 0).all()
        assert (2 * moments.max(axis=1) <= moments.sum(axis=1) * (1 + 1e-12)).all()


def test_a_pair_with_a_friction_of_its_own_keeps_its_proportion_to_its_geoms(rig: Target) -> None:
    def pair(**world: float) -> list[float]:
        terms = [Friction("both", ONE, on=("block", "can")), Friction("one", ONE, on="block")]
        return WorldDistribution(terms, rig).settings(World(world))["pair_friction"][0, 0].tolist()

    assert pair() == [0.5, 0.5, 0.02, 0.002, 0.002]
    assert pair(both=0.5) == pytest.approx([0.25, 0.25, 0.01, 0.001, 0.001])
    assert pair(one=0.5) == pair(), "the other geom's is larger now"
    assert pair(one=2.0) == pytest.approx([1.0, 1.0, 0.04, 0.004, 0.004])


def test_a_medium_set_by_a_term_has_wind(rig: Target) -> None:
    distribution = WorldDistribution([Wind("wind", ONE), Density("density", ONE)], rig)
    settings = distribution.settings(World({"density": 1.2, "wind[x]": 3.0}))
    assert (settings["density"][0], settings["wind"][0].tolist()) == (1.2, [3.0, 0.0, 0.0])
