from types import SimpleNamespace

import numpy as np
import pytest

from deploy_robot import MalformedState
from deploy_robot.ros2.joint_message import read_joints

WANTED = ("a", "b")


def message(name=("a", "b"), position=(1.0, 2.0), velocity=()):
    return SimpleNamespace(name=list(name), position=list(position), velocity=list(velocity))


def test_joints_are_found_by_name_among_others():
    position, velocity = read_joints(message("xbya", (9, 2, 9, 1), (90, 20, 90, 10)), WANTED)
    assert position.tolist() == [1.0, 2.0]
    assert velocity.tolist() == [10.0, 20.0]


def test_velocities_may_be_missing_altogether():
    assert read_joints(message(), WANTED)[1] is None


def test_numbers_of_joints_that_are_not_wanted_may_be_anything():
    position, _ = read_joints(message("bxa", (2.0, np.nan, 1.0), (0.0, np.inf, 0.0)), WANTED)
    assert position.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (message("ac"), "no joint 'b'; given: a, c"),
        (message("", ()), "no joint 'a'; given: none"),
        (message("aba", (1, 2, 3)), "name 'a' stands there more than once"),
        (message("abxx", (1, 2, 3, 4)), "name 'x' stands there more than once"),
        (message(position=(1.0,)), "given 1 position values for 2 names"),
        (message(position=(1.0, 2.0, 3.0)), "given 3 position values for 2 names"),
        (message(velocity=(1.0,)), "given 1 velocity values for 2 names"),
        (message(position=(1.0, np.nan)), "position of joint 'b' is nan"),
        (message("ba", (-np.inf, 1.0)), "position of joint 'b' is -inf"),
        (message(velocity=(np.inf, 0.0)), "velocity of joint 'a' is inf"),
    ],
)
def test_a_message_that_cannot_be_trusted_is_refused_with_the_reason(bad, reason):
    with pytest.raises(MalformedState) as refusal:
        read_joints(bad, WANTED)
    assert str(refusal.value) == f"joint message: {reason}"
