from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, strategies as st

from randomizers import World, Worlds, WorldsError

worlds = st.builds(
    World,
    st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False), max_size=4),
    st.integers(0, 2**64 - 1),
)


@given(worlds)
def test_a_world_survives_json_and_pickle(world: World) -> None:
    for copy in (World.from_json(world.to_json()), pickle.loads(pickle.dumps(world))):
        assert copy == world
        assert copy.fingerprint == world.fingerprint
        assert hash(copy) == hash(world)


def test_the_fingerprint_tells_worlds_apart_and_ignores_order() -> None:
    world = World({"a": 1.0, "b": 2.0}, seed=3)
    assert world.fingerprint == World({"b": 2, "a": 1}, seed=3).fingerprint
    assert len(world.fingerprint) == 64
    different = [world.replace(a=1.0 + 1e-15), world.replace(seed=4), World({"a": 1.0}, 3), World.nominal(3)]
    assert len({world.fingerprint, *(other.fingerprint for other in different)}) == 5


def test_a_world_is_changed_only_by_copying() -> None:
    given_values = {"a": 1.0}
    world = World(given_values)
    given_values["a"] = 2.0
    assert world.values["a"] == 1.0
    with pytest.raises(TypeError):
        world.values["a"] = 2.0
    assert world.replace({"b[x]": 3.0}, a=4.0, seed=5) == World({"a": 4.0, "b[x]": 3.0}, 5)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1"])
def test_a_value_that_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(WorldsError, match="parameter 'mass' must be a finite number, got "):
        World({"mass": value})


@pytest.mark.parametrize("seed", [-1, 2**64, 0.5])
def test_a_seed_out_of_range_is_refused(seed: object) -> None:
    with pytest.raises(WorldsError, match="seed is a whole number of at least 0 and below 2"):
        World({}, seed)


def test_stacked_worlds_come_back_one_by_one() -> None:
    single = [World({"a": 1.0, "b": 2.0}, 2**64 - 1), World({"b": 4.0, "a": 3.0}, 1)]
    stacked = Worlds.stack(single)
    assert len(stacked) == 2
    assert list(stacked) == single
    assert stacked.column("b").tolist() == [2.0, 4.0]
    assert stacked.take([1])[0] == single[1]
    assert stacked.take(np.array([True, False]))[0] == single[0]
    assert Worlds.from_json(stacked.to_json()) == stacked
    assert stacked != stacked.take([1, 0])


def test_no_worlds_at_all_are_worlds() -> None:
    empty = Worlds(("a",), np.zeros((0, 1)), np.zeros(0, np.uint64))
    assert Worlds.from_json(empty.to_json()) == empty
    assert len(Worlds.stack([])) == 0


def test_worlds_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Worlds.stack([World({"a": 1.0})]).values[0] = 2.0


def test_worlds_of_different_parameters_do_not_stack() -> None:
    with pytest.raises(WorldsError, match="must have the same parameters, got a and b"):
        Worlds.stack([World({"a": 1.0}), World({"b": 1.0})])


def test_an_unknown_column_is_refused_with_those_there_are() -> None:
    with pytest.raises(WorldsError, match="no parameter 'c'; parameters: a"):
        Worlds.stack([World({"a": 1.0})]).column("c")


def test_values_of_another_shape_are_refused() -> None:
    with pytest.raises(WorldsError, match=r"want values of shape \(n, 1\), got \(2, 2\)"):
        Worlds(("a",), np.zeros((2, 2)), np.zeros(2, np.uint64))


@pytest.mark.parametrize("text", ["{", "[]", '{"seed": 1}', '{"seed": 1, "values": {}, "more": 1}'])
def test_json_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(WorldsError, match="JSON of a world"):
        World.from_json(text)


def test_ragged_worlds_are_refused() -> None:
    with pytest.raises(WorldsError, match="has a seed and 2 numbers for each"):
        Worlds.from_json('{"names": ["a", "b"], "seeds": [1, 2], "values": [[1, 2], [3]]}')
