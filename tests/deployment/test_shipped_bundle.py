"""The bundle in the repository turns the cube, on the twin, in worlds of ranges that training never drew from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deploy_robot import Bundle, ControlLoop, InProcessRobot
from sim2real.bundle_export import model_fingerprint
from sim2real.evaluation.choice import choose_worlds
from sim2real.tasks import make_task
from sim2real.tasks.robot_task import RobotTask
from sim2real.twin import Twin

SHIPPED = Path(__file__).parents[2] / "docs" / "results" / "bundles" / "leap-rotate-z"


def test_it_is_whole_and_made_for_the_model_as_it_is() -> None:
    bundle = Bundle.load(SHIPPED)
    task = make_task(bundle.contract.task)
    assert isinstance(task, RobotTask)
    assert bundle.contract.joints == task.joints
    assert bundle.contract.fingerprints["model"] == model_fingerprint(task.model)


def test_it_turns_the_cube() -> None:
    task = make_task("leap/rotate-z")
    assert isinstance(task, RobotTask)
    rates = []
    for seed in range(4):
        twin = Twin(task, choose_worlds(task.worlds, "unseen", 1, seed))
        report = ControlLoop(Bundle.load(SHIPPED), InProcessRobot(twin), pace="lockstep").run(10.0)
        assert report.ended == "completed" and report.fault is None
        rates.append(twin.summary()["mean"])
    assert np.median(rates) == pytest.approx(2.0, abs=1.0)
