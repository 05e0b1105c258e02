"""The control loop's time: jitter of the time step and ticks that are skipped."""

from __future__ import annotations

import math

import numpy as np
import pytest

from randomizers import (
    Fixed,
    SkippedTick,
    Target,
    TimestepJitter,
    TimestepJitterRate,
    Uniform,
    World,
    WorldDistribution,
    WorldsError,
    WorldStreams,
    term_from_config,
)
from randomizers.channels import ACTION, TIMING, Channel, Site

NOMINAL = 0.008


def channel_of(arm: Target, place, **settings) -> Channel:
    rows = {name: np.asarray(values) for name, values in settings.items()}
    n = len(next(iter(rows.values())))
    channel = Channel(place, rows, Site(n, arm, 0.08))
    channel.load(np.arange(n), rows)
    return channel


def largest_gap(draws: np.ndarray, mean: float) -> float:
    """Kolmogorov-Smirnov distance of draws from the exponential distribution with that mean."""
    ordered = np.sort(draws)
    cdf = 1.0 - np.exp(-ordered / mean)
    ranks = np.arange(len(ordered) + 1) / len(ordered)
    return float(max(np.abs(cdf - ranks[1:]).max(), np.abs(cdf - ranks[:-1]).max()))


def test_time_steps_are_longer_by_an_exponential_time(arm: Target) -> None:
    means = np.array([1e-4, 8e-4])
    channel = channel_of(arm, TIMING, timestep_jitter=means)
    streams = WorldStreams(2, channel.normals, channel.uniforms)
    streams.load([0, 1], np.array([3, 4], np.uint64))
    steps = 20_000
    lengths = np.array([channel.apply(np.full(2, NOMINAL), *streams.next()) for _ in range(steps)])
    for world, mean in enumerate(means):
        added = lengths[:, world] - NOMINAL
        assert added.min() >= 0.0
        assert added.mean() == pytest.approx(mean, rel=0.03)
        # The 1 % point of the distance's law.
        assert largest_gap(added, mean) < 1.63 / math.sqrt(steps)
    correlation = np.corrcoef(lengths[:-1, 0], lengths[1:, 0])[0, 1]
    assert abs(correlation) < 0.03, "drawn anew in every step"


def test_no_uniform_makes_a_time_step_endless(arm: Target) -> None:
    channel = channel_of(arm, TIMING, timestep_jitter=np.full(3, 1e-3))
    uniforms = np.array([[0.0], [0.5], [1.0]], np.float32)
    lengths = channel.apply(np.full(3, NOMINAL), np.zeros((3, 0)), uniforms)
    assert lengths == pytest.approx(NOMINAL + 1e-3 * np.array([25, 1, 0]) * math.log(2))


def test_nominal_worlds_keep_their_time_step(arm: Target) -> None:
    steps = np.full(2, NOMINAL)
    assert (
        channel_of(arm, TIMING, timestep_jitter=np.zeros(2)).apply(steps, np.zeros((2, 0)), np.zeros((2, 1))) is steps
    )
    beside = channel_of(arm, TIMING, timestep_jitter=np.array([0.0, 1e-3]))
    lengths = beside.apply(steps, np.zeros((2, 0)), np.full((2, 1), 0.3))
    assert lengths[0] == NOMINAL < lengths[1]
    assert (steps == NOMINAL).all()


def test_a_world_may_have_a_time_step_of_its_own_to_start_from(arm: Target) -> None:
    channel = channel_of(arm, TIMING, timestep_jitter=np.full(2, 1e-3))
    lengths = channel.apply(np.array([0.004, 0.008]), np.zeros((2, 0)), np.full((2, 1), 0.3))
    assert lengths[1] - lengths[0] == pytest.approx(0.004)


def test_jitter_may_be_given_as_dactyls_rate(arm: Target) -> None:
    distribution = WorldDistribution([TimestepJitterRate("rate", Uniform(1250, 10_000))], arm)
    assert distribution.units == {"rate": "1/s"}
    assert distribution.settings(World({"rate": 1250.0}))["timestep_jitter"].tolist() == [8e-4]
    assert distribution.settings(distribution.nominal())["timestep_jitter"].tolist() == [0.0]
    means = distribution.settings(distribution.sample(np.random.default_rng(0), 100))["timestep_jitter"]
    assert 1e-4 <= means.min() < means.max() <= 8e-4


def test_jitter_cannot_be_given_both_ways(arm: Target) -> None:
    terms = [TimestepJitter("mean", Fixed(1e-3)), TimestepJitterRate("rate", Fixed(1000.0))]
    with pytest.raises(WorldsError, match="it sets timestep_jitter_rate, as term 'mean' does"):
        WorldDistribution(terms, arm)


def test_jitter_may_be_given_in_milliseconds_and_not_without_a_unit(arm: Target) -> None:
    config = {"name": "jitter", "kind": "timestep_jitter", "distribution": {"uniform": [0.0, 0.8]}}
    term = term_from_config(config | {"unit": "ms"}, arm)
    assert term.distribution.bounds == pytest.approx((0.0, 8e-4))
    with pytest.raises(WorldsError, match="'unit' is missing: its numbers are in s or ms"):
        term_from_config(config, arm)


def test_a_skipped_tick_holds_every_actuator_where_it_was(arm: Target) -> None:
    channel = channel_of(arm, ACTION, skipped_tick=np.full(1, 0.25))
    channel.restart([0], np.array([[7.0, 8.0]]), np.zeros((1, 0)), np.ones((1, 1)))
    chances = [0.1, 0.3, 0.2, 0.0, 0.25]
    out = [
        channel.apply(np.full((1, 2), float(step)), np.zeros((1, 0)), np.full((1, 1), chance, np.float32))[0].tolist()
        for step, chance in enumerate(chances)
    ]
    assert out == [[7.0, 8.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [4.0, 4.0]]


def test_ticks_are_skipped_as_often_as_said(arm: Target) -> None:
    shares = np.array([0.0, 0.1, 1.0])
    channel = channel_of(arm, ACTION, skipped_tick=shares)
    streams = WorldStreams(3, channel.normals, channel.uniforms)
    streams.load([0, 1, 2], np.arange(3, dtype=np.uint64))
    channel.restart([0, 1, 2], np.full((3, 2), -1.0), np.zeros((3, 0)), np.ones((3, 1)))
    steps = 5000
    held = np.zeros(3)
    for step in range(steps):
        held += channel.apply(np.full((3, 2), float(step)), *streams.next())[:, 0] != step
    assert held / steps == pytest.approx(shares, abs=0.015)


@pytest.mark.parametrize("probability", [-0.1, 1.1])
def test_a_probability_is_from_0_to_1(probability: float) -> None:
    with pytest.raises(WorldsError, match="takes values of at least 0 and at most 1"):
        SkippedTick("skip", Fixed(probability))
