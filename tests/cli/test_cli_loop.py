import json
from pathlib import Path

import pytest

from sim2real.cli import main

SMALL = ["--worlds", "8", "--rollout", "8", "--minibatches", "2", "--hidden", "16"]


def test_the_demo_does_the_whole_loop_and_keeps_an_earlier_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", "leap/rotate-z", *SMALL, "--steps", "128", "--out", "runs/demo"]) == 0
    weights = (tmp_path / "runs" / "demo" / "policy.zip").read_bytes()
    capsys.readouterr()
    arguments = ["demo", "--minutes", "0.03", "--n", "2", "--seconds", "2", "--out", "runs/demo", "--json"]
    assert main(arguments) == 0
    data = json.loads(capsys.readouterr().out)
    run = tmp_path / "runs" / "demo"
    page = (run / "report.html").read_text()
    assert data["ros2"]["ended"] == "completed" and data["ros2"]["policy_ticks"] == 40
    assert data["ros2"]["twin"]["world"]["push_acceleration"] >= 1.0  # a range that training never drew from
    assert {(r["policy"], r["worlds_kind"]) for r in data["evaluation"]} >= {("trained", "seen"), ("trained", "unseen")}
    assert "<video" in page and "ROS 2" in page
    assert (run / "bundle" / "contract.json").is_file()
    (earlier,) = (path for path in run.parent.iterdir() if path != run)
    assert (earlier / "policy.zip").read_bytes() == weights


def test_train_evaluate_report_and_video_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["train", "leap/rotate-z", *SMALL, "--steps", "128", "--out", str(run), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["steps"] == 128
    assert main(["evaluate", str(run), "--n", "2", "--episodes", "1", "--json"]) == 0
    first = capsys.readouterr().out
    assert json.loads(first)["elsewhere"] == []
    assert main(["evaluate", str(run), "--n", "2", "--episodes", "1", "--json"]) == 0
    assert capsys.readouterr().out == first
    assert main(["report", str(run)]) == 0
    capsys.readouterr()
    one_by_one = ["--baselines", "zero", "--one-by-one", "--episode-steps", "30", "--json"]
    assert main(["evaluate", str(run), "--n", "2", "--episodes", "1", *one_by_one]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["episode_seconds"] == pytest.approx(1.5)
    assert max(row["metrics"]["seconds"]["high"] for row in measured["results"]) == pytest.approx(1.5)
    alone = measured["elsewhere"]
    assert {row["policy"] for row in alone} == {"trained"}
    assert all({"rotation_rate", "drop", "seconds"} <= set(row["medians"]) for row in alone)
    assert [row["worlds_kind"] for row in alone][:2] == ["unseen cube_mass", "unseen cube_size"]
    assert len({row["metrics"]["rotation_rate"]["mean"] for row in alone}) > 1
    assert main(["report", str(run)]) == 0
    assert "all unseen" in (run / "report.html").read_text()
    capsys.readouterr()
    video = tmp_path / "video.mp4"
    assert main(["play", str(run), "--seconds", "0.5", "--video", str(video), "--width", "160", "--height", "120"]) == 0
    assert video.stat().st_size > 1000
    assert main(["resume", str(run), "--steps", "256", "--json"]) == 0
    capsys.readouterr()
    config = (run / "config.yaml").read_text()
    assert "steps: 256" in config


def test_a_world_written_to_a_file_is_the_one_that_is_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["worlds", "leap/rotate-z", "--kind", "unseen", "--n", "1", "--out", str(tmp_path), "--json"]) == 0
    world = json.loads(capsys.readouterr().out)["worlds"][0]
    video = ["--seconds", "0.1", "--video", str(tmp_path / "a.mp4")]
    assert main(["play", "leap/rotate-z", "--world", str(tmp_path / "0.json"), *video, "--json"]) == 0
    played = json.loads(capsys.readouterr().out)
    assert played["world"] == world["values"] and played["seed"] == world["seed"]
