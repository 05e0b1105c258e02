"""Numbers of what turns and of what slides are in different units, and no term takes one for the other."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from randomizers import (
    TERMS,
    ActionNoise,
    Fixed,
    JointDamping,
    JointLimits,
    Target,
    Term,
    WorldDistribution,
    WorldsError,
    dump_worlds,
    load_worlds,
    term_from_config,
)
from randomizers.joint_types import joint_type

GRIPPER = """
<mujoco>
  <compiler angle="radian" autolimits="true"/>
  <default><joint damping="1" armature=".1" frictionloss=".1" stiffness="1"/>
    <position kp="10" kv="1" forcerange="-9 9" ctrlrange="-1 1"/></default>
  <worldbody>
    <body name="arm"><joint name="turn" axis="0 1 0" range="-1 1"/><geom size=".1"/>
      <body name="left"><joint name="left" type="slide" axis="0 1 0" range="0 .04"/><geom size=".01"/></body>
      <body name="right"><joint name="right" type="slide" axis="0 -1 0" range="0 .04"/><geom size=".01"/>
        <site name="there"/></body>
      <site name="here"/></body>
    <body name="free" pos="0 0 1"><freejoint name="free"/><geom size=".01"/></body>
  </worldbody>
  <tendon>
    <fixed name="grip"><joint joint="left" coef=".5"/><joint joint="right" coef=".5"/></fixed>
    <fixed name="bend"><joint joint="turn" coef="2"/></fixed>
    <spatial name="cord"><site site="here"/><site site="there"/></spatial>
  </tendon>
  <actuator>
    <position name="turn" joint="turn"/>
    <position name="left" joint="left"/>
    <position name="grip" tendon="grip"/>
    <position name="bend" tendon="bend"/>
    <position name="cord" tendon="cord"/>
    <motor name="motor" joint="right"/>
  </actuator>
</mujoco>
"""
UNITS = {
    "joint_limits": ("rad", "m"),
    "joint_springref": ("deg", "mm"),
    "joint_damping": ("N m s/rad", "N s/m"),
    "friction_loss": ("N m", "N"),
    "armature": ("kg m^2", "kg"),
    "joint_stiffness": ("N m/rad", "N/m"),
    "actuator_gain": ("N m/rad", "N/m"),
    "actuator_damping": ("N m s/rad", "N s/m"),
    "force_limit": ("N m", "N"),
    "action_offset": ("rad", "m"),
    "action_noise": ("deg", "mm"),
    "backlash": ("rad", "m"),
    "dead_zone": ("rad", "m"),
    "no_load_speed": ("rad/s", "m/s"),
    "tendon_slack": ("rad s", "m s"),
}
"""Every kind whose unit depends on that, with units that a file may give."""


@pytest.fixture(scope="module")
def gripper() -> Target:
    return Target(mujoco.MjModel.from_xml_string(GRIPPER), "gripper", roles={"robot": ["arm"]})


@pytest.fixture(scope="module")
def servos() -> Target:
    """The same without what only some kinds act on: the motor, and the servo of a spatial tendon."""
    text = GRIPPER.replace('<motor name="motor" joint="right"/>', "").replace(
        '<position name="cord" tendon="cord"/>', ""
    )
    return Target(mujoco.MjModel.from_xml_string(text), "servos", roles={"robot": ["arm"]})


def config(kind: str, unit: str, on: object = "@robot", **more: object) -> dict[str, object]:
    operation = "add" if "add" in TERMS[kind].operations else "set"
    given = {"name": "t", "kind": kind, "on": on, "operation": operation, "each": "element", "unit": unit}
    return given | {"distribution": {"fixed": 0.01}} | more


def joints_and_servos(kind: str) -> tuple[list[str], list[str]]:
    """What of the robot turns and what slides, among what the kind acts on."""
    return (["turn"], ["left", "right"]) if TERMS[kind].selects == "joint" else (["turn", "bend"], ["left", "grip"])


def test_every_kind_whose_unit_depends_on_the_joint_is_tried_here() -> None:
    names = {kind for kind, cls in TERMS.items() if cls.slide_unit or cls.unit == "control"}
    assert names == set(UNITS)


def test_what_turns_and_what_slides(gripper: Target) -> None:
    model = gripper.model
    joints = {name: joint_type("joint", model, gripper.id("joint", name)) for name in gripper.names("joint")}
    assert joints == {"turn": "hinge", "left": "slide", "right": "slide", "free": "hinge"}
    actuators = {
        name: joint_type("actuator", model, gripper.id("actuator", name)) for name in gripper.names("actuator")
    }
    assert [name for name, kind in actuators.items() if kind == "hinge"] == ["turn", "bend"]
    assert [name for name, kind in actuators.items() if kind == "slide"] == ["left", "grip", "cord", "motor"]


@pytest.mark.parametrize("kind", UNITS)
def test_the_unit_says_which_joints_of_a_pattern_a_term_acts_on(kind: str, servos: Target) -> None:
    for unit, names in zip(UNITS[kind], joints_and_servos(kind), strict=True):
        # A pattern that matches both types, and a role.
        for on in ("*[tn]*", "@robot"):
            term = term_from_config(config(kind, unit, on), servos)
            assert list(term.select(servos).names) == [
                name for name in names if on == "@robot" or set(name) & set("tn")
            ]
            assert term_from_config(term.to_config(servos), servos) == term


def test_a_pattern_that_matches_only_the_wrong_type_is_refused(gripper: Target) -> None:
    with pytest.raises(WorldsError) as refused:
        term_from_config(config("joint_limits", "rad", ["turn", "left"]), gripper)
    assert str(refused.value) == (
        "term 't': pattern 'left' matched no hinge joint of 'gripper'; hinge joints: turn, free"
    )
    with pytest.raises(
        WorldsError, match="pattern 'turn' matched no slide actuator of 'gripper'; slide actuators: left,"
    ):
        term_from_config(config("action_noise", "mm", "turn"), gripper)


def test_a_unit_of_neither_is_refused(gripper: Target) -> None:
    with pytest.raises(WorldsError, match="unit 'kg' does not fit; unit: rad, deg, m, cm, mm"):
        term_from_config(config("joint_limits", "kg"), gripper)


def test_a_missing_unit_is_asked_for(gripper: Target) -> None:
    given = config("joint_limits", "")
    del given["unit"]
    with pytest.raises(WorldsError, match="in rad or m, as they turn or slide"):
        term_from_config(given, gripper)
    with pytest.raises(WorldsError, match="'unit' is missing: its numbers are in m or cm or mm"):
        term_from_config(given | {"on": "left"}, gripper)


def test_factors_act_on_both(gripper: Target) -> None:
    damping = JointDamping("t", Fixed(2.0), on="@robot")
    assert damping.select(gripper).names == ("turn", "left", "right")
    with pytest.raises(WorldsError, match="joint_type 'slide' is not one that kind 'joint_damping' takes"):
        JointDamping("t", Fixed(2.0), on="@robot", joint_type="slide")


def test_in_python_numbers_of_both_are_refused_until_the_type_is_said(gripper: Target) -> None:
    with pytest.raises(WorldsError, match="joint_limits of turn, left, right is in rad or m"):
        JointLimits("t", Fixed(0.01), on="@robot").select(gripper)
    with pytest.raises(WorldsError, match="action_noise of turn, left is in rad or m"):
        ActionNoise("t", Fixed(0.01), on=("turn", "left")).select(gripper)
    limits = JointLimits("t", Fixed(0.001), on="@robot", joint_type="slide")
    distribution = WorldDistribution([limits], gripper)
    assert set(distribution.units.values()) == {"m"}
    rows = distribution.settings(distribution.sample(np.random.default_rng(0), 1))["jnt_range"][0]
    assert rows[gripper.id("joint", "turn")].tolist() == [-1.0, 1.0]
    assert rows[gripper.id("joint", "left")] == pytest.approx([0.001, 0.041])
    assert JointLimits("t", Fixed(0.001), on="left").parameter_unit(gripper, limits.select(gripper)) == "m"


def test_a_file_goes_round(gripper: Target, tmp_path) -> None:
    terms: list[Term] = [
        JointLimits("turning", Fixed(0.1), on="@robot", joint_type="hinge"),
        JointLimits("sliding", Fixed(0.001), on="@robot", joint_type="slide"),
    ]
    distribution = WorldDistribution(terms, gripper)
    (tmp_path / "worlds.yaml").write_text(dump_worlds(distribution))
    again = load_worlds(tmp_path / "worlds.yaml", gripper)
    assert again.terms == distribution.terms and again.names == distribution.names
