from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploy_robot import Bundle, ControlLoop, InProcessRobot
from sim2real.bundle_export import export_bundle
from sim2real.evaluation.choice import choose_worlds
from sim2real.runs import RunFolder, TrainConfig, train
from sim2real.tasks import make_task
from sim2real.tasks.robot_task import RobotTask
from sim2real.twin import Twin


@pytest.mark.parametrize(
    ("network", "memory_shape"),
    [
        ({"memory": "gru", "bins": 11}, (1, 16)),
        ({"memory": "table"}, (18, 16)),
        ({"memory": "none", "shared": True}, (1, 1)),
    ],
    ids=str,
)
def test_a_robot_runs_policies_of_every_memory(
    network: dict[str, Any], memory_shape: tuple[int, ...], tmp_path: Path
) -> None:
    task = make_task("leap/rotate-z")
    assert isinstance(task, RobotTask)
    config = TrainConfig(steps=64, worlds=8, rollout=8, minibatches=2, hidden=16, threads=1, **network)
    run = RunFolder.create(tmp_path / "run", task, config, task.worlds)
    train(run)
    export_bundle(run, tmp_path / "bundle")
    bundle = Bundle.load(tmp_path / "bundle")
    assert bundle.contract.memory_shape == memory_shape
    twin = Twin(task, choose_worlds(task.worlds, "unseen", 1, 0))
    report = ControlLoop(bundle, InProcessRobot(twin), pace="lockstep").run(1.0)
    assert (report.ended, report.fault, report.policy_ticks) == ("completed", None, 20)
    assert np.isfinite(report.targets).all()
