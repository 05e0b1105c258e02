from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from randomizers import (
    Choice,
    Gravity,
    Mass,
    Mixture,
    Normal,
    ObservationNoise,
    Target,
    Uniform,
    WorldDistribution,
    WorldsError,
    dump_worlds,
    load_worlds,
)

GOOD = """\
task: arm/reach
terms:
  - {name: cube_mass, kind: mass, on: [cube], operation: scale, distribution: {uniform: [0.7, 1.3]},
     unseen: {uniform: [1.3, 1.7]}}
  - name: delay
    kind: action_delay
    on: [shoulder, elbow]
    distribution: {choice: [0, 1]}
    unit: control steps
  - {name: noise, kind: observation_noise, on: joints, unit: mm, distribution: {uniform: [1, 20]}, when: episode}
"""


def _load(text: str, path: Path, target: Target) -> WorldDistribution:
    file = path / "worlds.yaml"
    file.write_text(text)
    return load_worlds(file, target)


def test_a_file_is_read_as_it_is_written(tmp_path: Path, arm: Target) -> None:
    distribution = _load(GOOD, tmp_path, arm)
    assert distribution.task == "arm/reach"
    mass, delay, noise = distribution.terms
    assert mass == Mass("cube_mass", Uniform(0.7, 1.3), on="cube", unseen=Uniform(1.3, 1.7))
    assert delay.distribution == Choice((0, 1))
    assert noise == ObservationNoise("noise", Uniform(0.001, 0.02), on="joints", when="episode")


def test_an_optional_term_is_left_out_where_there_is_nothing_for_it_and_the_reason_kept(
    tmp_path: Path, arm: Target
) -> None:
    lid = "  - {name: lid, kind: mass, on: lid, distribution: {uniform: [0.5, 2]}, optional: true}\n"
    distribution = _load(GOOD + lid, tmp_path, arm)
    assert [term.name for term in distribution.terms] == ["cube_mass", "delay", "noise"]
    assert distribution.left_out == {"lid": "pattern 'lid' matched no body of 'arm'; bodies: upper, fore, cube"}
    with pytest.raises(WorldsError, match="yaml:11: term 'lid': Uniform"):
        _load(GOOD + lid.replace("[0.5, 2]", "[2, 0.5]"), tmp_path, arm)
    with pytest.raises(WorldsError, match="yaml:11: term 'lid': pattern 'lid' matched no body"):
        _load(GOOD + lid.replace(", optional: true", ""), tmp_path, arm)


def test_what_is_dumped_loads_equal(tmp_path: Path, arm: Target) -> None:
    terms = (
        Mass("on", Uniform(0.7, 1.3), on=("*", "c?be"), unseen=Mixture((Uniform(1e-7, 0.7), Uniform(1.3, 1e22)))),
        Gravity("yes: no", Normal(0.0, 1 / 3)),
        Mass("1", Uniform(0.5, 1.0), on="fore"),
    )
    distribution = WorldDistribution(terms, arm, task="true")
    again = _load(dump_worlds(distribution), tmp_path, arm)
    assert again.terms == terms
    assert again.task == "true"
    assert dump_worlds(again) == dump_worlds(distribution)


def test_a_finite_set_is_the_same_when_loaded_again(tmp_path: Path, arm: Target) -> None:
    distribution = _load(GOOD.replace("terms:", "finite: 12\nterms:"), tmp_path, arm)
    assert distribution.finite == 12
    assert "\nfinite: 12\n" in dump_worlds(distribution)
    again = _load(dump_worlds(distribution), tmp_path, arm)
    assert again.sample(np.random.default_rng(0), 12) == distribution.sample(np.random.default_rng(0), 12)
    assert _load(GOOD, tmp_path, arm).finite is None


def test_a_dumped_term_is_one_readable_line(arm: Target) -> None:
    distribution = WorldDistribution([Mass("cube_mass", Uniform(0.7, 1.3), on="cube")], arm)
    assert dump_worlds(distribution) == (
        "terms:\n"
        "  - {name: cube_mass, kind: mass, on: [cube], operation: scale, each: world, when: trial, "
        "distribution: {uniform: [0.7, 1.3]}}\n"
    )


def test_no_terms_load_too(tmp_path: Path, arm: Target) -> None:
    assert _load(dump_worlds(WorldDistribution([], arm)), tmp_path, arm).terms == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("on: [cube], ", "on: [cube], on: [fore], ", "3: term 'cube_mass': key 'on' is repeated"),
        (
            "    kind: action_delay\n",
            "    kind: action_delay\n    kind: mass\n",
            "7: term 'delay': key 'kind' is repeated",
        ),
        (
            "{uniform: [0.7, 1.3]}",
            "{uniform: [0.7, 1.3], uniform: [0, 1]}",
            "3: term 'cube_mass': key 'uniform' is repeated",
        ),
        ("task: arm/reach", "pins: {a: 1, a: 2}", "1: key 'a' is repeated"),
        ("name: cube_mass", "name: [a], name: b", "3: term 'b': key 'name' is repeated"),
        ("task:", "tsk:", "1: unknown key 'tsk'; keys: source, task, finite, finite_seed, pins, terms"),
        ("task: arm/reach", "task: [1]", r"1: 'task' takes a name, got \[1\]"),
        ("task: arm/reach", "finite: 0", "1: 'finite' takes a number of worlds, at least 1, got 0"),
        ("task: arm/reach", "finite: few", "1: 'finite' takes a number of worlds, at least 1, got 'few'"),
        (
            "    distribution: {ch",
            "    distrbution: {ch",
            "5: term 'delay': unknown key 'distrbution'; keys: kind, unit, optional, name, distribution, on, operation",
        ),
        ("kind: mass", "kind: mas", "3: term 'cube_mass': unknown kind 'mas'; kinds: action_delay, action_"),
        ("[0.7, 1.3]", "[1.3, 0.7]", r"3: term 'cube_mass': Uniform\(low=1.3, high=0.7\): low must not exceed high"),
        ("[0.7, 1.3]", "[0.7, 1.5]", "3: term 'cube_mass': unseen .* overlaps the training range"),
        ("name: delay", "name: cube_mass", "5: term 'cube_mass': the name is used by an earlier term"),
        ("[cube]", "[cub]", "3: term 'cube_mass': pattern 'cub' matched no body of 'arm'; bodies: upper, fore, cube"),
        ("choice: [0, 1]", "choices: [0, 1]", "5: term 'delay': unknown distribution 'choices'; kinds: choice, fixed"),
        ("choice: [0, 1]", "choice: [0, 0.5]", "5: term 'delay': distribution must be a Choice of whole control steps"),
        ("kind: action_delay", "kind: [", "[0-9]: "),
        ("    unit: control steps\n", "", "5: term 'delay': key 'unit' is missing: its numbers are in control steps"),
        ("unit: mm", "unit: deg", "10: term 'noise': unit 'deg' does not fit; unit: m, cm, mm"),
        ("name: cube_mass", "[a]: cube_mass", "3: a key must be plain text"),
        (
            "task: arm/reach",
            "pins: {cube_mas: 1}",
            "1: no parameter 'cube_mas' in this distribution; parameters: cube_mass",
        ),
        ("task: arm/reach", "pins: {cube_mass: x}", "1: 'pins' takes numbers by parameter"),
        (
            "terms:",
            "trms:",
            "1: a world file has the key 'terms'; keys: source, task, finite, finite_seed, pins, terms",
        ),
    ],
)
def test_a_mistake_is_refused_with_its_place(old: str, new: str, message: str, tmp_path: Path, arm: Target) -> None:
    assert old in GOOD
    with pytest.raises(WorldsError, match=f"worlds.yaml:{message}") as caught:
        _load(GOOD.replace(old, new, 1), tmp_path, arm)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: a world file has the key 'terms'"),
        ("terms: \0", "1: unacceptable character #x0000"),
        ("terms: 3", "1: 'terms' takes a list, got 3"),
        ("terms:\n  - mass", "2: term None: a term is written as keys and values, got 'mass'"),
        ("terms:\n  - {name: a, kind: gravity}", "2: term 'a': key 'distribution' is missing; given: name, kind"),
    ],
)
def test_a_file_of_another_form_is_refused(text: str, message: str, tmp_path: Path, arm: Target) -> None:
    with pytest.raises(WorldsError, match=f"worlds.yaml:{message}"):
        _load(text, tmp_path, arm)


def test_what_is_no_text_is_refused_in_one_line(tmp_path: Path, arm: Target) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"terms: []  # 5 \xb0\n")
    for path in (latin, tmp_path):
        with pytest.raises(WorldsError, match=rf"^{re.escape(str(path))}: not a text file in UTF-8: .*$"):
            load_worlds(path, arm)
