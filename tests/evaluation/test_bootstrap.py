from __future__ import annotations

import numpy as np
import pytest

from sim2real.evaluation import Interval, bootstrap_mean


def test_the_interval_contains_the_mean_and_is_that_of_the_normal_approximation() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 200)
    interval = bootstrap_mean(values)
    assert interval.mean == values.mean()
    half = 1.96 * values.std() / np.sqrt(200)
    assert interval.low == pytest.approx(values.mean() - half, abs=0.05 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.05 * half)


def test_the_interval_shrinks_with_the_root_of_the_sample() -> None:
    widths = []
    for n in (25, 400):
        interval = bootstrap_mean(np.random.default_rng(1).normal(0.0, 1.0, n))
        widths.append(interval.high - interval.low)
    assert widths[0] / widths[1] == pytest.approx(4.0, rel=0.25)


def test_about_95_percent_of_intervals_contain_the_truth() -> None:
    rng = np.random.default_rng(2)
    intervals = [bootstrap_mean(rng.normal(1.0, 1.0, 60), seed=k, draws=1000) for k in range(500)]
    assert np.mean([i.low <= 1.0 <= i.high for i in intervals]) == pytest.approx(0.95, abs=0.025)
    assert np.mean([i.low > 1.0 for i in intervals]) == pytest.approx(0.025, abs=0.02)


def test_a_skewed_sample_gives_a_skewed_interval() -> None:
    interval = bootstrap_mean(np.array([0.0] * 19 + [20.0]))
    assert interval.low == 0.0
    assert interval.high - interval.mean > 1.5 * (interval.mean - interval.low)


def test_the_same_sample_gives_the_same_interval() -> None:
    values = np.random.default_rng(3).normal(size=40)
    assert bootstrap_mean(values) == bootstrap_mean(values)
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values, seed=2)


def test_one_value_is_its_own_interval_and_none_is_refused() -> None:
    assert bootstrap_mean(np.array([2.5])) == Interval(2.5, 2.5, 2.5)
    with pytest.raises(ValueError, match="at least one value"):
        bootstrap_mean(np.array([]))


@pytest.mark.parametrize("draws", [1, 300, 1500])
def test_any_number_of_draws_will_do(draws: int) -> None:
    interval = bootstrap_mean(np.arange(10.0), draws=draws)
    assert interval.mean == 4.5
    assert 0.0 <= interval.low <= interval.high <= 9.0


def test_intervals_read_as_mean_and_bounds() -> None:
    assert str(Interval(0.12345, 0.1, 0.2)) == "0.123 [0.1, 0.2]"
