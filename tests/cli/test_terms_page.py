import json

import pytest

from benchmarks.term_demos import DEMOS
from benchmarks.term_looks import LOOKS
from benchmarks.term_runs import SIGNALS, TARGET, record
from benchmarks.terms_page import FIGURES, PAGE, figure_of, page
from randomizers import TERMS
from sim2real.cli import main

MOST_BYTES = {".svg": 15_000, ".png": 60_000}


def test_the_page_in_the_repository_is_as_it_is_written_now() -> None:
    assert PAGE.read_text() == page(), "run `python -m benchmarks.terms_page`"


def test_the_page_has_a_chapter_and_a_figure_of_every_kind() -> None:
    lines = PAGE.read_text().splitlines()
    assert {line.removeprefix("### ") for line in lines if line.startswith("### ")} == set(TERMS)
    for kind in TERMS:
        assert f"![{kind}]({figure_of(kind).relative_to(PAGE.parent).as_posix()})" in lines


def test_figures_are_there_and_small_and_no_others() -> None:
    assert set(FIGURES.iterdir()) == {figure_of(kind) for kind in TERMS}
    sizes = {path: path.stat().st_size for path in FIGURES.iterdir()}
    assert all(0 < size < MOST_BYTES[path.suffix] for path, size in sizes.items())
    assert sum(sizes.values()) < 2_500_000


def test_every_kind_is_demonstrated_once() -> None:
    assert {*DEMOS, *LOOKS} == set(TERMS) and len(DEMOS) + len(LOOKS) == len(TERMS)
    shown = {demo.shows for demo in DEMOS.values()} - {""}
    assert shown <= {signal.name for signal in SIGNALS}


@pytest.mark.parametrize("kind", ["mass", "backlash", "observation_delay", "payload_mass", "timestep_jitter"])
def test_a_demonstration_differs_from_the_nominal_world_and_only_there(kind: str) -> None:
    distribution, worlds = DEMOS[kind].worlds(kind, TARGET)
    assert len(DEMOS[kind].labels(kind, TARGET)) == len(worlds)
    _, seen = record(distribution, worlds, 0.05)
    differs = (seen != seen[..., :1]).any(axis=(0, 1))
    assert not differs[0] and differs[1:].all()
    height_of_the_balloon = seen[[signal.name for signal in SIGNALS].index("height of the balloon")]
    assert (height_of_the_balloon[:, 0] == height_of_the_balloon[:, 1]).all() == (kind != "timestep_jitter")


def test_the_list_of_terms_says_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "terms", "--json"]) == 0
    listed = {term["kind"]: term for term in json.loads(capsys.readouterr().out)["terms"]}
    assert set(listed) == set(TERMS)
    assert listed["mass"]["recompute"] and listed["mass"]["operations"][0] == "scale"
    assert listed["mass"]["each"] == "world" and listed["backlash"]["each"] == "element"
    assert listed["push_rate"]["partner"] == "push_impulse" and listed["mass"]["partner"] is None
    assert all(term["summary"] in PAGE.read_text() for term in listed.values())


def test_the_table_of_terms_is_readable_at_120_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "terms"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 120
    assert {line.split()[0] for line in lines[2 : lines.index("")] if line[:1].strip()} == set(TERMS)
