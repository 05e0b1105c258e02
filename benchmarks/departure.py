"""How far the Shadow hand's fast physics departs from the model it is made of.

`sim2real bench departure --task shadow/block-rotate-z --json` prints what `measure` returns; `python -m
benchmarks.departure` writes it to docs/results/fast-physics.md and .json.

Worlds start from the same states and are given the same targets in the fast physics and in the stock one. Beside that
stand how far two runs of stock physics part that differ by 1e-6 rad in the beginning, below which nothing can be told,
and how far worlds of `dactyl2018` part from the nominal one, which is what a policy is to be robust to: what this preset
changes is to be less. Joint angles are compared by root mean square, the object by the median over worlds, as few
that lose it differ by anything.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rows import Row
from deploy_robot.quaternions import rotation_between
from randomizers import WorldDistribution, Worlds, preset
from sim2real.evaluation import evaluate, trained_player
from sim2real.runs import RunFolder, load_policy
from sim2real.simulation.batch_sim import BatchSim
from sim2real.tasks import make_task, task_arguments
from sim2real.tasks.goals import GoalSimulation
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.shadow_hand import DRIVEN, JOINTS, ShadowHand

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "fast-physics.md"
PRESET = "dactyl2018"
SEED = 0
TIMES = (0.5, 1.0, 2.0)  # s
PERTURBED = 1e-6  # rad
WAYPOINT = 0.4  # s
REACH = 0.3
"""How far waypoints lie from the start pose, as a share of a joint's range."""
SHAKEN = 4.0  # s
STEP = 0.2  # rad
GRID = 0.001  # s
ABOVE = 10.0
"""Where an object falls without touching the hand while servos are measured [m]."""


def measure(task: ShadowHand, worlds: int, threads: int, run: Path | None = None) -> Iterator[Row]:
    """All rows of one task; those of how a trained policy does with a `run` of it."""
    stock = stock_of(task)
    yield from _apart(task, stock, worlds, threads)
    yield from _servos(task, stock, threads)
    if task.object_body:
        yield from _shaken(task, stock, worlds, threads)
    if run is not None:
        yield from _played(task, stock, run, worlds, threads)


def stock_of(task: ShadowHand) -> ShadowHand:
    """The same task with the stock model's physics, and the same start states."""
    stock = type(f"Stock{type(task).__name__}", (type(task),), {"stock": True})(*task_arguments(task.name))
    stock.substeps = round(task.control_period / stock.model.opt.timestep)
    stock.starts = task.starts
    return stock


def _apart(task: ShadowHand, stock: ShadowHand, worlds: int, threads: int) -> Iterator[Row]:
    """How far runs of the same targets are apart from stock physics in the nominal world."""
    targets = _smooth_targets(task, worlds)
    randomized = preset(PRESET, stock.target)
    drawn = randomized.sample(np.random.default_rng(SEED), worlds)
    nominal = stock.worlds.nominal(worlds)
    same = Worlds(nominal.names, nominal.values, drawn.seeds)
    reference = _follow(stock, stock.worlds, same, targets, threads)
    others = {
        "fast physics": _follow(task, task.worlds, same, targets, threads),
        "stock, begun 1e-6 rad apart": _follow(stock, stock.worlds, same, targets, threads, PERTURBED),
        f"stock in {PRESET}": _follow(stock, randomized, drawn, targets, threads),
    }
    for seconds in TIMES:
        step = round(seconds / task.control_period) - 1
        found = {name: _differences(task, reference, other, step) for name, other in others.items()}
        for what, unit in (("joint angles", "rad"), ("object's place", "m"), ("object's turn", "rad")):
            if what not in found["fast physics"]:
                continue
            most = found[f"stock in {PRESET}"][what]
            for name, values in found.items():
                tested = name == "fast physics"
                yield Row(
                    f"{task.name} {what} apart after {seconds:g} s, {name}",
                    values[what],
                    unit,
                    f"< {PRESET}'s" if tested else "",
                    values[what] < most if tested else None,
                )


def _smooth_targets(task: ShadowHand, worlds: int) -> np.ndarray:
    """Targets (steps, worlds, driven) [rad] that move from one random waypoint to the next, from the start pose on."""
    rng = np.random.default_rng(SEED)
    home = task.start_pose[[JOINTS.index(name) for name in DRIVEN]]
    limits = task.action.arrays
    span = REACH * (limits["upper"] - limits["lower"])
    steps = round(WAYPOINT / task.control_period)
    waypoints = [np.tile(home, (worlds, 1))]
    parts = []
    for _ in range(math.ceil(max(TIMES) / WAYPOINT)):
        waypoints.append((home + span * rng.uniform(-1, 1, (worlds, len(home)))).clip(limits["lower"], limits["upper"]))
        way = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, steps + 1) / steps)
        parts.append(waypoints[-2] + way[:, None, None] * (waypoints[-1] - waypoints[-2]))
    return np.concatenate(parts)


def _started(task: ShadowHand, distribution: WorldDistribution | None, worlds: Worlds, threads: int) -> RobotSimulation:
    simulation = task.simulate(len(worlds), threads, distribution)
    assert isinstance(simulation, RobotSimulation)
    everything = np.arange(len(worlds))
    simulation.load(everything, worlds, everything)
    simulation.reset(everything, np.zeros_like(everything))
    return simulation


def _follow(
    task: ShadowHand,
    distribution: WorldDistribution,
    worlds: Worlds,
    targets: np.ndarray,
    threads: int,
    perturbed: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Joint angles (steps, n, j) and object poses (steps, n, 7 or 0) of worlds that are given targets (steps, n, driven)."""
    simulation = _started(task, distribution, worlds, threads)
    simulation.sim.qpos[:, [int(task.model.joint(name).qposadr[0]) for name in DRIVEN]] += perturbed
    joints, objects = [], []
    for target in targets:
        simulation.step_targets(target)
        joints.append(simulation.joint_position.copy())
        objects.append(simulation.object_pose.copy())
    return np.array(joints), np.array(objects)


def _differences(
    task: ShadowHand, one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], step: int
) -> dict[str, float]:
    joints = float(np.sqrt(np.mean((one[0][step] - other[0][step]) ** 2)))
    if not task.object_body:
        return {"joint angles": joints}
    place = np.linalg.norm(one[1][step, :, :3] - other[1][step, :, :3], axis=1)
    turn = np.linalg.norm(rotation_between(one[1][step, :, 3:], other[1][step, :, 3:]), axis=1)
    return {
        "joint angles": joints,
        "object's place": float(np.median(place)),
        "object's turn": float(np.median(turn)),
    }


def _servos(task: ShadowHand, stock: ShadowHand, threads: int) -> Iterator[Row]:
    """Rise time and overshoot of every servo, whose target steps by `STEP` from the start pose."""
    fast, slow = _rise(task, threads), _rise(stock, threads)
    yield Row(f"{task.name} rise of servos, stock", float(np.median(slow[0])), "s", "", None)
    apart = float(np.abs(fast[0] - slow[0]).max())
    least = 0.1 * float(np.median(slow[0]))
    yield Row(f"{task.name} rise of servos apart, most of 20", apart, "s", f"< {least:.3f}", apart < least)
    yield Row(f"{task.name} overshoot of servos, stock, most of 20", float(slow[1].max()), "1", "", None)
    apart = float(np.abs(fast[1] - slow[1]).max())
    yield Row(f"{task.name} overshoot of servos apart, most of 20", apart, "1", "< 0.05", apart < 0.05)


def _rise(task: ShadowHand, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Time from 10 to 90 % of a step [s] and overshoot as a share of it (driven,), of hands with nothing in them."""
    model, n = task.model, len(DRIVEN)
    joints = [int(model.joint(name).qposadr[0]) for name in DRIVEN]
    actuators = [model.actuator(name.replace(":", ":A_")).id for name in DRIVEN]
    qpos = np.tile(model.qpos0, (n, 1))
    qpos[:, [int(model.joint(name).qposadr[0]) for name in JOINTS]] = task.start_pose
    if task.object_body:
        qpos[:, int(model.jnt_qposadr[model.body(task.object_body).jntadr[0]]) + 2] += ABOVE
    ctrl = np.zeros((n, model.nu))
    ctrl[:, actuators] = qpos[:, joints]
    sim = BatchSim(model, n, threads)
    sim.reset(np.arange(n), qpos, np.zeros((n, model.nv)), ctrl)
    timestep = float(model.opt.timestep)
    for _ in range(round(0.6 / timestep)):
        sim.step(1)
    own = np.arange(n)
    towards = np.where(qpos[own, np.array(joints)] + STEP < task.action.arrays["upper"], STEP, -STEP)
    sim.ctrl[own, np.array(actuators)] += towards
    angles = [sim.qpos[own, np.array(joints)].copy()]
    for _ in range(round(0.6 / timestep)):
        sim.step(1)
        angles.append(sim.qpos[own, np.array(joints)].copy())
    moved = np.array(angles) - angles[0]
    share = moved / moved[-1]
    grid = np.arange(0.0, 0.6, GRID)
    curves = np.array([np.interp(grid, timestep * np.arange(len(share)), curve) for curve in share.T])
    rise = GRID * ((curves > 0.9).argmax(axis=1) - (curves > 0.1).argmax(axis=1))
    return rise, curves.max(axis=1) - 1.0


def _shaken(task: ShadowHand, stock: ShadowHand, worlds: int, threads: int) -> Iterator[Row]:
    """How many objects are still in hand after so many seconds of random actions."""
    kept = {}
    for name, one in (("stock", stock), ("fast physics", task)):
        nominal = one.worlds.nominal(worlds)
        seeds = np.arange(worlds, dtype=np.uint64)
        simulation = _started(one, None, Worlds(nominal.names, nominal.values, seeds), threads)
        assert isinstance(simulation, GoalSimulation)
        rng = np.random.default_rng(SEED)
        lost = np.zeros(worlds, dtype=bool)
        for _ in range(round(SHAKEN / one.control_period)):
            outcome = simulation.step(rng.uniform(-1, 1, (worlds, *one.action_space.shape)).astype(np.float32))
            lost |= outcome.failure
        kept[name] = 1.0 - float(lost.mean())
    error = float(np.sqrt(sum(share * (1 - share) / worlds for share in kept.values())))
    what = f"{task.name} objects in hand after {SHAKEN:g} s of random actions"
    yield Row(f"{what}, stock", kept["stock"], "1", "", None)
    low, high = kept["stock"] - 3 * error, kept["stock"] + 3 * error
    yield Row(
        f"{what}, fast physics",
        kept["fast physics"],
        "1",
        f"{low:.2f} to {high:.2f}",
        low <= kept["fast physics"] <= high,
    )


def _played(task: ShadowHand, stock: ShadowHand, run: Path, worlds: int, threads: int) -> Iterator[Row]:
    """What a policy trained in the fast physics does in both, in the same worlds, mean over them."""
    metric = next(iter(task.metrics))
    player = trained_player(load_policy(RunFolder.open(run)).policy)
    drawn = task.worlds.sample(np.random.default_rng(SEED), worlds)
    for name, one in (("stock", stock), ("fast physics", task)):
        found = evaluate(one, player, drawn, one.worlds, threads=threads).over_worlds(metric)
        yield Row(f"{task.name} {metric} of {run.name} in {name}", found.mean, task.metrics[metric], "", None)
        yield Row(f"{task.name} {metric} of {run.name} in {name}, 95 % from", found.low, task.metrics[metric], "", None)
        yield Row(f"{task.name} {metric} of {run.name} in {name}, 95 % to", found.high, task.metrics[metric], "", None)


def page(rows: list[dict[str, Any]]) -> str:
    """The results as Markdown."""
    lines = [
        "# Fast physics of the Shadow hand",
        "",
        "The tasks `shadow/*` keep the shapes, masses, servos and contacts of gymnasium-robotics' hand, but take physics",
        "steps of 6.7 ms with MuJoCo's `implicitfast` integrator where the original takes 2 ms with Euler's, and leave",
        "out 40 of the 44 tendons: limits that the joints' own, nearer ones keep from being reached. (Where a world moves",
        "limits of joints far out, the thumb's THJ4 beyond 1.1 rad, the joint's own limit alone holds.)",
        "",
        "Differences are from stock physics in the nominal world: the same starts, the same smooth random targets. Joint",
        "angles are compared by root mean square, objects by the median over worlds. Runs of stock physics that begin",
        f"1e-6 rad apart show what chaos alone makes of nothing; stock physics in worlds of `{PRESET}` what a policy has",
        "to bear anyway.",
        "",
        "| what | value | unit | target | holds |",
        "|---|---|---|---|---|",
    ]
    told = {True: "yes", False: "NO", None: ""}
    lines += [f"| {r['name']} | {r['value']:.3g} | {r['unit']} | {r['target']} | {told[r['holds']]} |" for r in rows]
    return "\n".join([*lines, "", "```", "python -m benchmarks.departure", "```", ""])


def main() -> None:
    """Measure, and write the page and its data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="shadow/block-rotate-z", help="(default: shadow/block-rotate-z)")
    parser.add_argument("--worlds", type=int, default=64, help="side by side (default: 64)")
    parser.add_argument("--threads", type=int, default=0, help="0 takes one per core (default: 0)")
    parser.add_argument("--run", type=Path, help="folder of a run of the task, whose policy is to play in both")
    options = parser.parse_args()
    task = make_task(options.task)
    assert isinstance(task, ShadowHand)
    rows = [asdict(row) for row in measure(task, options.worlds, options.threads, options.run)]
    PAGE.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    PAGE.write_text(page(rows))


if __name__ == "__main__":
    main()
