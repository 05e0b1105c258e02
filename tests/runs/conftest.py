"""Runs of leap/rotate-z so small that they train in a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim2real.runs import RunFolder, TrainConfig
from sim2real.tasks import make_task

SMALL = {"worlds": 8, "rollout": 8, "minibatches": 2, "hidden": 16, "threads": 1}


@pytest.fixture(scope="session")
def new_run() -> Callable[..., RunFolder]:
    """Makes the folder of a small run at a path."""

    def make(path: Path, **changes) -> RunFolder:
        task = make_task("leap/rotate-z")
        return RunFolder.create(path, task, TrainConfig(**SMALL | {"steps": 1600} | changes), task.worlds)

    return make
