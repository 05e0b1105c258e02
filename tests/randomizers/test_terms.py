from __future__ import annotations

import re

import numpy as np
import pytest

from randomizers import (
    SETTINGS,
    TERMS,
    ActionDelay,
    ActionNoise,
    ActuatorDamping,
    ActuatorGain,
    Armature,
    Backlash,
    Choice,
    Fixed,
    ForceAcceleration,
    ForceProbability,
    Friction,
    FrictionLoss,
    Gravity,
    JointDamping,
    JointLimits,
    LogUniform,
    Mass,
    Mixture,
    Normal,
    ObservationBias,
    ObservationNoise,
    Size,
    Target,
    Term,
    Uniform,
    WorldsError,
    term_from_config,
)
from randomizers.fields import nominal_row, nominal_rows

WIDE = Uniform(0.5, 2.0)
EVERY_KIND = [
    Mass("t", WIDE, on="cube"),
    Mass("t", WIDE, on="*", operation="set", each="element"),
    Size("t", WIDE, on=("cube", "fore", "tip"), each="element"),
    Friction("t", WIDE, on="*"),
    Friction("t", WIDE, on="*", operation="set", each="element"),
    JointDamping("t", WIDE, on="*", each="element"),
    JointDamping("t", WIDE, on="*", operation="set", each="element"),
    FrictionLoss("t", WIDE, on="elbow"),
    Armature("t", WIDE, on=("elbow", "shoulder")),
    JointLimits("t", Normal(0.0, 0.15), on=("elbow", "shoulder")),
    Gravity("t", Normal(0.0, 0.4)),
    ActuatorGain("t", LogUniform(0.75, 1.5), on="*"),
    ActuatorGain("t", WIDE, on="*", operation="set", each="element"),
    ActuatorDamping("t", WIDE, on="*"),
    ActuatorDamping("t", WIDE, on="*", operation="set"),
    ActionDelay("t", Choice((1, 2)), on="*"),
    ActionNoise("t", WIDE, on="elbow"),
    Backlash("t", WIDE, on="*"),
    ObservationNoise("t", WIDE, on="joints"),
    ObservationBias("t", Normal(0.0, 1.0), on="*"),
    ForceProbability("t", Uniform(0.1, 0.5), on="cube"),
    ForceAcceleration("t", WIDE, on="cube"),
]
EVERYTHING = sorted({field for term in EVERY_KIND for field in term.fields} | set(SETTINGS))

every_term = pytest.mark.parametrize("term", EVERY_KIND, ids=lambda term: f"{term.kind}-{term.operation}")


def _draw(term: Term, target: Target, n: int) -> np.ndarray:
    return term.draw(np.random.default_rng(0), n, len(term.parameters(term.select(target))))


def test_the_terms_below_cover_every_kind() -> None:
    assert {term.kind for term in EVERY_KIND} == set(TERMS)


def test_every_kind_says_what_it_is() -> None:
    for cls in TERMS.values():
        assert cls.__doc__ and cls.unit


@every_term
def test_a_term_changes_the_fields_it_declares_and_no_other(term: Term, arm: Target) -> None:
    rows = nominal_rows(arm, EVERYTHING, 3)
    term.apply(arm, term.select(arm), rows, _draw(term, arm, 3))
    changed = {field for field in EVERYTHING if (rows[field] != nominal_row(arm, field)).any()}
    assert changed == set(term.fields)


@every_term
def test_writing_three_times_equals_writing_once(term: Term, arm: Target) -> None:
    selection, values = term.select(arm), _draw(term, arm, 3)
    rows = nominal_rows(arm, term.fields, 3)
    term.write(arm, selection, rows, values)
    once = {field: array.copy() for field, array in rows.items()}
    for _ in range(2):
        term.write(arm, selection, rows, values)
    for array in rows.values():
        array[:] = 7
    term.write(arm, selection, rows, values)
    for field in term.fields:
        assert np.array_equal(rows[field], once[field])


@every_term
def test_the_nominal_values_write_the_model_bit_for_bit(term: Term, arm: Target) -> None:
    selection = term.select(arm)
    rows = nominal_rows(arm, term.fields, 2)
    term.write(arm, selection, rows, np.tile(term.nominal(arm, selection), (2, 1)))
    for field in term.fields:
        assert rows[field][1].tobytes() == nominal_row(arm, field).tobytes()


@every_term
def test_a_world_does_not_see_its_neighbours(term: Term, arm: Target) -> None:
    selection, values = term.select(arm), _draw(term, arm, 5)
    together, alone = nominal_rows(arm, term.fields, 5), nominal_rows(arm, term.fields, 1)
    term.write(arm, selection, together, values)
    term.write(arm, selection, alone, values[3:4])
    for field in term.fields:
        assert np.array_equal(together[field][3], alone[field][0])


@every_term
def test_a_term_survives_its_config(term: Term, arm: Target) -> None:
    assert term_from_config(term.to_config(arm), arm) == term


def test_one_number_is_shared_by_all_or_drawn_for_each(arm: Target) -> None:
    shared = JointDamping("damping", WIDE, on=("elbow", "shoulder"))
    own = JointDamping("damping", WIDE, on=("elbow", "shoulder"), each="element")
    assert shared.parameters(shared.select(arm)) == ("damping",)
    assert own.parameters(own.select(arm)) == ("damping[shoulder]", "damping[elbow]")
    rows = nominal_rows(arm, ("dof_damping",), 1)
    shared.write(arm, shared.select(arm), rows, np.array([[2.0]]))
    assert rows["dof_damping"][0, :2].tolist() == [0.2, 0.4]
    own.write(arm, own.select(arm), rows, np.array([[2.0, 3.0]]))
    assert rows["dof_damping"][0, :2] == pytest.approx([0.2, 0.6])


def test_parts_of_an_element_have_names() -> None:
    gravity = Gravity("gravity", Normal(0.0, 0.4))
    assert gravity.parameters(gravity.select(None)) == ("gravity[x]", "gravity[y]", "gravity[z]")


def test_each_end_of_a_joints_range_has_a_name_and_a_draw(arm: Target) -> None:
    limits = JointLimits("limits", Normal(0.0, 0.1), on="elbow")
    assert limits.parameters(limits.select(arm)) == ("limits[elbow:low]", "limits[elbow:high]")
    rows = nominal_rows(arm, ("jnt_range",), 1)
    limits.write(arm, limits.select(arm), rows, np.array([[-0.25, 0.5]]))
    assert rows["jnt_range"][0].tolist() == [[-1.0, 1.0], [-2.25, 1.0], [0.0, 0.0]]


def test_limits_that_would_cross_stay_a_little_apart(arm: Target) -> None:
    limits = JointLimits("limits", Normal(0.0, 0.1), on="shoulder")
    rows = nominal_rows(arm, ("jnt_range",), 1)
    limits.write(arm, limits.select(arm), rows, np.array([[3.0, -1.0]]))
    assert rows["jnt_range"][0, 0] == pytest.approx([0.99, 1.01])


def test_scaled_friction_scales_all_three_and_set_friction_the_sliding_one(arm: Target) -> None:
    rows = nominal_rows(arm, ("geom_friction",), 1)
    scale = Friction("f", WIDE, on="cube")
    scale.write(arm, scale.select(arm), rows, np.array([[2.0]]))
    assert rows["geom_friction"][0, 4] == pytest.approx([1.6, 0.01, 0.0002])
    replace = Friction("f", WIDE, on="cube", operation="set")
    replace.write(arm, replace.select(arm), rows, np.array([[0.3]]))
    assert rows["geom_friction"][0, 4].tolist() == [0.3, 0.005, 0.0001]


def test_the_gain_of_a_servo_keeps_its_target_and_damping(arm: Target) -> None:
    gain = ActuatorGain("kp", WIDE, on="elbow")
    rows = nominal_rows(arm, gain.fields, 1)
    gain.write(arm, gain.select(arm), rows, np.array([[2.0]]))
    assert rows["actuator_gainprm"][0, :, 0].tolist() == [5.0, 6.0]
    assert rows["actuator_biasprm"][0, :, :3].tolist() == [[0.0, -5.0, -0.2], [0.0, -6.0, -0.2]]


def test_the_gain_of_a_motor_can_be_scaled(table: Target) -> None:
    gain = ActuatorGain("strength", WIDE, on="motor")
    rows = nominal_rows(table, gain.fields, 1)
    gain.write(table, gain.select(table), rows, np.array([[2.0]]))
    assert rows["actuator_gainprm"][0, 0, 0] == 2.0
    assert not rows["actuator_biasprm"][0, 0].any()


def test_a_joint_of_several_degrees_of_freedom_is_damped_in_all(table: Target) -> None:
    damping = JointDamping("damping", WIDE, on="ball")
    rows = nominal_rows(table, damping.fields, 1)
    damping.write(table, damping.select(table), rows, np.array([[2.0]]))
    assert rows["dof_damping"][0, -3:] == pytest.approx([0.2, 0.2, 0.2])


def test_tails_of_a_normal_are_cut_where_the_checked_range_ends() -> None:
    drawn = Mass("mass", Normal(1.0, 0.33), on="*").draw(np.random.default_rng(0), 10_000, 1)
    assert 0 < drawn.min() < 0.1
    offsets = Gravity("gravity", Normal(0.0, 1.0)).draw(np.random.default_rng(0), 10_000, 3)
    assert np.abs(offsets).max() > 3.5


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
            "size cannot act on geom 'mesh': it is a mesh; shapes that can be scaled: sphere, "
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
        ({"nam": "x"}, "unknown key 'nam'; keys: kind, unit, optional, name, distribution, on, operation, each, when, unseen"),
        ({"name": "x", "kind": "mass"}, "key 'distribution' is missing; given: name, kind"),
        ({"name": "x", "kind": "mas", "distribution": {"fixed": 1}}, "unknown kind 'mas'; kinds: action_delay"),
        ({"name": "x", "kind": "mass", "on": [1], "distribution": {"fixed": 1}}, "'on' takes name patterns, got [1]"),
    ],
)
def test_an_unreadable_config_of_a_term_is_refused(config: object, message: str, arm: Target) -> None:
    with pytest.raises(WorldsError, match=re.escape(message)):
        term_from_config(config, arm)


def test_both_sides_outside_the_training_range_can_be_held_out(arm: Target) -> None:
    term = Mass("m", WIDE, on="cube", unseen=Mixture((Uniform(0.2, 0.5), Uniform(2.0, 3.0))))
    assert term_from_config(term.to_config(arm), arm) == term
