from __future__ import annotations

import pytest

from sim2real.runs import TrainConfig
from sim2real.runs.display import seconds_left


def test_a_resumed_run_is_timed_by_the_steps_that_are_left_and_not_by_those_of_before() -> None:
    assert seconds_left(TrainConfig(steps=10_000), 100.0, 9_000, 3.0) == pytest.approx(10.0)


def test_minutes_end_a_run_before_its_steps_do() -> None:
    assert seconds_left(TrainConfig(steps=10_000, minutes=2.0), 1.0, 0, 90.0) == pytest.approx(30.0)
    assert seconds_left(TrainConfig(steps=10_000, minutes=2.0), 1.0, 10_001, 300.0) == 0.0
