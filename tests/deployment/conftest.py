"""A briefly trained run and its bundle, and ROS domains to oneself."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from deploy_robot import Bundle
from sim2real.bundle_export import export_bundle
from sim2real.runs import RunFolder, TrainConfig, load_policy, train
from sim2real.runs.training import save_policy
from sim2real.tasks import make_task
from sim2real.tasks.robot_task import RobotTask


@dataclass(frozen=True)
class Exported:
    """A run of a few iterations, whose actions are then enlarged, as those of a finished one are, and its bundle."""

    task: RobotTask
    run: RunFolder
    bundle: Bundle


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Callable[[str], Exported]:
    """Trains in a task, once, and exports."""

    @cache
    def made(name: str) -> Exported:
        task = make_task(name)
        assert isinstance(task, RobotTask)
        config = TrainConfig(steps=256, worlds=8, rollout=8, minibatches=2, hidden=16, threads=1)
        run = RunFolder.create(tmp_path_factory.mktemp("deployment") / "run", task, config, task.worlds)
        train(run)
        model = load_policy(run)
        model.policy.action_net.weight.data *= 30.0
        save_policy(model, run)
        return Exported(task, run, export_bundle(run, run.path / "bundle"))

    return made


@pytest.fixture(scope="session")
def run(exported) -> RunFolder:
    return exported("leap/rotate-z").run


@pytest.fixture(scope="session")
def bundle(exported) -> Bundle:
    return exported("leap/rotate-z").bundle


@pytest.fixture
def domain() -> Iterator[int]:
    """A ROS domain that no other test on this computer uses meanwhile; the lock files are those of tests/deploy_robot."""
    for number in range(1, 102):
        with Path(tempfile.gettempdir(), f"deploy_robot_test_domain_{number}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield number
            return
    raise RuntimeError("every ROS domain is in use by a test")
