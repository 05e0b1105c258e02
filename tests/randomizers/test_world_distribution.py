from __future__ import annotations

import re
import time

import numpy as np
import pytest

from randomizers import (
    ActionDelay,
    ActuatorGain,
    Choice,
    Fixed,
    ForceAcceleration,
    ForceProbability,
    Friction,
    Gravity,
    JointDamping,
    JointLimits,
    LogUniform,
    Mass,
    Normal,
    ObservationBias,
    ObservationNoise,
    Size,
    Target,
    Uniform,
    World,
    WorldDistribution,
    Worlds,
    WorldsError,
)
from randomizers.fields import nominal_row, nominal_rows

TERMS = (
    Mass("cube_mass", Uniform(0.7, 1.3), on="cube", unseen=Uniform(1.3, 1.7)),
    Mass("link_mass", Uniform(0.5, 1.5), on=("upper", "fore"), each="element"),
    Size("cube_size", Uniform(0.9, 1.1), on="cube"),
    Friction("friction", Uniform(0.5, 1.0), on="cube", operation="set"),
    JointDamping("damping", LogUniform(0.3, 3.0), on=("shoulder", "elbow"), each="element"),
    JointLimits("limits", Normal(0.0, 0.1), on="elbow"),
    Gravity("gravity", Normal(0.0, 0.4)),
    ActuatorGain("kp", LogUniform(0.75, 1.5), on="*"),
    ActionDelay("delay", Choice((0, 1)), on="*"),
    ObservationNoise("noise", Uniform(0.0, 0.1), on=("joints", "cube")),
    ObservationBias("bias", Normal(0.0, 0.05), on="cube", when="episode"),
    ForceProbability("push_probability", LogUniform(0.001, 0.1), on="cube"),
    ForceAcceleration("push", Uniform(0.0, 2.0), on="cube"),
)


@pytest.fixture
def distribution(arm: Target) -> WorldDistribution:
    return WorldDistribution(TERMS, arm)


def test_every_parameter_has_a_name_and_a_unit(distribution: WorldDistribution) -> None:
    assert distribution.names == (
        "cube_mass",
        *("link_mass[upper]", "link_mass[fore]"),
        "cube_size",
        "friction",
        *("damping[shoulder]", "damping[elbow]"),
        *("limits[elbow:low]", "limits[elbow:high]"),
        *("gravity[x]", "gravity[y]", "gravity[z]"),
        "kp",
        *("delay[shoulder]", "delay[elbow]"),
        "noise",
        *("bias[cube.0]", "bias[cube.1]", "bias[cube.2]"),
        "push_probability",
        "push",
    )
    assert distribution.units["cube_mass"] == "1"
    assert distribution.units["gravity[z]"] == "m/s^2"
    assert distribution.ranges["cube_mass"] == (0.7, 1.3)
    assert distribution.acted_bodies.tolist() == [distribution.target.id("body", "cube")]
    assert distribution.recompute


def test_nothing_needs_recomputing_where_no_term_says_so(arm: Target) -> None:
    assert not WorldDistribution([Gravity("gravity", Normal(0.0, 0.4))], arm).recompute


def test_the_same_generator_gives_the_same_worlds(distribution: WorldDistribution) -> None:
    worlds = distribution.sample(np.random.default_rng(5), 20)
    assert worlds == distribution.sample(np.random.default_rng(5), 20)
    assert worlds != distribution.sample(np.random.default_rng(6), 20)
    assert len(set(worlds.seeds.tolist())) == 20


def test_worlds_are_drawn_from_the_ranges(distribution: WorldDistribution) -> None:
    mass = distribution.sample(np.random.default_rng(0), 1000).column("cube_mass")
    assert 0.7 <= mass.min() < 0.71 and 1.29 < mass.max() <= 1.3


def test_nominal_worlds_are_the_model_bit_for_bit(distribution: WorldDistribution, arm: Target) -> None:
    for world in (World.nominal(), distribution.nominal(), distribution.nominal()[0]):
        rows = distribution.settings(world)
        assert set(rows) == {*distribution.fields, *distribution.channel_settings}
        for field, array in rows.items():
            assert array[0].tobytes() == nominal_row(arm, field).tobytes()
    nominal = distribution.nominal()[0].values
    assert (nominal["cube_mass"], nominal["gravity[x]"], nominal["friction"]) == (1.0, 0.0, 0.8)


def test_what_a_world_does_not_name_is_nominal(distribution: WorldDistribution) -> None:
    completed = distribution.complete(World({"kp": 1.2}, seed=3))
    assert completed[0] == distribution.nominal()[0].replace(kp=1.2, seed=3)


def test_unknown_parameters_are_refused_with_those_there_are(distribution: WorldDistribution) -> None:
    with pytest.raises(WorldsError, match=re.escape("no parameter 'kd' in this distribution; parameters: cube_mass, ")):
        distribution.settings(World({"kd": 1.0}))


def test_mass_and_size_of_one_body_multiply_its_inertia(arm: Target) -> None:
    mass, size = Mass("mass", Uniform(1, 3), on="cube"), Size("size", Uniform(1, 3), on="cube")
    world = World({"mass": 2.0, "size": 1.5})
    cube = arm.id("body", "cube")
    for terms in ((mass, size), (size, mass)):
        rows = WorldDistribution(terms, arm).settings(world)
        assert rows["body_mass"][0, cube] == pytest.approx(2 * arm.model.body_mass[cube], rel=1e-15)
        assert rows["body_inertia"][0, cube] == pytest.approx(4.5 * arm.model.body_inertia[cube], rel=1e-15)


def test_setting_comes_before_scaling_whatever_the_order(arm: Target) -> None:
    replace = JointDamping("set", Uniform(0, 1), on="elbow", operation="set")
    scale = JointDamping("scale", Uniform(1, 3), on=("shoulder", "elbow"))
    for terms in ((replace, scale), (scale, replace)):
        rows = WorldDistribution(terms, arm).settings(World({"set": 0.5, "scale": 2.0}))
        assert rows["dof_damping"][0, :2].tolist() == [0.2, 1.0]


def test_writing_leaves_nothing_of_what_rows_held(distribution: WorldDistribution, arm: Target) -> None:
    worlds = distribution.sample(np.random.default_rng(0), 4)
    expected = distribution.settings(worlds)
    rows = nominal_rows(arm, (*expected, "backlash"), 4)
    for array in rows.values():
        array[:] = 7
    written = dict.fromkeys(field for term in TERMS for field in term.fields)
    for _ in range(3):
        distribution.write(rows, worlds)
    for field in written:
        assert np.array_equal(rows[field], expected[field])
    assert (rows["backlash"] == 7).all()


def test_rows_that_are_not_given_are_asked_for(distribution: WorldDistribution) -> None:
    with pytest.raises(WorldsError, match="no rows given for body_mass, body_inertia, geom_size"):
        distribution.write({"action_delay": np.zeros((1, 2))}, World.nominal())


def test_a_world_does_not_see_its_neighbours(distribution: WorldDistribution) -> None:
    worlds = distribution.sample(np.random.default_rng(0), 6)
    together, alone = distribution.settings(worlds), distribution.settings(worlds[4])
    for field, rows in together.items():
        assert np.array_equal(rows[4], alone[field][0])


def test_settings_are_fresh_and_do_not_touch_the_model(distribution: WorldDistribution, arm: Target) -> None:
    before = arm.model.body_mass.copy()
    first = distribution.settings(World.nominal())
    first["body_mass"][:] = 9
    assert np.array_equal(distribution.settings(World.nominal())["body_mass"][0], before)
    assert np.array_equal(arm.model.body_mass, before)


def test_the_vector_maps_the_training_range_to_minus_one_and_one(arm: Target) -> None:
    distribution = WorldDistribution([TERMS[0], TERMS[7]], arm)
    worlds = Worlds.stack([World({"cube_mass": 0.7, "kp": 1.5}), World({"cube_mass": 1.0, "kp": 1.125})])
    assert distribution.vector(worlds).dtype == np.float32
    assert distribution.vector(worlds) == pytest.approx(np.array([[-1.0, 1.0], [0.0, 0.0]]), abs=1e-6)


def test_moving_a_range_leaves_the_vector_alone(distribution: WorldDistribution) -> None:
    worlds = distribution.sample(np.random.default_rng(0), 4)
    wider = distribution.replace_distribution("kp", LogUniform(0.5, 2.0))
    assert wider.ranges["kp"] == (0.5, 2.0)
    assert distribution.ranges["kp"] == (0.75, 1.5)
    assert np.array_equal(wider.vector(worlds), distribution.vector(worlds))


def test_a_term_of_zero_width_still_has_a_vector(arm: Target) -> None:
    distribution = WorldDistribution([Mass("mass", Uniform(1.0, 1.0), on="cube")], arm)
    assert distribution.vector(World({"mass": 1.5})).tolist() == [[0.5]]


def test_unseen_worlds_leave_the_training_range_where_a_term_says_so(distribution: WorldDistribution) -> None:
    seen, unseen = distribution.split()
    rng = np.random.default_rng(0)
    assert seen.sample(rng, 500).column("cube_mass").max() <= 1.3
    held_out = unseen.sample(rng, 500)
    assert held_out.column("cube_mass").min() >= 1.3
    assert held_out.column("cube_size").max() <= 1.1
    assert unseen.vector(held_out)[:, 0].min() >= 1.0


def test_unseen_ranges_can_be_given_at_the_split(distribution: WorldDistribution) -> None:
    _, unseen = distribution.split({"kp": Uniform(1.5, 2.0), "cube_mass": Uniform(0.4, 0.7)})
    assert unseen.ranges["kp"] == (1.5, 2.0)
    assert unseen.ranges["cube_mass"] == (0.4, 0.7)
    with pytest.raises(WorldsError, match="no term 'kd'; terms: cube_mass, link_mass"):
        distribution.split({"kd": Uniform(0, 1)})
    with pytest.raises(WorldsError, match=r"term 'kp': unseen .* overlaps the training range"):
        distribution.split({"kp": Uniform(1.4, 2.0)})


def test_there_is_no_split_without_an_unseen_range(arm: Target) -> None:
    with pytest.raises(WorldsError, match="no term has an unseen range; terms: gravity"):
        WorldDistribution([Gravity("gravity", Normal(0.0, 0.4))], arm).split()


def test_a_finite_set_is_drawn_from_whole_worlds_and_no_others(arm: Target) -> None:
    distribution = WorldDistribution(TERMS, arm, finite=7)
    rng = np.random.default_rng(0)
    drawn = [world for _ in range(20) for world in distribution.sample(rng, 5)]
    assert len(set(drawn)) == 7
    assert len({world.seed for world in drawn}) == len({world.values["cube_mass"] for world in drawn}) == 7
    again = WorldDistribution(TERMS, arm, finite=7)
    assert set(again.sample(np.random.default_rng(1), 7)) == set(drawn), "whoever draws them"
    assert distribution.redraw_episode(Worlds.stack(drawn[:5]), np.zeros(5, int)) == Worlds.stack(drawn[:5])


def test_no_world_of_a_finite_set_is_drawn_again_before_all_others_are(arm: Target) -> None:
    distribution = WorldDistribution(TERMS, arm, finite=10)
    assert len(set(distribution.sample(np.random.default_rng(0), 10))) == 10
    seeds, counts = np.unique(distribution.sample(np.random.default_rng(0), 25).seeds, return_counts=True)
    assert len(seeds) == 10 and set(counts.tolist()) == {2, 3}
    one, other = (distribution.sample(np.random.default_rng(seed), 10).seeds.tolist() for seed in (0, 1))
    assert one != other and sorted(one) == sorted(other), "in an order of its own"


def test_all_worlds_of_a_finite_set_are_drawn_alike_often(arm: Target) -> None:
    distribution = WorldDistribution([], arm, finite=50)
    rng = np.random.default_rng(0)
    seeds = np.concatenate([distribution.sample(rng, 3).seeds for _ in range(5000)])
    counts = np.unique(seeds, return_counts=True)[1]
    assert len(counts) == 50
    assert np.abs(counts - 300).max() < 4 * np.sqrt(300)


def test_a_larger_finite_set_has_the_smaller_ones_seeds(arm: Target) -> None:
    small, large = (WorldDistribution([], arm, finite=n).sample(np.random.default_rng(0), n) for n in (10, 30))
    assert set(small.seeds.tolist()) < set(large.seeds.tolist())


def test_worlds_outside_a_finite_set_are_unseen(arm: Target) -> None:
    seen, unseen = WorldDistribution(TERMS, arm, finite=20).split()
    assert (seen.finite, unseen.finite) == (20, None)
    drawn = unseen.sample(np.random.default_rng(0), 500)
    assert not set(drawn.seeds.tolist()) & set(seen.sample(np.random.default_rng(0), 20).seeds.tolist())
    assert drawn.column("cube_mass").min() >= 1.3, "and of the unseen ranges, where there are such"
    _, others = WorldDistribution(TERMS[1:3], arm, finite=20).split()
    assert len(set(others.sample(np.random.default_rng(0), 500))) == 500


def test_moving_a_range_keeps_a_finite_set_finite(arm: Target) -> None:
    moved = WorldDistribution(TERMS, arm, finite=5).replace_distribution("kp", LogUniform(2.0, 3.0))
    worlds = moved.sample(np.random.default_rng(0), 50)
    assert len(set(worlds)) == 5 and worlds.column("kp").min() >= 2.0


@pytest.mark.parametrize("finite", [0, -3, 2.5, True, "10"])
def test_a_finite_set_has_a_whole_number_of_worlds(arm: Target, finite: object) -> None:
    with pytest.raises(WorldsError, match=f"a whole number of worlds, at least 1, got {finite!r}"):
        WorldDistribution(TERMS, arm, finite=finite)  # type: ignore[arg-type]


def test_an_episodes_draw_depends_on_seed_and_episode_alone(distribution: WorldDistribution) -> None:
    worlds = distribution.sample(np.random.default_rng(0), 5)
    assert distribution.redraw_episode(worlds, np.zeros(5, int)) == worlds
    later = distribution.redraw_episode(worlds, np.array([0, 1, 2, 3, 4]))
    assert distribution.redraw_episode(worlds.take([3]), np.array([3]))[0] == later[3]
    assert distribution.redraw_episode(later, np.zeros(5, int)) == worlds
    for name in distribution.names:
        changed = (later.column(name) != worlds.column(name)).tolist()
        assert changed == ([False, True, True, True, True] if name.startswith("bias") else [False] * 5)


def test_no_terms_at_all_are_a_distribution(arm: Target) -> None:
    nothing = WorldDistribution([], arm)
    worlds = nothing.sample(np.random.default_rng(0), 3)
    assert nothing.vector(worlds).shape == (3, 0)
    assert nothing.settings(worlds) == {}


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([TERMS[0], TERMS[0]], "term 'cube_mass': the name is used by an earlier term; names must differ"),
        (
            [
                JointDamping("a", Uniform(0, 1), on="elbow", operation="set"),
                JointDamping("b", Uniform(0, 1), on="*o*", operation="set", each="element"),
            ],
            "term 'b': it sets joint_damping of 'elbow', as term 'a' does; one term may",
        ),
        (
            [TERMS[-1]],
            "term 'push': force_acceleration does nothing without a term of kind 'force_probability' on cube",
        ),
        (
            [TERMS[-1], ForceProbability("p", Fixed(0.1), on="fore")],
            "term 'push': force_acceleration does nothing without a term of kind 'force_probability' on cube",
        ),
        ([Mass("m", Uniform(1, 2), on="thumb")], "term 'm': pattern 'thumb' matched no body of 'arm'; bodies: upper"),
    ],
)
def test_terms_that_contradict_each_other_are_refused(terms: list, message: str, arm: Target) -> None:
    with pytest.raises(WorldsError, match=re.escape(message)):
        WorldDistribution(terms, arm)


def test_an_unknown_term_is_refused_with_those_there_are(distribution: WorldDistribution) -> None:
    with pytest.raises(WorldsError, match="no term 'kd'; terms: cube_mass, link_mass"):
        distribution.replace_distribution("kd", Fixed(1.0))


def test_settings_of_256_worlds_take_milliseconds(distribution: WorldDistribution) -> None:
    worlds = distribution.sample(np.random.default_rng(0), 256)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        distribution.settings(worlds)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.02
