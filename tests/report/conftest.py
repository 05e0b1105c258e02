"""A run's folder with made-up numbers: everything a report can show, without any training."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploy_robot import LoopReport
from sim2real.evaluation import Evaluation

METRICS = {"rotation_rate": "rad/s", "drop": "1", "seconds": "s"}
REWARDS = ("rotation", "linear_velocity", "action_rate", "pose", "torque", "drop")
JOINTS = tuple(f"{finger}_{joint}" for finger in ("if", "mf", "rf", "th") for joint in ("mcp", "rot", "pip", "dip"))
UNITS = {
    "cube_mass": "1",
    "cube_size": "1",
    "joint_damping": "1",
    "servo_gain": "1",
    "action_delay": "control steps",
    "push_acceleration": "m/s^2",
    **{f"joint_limits[{joint}:{end}]": "rad" for joint in JOINTS for end in ("low", "high")},
    **{f"gravity[{axis}]": "m/s^2" for axis in "xyz"},
}
EPISODES, BINS = 3, 8
EPISODE_SECONDS = 10.0
SKILL = {"trained": 0.8, "zero": 0.0, "random": -0.02}
WORLDS = {"nominal": 12, "seen": 40, "unseen": 32}
WORLDS_YAML = "task: leap/rotate-z\nterms:\n  - {name: cube_mass, kind: mass, on: [cube]}\n"
VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256))


def draw(rng: np.random.Generator, n: int, unseen: bool) -> np.ndarray:
    mass = rng.uniform(1.4, 1.8, n) if unseen else rng.uniform(0.7, 1.4, n)
    size = 1 + rng.choice([-1, 1], n) * (rng.uniform(0.06, 0.1, n) if unseen else rng.uniform(0.0, 0.06, n))
    rest = [np.exp(rng.uniform(-0.7, 0.7, n)), np.exp(rng.uniform(-0.3, 0.3, n)), rng.integers(0, 2, n)]
    push = rng.uniform(1.0, 2.0, n) if unseen else rng.uniform(0.0, 1.0, n)
    rows = [mass, size, *rest, push, *rng.normal(0.0, 0.03, (32, n)), *rng.normal(0.0, 0.3, (3, n))]
    return np.array(rows).T


def result(rng: np.random.Generator, policy: str, kind: str, parameters: np.ndarray) -> dict[str, Any]:
    m = len(parameters)
    skill = SKILL[policy]
    by_world = skill * (1.1 - 0.25 * parameters[:, :1] + 0.2 * (parameters[:, 3:4] - 1))
    rate = by_world + skill * 0.06 * np.arange(EPISODES) + rng.normal(0, 0.06, (m, EPISODES))
    drop = (rng.random((m, EPISODES)) < (0.9 if policy == "random" else 0.1)).astype(float)
    metrics = {"rotation_rate": rate, "drop": drop, "seconds": EPISODE_SECONDS * (1 - drop * rng.random(drop.shape))}
    course = rate[:, :, None] * (1 - 0.4 * np.exp(-np.arange(BINS) / 2)) + rng.normal(0, 0.1, (m, EPISODES, BINS))
    diverged = np.zeros((m, EPISODES), dtype=bool)
    diverged[:3, 0] = kind == "unseen"
    measured = Evaluation(metrics, diverged, course, m * EPISODES * EPISODE_SECONDS)
    return {"policy": policy, "worlds_kind": kind, **measured.summary()}


def evaluation(rng: np.random.Generator) -> dict[str, Any]:
    parameters = {"nominal": np.ones((WORLDS["nominal"], len(UNITS)))}
    parameters |= {kind: draw(rng, WORLDS[kind], kind == "unseen") for kind in ("seen", "unseen")}
    return {
        "task": "leap/rotate-z",
        "metrics": METRICS,
        "seed": 7,
        "episode_seconds": EPISODE_SECONDS,
        "results": [result(rng, policy, kind, rows) for policy in SKILL for kind, rows in parameters.items()],
        "elsewhere": [
            result(rng, "trained", kind, draw(rng, 20, False)) for kind in ("unseen cube_mass", "dactyl2018")
        ],
        "drawn": {"names": list(UNITS), "units": UNITS}
        | {kind: parameters[kind].tolist() for kind in ("seen", "unseen")},
        "command": "sim2real evaluate runs/first --n 40",
    }


def deploy(rng: np.random.Generator, ticks: int = 440, approach: int = 40) -> dict[str, Any]:
    moving = (np.arange(ticks) >= approach)[:, None]
    phase = np.arange(ticks)[:, None] * 0.05 * np.linspace(2, 5, len(JOINTS))
    targets = 0.5 + moving * np.linspace(0.05, 0.5, len(JOINTS)) * np.sign(np.sin(phase))
    positions = targets.copy()
    for t in range(1, ticks):
        positions[t] = positions[t - 1] + 0.45 * (targets[t - 1] - positions[t - 1])
    report = LoopReport(
        ended="completed",
        fault=None,
        signal=None,
        pace="wall",
        control_period=0.05,
        bundle="4f1c" * 8,
        joints=JOINTS,
        approach_ticks=approach,
        overruns=2,
        position_clamps=31,
        velocity_clamps=118,
        stamps=np.arange(ticks) * 0.05,
        sent=100 + np.cumsum(0.05 + rng.normal(0, 2e-4, ticks) + (rng.random(ticks) < 0.01) * 4e-3),
        latencies=rng.gamma(9.0, 1.5e-4, ticks),
        inference=rng.gamma(9.0, 3e-5, ticks - approach),
        positions=positions,
        velocities=np.zeros_like(positions),
        targets=targets,
        pose_names=(),
        poses=np.zeros((ticks, 0, 7)),
    )
    twin = {
        "task": "leap/rotate-z",
        "seconds": 20.6,
        "metric": "rotation_rate",
        "unit": "rad/s",
        "mean": 0.734,
        "drops": 1,
        "diverged_steps": 0,
        "world": {"cube_mass": 1.62, "cube_size": 0.93},
        "seed": 2**63 + 1,
        "served": {"ended": "signal"},
    }
    return json.loads(report.to_json(log=True)) | {"twin": twin, "command": "sim2real deploy runs/first/bundle"}


def write_progress(path: Path, rng: np.random.Generator, rows: int = 300) -> None:
    share = np.linspace(0, 1, rows)
    rate = 0.75 * share**0.5 + rng.normal(0, 0.02, rows)
    columns = {
        "episode/drop": 0.8 * np.exp(-4 * share) + 0.1,
        "episode/return": 200 * rate - 10,
        "episode/rotation_rate": rate,
        "episode/seconds": 10 - 4 * np.exp(-4 * share),
        **{f"reward/{name}": rng.normal(0, 0.01, rows) + 0.1 * i * share for i, name in enumerate(REWARDS)},
        "time/fps": np.full(rows, 9000.0),
        "time/total_timesteps": 8192.0 * (1 + np.arange(rows)),
        "train/loss": rng.normal(0, 1, rows),
    }
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for i in range(rows):
            first = {"train/loss", *(name for name in columns if name.startswith("episode/"))} if i == 0 else ()
            writer.writerow(["" if name in first else float(values[i]) for name, values in columns.items()])


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `run` copies."""
    return make_run(tmp_path_factory.mktemp("runs") / "first")


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A run's folder with every file that a report can show."""
    return shutil.copytree(made, tmp_path / "first")


def make_run(path: Path) -> Path:
    rng = np.random.default_rng(0)
    path.mkdir()
    record = {
        "task": "leap/rotate-z",
        "seed": 3,
        "started": "2025-01-02T03:04:05+00:00",
        "git": "0123456789abcdef0123456789abcdef01234567+changes",
        "python": "3.12.1",
        "machine": "x86_64",
        "versions": {"sim2real": "0.1.0", "torch": "2.8.0", "mujoco": "3.12.0", "numpy": "2.1.0"},
    }
    (path / "run.json").write_text(json.dumps(record))
    (path / "config.yaml").write_text("steps: 10000000\nminutes: null\nworlds: 256\nlearning_rate: 0.0005\n")
    (path / "worlds.yaml").write_text(WORLDS_YAML)
    write_progress(path / "progress.csv", rng)
    (path / "evaluation.json").write_text(json.dumps(evaluation(rng)))
    (path / "deploy.json").write_text(json.dumps(deploy(rng)))
    (path / "video.mp4").write_bytes(VIDEO)
    return path
