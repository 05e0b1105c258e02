import re

import numpy as np
import pytest

from sim2real.report.axis import Axis, round_ticks
from sim2real.report.html import Html, tag
from sim2real.report.numbers import decimals, fixed, number, parameter
from sim2real.report.plot import Plot
from sim2real.report.progress import POINTS, Progress
from sim2real.report.sections.sensitivity import Sample, correlations


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-0.013, 0.012, ["−0.010", "−0.005", "0.000", "0.005", "0.010"]),
        (0.0, 5.2e6, ["0", "2 M", "4 M"]),
        (0.7, 1.8, ["0.75", "1.00", "1.25", "1.50", "1.75"]),
        (1000.0, 1004.0, ["1,000", "1,001", "1,002", "1,003", "1,004"]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, labels: list[str]) -> None:
    assert [label for _, label in round_ticks(low, high, 4 if high > 1e6 else 5)] == labels


@pytest.mark.parametrize("values", [[3.0], [0.0, 0.0], [1e9, 1e9], [-2e-9, 3e-9], [], [np.nan, 1.0, np.inf]])
def test_an_axis_holds_all_values_and_has_ticks(values: list[float]) -> None:
    axis = Axis.around([np.array(values)])
    finite = [value for value in values if np.isfinite(value)]
    assert axis.low < axis.high
    assert all(axis.low <= value <= axis.high for value in finite)
    assert axis.ticks and all(axis.low <= value <= axis.high for value, _ in axis.ticks)
    assert len({label for _, label in axis.ticks}) == len(axis.ticks)


def test_a_line_stands_where_its_values_are_and_breaks_where_there_are_none() -> None:
    plot = Plot(Axis(0.0, 4.0, ()), Axis(0.0, 10.0, ()))
    line = plot.line(np.arange(5), np.array([0.0, 10.0, np.nan, 5.0, 5.0]), "seen")
    assert re.findall(r' d="([^"]*)"', line) == ["M0.0 1000.0L250.0 0.0M750.0 500.0L1000.0 500.0"]


def test_only_markup_is_not_escaped() -> None:
    assert tag("p", "<b>", Html("<i>"), title='"') == '<p title="&quot;">&lt;b&gt;<i></p>'


def test_numbers_read_well() -> None:
    assert [number(value) for value in (0.5, -1234.5, 1e-5)] == ["0.5", "−1,234", "1e−5"]
    assert fixed(-0.0004, 3) == "0.000"
    assert decimals([0.1, -12.0]) == 1
    assert parameter("joint_limits[if_mcp:low]", "rad") == "joint limits of if_mcp:low [rad]"


def test_long_curves_are_averaged_and_gaps_left_out() -> None:
    rows = [{"time/total_timesteps": float(i)} | ({"x": i % 2} if i else {}) for i in range(10 * POINTS + 1)]
    steps, values = Progress(rows).series("x")
    assert len(steps) == POINTS and steps[0] > 0
    assert values == pytest.approx(0.5)


def worlds(rng: np.random.Generator, slope: float) -> list[Sample]:
    samples = []
    for kind, offset in (("seen", 0.0), ("unseen", 5.0)):
        parameters = rng.normal(size=(60, 40))
        parameters[:, 7] += offset
        metric = offset + slope * parameters[:, 3] + rng.normal(size=60)
        samples.append(Sample(kind, parameters, metric))  # type: ignore[arg-type]
    return samples


def test_the_parameter_that_matters_is_found() -> None:
    rho, chance = correlations(worlds(np.random.default_rng(0), slope=-1.0))
    assert rho is not None
    assert np.abs(rho).argmax() == 3 and rho[3] < -chance


def test_chance_alone_seldom_passes_what_is_told_of_it_nor_does_the_split() -> None:
    passed = 0
    for seed in range(40):
        rho, chance = correlations(worlds(np.random.default_rng(seed), slope=0.0))
        assert rho is not None
        passed += np.abs(rho).max() > chance
    assert passed <= 6


@pytest.mark.parametrize("metric", [np.ones(20), np.arange(4.0)], ids=["all alike", "too few"])
def test_no_correlation_is_made_up(metric: np.ndarray) -> None:
    parameters = np.random.default_rng(0).normal(size=(len(metric), 3))
    assert correlations([Sample("seen", parameters, metric)])[0] is None
