from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from sim2real.cli import main
from sim2real.commands.train import new_run
from sim2real.errors import UserError
from sim2real.runs import RunFolder, TrainConfig
from sim2real.tasks import make_task
from sim2real.tasks.goals import GoalReward
from sim2real.tasks.rotation import RotationReward

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def reward_of(run: RunFolder) -> object:
    return run.task.simulate(1, 1).reward  # type: ignore[attr-defined]


def test_a_run_keeps_the_reward_that_it_was_given_and_the_task_its_own(tmp_path: Path) -> None:
    run = new_run("leap/rotate-z", tmp_path / "run", TrainConfig(reward=("drop=-7.5", "rotation=2")))
    assert reward_of(RunFolder.open(run.path)) == RotationReward(drop=-7.5, rotation=2.0)
    assert make_task("leap/rotate-z").simulate(1, 1).reward == RotationReward()  # type: ignore[attr-defined]


def test_what_tasks_set_themselves_stays_unless_it_is_changed(tmp_path: Path) -> None:
    usual = make_task("shadow/pen-rotate-z").simulate(1, 1).reward  # type: ignore[attr-defined]
    run = new_run("shadow/pen-rotate-z", tmp_path / "run", TrainConfig(reward=("enough=3",)))
    changed = reward_of(run)
    assert isinstance(changed, GoalReward) and (changed.enough, changed.near) == (3, usual.near)
    assert isinstance(changed.enough, int)


def test_drops_cost_what_the_run_says(tmp_path: Path) -> None:
    run = new_run("leap/rotate-z", tmp_path / "run", TrainConfig(reward=("drop=-7.5",)))
    simulation, ids = run.task.simulate(2, 1), np.arange(2)
    simulation.load(ids, run.task.worlds.nominal(2), ids)
    simulation.reset(ids, ids)
    simulation.object_pose[0, 2] = -1.0  # type: ignore[attr-defined]
    assert simulation.step(np.zeros((2, 16))).rewards["drop"].tolist() == [-7.5, 0.0]


def test_a_task_of_ones_own_takes_them_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(EXAMPLES / "four_joint_arm.xml", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["new-task", "four_joint_arm.xml"]) == 0
    small = ["--worlds", "4", "--rollout", "4", "--minibatches", "2", "--hidden", "8", "--steps", "16"]
    assert main(["train", "four_joint_arm_task.yaml", *small, "--reward", "tolerance=0.2", "--out", "run"]) == 0
    assert reward_of(RunFolder.open(Path("run"))).tolerance == 0.2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("task", "given", "reason"),
    [
        ("leap/rotate-z", "drp=1", "the reward of leap/rotate-z has no 'drp'; it has: rotation, highest_rate"),
        ("leap/reorient", "enough=1.5", "the reward of leap/reorient: given enough=1.5, wanted a whole number"),
        ("leap/reorient", "drop", "--reward drop: wanted NAME=VALUE, such as drop=-60"),
        ("leap/reorient", "drop=low", "--reward drop=low: wanted a finite number"),
        ("leap/reorient", "drop=nan", "--reward drop=nan: wanted a finite number"),
        ("bandit/k5-n10", "drop=1", "bandit/k5-n10 has no weights of a reward that could be changed, given drop"),
        ("gym/FetchReach-v4", "drop=1", "gym/FetchReach-v4 has no weights of a reward that could be changed"),
    ],
)
def test_what_cannot_be_changed_is_refused_before_there_is_a_folder(
    task: str, given: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as error:
        new_run(task, tmp_path / "run", TrainConfig(reward=(given,)))
    assert str(error.value).startswith(reason) and "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()
