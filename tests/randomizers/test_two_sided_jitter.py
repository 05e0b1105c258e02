"""Time steps that are longer for a while, then shorter for a while."""

from __future__ import annotations

import math

import numpy as np
import pytest

from randomizers import (
    Fixed,
    JitterPersistence,
    Target,
    TwoSidedJitterRate,
    Uniform,
    WorldDistribution,
    WorldsError,
    WorldStreams,
)
from randomizers.channels import TIMING, Channel, Site

NOMINAL = 0.008
MEANS = np.array([[1e-4, 8e-4], [5e-4, 5e-4], [0.0, 0.0], [1e-3, 1e-2]])
STAY = np.array([[0.9, 0.3], [0.5, 0.5], [0.5, 0.5], [0.2, 0.7]])


def channel_of(arm: Target, means: np.ndarray = MEANS, stay: np.ndarray = STAY) -> Channel:
    settings = {"two_sided_jitter": means, "jitter_persistence": stay}
    channel = Channel(TIMING, settings, Site(len(means), arm, 0.08))
    channel.load(np.arange(len(means)), settings)
    return channel


def lengths_of(channel: Channel, worlds: int, steps: int) -> np.ndarray:
    streams = WorldStreams(worlds, channel.normals, channel.uniforms)
    streams.load(np.arange(worlds), np.arange(worlds, dtype=np.uint64))
    return np.array([channel.apply(np.full(worlds, NOMINAL), *streams.next()) for _ in range(steps)])


def test_jitter_is_what_a_loop_over_worlds_makes_of_it(arm: Target) -> None:
    channel, n = channel_of(arm), len(MEANS)
    rng, own = np.random.default_rng(0), np.array([0.008, 0.004, 0.006, 0.008])
    sides = [0] * n
    halved = 0
    for t in range(300):
        if t in (100, 200):
            assert np.array_equal(channel.restart([1, 3], own[[1, 3]], np.zeros((2, 0)), np.ones((2, 3))), own[[1, 3]])
            sides[1] = sides[3] = 0
        uniforms = rng.random((n, 3), np.float32)
        expected = []
        for i, (first, again, size) in enumerate(uniforms.astype(float).tolist()):
            sides[i] = sides[i] or (1 if first < 0.5 else -1)
            if again >= STAY[i][0 if sides[i] > 0 else 1]:
                sides[i] = -sides[i]
            time = -MEANS[i][0 if sides[i] > 0 else 1] * math.log(size)
            length = own[i] + time if sides[i] > 0 else own[i] / (1 + time / own[i])
            halved += length < own[i] / 2
            expected.append(max(length, own[i] / 2))
        assert channel.apply(own, np.zeros((n, 0)), uniforms) == pytest.approx(expected, abs=1e-12)
    assert halved > 10, "some would have been shorter than half"


def test_a_world_without_jitter_keeps_its_time_step_to_the_bit(arm: Target) -> None:
    lengths = lengths_of(channel_of(arm), len(MEANS), 50)
    assert (lengths[:, 2] == NOMINAL).all()
    steps = np.full(2, NOMINAL)
    still = channel_of(arm, np.zeros((2, 2)), np.full((2, 2), 0.5))
    assert still.apply(steps, np.zeros((2, 0)), np.zeros((2, 3))) is steps


def test_sides_last_as_long_as_said(arm: Target) -> None:
    longer = lengths_of(channel_of(arm), len(MEANS), 8_000) > NOMINAL
    for world in (0, 1, 3):
        on, off = longer[:-1, world], ~longer[:-1, world]
        assert longer[1:, world][on].mean() == pytest.approx(STAY[world, 0], abs=0.02)
        assert 1 - longer[1:, world][off].mean() == pytest.approx(STAY[world, 1], abs=0.02)


def test_longer_steps_are_so_by_an_exponential_time(arm: Target) -> None:
    lengths = lengths_of(channel_of(arm), len(MEANS), 8_000)
    for world in (0, 1, 3):
        added = lengths[:, world][lengths[:, world] > NOMINAL] - NOMINAL
        assert added.mean() == pytest.approx(MEANS[world, 0], rel=0.04)
        assert added.std() == pytest.approx(MEANS[world, 0], rel=0.06)


def test_rates_become_means_and_none_is_none(arm: Target) -> None:
    terms = [
        TwoSidedJitterRate("rate", Uniform(1250, 10_000)),
        JitterPersistence("stay", Uniform(0.0, 1.0)),
    ]
    distribution = WorldDistribution(terms, arm)
    assert distribution.names == ("rate[longer]", "rate[shorter]", "stay[longer]", "stay[shorter]")
    assert distribution.units["rate[shorter]"] == "1/s" and distribution.units["stay[longer]"] == "1"
    assert distribution.settings(distribution.nominal())["two_sided_jitter"].tolist() == [[0.0, 0.0]]
    worlds = distribution.sample(np.random.default_rng(0), 200)
    settings = distribution.settings(worlds)
    np.testing.assert_allclose(settings["two_sided_jitter"], 1 / worlds.values[:, :2])
    assert np.array_equal(settings["jitter_persistence"], worlds.values[:, 2:])
    assert abs(np.corrcoef(settings["two_sided_jitter"].T)[0, 1]) < 0.2, "each side has its own"


def test_one_without_the_other_and_no_probabilities_are_refused(arm: Target) -> None:
    with pytest.raises(WorldsError, match="does nothing without a term of kind 'jitter_persistence'"):
        WorldDistribution([TwoSidedJitterRate("rate", Fixed(1250.0))], arm)
    with pytest.raises(WorldsError, match="takes values of at least 0 and at most 1"):
        JitterPersistence("stay", Fixed(1.5))
