import numpy as np
import pytest

from deploy_robot import Approach
from deploy_robot.approach import Ramp

FAST = np.full(4, 10.0)


def targets(ramp, count):
    return np.array([ramp.next_target() for _ in range(count)])


def test_a_short_way_takes_the_least_time(contract):
    ramp = Ramp(Approach(seconds=1.0, speed=100.0), contract, np.zeros(4), FAST)
    way = targets(ramp, 20)
    assert way[-1].tolist() == list(contract.start_pose)
    assert way[-2].tolist() != list(contract.start_pose)
    assert np.diff(way, axis=0) == pytest.approx(np.tile(np.array(contract.start_pose) / 20, (19, 1)))


def test_a_long_way_takes_as_long_as_the_slowest_limit_asks(contract):
    begin = np.add(contract.start_pose, [0.0, 0.0, 2.0, 0.0])
    for speed, max_change in ((1.0, FAST), (100.0, np.array([10.0, 10.0, 0.05, 10.0]))):
        way = targets(Ramp(Approach(seconds=0.0, speed=speed), contract, begin, max_change), 40)
        assert np.abs(np.diff(way, axis=0)).max() == pytest.approx(0.05)
        assert way[-1].tolist() == list(contract.start_pose)


def test_arrival_needs_the_pose_to_be_sent_and_reached(contract):
    ramp = Ramp(Approach(seconds=0.1, tolerance=0.1), contract, np.array(contract.start_pose), FAST)
    pose = np.array(contract.start_pose)
    assert not ramp.arrived(pose, pose), "nothing was sent yet"
    targets(ramp, 2)
    assert not ramp.arrived(np.add(pose, [0.2, 0.0, 0.0, 0.0]), pose)
    assert not ramp.arrived(pose, pose + 1e-6), "the safety filter let through something else"
    assert ramp.arrived(np.add(pose, [0.05, -0.05, 0.05, 0.0]), pose)
    assert ramp.arrived(np.add(pose, [0.0, 0.0, 0.0, 3.0]), pose), "the policy does not move the last joint"


def test_patience_ends_with_the_worst_joint_named(contract):
    approach = Approach(seconds=0.1, speed=100.0, settle_seconds=0.2, tolerance=0.1)
    ramp = Ramp(approach, contract, np.zeros(4), FAST)
    position = np.add(contract.start_pose, [0.2, -0.3, 0.0, 9.0])
    targets(ramp, 2 + 3)
    assert ramp.objection(position) is None
    targets(ramp, 1)
    reason = "start pose not reached: joint 'thumb_2' is at -0.500 rad, wanted -0.200 within 0.100"
    assert ramp.objection(position) == reason


@pytest.mark.parametrize(
    ("field", "value"),
    [("seconds", -1.0), ("speed", 0.0), ("tolerance", np.inf), ("settle_seconds", np.nan)],
)
def test_numbers_that_cannot_be_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=rf"^approach\.{field}: given {value}, wanted"):
        Approach(**{field: value})
