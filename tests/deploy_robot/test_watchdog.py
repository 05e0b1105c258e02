import pytest

from deploy_robot.ros2.watchdog import CommandWatchdog


def test_it_trips_once_when_commands_cease():
    watchdog = CommandWatchdog(0.2)
    watchdog.feed(10.0)
    assert not watchdog.check(10.19)
    assert watchdog.check(10.21)
    assert not watchdog.check(10.9)
    assert watchdog.trip_delays == [pytest.approx(0.21)]


def test_every_command_gives_it_new_patience():
    watchdog = CommandWatchdog(0.2)
    for tenth in range(100, 120):
        watchdog.feed(tenth / 10)
        assert not watchdog.check(tenth / 10 + 0.15)


def test_it_expects_nothing_before_the_first_command_and_after_a_stop():
    watchdog = CommandWatchdog(0.2)
    assert not watchdog.check(99.0)
    watchdog.feed(100.0)
    watchdog.rest()
    assert not watchdog.check(199.0)


def test_it_watches_again_after_a_trip():
    watchdog = CommandWatchdog(0.2)
    for now in (10.0, 20.0):
        watchdog.feed(now)
        assert watchdog.check(now + 1.0)
    assert len(watchdog.trip_delays) == 2


def test_no_patience_is_refused():
    with pytest.raises(ValueError, match="watchdog: given 0 s, wanted above 0"):
        CommandWatchdog(0)
