from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from deploy_robot.quaternions import (
    conjugate,
    from_rotation_vector,
    from_yaw,
    multiply,
    rotate,
    rotation_between,
    rotation_vector,
)

X, Y, Z = np.eye(3)


def drawn(seed: int, n: int = 200) -> tuple[np.ndarray, Rotation]:
    """The same n rotations as quaternions (n, 4), w first, of either sign, and as SciPy has them."""
    rotation = Rotation.random(n, random_state=np.random.RandomState(seed))
    sign = np.where(np.arange(n) % 2, 1.0, -1.0)[:, None]
    return rotation.as_quat()[:, [3, 0, 1, 2]] * sign, rotation


def about(axis: np.ndarray, angle: float) -> np.ndarray:
    return np.concatenate(([np.cos(angle / 2)], np.sin(angle / 2) * axis))


def test_a_product_turns_first_by_the_second_then_by_the_first() -> None:
    (a, ra), (b, rb) = drawn(1), drawn(2)
    v = np.random.default_rng(3).normal(size=(200, 3))
    assert rotate(multiply(a, b), v) == pytest.approx((ra * rb).apply(v), abs=1e-12)


def test_rotating_by_known_quarter_turns() -> None:
    assert rotate(about(Z, np.pi / 2), X) == pytest.approx(Y)
    assert rotate(about(X, np.pi / 2), Y) == pytest.approx(Z)
    assert rotate(about(Y, np.pi / 2), Z) == pytest.approx(X)
    assert rotate(multiply(about(Z, np.pi / 2), about(X, np.pi / 2)), Y) == pytest.approx(Z)


def test_vectors_turn_as_scipy_turns_them() -> None:
    q, rotation = drawn(4)
    v = np.random.default_rng(5).normal(size=(200, 3))
    assert rotate(q, v) == pytest.approx(rotation.apply(v), abs=1e-12)


def test_the_conjugate_undoes() -> None:
    q, _ = drawn(6)
    assert multiply(q, conjugate(q)) == pytest.approx(np.tile([1.0, 0, 0, 0], (200, 1)), abs=1e-12)


def test_rotation_vectors_are_scipys_and_the_same_for_either_sign() -> None:
    q, rotation = drawn(7)
    assert rotation_vector(q) == pytest.approx(rotation.as_rotvec(), abs=1e-9)
    assert np.array_equal(rotation_vector(q), rotation_vector(-q))


@pytest.mark.parametrize(("angle", "shortest"), [(1.5, -0.5), (-1.5, 0.5), (0.75, 0.75), (2.25, 0.25), (3.9, -0.1)])
def test_the_short_way_round_is_taken(angle: float, shortest: float) -> None:
    assert rotation_vector(about(Z, angle * np.pi)) == pytest.approx(shortest * np.pi * Z)


@pytest.mark.parametrize("angle", [0.0, 1e-300, 1e-15, 1e-10, 1.9e-9, 2.1e-9, 1e-6, 1e-3, 3.14])
def test_small_angles_keep_their_precision(angle: float) -> None:
    axis = np.array([0.6, 0.0, -0.8])
    assert rotation_vector(about(axis, angle)) == pytest.approx(angle * axis, rel=1e-12, abs=0.0)


def test_rotation_between_is_told_in_world_axes() -> None:
    lying = about(X, np.pi / 2)
    assert rotation_between(lying, multiply(about(Z, 0.3), lying)) == pytest.approx(0.3 * Z)
    assert rotation_between(lying, multiply(lying, about(Y, 0.3))) == pytest.approx(0.3 * Z)
    (a, ra), (b, rb) = drawn(8), drawn(9)
    assert rotation_between(a, b) == pytest.approx((rb * ra.inv()).as_rotvec(), abs=1e-9)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-3, 1.0, 3.14])
def test_a_rotation_of_a_rotation_vector_has_that_rotation_vector(angle: float) -> None:
    vectors = angle * np.array([[0.6, 0.0, -0.8], [0.0, 1.0, 0.0]])
    assert np.linalg.norm(from_rotation_vector(vectors), axis=1) == pytest.approx([1.0, 1.0])
    assert rotation_vector(from_rotation_vector(vectors)) == pytest.approx(vectors, rel=1e-12, abs=0.0)


def test_yaw_is_about_z() -> None:
    angles = np.linspace(-3.0, 3.0, 13)
    assert rotation_vector(from_yaw(angles)) == pytest.approx(angles[:, None] * Z)
    assert from_yaw(np.array(0.0)) == pytest.approx([1.0, 0.0, 0.0, 0.0])


def test_a_vector_is_turned_by_many_and_any_leading_shape_will_do() -> None:
    q, rotation = drawn(10)
    grid = q.reshape(4, 50, 4)
    assert rotate(grid, Z).shape == (4, 50, 3)
    assert rotate(grid, Z).reshape(-1, 3) == pytest.approx(rotation.apply(Z), abs=1e-12)
    assert multiply(grid, grid).shape == (4, 50, 4)
