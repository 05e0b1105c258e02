from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from randomizers import (
    Gravity,
    JointDamping,
    JointLimits,
    Mass,
    Normal,
    ObservationBias,
    Target,
    Uniform,
    World,
    WorldDistribution,
    Worlds,
    WorldsError,
    dump_worlds,
    load_worlds,
    pinned,
)


@pytest.fixture
def target(arm: Target) -> Target:
    roles = {"object": ["cube"], "robot": ["upper"]}
    return Target(arm.model, arm.name, arm.observations, arm.units, roles)


@pytest.fixture
def distribution(target: Target) -> WorldDistribution:
    return WorldDistribution(
        [
            Mass("cube_mass", Uniform(0.5, 1.5), on="cube", unseen=Uniform(1.5, 2.0)),
            JointDamping("damping", Uniform(0.5, 2.0), on="@robot", each="element"),
            JointLimits("limits", Normal(0.0, 0.1), on="elbow"),
            ObservationBias("bias", Normal(0.0, 0.1), on="cube", when="episode"),
        ],
        target,
    )


def _draw(distribution: WorldDistribution, n: int = 50) -> Worlds:
    return distribution.sample(np.random.default_rng(0), n)


def test_a_term_is_pinned_with_all_its_parameters(distribution: WorldDistribution) -> None:
    drawn = _draw(pinned(distribution, {"damping": 1.2, "bias": "3 mm"}))
    for name, value in (("damping[shoulder]", 1.2), ("damping[elbow]", 1.2), ("bias[cube.1]", 0.003)):
        assert (drawn.column(name) == value).all()
    again = distribution.redraw_episode(drawn, np.ones(50, int))
    held = pinned(distribution, {"bias": "3 mm"}).redraw_episode(drawn, np.ones(50, int))
    assert (again.column("bias[cube.1]") != 0.003).all()
    assert (held.column("bias[cube.1]") == 0.003).all()


def test_one_parameter_is_pinned_and_the_draws_of_all_others_are_what_they_were(
    distribution: WorldDistribution,
) -> None:
    before, after = _draw(distribution), _draw(pinned(distribution, {"limits[elbow:high]": "5 deg"}))
    assert (after.column("limits[elbow:high]") == np.deg2rad(5)).all()
    for name in before.names:
        if name != "limits[elbow:high]":
            assert np.array_equal(before.column(name), after.column(name))


def test_pins_hold_in_unseen_and_in_nominal_worlds(distribution: WorldDistribution) -> None:
    held = pinned(distribution, {"cube_mass": 1.1})
    assert (_draw(held.split()[1]).column("cube_mass") == 1.1).all()
    assert held.nominal().column("cube_mass") == 1.1
    assert held.nominal().column("damping[elbow]") == 1.0


def test_the_normalised_vector_is_that_of_the_whole_range(distribution: WorldDistribution) -> None:
    assert pinned(distribution, {"cube_mass": 1.5}).vector(World({"cube_mass": 1.5}))[0, 0] == 1.0


def test_a_part_of_the_model_is_given_a_number_whatever_the_distribution_has(distribution: WorldDistribution) -> None:
    held = pinned(distribution, {"object.mass": "200g", "elbow.armature": 0.05, "timestep": "4 ms"})
    world = _draw(held, 1)
    rows = held.settings(world)
    target = distribution.target
    assert rows["body_mass"][0, target.id("body", "cube")] == 0.2
    assert rows["dof_armature"][0, target.model.joint("elbow").dofadr[0]] == 0.05
    assert rows["timestep"][0] == 0.004
    assert "cube_mass" not in held.names
    assert held.names[:2] == ("damping[shoulder]", "damping[elbow]")


def test_an_untouched_distribution_is_not_changed(distribution: WorldDistribution) -> None:
    pinned(distribution, {"cube_mass": 1.1, "object.mass": 0.3})
    assert not distribution.pins and distribution.names[0] == "cube_mass"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "cube_mas",
            1.0,
            "cannot pin 'cube_mas': it is no parameter, no term and no kind of term; parameters: cube_mass",
        ),
        ("cube_mass", "heavy", "cannot pin 'cube_mass' at 'heavy': wanted a number, with a unit or in 1"),
        ("object.mass", "3 m", "cannot pin 'object.mass' at '3 m': unit 'm' does not fit; unit: kg, g"),
        ("object.mass", -1.0, "kind 'mass' takes values above 0"),
        ("lid.mass", 1.0, "pattern 'lid' matched no body of 'arm'"),
        ("mass", 1.0, "cannot pin 'mass': wanted PART.mass, PART a role or a pattern of body names"),
        ("object.timestep", 1.0, "cannot pin 'object.timestep': wanted timestep"),
        ("gravity", 1.0, "cannot pin 'gravity': gravity has the numbers x, y, z; give a term in a file"),
        ("elbow.joint_damping", 1.0, "term 'damping' acts on shoulder as well; pin that term"),
    ],
)
def test_what_cannot_be_pinned_is_refused(
    name: str, value: float | str, message: str, distribution: WorldDistribution
) -> None:
    with pytest.raises(WorldsError, match=re.escape(message)):
        pinned(distribution, {name: value})


def test_pins_are_kept_in_a_file(tmp_path: Path, distribution: WorldDistribution, target: Target) -> None:
    held = pinned(distribution, {"cube_mass": 1.1, "limits[elbow:high]": 0.02})
    file = tmp_path / "worlds.yaml"
    file.write_text(dump_worlds(held))
    assert load_worlds(file, target).pins == held.pins == {"cube_mass": 1.1, "limits[elbow:high]": 0.02}


def test_a_distribution_of_exactly_these_worlds_draws_no_others(distribution: WorldDistribution) -> None:
    chosen = _draw(distribution, 3)
    only = distribution.only(chosen)
    drawn = only.sample(np.random.default_rng(1), 30)
    assert only.finite == 3
    assert {world.fingerprint for world in drawn} == {world.fingerprint for world in chosen}
    assert only.replace_distribution("cube_mass", Uniform(0.9, 1.0)).sample(np.random.default_rng(1), 30) == drawn
    assert not {world.seed for world in only.split()[1].sample(np.random.default_rng(1), 30)} & set(
        chosen.seeds.tolist()
    )
    with pytest.raises(WorldsError, match="at least 1 world, got none"):
        distribution.only(chosen.take(np.zeros(0, int)))
    with pytest.raises(WorldsError, match="no parameter 'lid'"):
        distribution.only(Worlds.stack([World({"lid": 1.0})]))


def test_with_other_terms_the_pins_that_are_left_stay(distribution: WorldDistribution) -> None:
    held = pinned(distribution, {"cube_mass": 1.1, "damping": 1.2})
    assert held.with_terms([held.terms[1], Gravity("gravity", Normal(0.0, 0.1))]).pins == {
        "damping[shoulder]": 1.2,
        "damping[elbow]": 1.2,
    }
