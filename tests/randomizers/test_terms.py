from __future__ import annotations

import numpy as np
import pytest

from randomizers import (
    SETTINGS,
    TERMS,
    ActionDelay,
    ActionDelayTime,
    ActionFactor,
    ActionFactorNoise,
    ActionNoise,
    ActionNoiseShare,
    ActionOffset,
    ActionOffsetShare,
    ActionSmoothing,
    ActuatorDamping,
    ActuatorGain,
    AdversaryAction,
    AdversaryForce,
    Armature,
    Backlash,
    BodyOrientation,
    BodyPosition,
    CenterOfMass,
    Choice,
    ContactDampingRatio,
    ContactImpedance,
    ContactTimeConstant,
    ContactWidth,
    DeadZone,
    Density,
    ForceAcceleration,
    ForceProbability,
    Friction,
    FrictionLoss,
    Gravity,
    GravityDirection,
    HeldFrame,
    Inertia,
    JitterPersistence,
    JointDamping,
    JointLimits,
    JointStiffness,
    LogUniform,
    MarkerLoss,
    MarkerLossTime,
    MarkerOcclusion,
    Mass,
    MassSpread,
    MissingSensor,
    Mixture,
    NoLoadSpeed,
    Normal,
    ObservationBias,
    ObservationDelay,
    ObservationDrift,
    ObservationDropout,
    ObservationNoise,
    ObservationQuantum,
    ObservationScale,
    ObservationTrend,
    PayloadMass,
    PayloadTime,
    PoseInjection,
    PoseInjectionRange,
    PushDuration,
    PushImpulse,
    PushRate,
    RollingFriction,
    RoundShape,
    SensorPeriod,
    Shape,
    Size,
    SkippedTick,
    SlidingFriction,
    SpinningFriction,
    StuckJoint,
    SwappedSensors,
    Target,
    TendonSlack,
    Term,
    TiltAngle,
    TiltRate,
    TimeStep,
    TimestepJitter,
    TimestepJitterRate,
    TorqueAcceleration,
    TorqueProbability,
    TwoSidedJitterRate,
    Uniform,
    Viscosity,
    Wind,
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
    JointStiffness("t", WIDE, on="*", operation="set", each="element"),
    StuckJoint("t", Choice((1,)), on="elbow"),
    Gravity("t", Normal(0.0, 0.4)),
    GravityDirection("t", Uniform(-0.2, 0.2)),
    TimeStep("t", WIDE),
    TimeStep("t", Uniform(0.001, 0.005), operation="set"),
    Density("t", WIDE),
    Viscosity("t", WIDE),
    Wind("t", Normal(0.0, 2.0)),
    Inertia("t", Uniform(0.95, 1.0), on="cube"),
    MassSpread("t", WIDE, on="*"),
    CenterOfMass("t", Normal(0.0, 0.01), on=("upper", "fore")),
    BodyPosition("t", Normal(0.0, 0.01), on=("upper", "fore")),
    BodyOrientation("t", Normal(0.0, 0.1), on=("upper", "fore"), each="element"),
    Shape("t", WIDE, on="cube"),
    RoundShape("t", WIDE, on=("upper", "fore"), each="element"),
    SlidingFriction("t", WIDE, on="*"),
    SlidingFriction("t", WIDE, on="*", operation="set", each="element"),
    SpinningFriction("t", WIDE, on="cube"),
    RollingFriction("t", WIDE, on="cube", operation="set"),
    ContactTimeConstant("t", WIDE, on="*"),
    ContactDampingRatio("t", WIDE, on="*", operation="set", each="element"),
    ContactImpedance("t", Uniform(0.5, 0.9), on="*", operation="set", each="element"),
    ContactWidth("t", WIDE, on="cube"),
    ActuatorGain("t", LogUniform(0.75, 1.5), on="*"),
    ActuatorGain("t", WIDE, on="*", operation="set", each="element"),
    ActuatorDamping("t", WIDE, on="*"),
    ActuatorDamping("t", WIDE, on="*", operation="set"),
    ActionDelay("t", Choice((1, 2)), on="*"),
    ActionDelayTime("t", WIDE, on="*"),
    ActionFactor("t", WIDE, on="*"),
    ActionFactorNoise("t", WIDE, on="*"),
    ActionNoise("t", WIDE, on="elbow"),
    ActionNoiseShare("t", WIDE, on="*"),
    ActionOffset("t", Normal(0.0, 0.1), on="*"),
    ActionOffsetShare("t", Normal(0.0, 0.1), on="elbow"),
    ActionSmoothing("t", Uniform(0.1, 0.5), on="*"),
    AdversaryAction("t", Uniform(0.1, 0.5), on="*"),
    AdversaryForce("t", WIDE, on="cube"),
    Backlash("t", WIDE, on="*"),
    TendonSlack("t", WIDE, on="*"),
    DeadZone("t", WIDE, on="*"),
    NoLoadSpeed("t", WIDE, on="elbow"),
    SkippedTick("t", Uniform(0.1, 0.5)),
    TimestepJitter("t", WIDE),
    TimestepJitterRate("t", WIDE),
    ObservationNoise("t", WIDE, on="joints"),
    ObservationBias("t", Normal(0.0, 1.0), on="*"),
    ForceProbability("t", Uniform(0.1, 0.5), on="cube"),
    ForceAcceleration("t", WIDE, on="cube"),
    HeldFrame("t", Uniform(0.1, 0.5)),
    JitterPersistence("t", Uniform(0.1, 0.5)),
    MarkerLoss("t", WIDE, on="cube"),
    MarkerLossTime("t", Uniform(2.0, 3.0), on="cube"),
    MarkerOcclusion("t", WIDE, on="cube"),
    MissingSensor("t", Choice((1,)), on="*"),
    ObservationDelay("t", Choice((1, 2)), on="joints"),
    ObservationDrift("t", WIDE, on="cube"),
    ObservationDropout("t", Uniform(0.1, 0.5), on="*"),
    ObservationQuantum("t", WIDE, on="joints", each="element"),
    ObservationScale("t", WIDE, on="*"),
    ObservationTrend("t", Normal(0.0, 1.0), on="joints"),
    PayloadMass("t", WIDE, on=("cube", "fore")),
    PayloadTime("t", WIDE, on=("cube", "fore"), each="element"),
    PoseInjection("t", Uniform(0.1, 0.5), on="cube"),
    PoseInjectionRange("t", Uniform(0.1, 0.4), on="cube"),
    PushDuration("t", WIDE, on="cube"),
    PushImpulse("t", WIDE, on="cube"),
    PushRate("t", WIDE, on="cube"),
    SensorPeriod("t", Choice((2, 3)), on="*"),
    SwappedSensors("t", Choice((1,)), on="joints"),
    TiltAngle("t", WIDE),
    TiltRate("t", WIDE),
    TorqueAcceleration("t", WIDE, on="cube"),
    TorqueProbability("t", Uniform(0.1, 0.5), on="cube"),
    TwoSidedJitterRate("t", WIDE),
]
EVERYTHING = sorted({field for term in EVERY_KIND for field in term.fields} | set(SETTINGS))

every_term = pytest.mark.parametrize("term", EVERY_KIND, ids=lambda term: f"{term.kind}-{term.operation}")


def _draw(term: Term, target: Target, n: int) -> np.ndarray:
    return term.draw(np.random.default_rng(0), n, len(term.parameters(term.select(target))))


def test_the_terms_above_cover_every_kind_that_writes_settings() -> None:
    # Those that write model fields are tried on every robot, elsewhere.
    wanted = {kind for kind, cls in TERMS.items() if any(field in SETTINGS for field in cls.fields)}
    assert wanted <= {term.kind for term in EVERY_KIND}


def test_every_kind_says_what_it_is() -> None:
    for cls in TERMS.values():
        assert cls.__doc__ and cls.unit


@every_term
def test_a_term_changes_the_fields_it_declares_and_no_other(term: Term, arm: Target) -> None:
    rows = nominal_rows(arm, EVERYTHING, 3)
    term.apply(arm, term.select(arm), rows, _draw(term, arm, 3))
    changed = {field for field in EVERYTHING if (rows[field] != nominal_row(arm, field)).any()}
    assert changed == {field for field in term.fields if nominal_row(arm, field).size}


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
        assert rows[field][1].tobytes() == nominal_row(arm, field).tobytes(), field


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
    rows = nominal_rows(arm, Friction.fields, 1)
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


def test_both_sides_outside_the_training_range_can_be_held_out(arm: Target) -> None:
    term = Mass("m", WIDE, on="cube", unseen=Mixture((Uniform(0.2, 0.5), Uniform(2.0, 3.0))))
    assert term_from_config(term.to_config(arm), arm) == term
