import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from deploy_robot import ActionMapping, map_action

PERIOD = 0.1


def mapping(**changes):
    values = {
        "joints": ("a", "b"),
        "kind": "absolute",
        "center": (0.5, -0.5),
        "scale": (1.0, 2.0),
        "lower": (-2.0, -2.0),
        "upper": (2.0, 2.0),
        "max_velocity": (100.0, 100.0),
    }
    return ActionMapping(**(values | changes))


def test_absolute_targets_are_about_the_center():
    target = map_action(mapping(), PERIOD, np.array([0.5, -0.25]), np.array([9.0, 9.0]))
    assert target == pytest.approx([1.0, -1.0])


def test_relative_targets_are_about_the_previous_one():
    target = map_action(mapping(kind="relative"), PERIOD, np.array([0.5, -0.25]), np.array([0.2, 0.3]))
    assert target == pytest.approx([0.7, -0.2])


def test_actions_beyond_one_count_as_one():
    previous = np.zeros(2)
    beyond, at = (map_action(mapping(), PERIOD, np.array(a), previous) for a in ([7.0, -7.0], [1.0, -1.0]))
    assert np.array_equal(beyond, at)


def test_smoothing_keeps_its_share_of_the_previous_target():
    target = map_action(mapping(smoothing=0.75), PERIOD, np.array([0.5, 0.5]), np.array([0.0, 0.0]))
    assert target == pytest.approx([0.25, 0.125])


def test_targets_stay_within_their_limits():
    target = map_action(mapping(upper=(0.8, 2.0), lower=(-2.0, -0.9)), PERIOD, np.array([1.0, -1.0]), np.zeros(2))
    assert target == pytest.approx([0.8, -0.9])


def test_the_change_in_one_period_is_limited_by_the_velocity():
    target = map_action(mapping(max_velocity=(2.0, 3.0)), PERIOD, np.array([1.0, -1.0]), np.zeros(2))
    assert target == pytest.approx([0.2, -0.3])


unit = st.floats(-1.5, 1.5)


@given(arrays(np.float64, (2, 3, 2), elements=unit), arrays(np.float64, (2, 3, 2), elements=unit))
def test_rows_do_not_touch_each_other(action, previous):
    for kind in ("absolute", "relative"):
        both = mapping(kind=kind, smoothing=0.3, max_velocity=5.0)
        rows = map_action(both, PERIOD, action, previous)
        assert rows.shape == action.shape
        for index in np.ndindex(2, 3):
            assert np.array_equal(rows[index], map_action(both, PERIOD, action[index], previous[index]))


def test_inputs_are_left_as_they_were():
    action, previous = np.array([5.0, 5.0], dtype=np.float32), np.array([0.1, 0.1])
    map_action(mapping(kind="relative"), PERIOD, action, previous)
    assert action.tolist() == [5.0, 5.0]
    assert previous.tolist() == [0.1, 0.1]
