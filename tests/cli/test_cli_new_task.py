"""A robot of one's own, from its MJCF to a bundle that its twin runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from deploy_robot import Bundle, ControlLoop, InProcessRobot
from sim2real.cli import main
from sim2real.evaluation.choice import choose_worlds
from sim2real.tasks import make_task
from sim2real.tasks.own.reach import OwnReach
from sim2real.tasks.robot_task import RobotTask
from sim2real.twin import Twin

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
SMALL = ["--worlds", "8", "--rollout", "8", "--minibatches", "2", "--hidden", "16", "--steps", "128", "--threads", "1"]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a user works, with the examples."""
    for model in EXAMPLES.glob("*.xml"):
        shutil.copy(model, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(arguments: list[str], capsys: Capture) -> str:
    """The one line that a refusal prints."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    return captured.err


def test_a_hand_goes_from_its_model_to_a_bundle_that_its_twin_runs(folder: Path, capsys: Capture) -> None:
    assert main(["new-task", "three_finger_hand.xml", "--json"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert (written["kind"], written["object"], written["starts"]) == ("rotate-z", "cube", 256)
    assert written["tips"] == ["one_tip", "two_tip", "three_tip"] and len(written["actuators"]) == 9
    file = written["task"]
    assert main(["train", file, *SMALL, "--out", "run"]) == 0
    assert main(["evaluate", "run", "--n", "2", "--episodes", "1", "--baselines", "zero", "--json"]) == 0
    evaluated = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {row["worlds_kind"] for row in evaluated["results"]} == {"nominal", "seen", "unseen"}
    assert main(["export", "run"]) == 0
    task = make_task(file)
    assert isinstance(task, RobotTask)
    twin = Twin(task, choose_worlds(task.worlds, "nominal", 1, 0))
    bundle = Bundle.load(Path("run/bundle"))
    assert bundle.contract.task == "three_finger_hand_task"
    report = ControlLoop(bundle, InProcessRobot(twin), pace="lockstep").run(1.0)
    assert report.ended == "completed" and report.fault is None and twin.drops == 0
    capsys.readouterr()
    assert main(["report", "run"]) == 0 and main(["resume", "run", "--steps", "192"]) == 0


@pytest.mark.parametrize(
    ("model", "kind", "points"),
    [("four_joint_arm", "reach", 1), ("three_finger_hand", "reach", 3), ("three_finger_hand", "reorient", 0)],
)
def test_every_kind_trains_is_played_made_by_gymnasium_and_run_by_its_twin(
    model: str, kind: str, points: int, folder: Path, capsys: Capture
) -> None:
    assert main(["new-task", f"{model}.xml", "--kind", kind, "--out", "task.yaml"]) == 0
    assert main(["train", "task.yaml", *SMALL, "--out", "run"]) == 0
    assert main(["worlds", "task.yaml", "--n", "2", "--kind", "unseen"]) == 0
    assert main(["play", "run", "--seconds", "0.2", "--video", "play.mp4", "--width", "64", "--height", "64"]) == 0
    capsys.readouterr()
    env = gymnasium.make("own/task", task="task.yaml", group="critic")
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    assert np.isfinite(env.step(np.zeros(env.action_space.shape or ()))[1])
    task = make_task("task.yaml")
    assert isinstance(task, RobotTask)
    if points:
        assert task.tracked == {"goal_offset": 3 * points}
    assert main(["export", "run"]) == 0
    loop = ControlLoop(
        Bundle.load(Path("run/bundle")), InProcessRobot(Twin(task, task.worlds.nominal(1))), pace="lockstep"
    )
    report = loop.run(0.5)
    assert (report.ended, report.fault) == ("completed", None)
    assert len(report.pose_names) == (points or 2)


def test_goals_of_reaching_are_where_the_tips_can_be_and_staying_reaches_few(folder: Path) -> None:
    assert main(["new-task", "four_joint_arm.xml"]) == 0
    task = make_task("four_joint_arm_task.yaml")
    assert isinstance(task, OwnReach)
    shoulder, arm = (0.0, 0.0, 0.38), 0.27 + 0.23 + 0.11 + 0.03
    assert np.linalg.norm(task.goals - shoulder, axis=1).max() < arm
    assert np.ptp(task.goals, axis=0).min() > 0.1
    simulation, ids = task.simulate(64, 1), np.arange(64)
    simulation.load(ids, task.worlds.nominal(64), ids)
    simulation.reset(ids, ids)
    outcome = simulation.step(np.zeros((64, 4)))
    assert (outcome.rewards["reached"] > 0).mean() < 0.2


@pytest.mark.parametrize("change", ["task", "model", "gone"])
def test_a_run_refuses_a_task_whose_files_are_others_now(change: str, folder: Path, capsys: Capture) -> None:
    assert main(["new-task", "four_joint_arm.xml"]) == 0
    assert main(["train", "four_joint_arm_task.yaml", *SMALL, "--out", "run"]) == 0
    capsys.readouterr()
    file = folder / ("four_joint_arm.xml" if change == "model" else "four_joint_arm_task.yaml")
    if change == "gone":
        file.unlink()
    else:
        text = file.read_text()
        file.write_text(text.replace('mass="0.8"', 'mass="0.9"').replace("reached: 0.5", "reached: 0.6"))
        assert file.read_text() != text
    said = refused(["evaluate", "run", "--n", "2"], capsys)
    assert str(file) in said and ("is gone" if change == "gone" else "has changed") in said
    assert "train anew" in refused(["resume", "run", "--steps", "512"], capsys)


def test_all_that_a_model_wants_changed_is_told_on_stderr_and_as_json(folder: Path, capsys: Capture) -> None:
    model = folder / "four_joint_arm.xml"
    broken = model.read_text().replace(' range="-0.4 2.2"', "").replace('<position name="turn"', '<motor name="turn"')
    model.write_text(broken)
    assert main(["new-task", model.name]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    head, *problems = captured.err.splitlines()
    assert head == "sim2real: four_joint_arm.xml wants 2 changes before it can be trained"
    lines = broken.splitlines()
    for problem, found in zip(problems, ('<joint name="elbow"', "<motor"), strict=True):
        name, line, _ = problem.split(":", 2)
        assert name == model.name and found in lines[int(line) - 1]
    assert main(["new-task", model.name, "--json"]) == 2
    captured = capsys.readouterr()
    assert [set(one) for one in json.loads(captured.out)["problems"]] == [{"file", "line", "message", "write"}] * 2
    assert captured.err == ""
    assert not list(folder.glob("*.yaml"))


@pytest.mark.parametrize("there", ["four_joint_arm_task.yaml", "four_joint_arm_worlds.yaml"])
def test_files_that_are_there_are_not_overwritten(there: str, folder: Path, capsys: Capture) -> None:
    (folder / there).write_text("mine")
    assert there in refused(["new-task", "four_joint_arm.xml"], capsys)
    assert [path.name for path in folder.glob("*.yaml")] == [there] and (folder / there).read_text() == "mine"


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("kind: reach", "kind: dance", "wanted rotate-z, reorient, reach"),
        ("substeps: 10", "substeps: 0", "substeps: Input should be greater than or equal to 1"),
        ("substeps: 10", "substep: 10", "substep: Extra inputs are not permitted"),
        ("substeps: 10", "substeps: 10\nsubsteps: 9", "'substeps' stands there more than once"),
        ("reached: 0.5", "reachd: 0.5", "unknown 'reachd'; there are distance, reached"),
        ("start: 0.9", "start: 2.9", "start 2.9 must be within"),
        ("tips: [gripper]", "tips: [thumb]", "no site 'thumb'; sites: gripper"),
        ("{actuator: elbow,", "{actuator: wrist,", "'wrist' is no position servo of that joint"),
        ("  wrist:", "  hand:", "no hinge or slide of that name; joints: turn, lift, elbow, wrist"),
        ("model: four_joint_arm.xml", "model: gone.xml", "cannot read"),
        ("worlds: four_joint_arm_worlds.yaml", "worlds: gone.yaml", "there is no file"),
        ("tips: [gripper]", "tips: [gripper", "four_joint_arm_task.yaml:"),
    ],
)
def test_a_task_file_that_cannot_be_is_refused_in_one_line(
    old: str, new: str, wanted: str, folder: Path, capsys: Capture
) -> None:
    assert main(["new-task", "four_joint_arm.xml"]) == 0
    capsys.readouterr()
    file = folder / "four_joint_arm_task.yaml"
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
    said = refused(["train", file.name, *SMALL], capsys)
    assert wanted in said
    assert not (folder / "runs").exists()


def test_the_file_explains_every_entry(folder: Path) -> None:
    assert main(["new-task", "three_finger_hand.xml"]) == 0
    lines = (folder / "three_finger_hand_task.yaml").read_text().splitlines()
    entries = [i for i, line in enumerate(lines) if line and line[0].isalpha() and ":" in line]
    assert len(entries) >= 14
    assert all(lines[i - 1].startswith("# ") for i in entries)
