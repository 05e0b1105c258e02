"""Which worlds commands draw, and what they show of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest

from sim2real.cli import main
from sim2real.runs import RunFolder

SMALL = ["--worlds", "8", "--rollout", "8", "--minibatches", "2", "--hidden", "16", "--steps", "128"]

pictures = pytest.mark.skipif(sys.platform != "linux", reason="renders through EGL")


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    return captured.err


def test_a_presets_worlds_are_drawn_and_what_it_leaves_out_is_said(capsys) -> None:
    data = said(["worlds", "leap/rotate-z", "--preset", "hora", "--n", "3"], capsys)
    assert all(0.0 < world["values"]["object_mass"] for world in data["worlds"])
    data = said(["worlds", "leap/rotate-z", "--preset", "dactyl2018", "--n", "3"], capsys)
    assert "matched no observation of 'leap/rotate-z'" in data["left_out"]["object_position_noise"]


def test_pinned_numbers_are_the_same_in_every_world(capsys) -> None:
    pins = ["--set", "object.mass=200g", "servo_gain=1.2", "joint_limits[if_mcp:low]=-3deg"]
    for kind in ("seen", "unseen", "nominal"):
        worlds = said(["worlds", "leap/rotate-z", *pins, "--n", "4", "--kind", kind], capsys)["worlds"]
        for world in worlds:
            values = world["values"]
            assert values["object.mass[cube]"] == pytest.approx(0.2)
            assert values["servo_gain"] == 1.2
            assert values["joint_limits[if_mcp:low]"] == pytest.approx(np.deg2rad(-3))
            assert "cube_mass" not in values


@pictures
def test_the_picture_shows_a_world_differently_when_it_looks_different(tmp_path: Path, capsys) -> None:
    sizes = []
    for preset in ("nominal", "unseen-looks"):
        image = tmp_path / f"{preset}.png"
        said(["worlds", "leap/rotate-z", "--preset", preset, "--n", "4", "--image", str(image)], capsys)
        picture = imageio.imread(image)
        sizes.append(picture.shape[0])
        colours = np.unique(picture[:, :, :3].reshape(-1, 3), axis=0)
        assert len(colours) > 200
    assert sizes[1] > sizes[0], "histograms stand below"
    assert "written as .png" in refusal(["worlds", "leap/rotate-z", "--image", str(tmp_path / "a.gif")], capsys)


@pictures
def test_tasks_without_a_robot_have_histograms_alone(tmp_path: Path, capsys) -> None:
    image = tmp_path / "bandits.png"
    said(["worlds", "bandit/k5-n10", "--n", "4", "--image", str(image)], capsys)
    assert image.stat().st_size > 0
    moved = ["worlds", "bandit/k5-n10", "--after", "1", "--image", str(tmp_path / "moved.png")]
    assert "--after 1: bandit/k5-n10 has no robot that moves" in refusal(moved, capsys)


@pictures
def test_the_picture_shows_worlds_after_they_have_moved(tmp_path: Path, capsys) -> None:
    looks = []
    for after in ("0", "0.5"):
        image = tmp_path / f"{after}.png"
        said(["worlds", "leap/rotate-z", "--n", "2", "--image", str(image), "--after", after], capsys)
        looks.append(imageio.imread(image))
    assert looks[0].shape == looks[1].shape and not np.array_equal(*looks)
    assert "--after 1 is of a picture: give --image" in refusal(["worlds", "leap/rotate-z", "--after", "1"], capsys)


def test_training_in_worlds_given_one_by_one_draws_no_others(tmp_path: Path, capsys) -> None:
    drawn = said(["worlds", "leap/rotate-z", "--n", "2", "--out", str(tmp_path / "set")], capsys)
    files = [str(tmp_path / "set" / f"{index}.json") for index in range(2)]
    run = tmp_path / "run"
    said(["train", "leap/rotate-z", *SMALL, "--world", *files, "--out", str(run)], capsys)
    worlds = RunFolder.open(run).worlds()
    seen = worlds.sample(np.random.default_rng(0), 10)
    assert {world.fingerprint for world in seen} == {world["fingerprint"] for world in drawn["worlds"]}
    said(["resume", str(run), "--steps", "192"], capsys)
    refused = refusal(
        ["train", "leap/rotate-z", "--world", files[0], "--finite", "3", "--out", str(tmp_path / "b")], capsys
    )
    assert "one by one" in refused and not (tmp_path / "b").exists()


def test_a_run_remembers_its_preset_and_pins_and_is_measured_beside_other_families(tmp_path: Path, capsys) -> None:
    run = tmp_path / "run"
    worlds = ["--preset", "playground-leap", "--set", "object.mass=100g"]
    said(["train", "leap/rotate-z", *SMALL, *worlds, "--out", str(run)], capsys)
    kept = RunFolder.open(run).worlds()
    assert kept.sample(np.random.default_rng(0), 3).column("object.mass[cube]") == pytest.approx(0.1)
    # Without unseen ranges there are nominal and seen worlds, and the families named.
    beside = ["--beside", "unseen-effects", "unseen-simulator"]
    measured = said(["evaluate", str(run), "--n", "2", "--episodes", "1", "--baselines", "zero", *beside], capsys)
    kinds = [
        [result["worlds_kind"] for result in measured[place] if result["policy"] == "trained"]
        for place in ("results", "elsewhere")
    ]
    assert kinds == [["nominal", "seen"], ["unseen-effects", "unseen-simulator"]]
    assert measured["command"].endswith("--baselines zero --beside unseen-effects unseen-simulator --episodes 1")
    said(["report", str(run)], capsys)
    page = (run / "report.html").read_text()
    assert "unseen-effects" in page and "unseen-simulator" in page
    assert "no term has an unseen range" in refusal(["evaluate", str(run), "--n", "2", "--one-by-one"], capsys)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--preset", "dactyl"], "unknown preset 'dactyl'; presets: dactyl2018"),
        (["--preset", "hora", "--distribution", "mine.yaml"], "both say which worlds"),
        (["--set", "mass"], "wanted NAME=VALUE"),
        (["--set", "cube_mass=1", "cube_mass=2"], "set twice"),
        (["--set", "cube_mas=1"], "cannot pin 'cube_mas'"),
        (["--set", "object.mass=1 m"], "unit 'm' does not fit; unit: kg, g"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(arguments: list[str], wanted: str, capsys) -> None:
    assert wanted in refusal(["worlds", "leap/rotate-z", *arguments], capsys)
