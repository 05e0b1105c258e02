"""Draws follow their laws: Kolmogorov-Smirnov for what is continuous, chi-square for values that are drawn as they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from randomizers import (
    ADR,
    ADR_PRESETS,
    PRESETS,
    Choice,
    Distribution,
    Fixed,
    Gravity,
    LogUniform,
    Mass,
    Mixture,
    Normal,
    Target,
    TruncatedNormal,
    Uniform,
    WorldDistribution,
    WorldsError,
    preset,
)
from sim2real.tasks import ELSEWHERE, FAMILIES, ROBOT_FAMILIES, make_task

LEAST_P = 1e-5
"""Probability under the law of what is still taken for its draws. Seeds are fixed: what passes once always passes."""

Law = list[tuple[float, float | stats.distributions.rv_frozen]]
"""Probability of each part: a value drawn as it is, or a continuous distribution."""


def law_of(distribution: Distribution, cut: bool = False) -> Law:
    """The law of a distribution's draws; `cut` moves a normal's tails to its bounds."""
    match distribution:
        case Mixture(parts):
            return [(p / len(parts), law) for part in parts for p, law in law_of(part)]
        case Fixed(value):
            return [(1.0, value)]
        case Choice(values, weights):
            return list(zip(weights or [1 / len(values)] * len(values), values, strict=True))
        case _ if distribution.bounds[0] == distribution.bounds[1]:
            return [(1.0, distribution.bounds[0])]
        case Uniform(low, high):
            return [(1.0, stats.uniform(low, high - low))]
        case LogUniform(low, high):
            return [(1.0, stats.loguniform(low, high))]
        case TruncatedNormal(mean, sd, low, high):
            return [(1.0, stats.truncnorm((low - mean) / sd, (high - mean) / sd, mean, sd))]
        case Normal(mean, sd) if not cut:
            return [(1.0, stats.norm(mean, sd))]
        case Normal(mean, sd):
            low, high = distribution.bounds
            inside = TruncatedNormal(mean, sd, low, high)
            tail = stats.norm(mean, sd).cdf(low)
            return [(tail, low), (1 - 2 * tail, law_of(inside)[0][1]), (tail, high)]
    raise NotImplementedError(f"no law to compare draws of {distribution!r} with")


def p_value(drawn: np.ndarray, law: Law) -> float:
    """The least probability, if they follow the law, of draws (n,) as far from it: of how many are each value that is
    drawn as it is (chi-square), and of the others' distribution (Kolmogorov-Smirnov). 0 for values it does not have."""
    atoms: dict[float, float] = {}
    for p, value in law:
        if isinstance(value, float) and p > 0:
            atoms[value] = atoms.get(value, 0.0) + p
    spread = [(p, part) for p, part in law if not isinstance(part, float)]
    loose = drawn[~np.isin(drawn, list(atoms))]
    share = sum(p for p, _ in spread)
    found, worst = [(drawn == value).sum() for value in atoms], 1.0
    if spread:
        worst = stats.kstest(loose, lambda x: sum(p / share * part.cdf(x) for p, part in spread)).pvalue
    elif loose.size:
        return 0.0
    probable = [*atoms.values(), *([share] if spread else [])]
    if len(probable) > 1:
        counts = [*found, *([loose.size] if spread else [])]
        worst = min(worst, stats.chisquare(counts, len(drawn) * np.array(probable) / sum(probable)).pvalue)
    return float(worst)


N = 20_000
KINDS = [
    Uniform(0.7, 1.3),
    Uniform(-2e-6, 5e-6),
    Uniform(1.0, 1.0),
    LogUniform(0.3, 3.0),
    LogUniform(1e-4, 20.0),
    Normal(2.0, 0.5),
    Normal(2.0, 0.0),
    TruncatedNormal(0.0, 1.0, -0.5, 2.0),
    TruncatedNormal(1.0, 0.1, 1.25, 1.3),
    TruncatedNormal(1.0, 0.1, 0.2, 0.5),
    TruncatedNormal(0.0, 1.0, 12.0, 13.0),
    Choice((0, 1)),
    Choice((3, -1, 2), (0.2, 0.5, 0.3)),
    Choice((0, 1, 2), (0.5, 0.0, 0.5)),
    Fixed(3.0),
    Mixture((Uniform(0.0, 1.0), Uniform(3.0, 4.0))),
    Mixture((Normal(0.0, 1.0), Uniform(-1.0, 2.0), LogUniform(0.1, 5.0))),
    Mixture((Uniform(0.0, 1.0), Choice((0.5, 7.0)), Fixed(7.0))),
    Mixture((Mixture((Uniform(0.0, 1.0), Uniform(2.0, 3.0))), Choice((4, 5)))),
]
of_every_kind = pytest.mark.parametrize("distribution", KINDS, ids=repr)


@of_every_kind
def test_draws_follow_their_law(distribution: Distribution) -> None:
    drawn = distribution.sample(np.random.default_rng(1), N)
    assert p_value(drawn, law_of(distribution)) > LEAST_P


@of_every_kind
def test_quantiles_of_uniform_numbers_follow_the_same_law(distribution: Distribution) -> None:
    drawn = distribution.quantile(np.random.default_rng(2).random((N // 4, 4)))
    assert drawn.shape == (N // 4, 4)
    assert p_value(drawn.ravel(), law_of(distribution)) > LEAST_P


@pytest.mark.parametrize(
    ("distribution", "other"),
    [
        (Uniform(0.7, 1.3), Uniform(0.7, 1.32)),
        (LogUniform(0.3, 3.0), LogUniform(0.28, 3.0)),
        (LogUniform(0.3, 3.0), Uniform(0.3, 3.0)),
        (Normal(2.0, 0.5), Normal(2.02, 0.5)),
        (TruncatedNormal(0.0, 1.0, -0.5, 2.0), TruncatedNormal(0.1, 1.0, -0.5, 2.0)),
        (Choice((0, 1)), Choice((0, 1), (0.52, 0.48))),
        (Choice((0, 1)), Choice((0, 1, 2))),
        (Choice((0, 1, 2)), Choice((0, 1))),
        (Mixture((Uniform(0, 1), Fixed(2))), Mixture((Uniform(0, 1), Uniform(0, 1), Fixed(2)))),
    ],
    ids=str,
)
def test_another_law_is_told_apart(distribution: Distribution, other: Distribution) -> None:
    drawn = distribution.sample(np.random.default_rng(1), N)
    assert p_value(drawn, law_of(other)) < LEAST_P


@of_every_kind
def test_the_quantile_is_the_least_value_that_reaches_the_probability(distribution: Distribution) -> None:
    shares = np.concatenate(([1e-9, 1 - 1e-9], np.linspace(0.001, 0.999, 333)))
    values = distribution.quantile(shares)
    assert (np.diff(distribution.quantile(np.sort(shares))) >= 0).all()
    assert (distribution.cdf(values) >= shares - 1e-12).all()
    below = values - 1e-6 * (1e-3 + np.abs(values))
    assert (distribution.cdf(below) < shares).all()


@of_every_kind
def test_probabilities_are_those_of_scipy(distribution: Distribution) -> None:
    low, high = distribution.bounds
    values = np.linspace(low - 0.1, high + 0.1, 57)
    parts = law_of(distribution)
    wanted = sum(p * ((values >= part) if isinstance(part, float) else part.cdf(values)) for p, part in parts)
    np.testing.assert_allclose(distribution.cdf(values), wanted, rtol=1e-9, atol=1e-15)


@of_every_kind
def test_quantiles_of_0_and_1_are_finite_and_outermost(distribution: Distribution) -> None:
    least, most = distribution.quantile(np.array([0.0, 1.0]))
    drawn = distribution.sample(np.random.default_rng(1), N)
    assert np.isfinite([least, most]).all() and least <= drawn.min() and drawn.max() <= most
    if not any(isinstance(leaf, Normal) for leaf in distribution.leaves):
        assert (least, most) == pytest.approx(distribution.bounds, abs=1e-9)


def test_a_mixture_has_values_that_are_drawn_as_they_are_exactly() -> None:
    mixed = Mixture((Uniform(0.0, 1.0), Choice((0.3, 2.0))))
    assert mixed.quantile(np.array([0.16, 0.39, 0.76, 1.0])).tolist() == [0.3, 0.3, 2.0, 2.0]
    assert mixed.quantile(np.array([0.14, 0.41])) == pytest.approx([0.28, 0.32])


def test_a_normals_tails_are_cut_where_a_term_could_not_take_them(arm: Target) -> None:
    terms = [Mass("mass", Normal(1.0, 0.2), on="cube"), Gravity("gravity", Normal(0.0, 0.4))]
    worlds = WorldDistribution(terms, arm).sample(np.random.default_rng(0), N)
    assert p_value(worlds.column("mass"), law_of(Normal(1.0, 0.2), cut=True)) > LEAST_P
    assert (worlds.column("mass") == 1.0 - 3 * 0.2).any(), "moved to the end, as before"
    assert p_value(worlds.column("gravity[x]"), law_of(Normal(0.0, 0.4))) > LEAST_P
    assert np.abs(worlds.column("gravity[x]")).max() > 3 * 0.4


# How many numbers there are to draw depends on the model's parts, of which these have as many as others here; the worlds of
# the last are those of a preset.
LIKE_OTHERS = {"shadow/egg-rotate-z", "shadow/pen-rotate-z", "shadow/block-dactyl"}
ROBOTS = [names[0] for names in ROBOT_FAMILIES.values() if names[0] not in LIKE_OTHERS]
SHIPPED = [
    names[0]
    for names in FAMILIES.values()
    if names[0] not in (*LIKE_OTHERS, *ELSEWHERE) and make_task(names[0]).worlds.terms
]


def assert_each_term_follows_its_law(worlds: WorldDistribution) -> None:
    drawn = worlds.sample(np.random.default_rng(3), 2048).values
    for term in worlds.terms:
        numbers = drawn[:, worlds.drawing.columns[term.name]]
        # Numbers of a term that follows another may hang together.
        numbers = numbers[:, 0] if term.follows else numbers.ravel()
        assert p_value(numbers, law_of(term.distribution, cut=term.operation != "add")) > LEAST_P, term


@pytest.mark.parametrize("name", SHIPPED)
def test_every_term_of_a_tasks_worlds_follows_its_law(name: str) -> None:
    assert_each_term_follows_its_law(make_task(name).worlds)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_term_of_worlds_never_trained_in_follows_its_law(name: str) -> None:
    if all(term.unseen is None for term in make_task(name).worlds.terms):
        with pytest.raises(WorldsError, match="no term has an unseen range"):
            make_task(name).worlds.split()
        return
    assert_each_term_follows_its_law(make_task(name).worlds.split()[1])


@pytest.mark.parametrize("task", ROBOTS)
@pytest.mark.parametrize("name", PRESETS)
def test_every_term_of_a_preset_follows_its_law(name: str, task: str) -> None:
    assert_each_term_follows_its_law(preset(name, make_task(task).target))


def half_way(worlds: WorldDistribution, seed: int) -> WorldDistribution:
    """The worlds with ranges as automatic domain randomization may have left them."""
    adr, rng = ADR(worlds, ADR_PRESETS["openai"]), np.random.default_rng(seed)
    for moving in adr.ranges:
        moving.rungs = [int(rng.integers(top + 1)) for top in moving.tops]
    return adr.distribution


@pytest.mark.parametrize("name", SHIPPED)
def test_every_term_follows_its_law_while_its_range_is_widened(name: str) -> None:
    for seed in range(3):
        assert_each_term_follows_its_law(half_way(make_task(name).worlds, seed))


@pytest.mark.parametrize("task", ROBOTS)
@pytest.mark.parametrize("name", PRESETS)
def test_every_range_of_a_preset_can_be_widened(name: str, task: str) -> None:
    worlds = preset(name, make_task(task).target)
    if not any(term.distribution.movable for term in worlds.terms):
        with pytest.raises(WorldsError, match="no term has a range that automatic domain randomization could move"):
            half_way(worlds, 0)
        return
    assert_each_term_follows_its_law(half_way(worlds, 0))


@pytest.mark.parametrize("name", SHIPPED)
def test_draws_of_different_terms_do_not_hang_together(name: str) -> None:
    worlds = make_task(name).worlds
    free = [worlds.drawing.columns[term.name].start for term in worlds.terms if not term.follows]
    drawn = worlds.sample(np.random.default_rng(4), 2048).values[:, free]
    drawn = drawn[:, drawn.std(axis=0) > 0]
    correlation = stats.spearmanr(drawn).statistic - np.eye(drawn.shape[1])
    assert np.abs(correlation).max() < 5 / np.sqrt(2048)
