"""Training with automatic domain randomization, in short episodes of leap/rotate-z."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from pydantic import ValidationError

from policies.checkpoint import load_checkpoint
from randomizers import ADR, ADRSettings
from randomizers.adr import NOWHERE
from sim2real.cli import main
from sim2real.commands.train import new_run as checked_run
from sim2real.errors import UserError
from sim2real.runs import RunFolder, TrainConfig, load_policy, train
from sim2real.runs.progress_csv import STEPS, read_progress
from sim2real.runs.training import make_env
from sim2real.tasks import make_task
from sim2real.tasks.leap_rotate_z import LeapRotateZ
from sim2real.trials import TrialEnv

LENGTH = 5
"""Steps of an episode, of which a trial has two."""
ITERATION = 80
"""Steps of one iteration of the small runs, in which all their 8 worlds end a trial."""
EASY = {
    "adr": "openai",
    "adr_metric": "seconds",
    "adr_low": 0.05,
    "adr_high": 0.1,
    "adr_boundary": 1.0,
    "adr_queue": 2,
    "adr_step": 0.1,
    "rollout": 10,
}
"""A range widens where the cube is not dropped at once."""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LeapRotateZ, "episode_steps", LENGTH)


def same(one: Any, other: Any) -> bool:
    """Whether two checkpoints are the same to the last bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, np.ndarray | torch.Tensor):
        return bool((np.asarray(one) == np.asarray(other)).all())
    return one == other


def progress(run: RunFolder) -> list[dict[str, float]]:
    """The rows of progress.csv without what depends on the clock."""
    rows = read_progress(run.progress_path)
    return [{k: v for k, v in row.items() if k == STEPS or not k.startswith("time/")} for row in rows]


def assert_same_training(run: RunFolder, other: RunFolder) -> None:
    assert same(load_checkpoint(run.checkpoint_path), load_checkpoint(other.checkpoint_path))
    assert same(load_policy(run).policy.state_dict(), load_policy(other).policy.state_dict())
    assert progress(run) == progress(other)
    assert run.reached_path.read_text() == other.reached_path.read_text()


def configure(run: RunFolder, **changes) -> None:
    run.config_path.write_text(yaml.safe_dump(yaml.safe_load(run.config_path.read_text()) | changes))


@pytest.fixture(scope="module")
def finished(new_run: Callable[..., RunFolder], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of 40 iterations that trained to its end in one go. Not to be written to."""
    run = new_run(tmp_path_factory.mktemp("runs") / "finished", **EASY, steps=40 * ITERATION)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LeapRotateZ, "episode_steps", LENGTH)
        train(run)
    return run


def test_ranges_begin_at_the_nominal_world_and_widen_while_training(finished: RunFolder) -> None:
    rows = progress(finished)
    assert rows[0]["adr/cube_mass/low"] <= 1.0 <= rows[0]["adr/cube_mass/high"]
    assert rows[0]["adr/widened"] < 0.03
    assert rows[-1]["adr/widened"] > 0.1
    assert rows[-1]["adr/entropy"] > rows[0]["adr/entropy"]
    assert rows[-1]["adr/gravity/high"] > 0 > rows[-1]["adr/gravity/low"]
    events = b"".join(path.read_bytes() for path in finished.path.glob("events.out.tfevents.*"))
    assert b"adr/entropy" in events and b"adr/cube_mass/high" in events


def test_the_run_keeps_the_ranges_reached_beside_the_widest(finished: RunFolder) -> None:
    last, reached, widest = progress(finished)[-1], finished.worlds(), finished.given_worlds()
    moved = {key.split("/")[1] for key in last if key.endswith("/low")}
    assert {"cube_mass", "servo_gain", "gravity", "action_delay"} <= moved
    for name, (low, high) in reached.ranges.items():
        if name in moved:
            assert (low, high) == pytest.approx((last[f"adr/{name}/low"], last[f"adr/{name}/high"]))
            assert widest.ranges[name][0] <= low <= high <= widest.ranges[name][1]
    assert widest.ranges == make_task("leap/rotate-z").worlds.ranges
    assert reached.ranges["cube_mass"] != widest.ranges["cube_mass"]


def test_the_critic_reads_the_same_numbers_whatever_the_ranges(finished: RunFolder) -> None:
    worlds = finished.given_worlds().sample(np.random.default_rng(0), 5)
    assert np.array_equal(finished.worlds().vector(worlds), finished.given_worlds().vector(worlds))


def test_seen_worlds_of_an_evaluation_are_of_the_ranges_reached(finished: RunFolder) -> None:
    assert main(["evaluate", str(finished.path), "--n", "64", "--baselines", "zero"]) == 0
    drawn = json.loads((finished.path / "evaluation.json").read_text())["drawn"]
    seen = np.array(drawn["seen"])[:, drawn["names"].index("cube_mass")]
    low, high = finished.worlds().ranges["cube_mass"]
    assert low <= seen.min() and seen.max() <= high
    (finished.path / "evaluation.json").unlink()


def test_a_run_resumed_twice_ends_where_the_uninterrupted_run_ends(finished, new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", **EASY, steps=9 * ITERATION)
    train(run)
    for iterations in (21, 40):
        configure(run, steps=iterations * ITERATION)
        train(run, resume=True)
    configure(run, steps=40 * ITERATION)
    assert_same_training(run, finished)


TRAIN = f"""
import sys
from pathlib import Path
from sim2real.runs import RunFolder, train
from sim2real.tasks.leap_rotate_z import LeapRotateZ
LeapRotateZ.episode_steps = {LENGTH}
run = RunFolder.open(Path(sys.argv[1]))
train(run, resume=run.checkpoint_path.exists())
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_happened(new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", **EASY, steps=10**9, checkpoint_minutes=1e-9)
    changed = 0
    for delay in (0.3, 0.15):
        process = subprocess.Popen([sys.executable, "-c", TRAIN, str(run.path)], stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 120.0
            while not run.checkpoint_path.exists() or run.checkpoint_path.stat().st_mtime_ns <= changed:
                assert process.poll() is None and time.monotonic() < deadline, "training did not get there"
                time.sleep(0.002)
            time.sleep(delay)
            assert process.poll() is None, "it was still training"
        finally:
            process.kill()
            process.wait(10.0)
        changed = run.checkpoint_path.stat().st_mtime_ns
    steps = load_checkpoint(run.checkpoint_path)["model"]["num_timesteps"] + 2 * ITERATION
    configure(run, steps=steps)
    train(run, resume=True)
    whole = new_run(tmp_path / "whole", **EASY, steps=steps)
    train(whole)
    assert_same_training(run, whole)


def adr_env(**options) -> tuple[TrialEnv, list[tuple[np.ndarray, int, float]]]:
    """Six worlds, and what its ranges are told of their trials."""
    task = make_task("leap/rotate-z")
    adr = ADR(task.worlds, ADRSettings(boundary=0.5, queue=100, low=0.0, high=1.0))
    told: list[tuple[np.ndarray, int, float]] = []
    adr.record = lambda values, pin, performance: told.append((values.copy(), pin, performance))  # type: ignore[method-assign]
    return TrialEnv(task, 6, seed=3, threads=1, adr=adr, **options), told


def test_a_trial_is_judged_by_the_mean_of_its_episodes_in_the_world_that_it_was_in() -> None:
    env, told = adr_env()
    env.reset()
    rng = np.random.default_rng(0)
    expected = []
    sums = np.zeros(6)
    for _ in range(8 * LENGTH):
        before = env.worlds
        _, _, done, infos = env.step(rng.uniform(-1, 1, (6, 16)))
        for i, info in enumerate(infos):
            if info:
                sums[i] += info["metrics"]["rotation_rate"]
            if done[i]:
                expected.append((before.values[i], sums[i] / 2))
                sums[i] = 0.0
    assert len(told) == len(expected) == 24
    for (values, pin, performance), (world, mean) in zip(told, expected, strict=True):
        assert np.array_equal(values, world)
        assert performance == pytest.approx(mean, rel=1e-12)
        if pin != NOWHERE:
            columns, there = env.adr.adr.place(pin)
            assert np.array_equal(values[columns], there)
    assert 5 <= sum(pin != NOWHERE for _, pin, _ in told) <= 19


def test_trials_whose_first_episode_was_cut_short_tell_nothing() -> None:
    env, told = adr_env(stagger=True, performance="seconds")
    env.reset()
    ended = 0
    for _ in range(2 * LENGTH):
        _, _, done, _ = env.step(np.zeros((6, 16)))
        ended += done.sum()
    assert ended >= 4 and len(told) < ended
    for _ in range(2 * LENGTH):
        env.step(np.zeros((6, 16)))
    assert {round(seconds, 9) for _, _, seconds in told} == {LENGTH * 0.05}


def test_worlds_are_drawn_by_one_of_two() -> None:
    with pytest.raises(ValueError, match="worlds are drawn by draw or by adr"):
        adr_env(draw=lambda rng, n: None)


def test_a_baseline_widens_ranges_too(new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", **EASY, algo="sb3-ppo", steps=10 * ITERATION)
    train(run)
    assert progress(run)[-1]["adr/widened"] > 0.0
    assert run.worlds().ranges != run.given_worlds().ranges


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"adr_metric": None, "adr_low": None},
            "adr=openai: its thresholds 10 and 20 are goals reached in a row, but leap/rotate-z is judged by "
            "rotation_rate [rad/s]: give adr_low and adr_high",
        ),
        (
            {"adr_metric": "goals"},
            "adr_metric=goals: leap/rotate-z does not measure that; metrics: rotation_rate, drop",
        ),
        ({"adr_low": 3.0}, "adr=openai: ADR: low must be below high=0.1, got 3.0"),
    ],
)
def test_what_does_not_fit_the_task_is_refused_before_there_is_a_run(changes, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        checked_run("leap/rotate-z", tmp_path / "run", TrainConfig(**EASY | changes))
    assert not (tmp_path / "run").exists()


def test_a_task_without_ranges_is_refused(tmp_path: Path) -> None:
    config = TrainConfig(**EASY | {"adr_metric": "return"})
    with pytest.raises(UserError, match=r"adr=openai: no term has a range that .* could move; terms: none"):
        checked_run("bandit/k5-n10", tmp_path / "run", config)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nominal": True}, "adr and nominal both decide what worlds are drawn from: give one of them"),
        ({"finite": 5}, "adr and finite both decide"),
        ({"unseen": True}, "adr and unseen both decide"),
        ({"adr": None}, "adr_metric=seconds is a number of automatic domain randomization: give adr"),
        ({"adr": "deepmind"}, "Input should be 'openai' or 'dextreme'"),
        ({"adr_queue": 0}, "greater than or equal to 1"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        TrainConfig(**EASY | changes)


def test_the_command_line_trains_with_it(tmp_path: Path) -> None:
    sizes = "--worlds 4 --rollout 10 --minibatches 2 --hidden 8 --steps 80".split()
    thresholds = "--adr dextreme --adr-low 0.1 --adr-high 0.5".split()
    assert main(["train", "leap/rotate-z", *sizes, *thresholds, "--out", str(tmp_path / "run")]) == 0
    run = RunFolder.open(tmp_path / "run")
    assert (run.config.adr, run.config.adr_low, run.config.adr_high) == ("dextreme", 0.1, 0.5)
    settings = make_env(run.task, run.config, run).adr.adr.settings
    assert settings == ADRSettings(boundary=0.4, queue=256, low=0.1, high=0.5, step=0.02, sliding=True)
    assert set(read_progress(run.progress_path)[-1]) >= {"adr/entropy", "adr/widened", "adr/cube_mass/low"}
    assert run.worlds().ranges["cube_mass"] == (1.0, 1.0)
