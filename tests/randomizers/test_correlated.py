"""Terms that are drawn with others."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import asin, pi
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from randomizers import (
    ActuatorGain,
    Choice,
    Friction,
    Gravity,
    JointDamping,
    LogUniform,
    Mass,
    Mixture,
    Normal,
    ObservationBias,
    ObservationNoise,
    Size,
    Target,
    Uniform,
    WorldDistribution,
    WorldsError,
    dump_worlds,
    load_worlds,
)
from randomizers.streams import episode_generator

N = 4000
MASS = Mass("mass", Uniform(0.5, 1.5), on="cube")


def following(name: str = "size", correlation: float | None = None, **options) -> Size:
    return Size(name, Uniform(0.9, 1.3), on="cube", follows="mass", correlation=correlation, **options)


def drawn(terms: list, target: Target, seed: int = 0, n: int = N):
    return WorldDistribution(terms, target).sample(np.random.default_rng(seed), n)


def test_one_draw_stands_for_several_parts_each_on_its_own_scale(arm: Target) -> None:
    worlds = drawn([MASS, following()], arm)
    np.testing.assert_allclose(worlds.column("size"), 0.9 + 0.4 * (worlds.column("mass") - 0.5), rtol=1e-12)


def test_opposite_draws_are_opposite_quantiles(arm: Target) -> None:
    worlds = drawn([MASS, following(correlation=-1)], arm)
    np.testing.assert_allclose(worlds.column("size"), 1.3 - 0.4 * (worlds.column("mass") - 0.5), rtol=1e-12)


@pytest.mark.parametrize("correlation", [-0.95, -0.5, 0.0, 0.3, 0.8])
@pytest.mark.parametrize(
    "leader", [MASS, Mass("mass", LogUniform(0.1, 10.0), on="cube"), Mass("mass", Normal(1.0, 0.1), on="cube")]
)
def test_draws_hang_together_as_a_gaussian_copula(correlation: float, leader: Mass, arm: Target) -> None:
    worlds = drawn([leader, following(correlation=correlation)], arm)
    found = stats.spearmanr(worlds.column("mass"), worlds.column("size")).statistic
    assert found == pytest.approx(6 / pi * asin(correlation / 2), abs=4 / np.sqrt(N))
    assert stats.kstest(worlds.column("size"), stats.uniform(0.9, 0.4).cdf).pvalue > 1e-5, "its own law stays"


def test_what_follows_a_follower_hangs_together_with_the_first(arm: Target) -> None:
    gain = ActuatorGain("gain", LogUniform(0.5, 2.0), on="*", follows="size", correlation=-1)
    worlds = drawn([MASS, following(correlation=0.6), gain], arm)
    mass, size, gains = (worlds.column(name) for name in ("mass", "size", "gain"))
    assert stats.spearmanr(size, gains).statistic == pytest.approx(-1.0)
    assert stats.spearmanr(mass, gains).statistic == pytest.approx(-6 / pi * asin(0.3), abs=4 / np.sqrt(N))


def test_one_number_may_lead_many_and_many_as_many(arm: Target) -> None:
    damping = JointDamping("damping", Uniform(0, 2), on=("shoulder", "elbow"), each="element", follows="mass")
    loose = JointDamping(
        "loose", Uniform(0, 2), on=("shoulder", "elbow"), each="element", follows="damping", correlation=0.5
    )
    worlds = drawn([MASS, damping, loose], arm)
    first, second = worlds.column("damping[shoulder]"), worlds.column("damping[elbow]")
    np.testing.assert_allclose(first, 2 * (worlds.column("mass") - 0.5), rtol=1e-12)
    assert np.array_equal(first, second)
    loosely = [worlds.column("loose[shoulder]"), worlds.column("loose[elbow]")]
    wanted = 6 / pi * asin(0.25)
    for number in loosely:
        assert stats.spearmanr(first, number).statistic == pytest.approx(wanted, abs=4 / np.sqrt(N))
    assert stats.spearmanr(*loosely).statistic == pytest.approx(6 / pi * asin(0.125), abs=4 / np.sqrt(N))


def test_equally_many_numbers_follow_each_its_own(arm: Target) -> None:
    joints = ("shoulder", "elbow")
    damping = JointDamping("damping", Uniform(0, 2), on=joints, each="element")
    other = JointDamping("other", Uniform(0, 1), on=joints, each="element", follows="damping")
    worlds = drawn([damping, other], arm)
    for joint in joints:
        np.testing.assert_allclose(worlds.column(f"other[{joint}]"), worlds.column(f"damping[{joint}]") / 2, rtol=1e-12)
    assert abs(stats.spearmanr(worlds.column("damping[shoulder]"), worlds.column("damping[elbow]")).statistic) < 0.07


def test_choices_follow_by_their_order(arm: Target) -> None:
    noise = ObservationNoise("noise", Choice((0.2, 0.0), (0.25, 0.75)), on="cube", follows="mass")
    worlds = drawn([MASS, noise], arm)
    assert np.array_equal(worlds.column("noise") > 0, worlds.column("mass") > 1.25)


def test_the_order_of_listing_does_not_matter_to_who_follows_whom(arm: Target) -> None:
    worlds = drawn([following(), MASS], arm)
    np.testing.assert_allclose(worlds.column("size"), 0.9 + 0.4 * (worlds.column("mass") - 0.5), rtol=1e-12)
    assert worlds.names == ("size", "mass")


def test_terms_without_followers_are_drawn_as_listed_and_as_their_distributions_sample(arm: Target) -> None:
    gravity = Gravity("gravity", Normal(0.0, 0.4))
    damping = JointDamping("damping", LogUniform(0.3, 3.0), on=("shoulder", "elbow"), each="element")
    bias = ObservationBias("bias", Normal(0.0, 0.05), on="cube", when="episode")
    terms = [gravity, bias, MASS, damping]
    rng = np.random.default_rng(5)
    seeds = rng.integers(2**64, size=10, dtype=np.uint64)
    expected = {term.name: term.distribution.sample(rng, (10, width)) for term, width in ((gravity, 3), (MASS, 1))}
    worlds = drawn(terms, arm, 5, 10)
    assert np.array_equal(worlds.seeds, seeds)
    assert np.array_equal(worlds.values[:, 0:3], expected["gravity"])
    assert np.array_equal(worlds.column("mass"), expected["mass"][:, 0])
    assert np.array_equal(worlds.values[:, 7:], damping.distribution.sample(rng, (10, 2)))
    anew = np.stack([bias.distribution.sample(episode_generator(seed, 0), 3) for seed in seeds.tolist()])
    assert np.array_equal(worlds.values[:, 3:6], anew)
    with_pair = drawn(
        [gravity, bias, MASS, damping, Friction("f", Uniform(0.5, 1), on="cube", follows="mass")], arm, 5, 10
    )
    assert np.array_equal(with_pair.values[:, 0:3], worlds.values[:, 0:3]), "nor are they where others do follow"


def test_followers_of_an_episode_are_drawn_anew_with_what_they_follow(arm: Target) -> None:
    bias = ObservationBias("bias", Uniform(-1.0, 1.0), on="cube", when="episode")
    noise = ObservationNoise("noise", Uniform(0.0, 1.0), on="cube", each="element", when="episode", follows="bias")
    distribution = WorldDistribution([bias, noise, MASS], arm)
    worlds = distribution.sample(np.random.default_rng(0), 4)
    later = distribution.redraw_episode(worlds, np.arange(4))
    assert distribution.redraw_episode(later, np.zeros(4, int)) == worlds
    assert (later.values[1:, :6] != worlds.values[1:, :6]).all()
    for each in (worlds, later):
        np.testing.assert_allclose(each.values[:, 3:6], each.values[:, :3] / 2 + 0.5, rtol=1e-12)


def test_a_finite_set_keeps_its_pairs(arm: Target) -> None:
    worlds = WorldDistribution([MASS, following()], arm, finite=5).sample(np.random.default_rng(0), 50)
    assert len({(world.values["mass"], world.values["size"]) for world in worlds}) == 5
    np.testing.assert_allclose(worlds.column("size"), 0.9 + 0.4 * (worlds.column("mass") - 0.5), rtol=1e-12)


def test_unseen_ranges_are_followed_at_their_own_quantiles(arm: Target) -> None:
    mass = Mass("mass", Uniform(0.5, 1.5), on="cube", unseen=Mixture((Uniform(0.2, 0.5), Uniform(1.5, 2.1))))
    _, unseen = WorldDistribution([mass, following(unseen=Uniform(1.3, 1.5))], arm).split()
    worlds = unseen.sample(np.random.default_rng(0), 500)
    ranks = (np.where(m < 1, (m - 0.2) / 0.6, 0.5 + (m - 1.5) / 1.2) for m in [worlds.column("mass")])
    np.testing.assert_allclose(worlds.column("size"), 1.3 + 0.2 * next(ranks), rtol=1e-9)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (lambda: [following()], "term 'size': it follows 'mass', but there is no such term; terms: size"),
        (
            lambda: [Mass("mass", Uniform(1, 2), on="cube", follows="mass")],
            "term 'mass': it follows itself: mass -> mass",
        ),
        (
            lambda: [Mass("mass", Uniform(1, 2), on="cube", follows="gain"), following("gain")],
            "term 'mass': it follows itself: mass -> gain -> mass",
        ),
        (
            lambda: [MASS, following(when="episode")],
            "term 'size': it is drawn with every episode and cannot follow 'mass', drawn with every trial",
        ),
        (
            lambda: [Gravity("mass", Normal(0, 1)), following()],
            "term 'size': it has 1 number and cannot follow 'mass' with 3; wanted: 1",
        ),
        (lambda: [MASS, following(correlation=1.5)], "term 'size': correlation must be from -1 to 1, got 1.5"),
        (lambda: [MASS, following(correlation=float("nan"))], "correlation must be a finite number, got nan"),
        (
            lambda: [Mass("mass", Uniform(1, 2), on="cube", correlation=0.5)],
            "term 'mass': correlation 0.5 is with a term that it follows: give 'follows'",
        ),
    ],
)
def test_what_cannot_be_followed_is_refused(terms: Callable[[], list], message: str, arm: Target) -> None:
    with pytest.raises(WorldsError, match=re.escape(message)):
        WorldDistribution(terms(), arm)


def test_followers_are_read_from_files_and_written_to_them(arm: Target, tmp_path: Path) -> None:
    text = (
        "terms:\n"
        "  - {name: mass, kind: mass, on: [cube], distribution: {uniform: [0.5, 1.5]}}\n"
        "  - {name: size, kind: size, on: [cube], distribution: {uniform: [0.9, 1.3]}, follows: mass}\n"
        "  - {name: rub, kind: friction, on: cube, distribution: {uniform: [0.5, 1]}, follows: size, correlation: -0.4}\n"
    )
    (tmp_path / "worlds.yaml").write_text(text)
    read = load_worlds(tmp_path / "worlds.yaml", arm)
    assert [(term.follows, term.correlation) for term in read.terms] == [(None, None), ("mass", 1.0), ("size", -0.4)]
    (tmp_path / "again.yaml").write_text(dump_worlds(read))
    again = load_worlds(tmp_path / "again.yaml", arm)
    assert again.terms == read.terms
    assert again.sample(np.random.default_rng(0), 5) == read.sample(np.random.default_rng(0), 5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "follows: weight",
            "worlds.yaml:3: term 'size': it follows 'weight', but there is no such term; terms: mass, size",
        ),
        ("correlation: 0.5", "worlds.yaml:3: term 'size': correlation 0.5 is with a term that it follows"),
        ("follows: mass, correlation: often", "worlds.yaml:3: term 'size': Size: correlation must be a finite number"),
    ],
)
def test_a_file_is_refused_with_its_line(line: str, message: str, arm: Target, tmp_path: Path) -> None:
    text = (
        "terms:\n"
        "  - {name: mass, kind: mass, on: [cube], distribution: {uniform: [0.5, 1.5]}}\n"
        "  - {name: size, kind: size, on: [cube], distribution: {uniform: [0.9, 1.3]}, %s}\n"
    )
    (tmp_path / "worlds.yaml").write_text(text % line)
    with pytest.raises(WorldsError, match=re.escape(message)):
        load_worlds(tmp_path / "worlds.yaml", arm)


def test_what_follows_an_optional_term_that_is_left_out_is_drawn_by_itself(arm: Target, tmp_path: Path) -> None:
    text = (
        "terms:\n"
        "  - {name: mass, kind: mass, on: [thumb], distribution: {uniform: [0.5, 1.5]}, optional: true}\n"
        "  - {name: size, kind: size, on: [cube], distribution: {uniform: [0.9, 1.3]}, follows: mass}\n"
    )
    (tmp_path / "worlds.yaml").write_text(text)
    read = load_worlds(tmp_path / "worlds.yaml", arm)
    assert read.names == ("size",) and read.terms[0].follows is None
    assert read.sample(np.random.default_rng(0), 50).column("size").std() > 0.05
