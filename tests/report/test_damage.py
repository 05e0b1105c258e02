import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim2real.errors import UserError
from sim2real.report import write_report


def refusal(run: Path) -> str:
    """What the user is told; no page is left."""
    with pytest.raises(UserError) as error:
        write_report(run)
    assert not (run / "report.html").exists()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", ["run.json", "progress.csv", "config.yaml", "worlds.yaml"])
def test_a_missing_file_is_named(run: Path, name: str) -> None:
    (run / name).unlink()
    assert name in refusal(run)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    assert "nowhere" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", b"{"),
        ("run.json", b"[]"),
        ("run.json", b'{"task": 1}'),
        ("run.json", b"\xff\xfe"),
        ("config.yaml", b"steps: [1"),
        ("config.yaml", b"- 1\n"),
        ("progress.csv", b""),
        ("progress.csv", b"time/total_timesteps,episode/return\n"),
        ("progress.csv", b"episode/return\n1.0\n"),
        ("progress.csv", b"time/total_timesteps\nmany\n"),
        ("progress.csv", b"time/total_timesteps\n1,2,3\n"),
        ("progress.csv", b"\xff\xfe\x00"),
        ("evaluation.json", b"not json"),
        ("evaluation.json", b"{}"),
        ("evaluation.json", b"[" * 100_000),
        ("deploy.json", b'{"ended": "completed"}'),
        ("video.mp4", b""),
        ("video.mp4", b"RIFF....AVI LIST"),
    ],
)
def test_a_damaged_file_is_named(run: Path, name: str, content: bytes) -> None:
    (run / name).write_bytes(content)
    assert name in refusal(run)


def drop_metric(data: dict[str, Any]) -> None:
    del data["results"][0]["metrics"]["drop"]


def not_finite(data: dict[str, Any]) -> None:
    data["results"][0]["metrics"]["drop"]["mean"] = float("nan")


def lose_episode(data: dict[str, Any]) -> None:
    data["results"][0]["by_episode"]["drop"].pop()


def lose_world(data: dict[str, Any]) -> None:
    data["results"][1]["by_world"]["rotation_rate"].pop()


def lose_drawn(data: dict[str, Any]) -> None:
    data["drawn"]["unseen"].pop()


def lose_unit(data: dict[str, Any]) -> None:
    del data["drawn"]["units"]["cube_mass"]


def shorten_row(data: dict[str, Any]) -> None:
    data["drawn"]["seen"][3].pop()


def repeat(data: dict[str, Any]) -> None:
    data["results"].append(data["results"][0])


def unknown_kind(data: dict[str, Any]) -> None:
    data["results"][0]["worlds_kind"] = "easy"


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (drop_metric, "policy 'trained' in nominal worlds: metric 'drop' is missing"),
        (not_finite, "NaN is not a finite number"),
        (lose_episode, "'drop' by episode has not 3 entries"),
        (lose_world, "'rotation_rate' by world has not 40 entries"),
        (lose_drawn, "it has 32 worlds, but 31 were drawn"),
        (lose_unit, "no unit for cube_mass"),
        (shorten_row, "a row of 'seen' has not one value for each of the 41 names"),
        (repeat, "stands in the results twice"),
        (unknown_kind, "results.0.worlds_kind"),
    ],
)
def test_an_evaluation_that_contradicts_itself_is_refused(
    run: Path, damage: Callable[[dict[str, Any]], None], told: str
) -> None:
    path = run / "evaluation.json"
    data = json.loads(path.read_text())
    damage(data)
    path.write_text(json.dumps(data))
    message = refusal(run)
    assert "evaluation.json" in message and told in message


@pytest.mark.parametrize(
    ("name", "told"), [("sent", "log.sent has 439 entries for 440 ticks"), ("positions", "log.positions has 439")]
)
def test_a_log_that_is_cut_off_is_refused(run: Path, name: str, told: str) -> None:
    path = run / "deploy.json"
    data = json.loads(path.read_text())
    data["log"][name].pop()
    path.write_text(json.dumps(data))
    message = refusal(run)
    assert "deploy.json" in message and told in message
