"""leap/rotate-z with episodes short enough to see many trials end."""

from __future__ import annotations

import pytest

from sim2real.tasks import make_task
from sim2real.tasks.leap_rotate_z import LeapRotateZ


class ShortLeapRotateZ(LeapRotateZ):
    episode_steps = 12


@pytest.fixture(scope="session")
def short_task() -> LeapRotateZ:
    task = ShortLeapRotateZ()
    task.starts = make_task("leap/rotate-z").starts
    return task
