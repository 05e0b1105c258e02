import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim2real.report import write_report


def one_episode(data: dict[str, Any]) -> None:
    for result in data["results"]:
        result["episodes_per_trial"] = 1
        result["by_episode"] = {name: episodes[:1] for name, episodes in result["by_episode"].items()}
        result["course"] = result["course"][:1]


def no_course(data: dict[str, Any]) -> None:
    for result in data["results"]:
        result["course"] = []


def unseen_alone(data: dict[str, Any]) -> None:
    data["results"] = [result for result in data["results"] if result["worlds_kind"] == "unseen"]


def nothing_drawn(data: dict[str, Any]) -> None:
    data["results"] = [result for result in data["results"] if result["worlds_kind"] == "nominal"]
    data["drawn"] |= {"seen": [], "unseen": []}


def no_parameters(data: dict[str, Any]) -> None:
    rows = {kind: [[] for _ in data["drawn"][kind]] for kind in ("seen", "unseen")}
    data["drawn"] = {"names": [], "units": {}, **rows}


@pytest.mark.parametrize("change", [one_episode, no_course, unseen_alone, nothing_drawn, no_parameters])
def test_an_evaluation_with_little_in_it_gives_a_page(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads((run / "evaluation.json").read_text())
    change(data)
    (run / "evaluation.json").write_text(json.dumps(data))
    assert "rotation rate" in write_report(run).read_text()


@pytest.mark.parametrize(
    ("drawn", "wanted"),
    [
        (True, "unseen worlds with ranges that training never drew from"),
        (False, "unseen worlds that training never drew"),
    ],
)
def test_ranges_are_spoken_of_where_worlds_have_parameters(run: Path, drawn: bool, wanted: str) -> None:
    data = json.loads((run / "evaluation.json").read_text())
    if not drawn:
        data["drawn"] = None
    (run / "evaluation.json").write_text(json.dumps(data))
    assert f"{wanted}, the trained policy" in write_report(run).read_text()


@pytest.mark.parametrize("ticks", [0, 1, 2, 40])
def test_a_loop_that_ended_early_gives_a_page(run: Path, ticks: int) -> None:
    data = json.loads((run / "deploy.json").read_text())
    data["ticks"] = ticks
    data["log"] = {name: rows[:ticks] for name, rows in data["log"].items()}
    (run / "deploy.json").write_text(json.dumps(data))
    page = write_report(run).read_text()
    assert ("no log of two ticks" in page) == (ticks < 2)
