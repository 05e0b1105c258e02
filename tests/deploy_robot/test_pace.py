import time

import pytest

from deploy_robot.pace import Pacer


@pytest.fixture
def steady(monkeypatch):
    """A steady clock that a test sets."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_ticks_do_not_drift_when_each_is_a_little_late(steady):
    pacer = Pacer("wall", 0.05, origin=100.0)
    for tick in range(1, 1001):
        due = pacer.next_due()
        assert due == pytest.approx(100.0 + tick * 0.05)
        steady[0] = due + 0.013
    assert pacer.overruns == 0


def test_ticks_that_are_over_are_skipped_and_counted(steady):
    pacer = Pacer("wall", 0.05, origin=100.0)
    pacer.next_due()
    steady[0] = 100.0 + 0.05 + 0.23
    assert pacer.next_due() == pytest.approx(100.25), "the latest that is due"
    assert pacer.overruns == 3
    assert pacer.next_due() == pytest.approx(100.30)
    assert pacer.overruns == 3


def test_lockstep_is_due_at_once(steady):
    pacer = Pacer("lockstep", 0.05, origin=0.0)
    assert [pacer.next_due() for _ in range(3)] == [100.0] * 3
    assert pacer.overruns == 0
