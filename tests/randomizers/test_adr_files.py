"""Automatic domain randomization: what is refused, and what files say of it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from randomizers import (
    ADR,
    ADR_PRESETS,
    ActuatorGain,
    ADRSettings,
    Choice,
    Fixed,
    Gravity,
    LogUniform,
    Mass,
    Mixture,
    Normal,
    ObservationNoise,
    Target,
    Uniform,
    Widening,
    WorldDistribution,
    WorldsError,
    dump_worlds,
    load_worlds,
)
from randomizers.adr import NOWHERE

QUICK = ADRSettings(boundary=0.5, queue=1, low=1.0, high=2.0, step=0.1)
MASS = Mass("mass", Uniform(0.5, 2.5), on="cube")
NOISE = ObservationNoise("noise", Fixed(0.1), on="cube")


def test_the_presets_have_the_published_numbers() -> None:
    assert ADR_PRESETS == {
        "openai": ADRSettings(boundary=0.5, queue=240, low=10, high=20, step=0.02, sliding=False),
        "dextreme": ADRSettings(boundary=0.4, queue=256, low=5, high=20, step=0.02, sliding=True),
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"boundary": 0.0}, "ADR: boundary must be above 0 and at most 1, got 0.0"),
        ({"boundary": 1.5}, "ADR: boundary must be above 0 and at most 1, got 1.5"),
        ({"queue": 0}, "ADR: queue must be a whole number, at least 1, got 0"),
        ({"low": 20.0}, "ADR: low must be below high=20, got 20.0"),
        ({"low": float("nan")}, "ADR: low must be below high=20, got nan"),
        ({"high": float("inf")}, "ADR: high must be a finite number, got inf"),
        ({"step": 0.0}, "ADR: step must be above 0 and at most 1, got 0.0"),
    ],
)
def test_impossible_settings_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(WorldsError, match=re.escape(message)):
        ADRSettings(**{"boundary": 0.5, "queue": 240, "low": 10.0, "high": 20.0} | changes)


def test_what_has_no_ranges_to_move_is_refused(arm: Target) -> None:
    with pytest.raises(WorldsError, match=r"no term has a range .* could move; terms: noise: Fixed\(value=0.1\)"):
        ADR(WorldDistribution([NOISE], arm), QUICK)
    with pytest.raises(WorldsError, match="a finite set of 7 worlds has no ranges to move"):
        ADR(WorldDistribution([MASS], arm, finite=7), QUICK)


def test_a_performance_that_is_no_number_is_refused(arm: Target) -> None:
    with pytest.raises(WorldsError, match="performance of a trial must be a finite number, got nan"):
        ADR(WorldDistribution([MASS], arm), QUICK).record(np.ones(1), NOWHERE, float("nan"))


@pytest.mark.parametrize(
    ("adr", "message"),
    [
        ("{start: [0.9, 1.1], speed: 2}", "adr: unknown key 'speed'; keys: start, step, moves"),
        ("{start: [1.1, 0.9]}", "adr: start [1.1, 0.9] has its lower end above the upper one"),
        ("{start: 1}", "adr: start takes a lower and an upper end, got 1"),
        ("{start: [0.9, 2]}", "adr: start reaches 2, which the widest range Uniform(low=0.5, high=1.5) does not hold"),
        ("{step: 0}", "adr: step is a share of the widest range, above 0 and at most 1, got 0"),
        ("{step: often}", "step must be a finite number, got 'often'"),
        ("{moves: 1}", "adr: moves must be true or false, got 1"),
        ("{moves: false, step: 0.1}", "adr: start and step are of a range that moves; with moves: false give neither"),
        ("false", "adr is written {key: value}, got False; keys: start, step, moves"),
    ],
)
def test_a_file_with_impossible_settings_is_refused_with_its_line(
    adr: str, message: str, arm: Target, tmp_path: Path
) -> None:
    text = f"terms:\n  - {{name: mass, kind: mass, on: [cube], distribution: {{uniform: [0.5, 1.5]}}, adr: {adr}}}\n"
    (tmp_path / "worlds.yaml").write_text(text)
    with pytest.raises(WorldsError, match=rf"worlds.yaml:2: term 'mass': .*{re.escape(message)}"):
        load_worlds(tmp_path / "worlds.yaml", arm)


@pytest.mark.parametrize("distribution", [Fixed(1.1), Mixture((Uniform(0.5, 0.8), Uniform(1.2, 2.0)))], ids=repr)
def test_what_has_no_ends_cannot_be_told_to_move_them(distribution, arm: Target) -> None:
    message = "term 'mass': .* has no two ends to move; uniform, log_uniform, normal and choice ones have"
    with pytest.raises(WorldsError, match=message):
        Mass("mass", distribution, on="cube", adr=Widening(step=0.1))
    Mass("mass", distribution, on="cube", adr=Widening(moves=False))


def test_settings_of_a_term_are_read_in_its_unit_and_written_back(arm: Target, tmp_path: Path) -> None:
    text = (
        "terms:\n"
        "  - {name: limits, kind: joint_limits, on: [elbow], unit: deg, distribution: {uniform: [-9, 18]}, "
        "adr: {start: [-1.8, 3.6], step: 0.05}}\n"
        "  - {name: mass, kind: mass, on: [cube], distribution: {uniform: [0.5, 1.5]}, adr: {moves: false}}\n"
        "  - {name: size, kind: size, on: [cube], distribution: {uniform: [0.9, 1.1]}, adr: {moves: true}}\n"
    )
    (tmp_path / "worlds.yaml").write_text(text)
    read = load_worlds(tmp_path / "worlds.yaml", arm)
    assert read.terms[0].adr.start == pytest.approx((-np.pi / 100, np.pi / 50))
    assert [term.adr for term in read.terms[1:]] == [Widening(moves=False), Widening()]
    (tmp_path / "again.yaml").write_text(dump_worlds(read))
    assert load_worlds(tmp_path / "again.yaml", arm).terms == read.terms


def test_the_ranges_reached_are_a_world_file_of_their_own(arm: Target, tmp_path: Path) -> None:
    terms = [MASS, Gravity("gravity", Normal(0.0, 0.4)), ObservationNoise("noise", Choice((0, 1, 2)), on="cube")]
    adr = ADR(WorldDistribution([*terms, ActuatorGain("gain", LogUniform(0.5, 2.0), on="*")], arm), QUICK)
    rng = np.random.default_rng(0)
    while adr.widened < 0.3:
        worlds, pins = adr.sample(rng, 8)
        for values, pin in zip(worlds.values, pins.tolist(), strict=True):
            adr.record(values, pin, 3.0)
    (tmp_path / "reached.yaml").write_text(dump_worlds(adr.distribution))
    read = load_worlds(tmp_path / "reached.yaml", arm)
    assert read.terms == adr.distribution.terms
    assert read.sample(np.random.default_rng(0), 9) == adr.distribution.sample(np.random.default_rng(0), 9)
