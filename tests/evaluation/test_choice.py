from __future__ import annotations

import json

import numpy as np
import pytest

from randomizers import World, WorldDistribution
from sim2real.errors import UserError
from sim2real.evaluation.choice import KINDS, choose_worlds, read_world, unseen_one_by_one
from sim2real.tasks import ROBOT_FAMILIES, make_task
from sim2real.trials import TrialEnv


@pytest.fixture(scope="module")
def distribution() -> WorldDistribution:
    return make_task("leap/rotate-z").worlds


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_chooses_the_same_worlds_and_another_others(distribution, kind) -> None:
    worlds = choose_worlds(distribution, kind, 10, 3)
    assert len(worlds) == 10
    assert worlds.names == distribution.names
    assert choose_worlds(distribution, kind, 10, 3) == worlds
    other = choose_worlds(distribution, kind, 10, 4)
    assert not set(other.seeds.tolist()) & set(worlds.seeds.tolist())
    assert len(set(worlds.seeds.tolist())) == 10


@pytest.mark.parametrize("name", [names[0] for names in ROBOT_FAMILIES.values()])
def test_unseen_worlds_lie_outside_the_training_range_where_one_is_held_out(name: str) -> None:
    distribution = make_task(name).worlds
    seen, unseen = (choose_worlds(distribution, kind, 200, 0) for kind in ("seen", "unseen"))
    held_out = [term for term in distribution.terms if term.unseen is not None]
    assert held_out
    for term in distribution.terms:
        low, high = term.distribution.bounds
        for parameter in (name for name in distribution.names if name.partition("[")[0] == term.name):
            inside, drawn = seen.column(parameter), unseen.column(parameter)
            assert ((inside >= low) & (inside <= high)).all() or term.operation == "add", parameter
            if term in held_out:
                assert ((drawn <= low) | (drawn >= high)).all(), parameter
                assert ((drawn >= term.unseen.bounds[0]) & (drawn <= term.unseen.bounds[1])).all(), parameter
            elif term.operation != "add":
                assert ((drawn >= low) & (drawn <= high)).all(), parameter
            drawn_from = term.unseen if term in held_out else term.distribution
            if drawn_from.bounds[0] < drawn_from.bounds[1]:
                assert len(np.unique(drawn)) > 1, f"{parameter} is drawn"


def test_one_unseen_term_changes_its_own_numbers_and_nothing_else(distribution) -> None:
    seen, unseen = (choose_worlds(distribution, kind, 8, 3) for kind in ("seen", "unseen"))
    changed = unseen_one_by_one(distribution, 8, 3)
    assert list(changed) == [term.name for term in distribution.terms if term.unseen is not None]
    for name, worlds in changed.items():
        assert np.array_equal(worlds.seeds, seen.seeds)
        for parameter in distribution.names:
            source = unseen if parameter.partition("[")[0] == name else seen
            assert np.array_equal(worlds.column(parameter), source.column(parameter)), parameter
        assert not np.array_equal(worlds.values, seen.values)


def test_without_unseen_ranges_there_is_nothing_to_change_one_by_one(distribution) -> None:
    with pytest.raises(UserError, match="no term has an unseen range"):
        unseen_one_by_one(distribution.split()[1], 4, 0)


def test_nominal_worlds_are_the_model_with_chances_of_their_own(distribution) -> None:
    worlds = choose_worlds(distribution, "nominal", 5, 0)
    assert np.array_equal(worlds.values, distribution.nominal(5).values)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_no_training_draws_the_worlds_of_an_evaluation(distribution, seed: int) -> None:
    task = make_task("leap/rotate-z")
    env = TrialEnv(task, 64, seed=seed, threads=1)
    env.reset()
    trained = set(env.worlds.seeds.tolist())
    for kind in KINDS:
        assert not trained & set(choose_worlds(distribution, kind, 64, seed).seeds.tolist())


def test_the_kinds_do_not_share_their_chances(distribution) -> None:
    seeds = [set(choose_worlds(distribution, kind, 20, 0).seeds.tolist()) for kind in KINDS]
    assert len(set.union(*seeds)) == 60


def test_seen_worlds_of_a_finite_set_are_those_of_training_and_unseen_ones_are_not(distribution) -> None:
    finite = WorldDistribution(distribution.terms, distribution.target, finite=30)
    env = TrialEnv(make_task("leap/rotate-z"), 64, finite, seed=0, threads=1)
    env.reset()
    trained = set(env.worlds)
    assert len(trained) == 30
    assert set(choose_worlds(finite, "seen", 30, 0)) == trained
    assert not {world.seed for world in trained} & set(choose_worlds(finite, "unseen", 500, 0).seeds.tolist())


def test_a_distribution_without_unseen_ranges_is_refused_by_name(distribution) -> None:
    terms = [term for term in distribution.terms if term.name in ("joint_damping", "armature")]
    with pytest.raises(UserError, match=r"no term has an unseen range; terms: joint_damping, armature$") as error:
        choose_worlds(WorldDistribution(terms, distribution.target), "unseen", 1, 0)
    assert "\n" not in str(error.value)


def test_a_world_is_read_back_and_completed(distribution, tmp_path) -> None:
    path = tmp_path / "world.json"
    path.write_text(World({"cube_mass": 1.25}, seed=9).to_json())
    world = read_world(path, distribution)
    assert world.names == distribution.names
    assert world.column("cube_mass").tolist() == [1.25]
    assert world.column("cube_size").tolist() == [1.0]
    assert world.seeds.tolist() == [9]
    drawn = choose_worlds(distribution, "unseen", 1, 0)
    path.write_text(drawn[0].to_json())
    assert read_world(path, distribution) == drawn


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not the JSON of a world"),
        ("{", "not the JSON of a world"),
        ("[]", "keys seed, values"),
        ('{"seed": 0}', "keys seed, values"),
        ('{"seed": 0, "values": [1]}', "numbers by name"),
        ('{"seed": 0, "values": null}', "numbers by name"),
        ('{"seed": -1, "values": {}}', "seed"),
        ('{"seed": 0.5, "values": {}}', "seed"),
        ('{"seed": 0, "values": {"cube_mass": "heavy"}}', "'cube_mass' must be a finite number"),
        ('{"seed": 0, "values": {"cube_mass": NaN}}', "'cube_mass' must be a finite number"),
        ('{"seed": 0, "values": {"ball_mass": 1}}', "no parameter 'ball_mass'"),
        ('{"seed": 0, "values": {"cube_size": 3}}', "at 3 an episode of 'leap/rotate-z' would begin"),
        (b"\xff\xfe\x00", "can't decode"),
    ],
)
def test_a_file_that_holds_no_world_is_refused_in_one_line_with_its_name(
    distribution, tmp_path, content, reason
) -> None:
    path = tmp_path / "junk.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as error:
        read_world(path, distribution)
    assert str(path) in str(error.value) and reason in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_refused_with_its_name(distribution, tmp_path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(UserError, match=f"cannot use world {path}"):
            read_world(path, distribution)


def test_what_is_read_can_be_written_again(distribution, tmp_path) -> None:
    path = tmp_path / "world.json"
    path.write_text(choose_worlds(distribution, "seen", 1, 5)[0].to_json())
    assert json.loads(read_world(path, distribution)[0].to_json()) == json.loads(path.read_text())
