from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from randomizers import (
    Choice,
    Distribution,
    Fixed,
    LogUniform,
    Mixture,
    Normal,
    TruncatedNormal,
    Uniform,
    WorldsError,
    distribution_from_config,
)

numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
positive = st.floats(1e-6, 1e6)
pairs = st.tuples(numbers, numbers).map(sorted)
positive_pairs = st.tuples(positive, positive).map(sorted)
simple = st.one_of(
    pairs.map(lambda pair: Uniform(*pair)),
    positive_pairs.map(lambda pair: LogUniform(*pair)),
    st.builds(Normal, numbers, st.floats(0, 1e3)),
    st.builds(
        lambda mean, sd, low, high: TruncatedNormal(mean, sd, mean - low * sd, mean + high * sd),
        numbers,
        st.floats(1e-3, 1e3),
        st.floats(0, 3),
        st.floats(0.1, 3),
    ),
    st.lists(numbers, min_size=1, max_size=5, unique=True).map(Choice),
    numbers.map(Fixed),
)
distributions = st.one_of(simple, st.lists(simple, min_size=1, max_size=3).map(Mixture))


@given(distributions)
def test_a_distribution_survives_its_config(distribution: Distribution) -> None:
    assert distribution_from_config(distribution.to_config()) == distribution


@given(distributions)
def test_a_distribution_evaluates_from_its_repr(distribution: Distribution) -> None:
    assert eval(repr(distribution)) == distribution


@given(distributions, st.integers(0, 2**32))
def test_draws_depend_on_the_generator_alone(distribution: Distribution, seed: int) -> None:
    first = distribution.sample(np.random.default_rng(seed), (3, 2))
    second = distribution.sample(np.random.default_rng(seed), (3, 2))
    assert first.shape == (3, 2) and first.dtype == np.float64
    assert np.array_equal(first, second)


@given(st.one_of(pairs.map(lambda pair: Uniform(*pair)), positive_pairs.map(lambda pair: LogUniform(*pair))))
def test_draws_of_an_interval_stay_in_it(distribution: Distribution) -> None:
    drawn = distribution.sample(np.random.default_rng(0), 100)
    low, high = distribution.bounds
    assert low <= drawn.min() and drawn.max() <= high


@given(distributions)
def test_the_bounds_normalise_to_minus_one_and_one(distribution: Distribution) -> None:
    low, high = distribution.bounds
    assert distribution.half_width > 0
    if high > low:
        scale = max(abs(low), abs(high)) / distribution.half_width
        assert (high - distribution.center) / distribution.half_width == pytest.approx(1.0, abs=1e-12 * (1 + scale))


def test_a_normal_has_its_mean_and_sd() -> None:
    drawn = Normal(2.0, 0.5).sample(np.random.default_rng(2), 100_000)
    assert drawn.mean() == pytest.approx(2.0, abs=0.01)
    assert drawn.std() == pytest.approx(0.5, abs=0.01)


def test_a_choice_follows_its_weights() -> None:
    drawn = Choice((0, 1, 2), (0.5, 0.5, 0.0)).sample(np.random.default_rng(3), 10_000)
    assert set(drawn) == {0.0, 1.0}
    assert drawn.mean() == pytest.approx(0.5, abs=0.02)


@given(distributions)
def test_a_distribution_within_its_bounds_is_itself_but_for_a_normals_tails(distribution: Distribution) -> None:
    if not distribution.movable:
        with pytest.raises(WorldsError, match="has no two ends to move; uniform, log_uniform, normal and choice ones"):
            distribution.within(*distribution.bounds)
    elif isinstance(distribution, Normal):
        low, high = distribution.bounds
        assert distribution.within(low, high) == TruncatedNormal(distribution.mean, distribution.sd, low, high)
    else:
        assert distribution.within(*distribution.bounds) == distribution


def test_what_lies_within_two_ends_keeps_its_proportions() -> None:
    assert Uniform(0.0, 3.0).within(1.0, 2.0) == Uniform(1.0, 2.0)
    assert LogUniform(0.5, 3.0).within(1.0, 1.0) == LogUniform(1.0, 1.0)
    assert TruncatedNormal(0.0, 1.0, -2.0, 2.0).within(-1.0, 0.5) == TruncatedNormal(0.0, 1.0, -1.0, 0.5)
    assert Choice((2, 0, 1, 3)).within(0.5, 2) == Choice((2, 1))
    assert Choice((0, 1, 2), (0.5, 0.2, 0.3)).within(1, 2) == Choice((1, 2), (0.4, 0.6))
    with pytest.raises(WorldsError, match="values must be given"):
        Choice((0, 2)).within(0.5, 1.5)


def test_an_end_goes_out_in_equal_steps_on_the_scale_that_draws_are_spread_over() -> None:
    assert Uniform(0.0, 2.0).ladder(1.0, 1, 0.2) == pytest.approx((1.0, 1.4, 1.8, 2.0))
    assert Uniform(0.0, 2.0).ladder(1.0, 0, 0.25) == (1.0, 0.5, 0.0)
    assert LogUniform(0.01, 100.0).ladder(1.0, 0, 0.25) == pytest.approx((1.0, 0.1, 0.01))
    assert Normal(1.0, 0.5).ladder(1.0, 1, 0.25) == pytest.approx((1.0, 1.75, 2.5))
    assert Choice((2, 0, 5)).ladder(2.0, 1, 0.02) == (2.0, 5.0)
    assert Choice((2, 0, 1)).ladder(2.0, 0, 0.02) == (2.0, 1.0, 0.0)
    assert Choice((0, 1, 2), (0.5, 0.0, 0.5)).ladder(0.0, 1, 0.02) == (0.0, 2.0), "what is never drawn is no step"
    assert Uniform(0.0, 2.0).ladder(2.0, 1, 0.2) == (2.0,)
    with pytest.raises(WorldsError, match=r"Fixed\(value=1.0\) has no two ends to move"):
        Fixed(1.0).ladder(1.0, 1, 0.1)


def test_a_ladder_of_50_steps_has_no_51st_of_a_rounding() -> None:
    for low, high in ((0.0, 1.0), (0.7, 1.4), (-0.1, 0.2)):
        assert len(Uniform(low, high).ladder(low, 1, 0.02)) == 51


def test_the_nearest_value_is_one_that_is_drawn() -> None:
    assert [Uniform(0.5, 1.0).nearest(value) for value in (0.0, 0.7, 2.0)] == [0.5, 0.7, 1.0]
    assert [Choice((0, 1, 3)).nearest(value) for value in (-1.0, 1.2, 2.5)] == [0.0, 1.0, 3.0]


def test_ranges_may_touch_but_not_overlap() -> None:
    assert not Uniform(0, 1).overlaps(Uniform(1, 2))
    assert Uniform(0, 1.1).overlaps(Uniform(1, 2))
    assert not Uniform(0, 1).overlaps(Mixture((Uniform(-1, 0), Uniform(1, 2))))
    assert Uniform(0, 1).overlaps(Mixture((Uniform(-1, 0), Uniform(0.5, 2))))
    assert Choice((0, 1)).overlaps(Choice((1, 2)))
    assert not Choice((0, 1)).overlaps(Choice((2, 3)))
    assert not Choice((0, 1)).overlaps(Uniform(0, 1))
    assert Uniform(0, 2).overlaps(Fixed(1))
    assert Uniform(1, 1).overlaps(Fixed(1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Uniform(1.3, 0.7), r"Uniform\(low=1.3, high=0.7\): low must not exceed high"),
        (lambda: Uniform(0.0, float("inf")), "Uniform: high must be a finite number, got inf"),
        (lambda: Uniform("a", 1.0), "Uniform: low must be a finite number, got 'a'"),
        (lambda: Uniform(True, 2.0), "Uniform: low must be a finite number, got True"),
        (lambda: LogUniform(0.0, 1.0), r"LogUniform\(low=0.0, high=1.0\): low must be above 0"),
        (lambda: Normal(0.0, -1.0), "Normal: sd must be at least 0, got -1.0"),
        (lambda: TruncatedNormal(0, 1, 2, 1), r"high=1.0\): low must not exceed high"),
        (lambda: TruncatedNormal(0, -1, 1, 2), "TruncatedNormal: sd must be at least 0, got -1"),
        (lambda: TruncatedNormal(0, 1, 50, 60), r"high=60.0\): no draw would lie between low and high"),
        (lambda: TruncatedNormal(0, 0, 1, 2), "no draw would lie between low and high"),
        (lambda: Choice(()), r"Choice: values must be given, each once, got \[\]"),
        (lambda: Choice((1, 1)), r"Choice: values must be given, each once, got \[1, 1\]"),
        (lambda: Choice((0, 1), (0.5, 0.6)), r"Choice: 2 weights summing to 1 wanted, got \[0.5, 0.6\]"),
        (lambda: Choice((0, 1), (1.0,)), r"Choice: 2 weights summing to 1 wanted, got \[1.0\]"),
        (lambda: Choice((0, 1), (-0.5, 1.5)), "Choice: a weight must be at least 0, got -0.5"),
        (lambda: Fixed(float("nan")), "Fixed: value must be a finite number, got nan"),
        (lambda: Mixture(()), r"Mixture: one or more distributions wanted, got \[\]"),
    ],
)
def test_impossible_parameters_are_refused(make, message: str) -> None:
    with pytest.raises(WorldsError, match=message):
        make()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            [1, 2],
            r"written \{kind: numbers\}, got \[1, 2\]; kinds: choice, fixed, log_uniform, mixture, normal, "
            "truncated_normal, uniform",
        ),
        ({"gauss": [0, 1]}, "unknown distribution 'gauss'; kinds: choice, fixed"),
        ({"uniform": [0, 1, 2]}, r"uniform takes two numbers, got \[0, 1, 2\]"),
        ({"truncated_normal": [0, 1]}, r"truncated_normal takes four numbers, got \[0, 1\]"),
        ({"uniform": 3}, "uniform takes a list, got 3"),
        ({"choice": {"values": [1]}}, "choice takes a list, got {'values'"),
        ({"mixture": [{"gauss": 1}]}, "unknown distribution 'gauss'"),
    ],
)
def test_an_unreadable_config_is_refused(config: object, message: str) -> None:
    with pytest.raises(WorldsError, match=message):
        distribution_from_config(config)


@pytest.mark.parametrize(
    ("config", "distribution"),
    [
        ({"uniform": [0.7, 1.3]}, Uniform(0.7, 1.3)),
        ({"log_uniform": [0.3, 3]}, LogUniform(0.3, 3.0)),
        ({"normal": [0, 0.1]}, Normal(0.0, 0.1)),
        ({"truncated_normal": [0, 0.1, -0.2, 0.3]}, TruncatedNormal(0.0, 0.1, -0.2, 0.3)),
        ({"fixed": 1.0}, Fixed(1.0)),
        ({"choice": [0, 1, 2]}, Choice((0, 1, 2))),
        ({"choice": {"values": [0, 1], "weights": [0.25, 0.75]}}, Choice((0, 1), (0.25, 0.75))),
        ({"mixture": [{"uniform": [0, 1]}, {"fixed": 3}]}, Mixture((Uniform(0, 1), Fixed(3)))),
    ],
)
def test_each_distribution_is_written_in_one_way(config: dict, distribution: Distribution) -> None:
    assert distribution_from_config(config) == distribution
    assert distribution.to_config() == config
