import dataclasses

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from deploy_robot import RobotState, SafetyFilter, SafetyLimits, SafetySettings

LIMITS = SafetyLimits(
    joints=("a", "b", "c"),
    lower=[-1.0, -0.5, -np.inf],
    upper=[1.0, 0.8, np.inf],
    max_change=[0.1, 0.2, 0.05],
    max_age=0.1,
    position_margin=0.3,
    max_joint_speed=10.0,
    jump_tolerance=0.05,
)


def state(position=(0.0, 0.0, 0.0), stamp=1.0, received=50.0, velocity=(0.0, 0.0, 0.0)):
    return RobotState(stamp, received, np.array(position), np.array(velocity))


def started(limits=LIMITS, position=(0.0, 0.0, 0.0)):
    safety = SafetyFilter(limits)
    assert safety.start(state(position), 50.0) is None
    return safety


wild_numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-2.0, 2.0),
    st.sampled_from([np.nan, np.inf, -np.inf, 1e308]),
)
wild_targets = st.one_of(
    arrays(np.float64, 3, elements=wild_numbers),
    arrays(np.float64, array_shapes(min_dims=0, max_dims=2, max_side=4), elements=wild_numbers),
    st.none(),
    st.text(max_size=3),
    st.lists(wild_numbers, max_size=4),
    st.lists(st.text(max_size=2), max_size=3),
)
wild_states = st.builds(
    RobotState,
    stamp=wild_numbers,
    received=wild_numbers,
    position=arrays(np.float64, 3, elements=wild_numbers),
    velocity=arrays(np.float64, 3, elements=wild_numbers),
)
events = st.lists(
    st.one_of(
        st.tuples(st.just("limit"), wild_targets),
        st.tuples(st.just("check"), wild_states),
        st.tuples(st.just("start"), wild_states),
        st.tuples(st.just("trip"), st.just("pressed")),
    ),
    max_size=30,
)


@given(events)
def test_whatever_comes_in_what_goes_out_is_finite_in_limits_and_slow(sequence):
    safety = started()
    last, fault = safety.target, None
    for kind, given_value in sequence:
        if kind == "limit":
            target = safety.limit(given_value)
            assert np.isfinite(target).all()
            assert (target >= LIMITS.lower).all() and (target <= LIMITS.upper).all()
            assert (np.abs(target - last) <= LIMITS.max_change + 1e-12).all()
            if fault is not None:
                assert np.array_equal(target, last)
            last = target
        elif kind == "check":
            safety.check(given_value, 50.0)
        elif kind == "start":
            if safety.start(given_value, 50.0) is None:
                last = safety.target
                assert (last >= LIMITS.lower).all() and (last <= LIMITS.upper).all() and np.isfinite(last).all()
        else:
            safety.trip(given_value)
        if fault is not None:
            assert safety.fault == fault
        fault = safety.fault


@given(arrays(np.float64, (40, 3), elements=st.floats(-3.0, 3.0)))
def test_targets_that_keep_the_limits_pass_unchanged(steps):
    safety, target = started(), np.zeros(3)
    for step in np.clip(steps, -1.0, 1.0) * LIMITS.max_change:
        target = np.clip(target + 0.999 * step, LIMITS.lower, LIMITS.upper)
        assert np.array_equal(safety.limit(target), target)
    assert safety.position_clamps == safety.velocity_clamps == 0


def test_clamps_are_counted_by_joint():
    safety = started()
    assert safety.limit(np.array([5.0, 0.1, 0.0])).tolist() == [0.1, 0.1, 0.0]
    assert (safety.position_clamps, safety.velocity_clamps) == (1, 1)
    assert safety.limit(np.array([0.3, 0.5, 0.2])) == pytest.approx([0.2, 0.3, 0.05])
    assert (safety.position_clamps, safety.velocity_clamps) == (1, 4)


OBJECTIONS = {
    "position not finite": (state((0.0, np.nan, 0.0)), "position of joint 'b' is nan, wanted a finite number"),
    "velocity not finite": (state(velocity=(0, 0, np.inf)), "velocity of joint 'c' is inf, wanted a finite number"),
    "old": (state(received=49.85), "stale state: 0.200 s old, allowed 0.100 s"),
    "no arrival": (state(received=np.nan), "stale state: nan s old"),
    "no stamp": (state(stamp=np.nan), "stamp: given nan"),
    "beyond the margin": (state((0.0, -0.85, 0.0)), "position of joint 'b' is -0.850 rad, allowed [-0.500, 0.800] and"),
    "too few joints": (RobotState(2.0, 50.0, np.zeros(2), np.zeros(2)), "state: given shape (2,), wanted (3,)"),
    "repeated stamp": (state(stamp=1.0), "stamp: given 1.000000 s after 1.000000 s, wanted it to increase"),
    "backward stamp": (state(stamp=0.5), "stamp: given 0.500000 s after 1.000000 s"),
    "jump": (state((0.0, 0.0, 0.7), stamp=1.05), "joint 'c' jumped 0.700 rad in 0.050 s, allowed 0.550 rad"),
}


@pytest.mark.parametrize("name", OBJECTIONS)
def test_a_bad_state_is_a_fault_that_holds_until_reset(name):
    bad, reason = OBJECTIONS[name]
    safety = started()
    held = safety.limit(np.array([0.05, 0.0, 0.0]))
    if "stamp" not in name and name != "jump" and np.isfinite(bad.stamp):
        bad = dataclasses.replace(bad, stamp=1.05)
    fault = safety.check(bad, 50.05)
    assert fault is not None
    assert fault.reason.startswith(reason)
    assert np.array_equal(safety.limit(np.array([0.1, 0.1, 0.0])), held)
    assert safety.check(state(stamp=2.0, received=51.0), 51.0) == fault, "a good state does not clear it"
    assert safety.start(state(stamp=3.0, received=52.0), 52.0) == fault, "nor does starting again"
    assert np.array_equal(safety.limit(np.array([0.1, 0.1, 0.0])), held)
    safety.reset()
    assert safety.start(state((0.5, 0.0, 0.0), stamp=4.0, received=53.0), 53.0) is None
    assert safety.limit(np.array([0.55, 0.0, 0.0])).tolist() == [0.55, 0.0, 0.0]


def test_a_target_that_is_not_finite_is_a_fault_naming_the_joint():
    safety = started()
    assert np.array_equal(safety.limit(np.array([0.0, np.nan, 0.0])), np.zeros(3))
    assert safety.fault.reason == "target of joint 'b' is nan, wanted a finite number"


def test_the_first_fault_is_the_one_that_stays():
    safety = started()
    first = safety.trip("first")
    assert safety.trip("second") == first
    assert safety.check(OBJECTIONS["position not finite"][0], 50.0) == first


def test_states_within_margin_speed_and_age_pass():
    safety = started(position=(1.29, -0.79, 0.0))
    assert safety.target.tolist() == [1.0, -0.5, 0.0]
    assert safety.check(state((1.29, -0.79, 0.5), stamp=1.05, received=50.0), 50.09) is None
    assert safety.check(state((1.29, -0.79, 1.0), stamp=1.10, received=50.1), 50.1) is None


def test_no_target_is_let_through_before_the_start():
    safety = SafetyFilter(LIMITS)
    for use in (lambda: safety.limit(np.zeros(3)), lambda: safety.target):
        with pytest.raises(RuntimeError, match="was not started"):
            use()
    assert safety.start(state((np.nan, 0, 0)), 50.0) is not None
    with pytest.raises(RuntimeError, match="was not started"):
        safety.limit(np.zeros(3))


def test_the_caller_cannot_reach_the_filters_target():
    safety = started()
    safety.limit(np.zeros(3))[:] = 9.0
    safety.target[:] = 9.0
    assert safety.target.tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="read-only"):
        safety.limits.upper[0] = 9.0


def test_limits_are_the_contracts_in_the_order_of_its_joints(contract):
    limits = SafetyLimits.from_contract(contract)
    assert limits.joints == ("thumb_1", "thumb_2", "index_1", "index_2")
    assert limits.upper.tolist() == [0.8, 0.6, 1.0, np.inf]
    assert limits.lower.tolist() == [-0.8, -0.6, -1.0, -np.inf]
    assert limits.max_change == pytest.approx(np.array([2.0, 3.0, 2.0, 0.5]) * 0.05)
    assert limits.max_age == pytest.approx(0.15)


def test_settings_make_limits_stricter(contract):
    limits = SafetyLimits.from_contract(contract, SafetySettings(velocity_share=0.5, max_age=0.07))
    assert limits.max_change[:3] == pytest.approx(np.array([1.0, 1.5, 1.0]) * 0.05)
    assert limits.max_age == 0.07


def test_age_means_nothing_in_lockstep(contract):
    assert SafetyLimits.from_contract(contract, SafetySettings(max_age=0.07), lockstep=True).max_age == np.inf


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_age", 0.0),
        ("max_age", np.inf),
        ("max_joint_speed", -1.0),
        ("velocity_share", 1.5),
        ("velocity_share", np.nan),
        ("held_joint_velocity", 0.0),
        ("position_margin", -0.1),
        ("jump_tolerance", np.nan),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=rf"^safety\.{field}: given {value}, wanted"):
        SafetySettings(**{field: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lower": [0.0, 0.0]}, "lower: given"),
        ({"upper": [0.0, np.nan, 0.0]}, "upper: given"),
        ({"lower": [-1.0, 0.9, -1.0]}, "lower: above upper for joint 'b'"),
        ({"max_change": [0.1, -0.1, 0.1]}, "max_change: given"),
        ({"max_change": [0.1, np.inf, 0.1]}, "max_change: given"),
    ],
)
def test_limits_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(LIMITS, **change)


TRACKING = dataclasses.replace(LIMITS, poses=("object", "goal"), max_pose_age=np.array([0.2, np.inf]))


def tracked(age=0.0, goal_age=0.0, place=(0.0, 0.0, 0.0)):
    poses = np.array([[*place, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]])
    return dataclasses.replace(state(), poses=poses, poses_received=np.array([50.0 - age, 50.0 - goal_age]))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (tracked(age=0.25), "stale pose of 'object': 0.250 s old, allowed 0.200 s"),
        (tracked(place=(0.0, np.nan, 0.0)), "pose of 'object' holds a number that is not finite"),
        (tracked(age=np.nan), "stale pose of 'object': nan s old"),
        (state(), "poses: given shape (0, 7), wanted (2, 7)"),
    ],
)
def test_poses_that_cannot_be_trusted_stop_motion(given, reason):
    safety = SafetyFilter(TRACKING)
    fault = safety.start(given, 50.0)
    assert fault is not None and fault.reason.startswith(reason)


def test_fresh_poses_are_let_through_and_goals_do_not_grow_old():
    safety = SafetyFilter(TRACKING)
    assert safety.start(tracked(age=0.15, goal_age=3600.0), 50.0) is None


def test_ages_of_poses_are_the_contracts_and_the_settings(tracking_bundle):
    contract = tracking_bundle.contract
    limits = SafetyLimits.from_contract(contract, SafetySettings(max_pose_age=0.1))
    assert limits.poses == ("object", "goal") and limits.max_pose_age.tolist() == [0.1, np.inf]
    assert np.isinf(SafetyLimits.from_contract(contract, lockstep=True).max_pose_age).all()
    with pytest.raises(ValueError, match=r"safety.max_pose_age: given 0, wanted a finite number above 0"):
        SafetySettings(max_pose_age=0)
    with pytest.raises(ValueError, match=r"max_pose_age: given \[\], wanted a number above 0 for each of object, goal"):
        dataclasses.replace(LIMITS, poses=("object", "goal"))
