"""A briefly trained run and its bundle, and ROS domains to oneself."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy_robot import Bundle
from sim2real.bundle_export import export_bundle
from sim2real.runs import RunFolder, TrainConfig, load_policy, train
from sim2real.runs.training import save_policy
from sim2real.tasks import make_task


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> RunFolder:
    """A run of a few iterations, whose actions are then enlarged, as those of a finished one are."""
    task = make_task("leap/rotate-z")
    config = TrainConfig(steps=256, worlds=8, rollout=8, minibatches=2, hidden=16, threads=1)
    run = RunFolder.create(tmp_path_factory.mktemp("deployment") / "run", task, config, task.worlds)
    train(run)
    model = load_policy(run)
    model.policy.action_net.weight.data *= 30.0
    save_policy(model, run)
    return run


@pytest.fixture(scope="session")
def bundle(run: RunFolder) -> Bundle:
    return export_bundle(run, run.path / "bundle")


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
