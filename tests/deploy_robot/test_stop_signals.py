import os
import signal
import threading
import time

import pytest

from deploy_robot.stop_signals import StopSignals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_a_request_and_ends_the_wait(number):
    with StopSignals() as stop:
        assert not stop.requested
        timer = threading.Timer(0.1, os.kill, (os.getpid(), number))
        timer.start()
        began = time.monotonic()
        assert stop.wait(30.0)
        assert time.monotonic() - began < 5.0
    assert stop.requested
    assert stop.received == number


def test_the_first_signal_is_the_one_that_is_told():
    with StopSignals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert stop.received == signal.SIGTERM


def test_earlier_handlers_come_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(ZeroDivisionError), StopSignals():
        raise ZeroDivisionError
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_other_threads_install_nothing():
    before, during = signal.getsignal(signal.SIGTERM), []

    def enter():
        with StopSignals() as stop:
            during.append((signal.getsignal(signal.SIGTERM), stop.wait(0.01)))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert during == [(before, False)]
