import shutil
from pathlib import Path

import pytest

from sim2real.cli import main

MISSPELT = """
terms:
  - {name: a, kind: mass, on: [cube], operation: scale, distribution: {uniform: [0.7, 1.3]}, uneen: {uniform: [1.3, 1.7]}}
"""
INVERTED = "terms:\n  - {name: a, kind: mass, on: [cube], operation: scale, distribution: {uniform: [1.3, 0.7]}}\n"
CONTRADICTORY = """
terms:
  - {name: a, kind: mass, on: [cube], operation: scale, distribution: {uniform: [0.7, 1.3]}, unseen: {uniform: [1.0, 1.7]}}
"""
FOREIGN = """
task: shadow/block-rotate-z
terms:
  - {name: gravity, kind: gravity, operation: add, unit: m/s^2, distribution: {normal: [0, 0.1]}}
"""
ENORMOUS = """
terms:
  - {name: cube_size, kind: size, on: cube, operation: scale, distribution: {uniform: [1.0, 1.6]}}
"""
TRAIN = [
    "train",
    "leap/rotate-z",
    "--worlds",
    "4",
    "--rollout",
    "4",
    "--minibatches",
    "2",
    "--hidden",
    "8",
    "--steps",
    "32",
]


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a refusal prints."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1 and captured.err.startswith("sim2real: ")
    return captured.err


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "run"
    assert main([*TRAIN, "--out", str(run)]) == 0
    return run


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["frobnicate"], "commands: list, new-task, worlds"),
        (["train", "leap/rotate-y"], "tasks: leap/rotate-z"),
        (["train", "leap/rotate-z", "--wrold", "3"], "--wrold"),
        (["train", "leap/rotate-z", "--worlds", "many"], "--worlds"),
        (["train", "leap/rotate-z", "--worlds", "0"], "greater than or equal to 1"),
        (["evaluate", "nowhere"], "is not a run's folder"),
        (["resume", "nowhere"], "is not a run's folder"),
        (["export", "nowhere"], "is not a run's folder"),
        (["report", "nowhere"], "is not a run's folder"),
        (["deploy", "nowhere"], "no such directory"),
        (["evaluate", "leap/rotate-z", "--baselines", "clever", "--n", "2"], "random, zero"),
        (["play", "leap/rotate-z", "--policy", "trained"], "needs a run's folder"),
        (["play", "leap/rotate-z", "--video", "film.avi", "--seconds", "0.1"], ".mp4"),
        (["worlds", "leap/rotate-z", "--distribution", "nowhere.yaml"], "nowhere.yaml"),
        (["twin", "leap/rotate-z", "--world", "nowhere.json"], "nowhere.json"),
        (["twin", "leap/rotate-z", "--out", "/dev/null/twin.json"], "out: cannot write /dev/null/twin.json"),
        (["twin", "leap/rotate-z", "--video", "film.avi"], ".mp4"),
        (["twin", "leap/rotate-z", "--video", "/dev/null/film.mp4"], "video: cannot write /dev/null/film.mp4"),
    ],
)
def test_bad_arguments_get_one_line_that_says_what_is_wanted(
    arguments: list[str], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wanted in refused(arguments, capsys)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (MISSPELT, "uneen"),
        (INVERTED, "1.3"),
        (CONTRADICTORY, "overlaps"),
        ("terms: [", ":1:"),
        (FOREIGN, "shadow"),
        (ENORMOUS, ":3: term 'cube_size': at 1.6 an episode"),
    ],
)
def test_a_worlds_file_that_cannot_be_is_refused_before_anything_is_written(
    content: str, wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "worlds.yaml", tmp_path / "run"
    file.write_text(content)
    line = refused(["train", "leap/rotate-z", "--distribution", str(file), "--out", str(out)], capsys)
    assert wanted in line
    assert str(file) in line
    assert not out.exists()


def test_numbers_that_do_not_divide_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    line = refused(["train", "leap/rotate-z", "--worlds", "6", "--minibatches", "4", "--out", str(out)], capsys)
    assert "4" in line and "6" in line
    assert not out.exists()


def test_no_display_is_refused_with_the_way_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "--video" in refused(["play", "leap/rotate-z"], capsys)


def test_a_run_that_is_there_is_not_overwritten(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (trained / "policy.zip").read_bytes()
    assert "resume" in refused([*TRAIN, "--out", str(trained)], capsys)
    assert (trained / "policy.zip").read_bytes() == before


@pytest.mark.parametrize("name", ["checkpoint.pt", "policy.zip", "config.yaml", "run.json", "worlds.yaml"])
def test_a_damaged_file_of_a_run_is_named(
    name: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    whole = (run / name).read_bytes()
    (run / name).write_bytes(whole[: len(whole) // 2] + b"\x00{")
    command = ["resume", str(run)] if name in ("checkpoint.pt", "config.yaml") else ["export", str(run)]
    assert name in refused(command, capsys)


def test_a_damaged_bundle_is_named(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = tmp_path / "bundle"
    assert main(["export", str(trained), "--out", str(bundle)]) == 0
    capsys.readouterr()
    policy = bytearray((bundle / "policy.onnx").read_bytes())
    policy[len(policy) // 2] ^= 1
    (bundle / "policy.onnx").write_bytes(policy)
    assert "policy.onnx" in refused(["deploy", str(bundle)], capsys)


def test_a_bundle_is_not_written_over_something_else(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("three years")
    refused(["export", str(trained), "--out", str(tmp_path)], capsys)
    assert (tmp_path / "thesis.txt").read_text() == "three years"


def test_a_policy_of_another_task_is_refused(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    assert main(["train", "shadow/block-rotate-z", *TRAIN[2:], "--out", str(other)]) == 0
    capsys.readouterr()
    shutil.copy(trained / "policy.zip", other / "policy.zip")
    assert "another task" in refused(["evaluate", str(other), "--n", "2"], capsys)


def test_a_world_with_unknown_names_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = tmp_path / "world.json"
    world.write_text('{"seed": 1, "values": {"cube_colour": 3.0}}')
    line = refused(["play", "leap/rotate-z", "--world", str(world), "--video", str(tmp_path / "a.mp4")], capsys)
    assert "cube_colour" in line and "cube_mass" in line


def test_missing_ros_is_refused_with_what_installs_it(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    bundle = tmp_path / "bundle"
    assert main(["export", str(trained), "--out", str(bundle)]) == 0
    capsys.readouterr()
    for name in [name for name in sys.modules if name.startswith(("deploy_robot.ros2", "rclpy"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rclpy", None)
    assert "pip install ros-rclpy" in refused(["deploy", str(bundle)], capsys)
