from __future__ import annotations

import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from policies.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from randomizers import Uniform
from sim2real.errors import UserError
from sim2real.runs import RunFolder, TrainConfig, load_policy, train
from sim2real.runs.display import TrainingDisplay
from sim2real.runs.progress_csv import STEPS, read_progress
from sim2real.runs.training import make_env
from sim2real.tasks import make_task

ITERATION = 64
"""Steps of one iteration of the small runs."""


@pytest.fixture(scope="module")
def finished(new_run, tmp_path_factory) -> RunFolder:
    """A run that trained to its end in one go. Not to be written to."""
    run = new_run(tmp_path_factory.mktemp("runs") / "finished")
    trained = train(run)
    assert (trained.steps, trained.interrupted) == (1600, False)
    return run


@pytest.fixture
def on_iteration(monkeypatch) -> Callable[[int, Callable[[], None]], None]:
    """Has something happen when an iteration is over."""

    def arrange(iteration: int, event: Callable[[], None]) -> None:
        count, show = 0, TrainingDisplay.show

        def counted(self, model, metrics):
            nonlocal count
            count += 1
            show(self, model, metrics)
            if count == iteration:
                event()

        monkeypatch.setattr(TrainingDisplay, "show", counted)

    return arrange


def assert_equal(one: Any, other: Any, where: str = "") -> None:
    """Whether two checkpoints are the same to the last bit."""
    assert type(one) is type(other), where
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_equal(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for k, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_equal(a, b, f"{where}[{k}]")
    elif isinstance(one, np.ndarray):
        assert np.array_equal(one, other), where
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    else:
        assert one == other, where


def progress(run: RunFolder) -> list[dict[str, float]]:
    """The rows of progress.csv without what depends on the clock."""
    kept = (STEPS, "time/iterations")
    rows = read_progress(run.progress_path)
    return [{k: v for k, v in row.items() if k in kept or not k.startswith("time/")} for row in rows]


def test_trials_side_by_side_are_reported_whole_not_by_the_episodes_they_end_with(tmp_path) -> None:
    """All end their last episode at once, in which an agent that learns within the trial does best."""
    task = make_task("mdp/n10")
    numbers = {"worlds": 40, "minibatches": 2, "rollout": 100, "hidden": 8, "stagger": False, "threads": 1}
    run = RunFolder.create(tmp_path / "run", task, TrainConfig(**numbers, steps=8000), task.worlds)
    train(run)
    for row in progress(run):
        assert row["episode/return"] == pytest.approx(10 * row["reward/regret"], abs=1e-9)


def assert_same_training(run: RunFolder, other: RunFolder) -> None:
    assert_equal(load_checkpoint(run.checkpoint_path), load_checkpoint(other.checkpoint_path))
    ours, theirs = load_policy(run).policy.state_dict(), load_policy(other).policy.state_dict()
    assert_equal(dict(ours), dict(theirs))
    assert progress(run) == progress(other)


def configure(run: RunFolder, **changes) -> None:
    config = yaml.safe_load(run.config_path.read_text()) | changes
    run.config_path.write_text(yaml.safe_dump(config))


def test_training_leaves_a_policy_a_checkpoint_and_a_row_for_every_iteration(finished) -> None:
    rows = progress(finished)
    assert [row[STEPS] for row in rows] == list(range(ITERATION, 1601, ITERATION))
    assert {f"reward/{name}" for name in finished.task.reward_terms} <= rows[0].keys()
    assert {f"episode/{name}" for name in finished.task.metrics} <= rows[-1].keys()
    assert all(math.isfinite(value) for row in rows for value in row.values())
    assert load_checkpoint(finished.checkpoint_path)["task"] == "leap/rotate-z"
    assert list(finished.path.glob("events.out.tfevents.*"))
    policy = load_policy(finished).policy
    action, _ = policy.predict(np.zeros(33, np.float32), deterministic=True)
    assert action.shape == (16,)


def test_progress_is_shown_of_iterations_that_are_over_so_that_the_speed_is_that_of_learning_too(
    new_run, tmp_path, monkeypatch
) -> None:
    shown: list[int] = []
    monkeypatch.setattr(TrainingDisplay, "show", lambda self, model, metrics: shown.append(model.iteration))
    train(new_run(tmp_path / "run", steps=3 * ITERATION))
    assert shown == [1, 2, 3]


def test_the_same_configuration_trains_to_the_same_bits_and_another_seed_to_others(finished, new_run, tmp_path) -> None:
    again = new_run(tmp_path / "again", threads=2)
    train(again)
    assert_same_training(again, finished)
    other = new_run(tmp_path / "other", seed=1, steps=ITERATION)
    train(other)
    assert progress(other)[0] != progress(finished)[0]


def test_a_run_resumed_twice_ends_where_the_uninterrupted_run_ends(finished, new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", steps=9 * ITERATION)
    assert train(run).steps == 9 * ITERATION
    for steps in (20 * ITERATION, 1600):
        configure(run, steps=steps)
        assert train(run, resume=True).steps == steps
    assert_same_training(run, finished)


def test_a_run_that_is_at_its_end_stays_as_it_is_when_resumed(finished, new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", steps=3 * ITERATION)
    train(run)
    before, rows = load_checkpoint(run.checkpoint_path), progress(run)
    trained = train(run, resume=True)
    assert (trained.steps, trained.interrupted) == (3 * ITERATION, False)
    assert_equal(load_checkpoint(run.checkpoint_path), before)
    assert progress(run) == rows


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_saves_and_returns_and_can_be_gone_on_with(
    finished, new_run, tmp_path, on_iteration, monkeypatch, number
) -> None:
    run = new_run(tmp_path / "run")
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with monkeypatch.context():
        on_iteration(5, lambda: signal.raise_signal(number))
        trained = train(run)
    assert trained.interrupted
    assert trained.steps == 5 * ITERATION
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    monkeypatch.undo()
    resumed = train(run, resume=True)
    assert (resumed.steps, resumed.interrupted) == (1600, False)
    assert_same_training(run, finished)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, as in a shell; of a process started in the background it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_second_interrupt_ends_training_at_once(new_run, tmp_path, on_iteration) -> None:
    run = new_run(tmp_path / "run")

    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    on_iteration(2, twice)
    with pytest.raises(KeyboardInterrupt):
        train(run)
    assert not run.checkpoint_path.exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


TRAIN = """
import sys
from pathlib import Path
from sim2real.runs import RunFolder, train
run = RunFolder.open(Path(sys.argv[1]))
train(run, resume=run.checkpoint_path.exists())
"""


def kill_when_saved(process: subprocess.Popen, checkpoint: Path, after: int, delay: float) -> None:
    """SIGKILL so many seconds after a checkpoint newer than `after` [ns] was written."""
    deadline = time.monotonic() + 120.0
    while not checkpoint.exists() or checkpoint.stat().st_mtime_ns <= after:
        assert process.poll() is None and time.monotonic() < deadline, "training did not get there"
        time.sleep(0.002)
    time.sleep(delay)
    assert process.poll() is None, "it was still training"
    process.kill()
    process.wait(10.0)


@pytest.mark.slow
def test_a_run_killed_at_random_moments_goes_on_as_if_nothing_had_happened(new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", steps=10**9, checkpoint_minutes=1e-9)
    delay = np.random.default_rng().uniform(0.0, 0.5, 2)
    changed = 0
    for seconds in delay:
        process = subprocess.Popen([sys.executable, "-c", TRAIN, str(run.path)], stderr=subprocess.DEVNULL)
        try:
            kill_when_saved(process, run.checkpoint_path, changed, seconds)
        finally:
            process.kill()
        changed = run.checkpoint_path.stat().st_mtime_ns
        reached = load_checkpoint(run.checkpoint_path)["model"]["num_timesteps"]
        assert reached % ITERATION == 0, f"killed after {delay}"
        if run.policy_path.exists():
            load_policy(run)
    configure(run, steps=reached + 2 * ITERATION)
    assert train(run, resume=True).steps == reached + 2 * ITERATION
    whole = new_run(tmp_path / "whole", steps=reached + 2 * ITERATION)
    train(whole)
    assert_same_training(run, whole)


def test_without_a_checkpoint_there_is_nothing_to_resume(new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run")
    with pytest.raises(CheckpointError, match=f"cannot read checkpoint {run.checkpoint_path}"):
        train(run, resume=True)
    with pytest.raises(UserError, match=f"{run.path} holds no policy yet"):
        load_policy(run)


@pytest.fixture
def copied(finished, new_run, tmp_path) -> RunFolder:
    """A finished run that a test may damage."""
    run = new_run(tmp_path / "copied", steps=2000)
    for source in (finished.checkpoint_path, finished.policy_path, finished.progress_path):
        (run.path / source.name).write_bytes(source.read_bytes())
    return run


def test_the_checkpoint_of_another_task_is_refused_with_both_names(copied) -> None:
    state = load_checkpoint(copied.checkpoint_path)
    save_checkpoint(copied.checkpoint_path, state | {"task": "shadow/block-rotate-z"})
    rows = copied.progress_path.read_text()
    with pytest.raises(UserError, match="is of task 'shadow/block-rotate-z', the run of 'leap/rotate-z'"):
        train(copied, resume=True)
    assert copied.progress_path.read_text() == rows


@pytest.mark.parametrize("where", [0, 30, 1000, -1])
def test_a_checkpoint_with_a_flipped_bit_is_refused_with_its_name(copied, where: int) -> None:
    content = bytearray(copied.checkpoint_path.read_bytes())
    content[where] ^= 1
    copied.checkpoint_path.write_bytes(content)
    with pytest.raises(CheckpointError, match=str(copied.checkpoint_path)) as error:
        train(copied, resume=True)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_checkpoint_that_was_cut_off_is_refused_with_its_name(copied, share: float) -> None:
    content = copied.checkpoint_path.read_bytes()
    copied.checkpoint_path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match=str(copied.checkpoint_path)):
        train(copied, resume=True)


def test_a_damaged_policy_is_refused_with_its_name(copied) -> None:
    content = copied.policy_path.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    for damaged in (b"", b"junk", content[: len(content) // 2], bytes(flipped)):
        copied.policy_path.write_bytes(damaged)
        with pytest.raises(UserError, match=f"{copied.policy_path} is damaged") as error:
            load_policy(copied)
        assert "\n" not in str(error.value)


def test_training_ends_after_the_minutes_that_it_was_given(new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", steps=10**9, minutes=0.5 / 60)
    trained = train(run)
    assert not trained.interrupted
    assert ITERATION <= trained.steps < 10**6
    assert trained.seconds == pytest.approx(0.5, abs=3.0)
    assert run.checkpoint_path.exists()


def test_checkpoints_come_as_often_as_asked_for(new_run, tmp_path, on_iteration) -> None:
    saved = []
    for minutes in (1e-9, 100.0):
        run = new_run(tmp_path / f"run-{minutes}", checkpoint_minutes=minutes, steps=4 * ITERATION)
        on_iteration(3, lambda run=run: saved.append(run.checkpoint_path.exists()))
        train(run)
    assert saved == [True, False]


def test_training_draws_from_the_worlds_of_its_run(tmp_path) -> None:
    task = make_task("leap/rotate-z")
    worlds = task.worlds.replace_distribution("cube_mass", Uniform(1.9, 2.0))
    run = RunFolder.create(tmp_path / "run", task, TrainConfig(worlds=4, threads=1), worlds)
    env = make_env(task, run.config, run)
    env.reset()
    assert (env.worlds.column("cube_mass") >= 1.9).all()


def test_nominal_training_meets_the_nominal_world_alone(new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", nominal=True)
    env = make_env(run.task, run.config, run)
    first = env.reset()
    assert np.array_equal(env.worlds.values, run.worlds().nominal(8).values)
    assert len(np.unique(first["policy"], axis=0)) == 8, "each starts otherwise"
