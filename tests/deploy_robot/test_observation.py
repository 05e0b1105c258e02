import dataclasses

import numpy as np
import pytest

from deploy_robot import BundleError, ObservationBuilder, ObservationTerm, RobotState


def state(rows=()):
    position = np.broadcast_to(np.array([1.0, 2.0, 3.0, 4.0]), (*rows, 4))
    return RobotState(stamp=0.0, received=0.0, position=position, velocity=position * 10.0)


def test_terms_come_in_order_offset_scaled_and_picked_by_name(contract):
    observation = ObservationBuilder(contract).build(state(), np.array([5.0, 6.0, 7.0]), np.array([0.5, 0.6, 0.7]), 1.0)
    position = (np.array([1.0, 2.0, 3.0, 4.0]) - [0.1, 0.2, 0.3, 0.4]) * 2.0
    velocity = [4.0, 1.0]
    assert observation == pytest.approx([*position, *velocity, 5.0, 6.0, 7.0, 0.5, 0.6, 0.7, 1.0])
    assert observation.dtype == np.float32


def test_a_term_may_hold_some_joints_in_its_own_order(contract):
    terms = (ObservationTerm("t", "previous_target", ("thumb_2", "index_1"), "rad", 0.0, 1.0),)
    builder = ObservationBuilder(dataclasses.replace(contract, observation=terms))
    assert builder.build(state(), np.array([5.0, 6.0, 7.0]), np.zeros(3), 0.0).tolist() == [7.0, 5.0]


def test_joints_that_slide_are_in_metres_and_other_units_are_refused():
    assert ObservationTerm("grip", "joint_position", ("finger",), "m", 0.02, 50.0).unit == "m"
    with pytest.raises(BundleError, match=r"observation 'grip'.unit: given 'mm', wanted one of 'rad', 'm'"):
        ObservationTerm("grip", "joint_position", ("finger",), "mm", 0.02, 50.0)
    with pytest.raises(BundleError, match="wanted one of '1'"):
        ObservationTerm("start", "episode_start", (), "m", 0.0, 1.0)


def test_leading_axes_are_rows(contract):
    builder = ObservationBuilder(contract)
    single = builder.build(state(), np.ones(3), np.zeros(3), 0.0)
    rows = builder.build(state((2, 5)), np.ones((2, 5, 3)), np.zeros((2, 5, 3)), np.zeros((2, 5)))
    assert rows.shape == (2, 5, contract.observation_size)
    assert (rows == single).all()


def test_the_length_is_the_contracts(contract):
    assert ObservationBuilder(contract).build(state(), np.zeros(3), np.zeros(3), 0.0).shape == (
        contract.observation_size,
    )
