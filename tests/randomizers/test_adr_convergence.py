"""Automatic domain randomization finds the worlds that can be solved, where these are known by construction."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from randomizers import (
    ADR,
    ADR_PRESETS,
    Choice,
    Gravity,
    JointDamping,
    LogUniform,
    Mass,
    Normal,
    ObservationNoise,
    Target,
    Uniform,
    WorldDistribution,
)

TERMS = (
    Mass("mass", Uniform(0.2, 3.0), on="cube"),
    JointDamping("damping", LogUniform(0.05, 20.0), on=("shoulder", "elbow"), each="element"),
    Gravity("gravity", Normal(0.0, 2.0)),
    ObservationNoise("noise", Uniform(0.0, 2e-4), on="cube"),
    ObservationNoise("steps", Choice((0, 1, 2, 3)), on="joints"),
)
SOLVED = {
    "mass": (0.7, 1.9),
    "damping": (0.3, 4.0),
    "gravity": (-1.5, 2.5),
    "noise": (0.0, 0.8e-4),
    "steps": (0.0, 1.0),
}
"""Where the policy that is made up here does well; in every other world it fails."""
SHARE = 0.1
"""Of the width of a range that can be solved, how far an end may be off."""


def train(adr: ADR, rng: np.random.Generator, batches: int, solved: dict[str, tuple[float, float]]) -> None:
    """Trials of 64 worlds at a time: about 30 goals in a row where all parameters can be solved, about 2 elsewhere."""
    for _ in range(batches):
        worlds, pins = adr.sample(rng, 64)
        inside = np.ones(64, bool)
        for name, (low, high) in solved.items():
            numbers = worlds.values[:, adr.widest.drawing.columns[name]]
            inside &= ((low <= numbers) & (numbers <= high)).all(axis=1)
        goals = rng.poisson(np.where(inside, 30.0, 2.0))
        for values, pin, reached in zip(worlds.values, pins.tolist(), goals.tolist(), strict=True):
            adr.record(values, pin, reached)


def scaled(name: str, value: float) -> float:
    """A value on the scale that its range is moved on."""
    return log(value) if name == "damping" else value


def assert_converged(adr: ADR, solved: dict[str, tuple[float, float]]) -> None:
    for name, ends in adr.bounds.items():
        if name == "steps":
            assert ends in ((0.0, 1.0), (0.0, 2.0)), "from the last value that can be solved the next one is tried"
            continue
        low, high = (scaled(name, end) for end in solved[name])
        for end, wanted in zip(ends, (low, high), strict=True):
            assert abs(scaled(name, end) - wanted) <= SHARE * (high - low), (name, ends)


@pytest.mark.parametrize("preset", sorted(ADR_PRESETS))
@pytest.mark.parametrize("seed", [0, 1])
def test_ranges_converge_to_what_can_be_solved_and_stay_there(preset: str, seed: int, arm: Target) -> None:
    adr, rng = ADR(WorldDistribution(TERMS, arm), ADR_PRESETS[preset]), np.random.default_rng(seed)
    train(adr, rng, 2200, SOLVED)
    for _ in range(4):
        train(adr, rng, 100, SOLVED)
        assert_converged(adr, SOLVED)


def test_where_everything_can_be_solved_ranges_become_the_widest(arm: Target) -> None:
    adr = ADR(WorldDistribution(TERMS[:2], arm), ADR_PRESETS["openai"])
    train(adr, np.random.default_rng(0), 2500, {})
    assert adr.bounds == {"mass": (0.2, 3.0), "damping": (0.05, 20.0)}


def test_where_nothing_can_be_solved_ranges_stay_at_the_nominal_world(arm: Target) -> None:
    adr = ADR(WorldDistribution(TERMS, arm), ADR_PRESETS["dextreme"])
    train(adr, np.random.default_rng(0), 500, {"mass": (5.0, 6.0)})
    assert adr.widened == 0.0


def test_a_policy_that_gets_worse_takes_its_ranges_along(arm: Target) -> None:
    adr, rng = ADR(WorldDistribution(TERMS[:1], arm), ADR_PRESETS["openai"]), np.random.default_rng(0)
    train(adr, rng, 500, {"mass": (0.7, 1.9)})
    assert_converged(adr, {"mass": (0.7, 1.9)})
    train(adr, rng, 500, {"mass": (0.9, 1.4)})
    assert_converged(adr, {"mass": (0.9, 1.4)})
