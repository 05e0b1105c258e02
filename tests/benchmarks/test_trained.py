"""Runs that benchmarks measure are trained to their end."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from benchmarks.trained import finished, minutes
from sim2real.runs import RunFolder
from sim2real.runs.progress_csv import STEPS, read_progress

RUN = "bandit-k5-n10-s0"


def steps(folder: Path) -> int:
    return int(read_progress(folder / RUN / "progress.csv")[-1][STEPS])


def test_one_that_is_interrupted_is_not_taken_for_finished_and_goes_on_next_time(tmp_path: Path) -> None:
    changes = {"steps": 200_000, "threads": 1}

    def interrupt() -> None:
        progress = tmp_path / RUN / "progress.csv"
        while not (progress.is_file() and progress.stat().st_size):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    beside = threading.Thread(target=interrupt, daemon=True)
    beside.start()
    with pytest.raises(SystemExit, match=rf"{RUN} is not finished .*; the same command goes on with it"):
        finished("bandit/k5-n10", 0, tmp_path, **changes)
    beside.join()
    assert steps(tmp_path) < 200_000
    began = time.monotonic()
    before = minutes(RunFolder.open(tmp_path / RUN))
    assert steps(finished("bandit/k5-n10", 0, tmp_path, **changes).path.parent) >= 200_000
    both = minutes(RunFolder.open(tmp_path / RUN))
    assert before < both < before + (time.monotonic() - began) / 60, "both sessions count"
