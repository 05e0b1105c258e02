from __future__ import annotations

import json

import numpy as np
import pytest

from randomizers import Mass, Target, Uniform, World, WorldDistribution, WorldsError, dump_world, load_world


@pytest.fixture
def in_kilograms(arm: Target) -> WorldDistribution:
    return WorldDistribution([Mass("mass", Uniform(0.1, 0.2), on="cube", operation="set")], arm)


@pytest.fixture
def as_a_factor(arm: Target) -> WorldDistribution:
    return WorldDistribution([Mass("mass", Uniform(0.1, 0.2), on="cube")], arm)


def test_a_world_comes_back_as_it_was(in_kilograms: WorldDistribution) -> None:
    drawn = in_kilograms.sample(np.random.default_rng(0), 1)
    text = dump_world(drawn[0], in_kilograms)
    assert json.loads(text)["units"] == {"mass": "kg"}
    assert load_world(text, in_kilograms) == drawn


def test_numbers_that_would_mean_something_else_are_refused(
    in_kilograms: WorldDistribution, as_a_factor: WorldDistribution
) -> None:
    for ours, theirs, message in (
        (as_a_factor, in_kilograms, "'mass' is in kg there and a factor here: it was drawn from other worlds"),
        (in_kilograms, as_a_factor, "'mass' is a factor there and in kg here: it was drawn from other worlds"),
    ):
        text = dump_world(World({"mass": 0.15}), theirs)
        with pytest.raises(WorldsError, match=message):
            load_world(text, ours)


def test_a_world_that_names_no_units_is_taken_in_those_here_and_completed(in_kilograms: WorldDistribution) -> None:
    assert load_world(World({"mass": 0.15}, 7).to_json(), in_kilograms)[0] == World({"mass": 0.15}, 7)
    assert load_world('{"seed": 1, "values": {}}', in_kilograms) == in_kilograms.complete(World({}, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not the JSON of a world"),
        ('{"seed": 0, "units": 1, "values": {}}', "has the keys seed, values, got seed, units, values"),
        ('{"seed": 0, "units": {"mass": 1}, "values": {}}', "'mass' is in 1 there and in kg here"),
        ('{"seed": 0, "units": {"weight": "kg"}, "values": {"weight": 1}}', "no parameter 'weight'"),
    ],
)
def test_what_is_no_world_of_the_distribution_is_refused(
    text: str, message: str, in_kilograms: WorldDistribution
) -> None:
    with pytest.raises(WorldsError, match=message):
        load_world(text, in_kilograms)
