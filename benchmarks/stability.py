"""Whether the physics of robot tasks holds: random actions in worlds of `dactyl2018`, all that breaks counted.

    python -m benchmarks.stability leap/rotate-z shadow/reach --steps 1000000

measures those tasks and brings docs/results/stability.md and .json up to date; without tasks it only writes the page. It goes
on where it was stopped: steps are made in parts of `PART`, each with a seed of its own, and kept part by part. `sim2real
bench stability --task leap/rotate-z --steps 50000 --json` prints what `measure` returns.

Energy is followed from physics step to physics step. Kinetic and potential energy may grow by the work of servos
(generalised force times the motion it goes with) and of pushes alone. Contacts and limits of joints are springs, which
give back what they took before, so that single control steps prove little, but over a second damping and friction must have
taken more than all else gave. This does not see what is less than they take. An object, therefore, may also be no faster
than a ball that a bat hits, twice the fastest body of the robot, and than it falls besides.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from benchmarks.rows import Row
from randomizers import preset
from sim2real.simulation.physics_model import physics_only
from sim2real.tasks import ROBOT_FAMILIES, task_arguments, task_class
from sim2real.tasks.robot_simulation import RobotSimulation
from sim2real.tasks.robot_task import RobotTask
from sim2real.trials.trial_env import TrialEnv

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results" / "stability.md"
PRESET = "dactyl2018"
PART = 100_000
MOST_DIVERGED = 1e-5
MOST_GROWTH = 10.0  # MB
SETTLED = 0.2
"""Share of a part after which memory is compared with its end."""
WINDOW = 1.0  # s


@dataclass(frozen=True)
class Found:
    """What happened in so many steps."""

    steps: int = 0
    """Control steps of all worlds together."""
    not_finite: int = 0
    """Observations with a number that is not finite."""
    diverged: int = 0
    """Steps in which a world's physics broke down."""
    unexplained: float = -np.inf
    """Most energy [J] that a world had gained in a second beyond the work done."""
    unexplained_at_once: float = -np.inf
    """The same of a control step, within which contacts give back what they took."""
    fastest_object: float = 0.0
    """[m/s]; 0 where there is none."""
    fastest_body: float = 0.0
    """Of the robot, by its centre of mass [m/s]."""
    deepest_fall: float = 0.0
    """From the highest start of an object to its lowest place [m]."""
    growth: float = -np.inf
    """Resident memory at a part's end beyond that of its beginning, once settled [MB]."""

    def __add__(self, other: Found) -> Found:
        """Counts add up, of what is a most the larger is kept."""
        counts = ("steps", "not_finite", "diverged")
        mine, theirs = asdict(self), asdict(other)
        return Found(**{k: v + theirs[k] if k in counts else max(v, theirs[k]) for k, v in mine.items()})

    @property
    def most_speed(self) -> float:
        """What an object may be as fast as [m/s]."""
        return 2.0 * self.fastest_body + float(np.sqrt(2.0 * 9.81 * self.deepest_fall))


def measure(task: RobotTask, steps: int, worlds: int, threads: int, seed: int = 0) -> Iterator[Row]:
    """All rows of one task."""
    found = Found()
    for part, count in enumerate(_parts(steps)):
        found += shake(task.name, count, worlds, threads, seed + part)
        print(f"{task.name}: {found.steps:,} steps, {found.diverged} diverged", file=sys.stderr, flush=True)
    return rows(task.name, found)


def rows(name: str, found: Found) -> Iterator[Row]:
    """What was found, held against what is asked."""
    yield Row(f"{name} {PRESET}, steps", found.steps, "1", "", None)
    yield Row(f"{name} observations not finite", found.not_finite, "1", "0", found.not_finite == 0)
    share = found.diverged / found.steps
    yield Row(f"{name} diverged worlds per step", share, "1", f"< {MOST_DIVERGED:g}", share < MOST_DIVERGED)
    if np.isfinite(found.unexplained):  # no episode lasts a second otherwise
        yield Row(f"{name} energy beyond work, a second", found.unexplained, "J", "<= 0", found.unexplained <= 0)
    yield Row(f"{name} energy beyond work, a control step", found.unexplained_at_once, "J", "", None)
    if found.fastest_object:
        most = found.most_speed
        yield Row(f"{name} fastest object", found.fastest_object, "m/s", f"<= {most:.2f}", found.fastest_object <= most)
    growth = found.growth
    yield Row(f"{name} growth of memory", growth, "MB", f"< {MOST_GROWTH:g}", growth < MOST_GROWTH)


def _parts(steps: int) -> list[int]:
    return [min(PART, steps - start) for start in range(0, steps, PART)]


def shake(name: str, steps: int, worlds: int, threads: int, seed: int) -> Found:
    """Random actions for at least so many steps of all worlds together."""
    task = _with_energy(name)
    env = TrialEnv(task, worlds, preset(PRESET, task.target), seed=seed, threads=threads, stagger=True)
    simulation = env.simulation
    assert isinstance(simulation, RobotSimulation)
    env.reset()
    ledger = _Ledger(simulation)
    rng = np.random.default_rng(seed)
    found = Found()
    turns = -(-steps // worlds)
    heights = _heights(simulation)
    highest = heights.max(initial=-np.inf)
    settled = _resident()
    for turn in range(turns):
        actions = rng.uniform(-1, 1, (worlds, *task.action_space.shape)).astype(np.float32)
        observation, _, _, infos = env.step(actions)
        begun = np.array([bool(info) for info in infos])
        ledger.restart(begun)
        heights = _heights(simulation)
        highest = max(highest, heights[begun].max(initial=-np.inf))
        at_once, second = ledger.gains()
        found += Found(
            worlds,
            sum(int((~np.isfinite(rows)).any(axis=1).sum()) for rows in observation.values()),
            0,
            second,
            at_once,
            float(np.linalg.norm(simulation.object_velocity[:, :3], axis=1).max(initial=0.0)),
            ledger.fastest_body(),
            max(0.0, float(highest - heights.min(initial=np.inf))) if heights.size else 0.0,
        )
        if turn == int(SETTLED * turns):
            settled = _resident()
        env.pop_statistics()
    growth = (_resident() - settled) / 1e6
    return found + Found(diverged=simulation.diverged_steps, growth=growth)


def _heights(simulation: RobotSimulation) -> np.ndarray:
    return simulation.object_pose[:, 2:3]


def _with_energy(name: str) -> RobotTask:
    """The task, made anew, its model with sensors of energy, which change nothing."""
    kind, arguments = task_class(name), task_arguments(name)
    task = kind(*arguments)
    assert isinstance(task, RobotTask)
    spec = task.spec.copy()
    for energy in (mujoco.mjtSensor.mjSENS_E_KINETIC, mujoco.mjtSensor.mjSENS_E_POTENTIAL):
        spec.add_sensor(type=energy)
    measured = type(kind.__name__, (kind,), {"model": physics_only(spec)})(*arguments)
    assert isinstance(measured, RobotTask)
    return measured


class _Ledger:
    """What of the energy of a simulation's worlds no work accounts for, physics step by physics step.

    Energy is told as of the beginning of a physics step, work as of the whole of it.
    """

    def __init__(self, simulation: RobotSimulation) -> None:
        self._simulation, sim = simulation, simulation.sim
        self._energy = sim.bind("sensordata")[:, -2:]
        self._force = sim.bind("qfrc_actuator")
        self._velocity, self._center, self._place = (sim.bind(name) for name in ("cvel", "subtree_com", "xipos"))
        self._timestep = simulation.sources()["timestep"]
        model = sim.model
        task = simulation.task
        self._object = model.body(task.object_body).id if task.object_body else None
        self._robot = [body for body in range(1, model.nbody) if body != self._object]
        self._due = np.zeros(sim.worlds)
        self._known = np.zeros(sim.worlds, dtype=bool)
        self._gain = np.zeros(sim.worlds)
        self._gains: deque[np.ndarray] = deque(maxlen=round(WINDOW / task.control_period))
        self._age = np.zeros(sim.worlds, dtype=np.int64)
        self._step = sim.step
        sim.step = self._stepped  # type: ignore[method-assign]

    def _stepped(self, substeps: int, before_each: Any = None) -> np.ndarray:
        """Steps the worlds, one physics step at a time."""
        sim = self._simulation.sim
        diverged = np.zeros(sim.worlds, dtype=bool)
        self._gain = np.zeros(sim.worlds)
        for _ in range(substeps):
            if before_each is not None:
                before_each()
            diverged |= self._step(1)
            energy = self._energy.sum(axis=1)
            self._gain += np.where(self._known, energy - self._due, 0.0)
            work = np.einsum("nv,nv->n", self._force, sim.qvel)
            if self._object is not None:
                push = sim.xfrc_applied[:, self._object]
                work += np.einsum("nx,nx->n", push[:, :3], self._simulation.object_velocity[:, :3])
            self._due = energy + self._timestep() * work
            self._known[:] = True
        return diverged

    def restart(self, begun: np.ndarray) -> None:
        """A control step is over, after which episodes have `begun` (n,) from other states."""
        self._gain[begun] = 0.0
        self._age = np.where(begun, 0, self._age + 1)
        self._known[begun] = False
        self._gains.append(self._gain)

    def gains(self) -> tuple[float, float]:
        """The most energy [J] beyond work of a world in the last control step, and in the last second of its episode."""
        whole = self._age >= len(self._gains)
        full = len(self._gains) == self._gains.maxlen
        second = np.sum(self._gains, axis=0)[whole].max(initial=-np.inf) if full else -np.inf
        return float(self._gain[self._age > 0].max(initial=-np.inf)), float(second)

    def fastest_body(self) -> float:
        """Speed of the robot's body that is fastest, by its centre of mass [m/s]."""
        root = self._simulation.sim.model.body_rootid[self._robot]
        velocity = self._velocity[:, self._robot]
        arm = self._place[:, self._robot] - self._center[:, root]
        return float(np.linalg.norm(velocity[..., 3:] + np.cross(velocity[..., :3], arm), axis=2).max())


def _resident() -> int:
    """Resident memory of this process [bytes]."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def page(data: dict[str, Any]) -> str:
    """The results as Markdown."""
    lines = [
        "# Stability",
        "",
        f"Random actions in worlds of `{PRESET}`, drawn anew as episodes end. Energy beyond work is what a world's kinetic",
        "and potential energy grew by, at the most, beyond the work of servos and pushes: in a second, which must be",
        "below zero, as damping and friction take energy; and in a control step, where contacts and limits of joints,",
        "which are springs, give back what they took before. An object may be twice as fast as the robot's fastest body,",
        "as a ball hit by a bat, and fall besides (`at most`). Memory is what a process grew by in 80,000 steps.",
        "",
        "| task | steps | not finite | diverged | energy beyond work, a second [J] | a control step [J] "
        "| fastest object [m/s] | at most | memory [MB] | holds |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, values in data.items():
        found = Found(**values)
        of_object = ("", "")
        if found.fastest_object:
            of_object = (f"{found.fastest_object:.2f}", f"{found.most_speed:.2f}")
        holds = "yes" if all(row.holds is not False for row in rows(name, found)) else "NO"
        lines.append(
            f"| {name} | {found.steps:,} | {found.not_finite} | {found.diverged} | {found.unexplained:.3f} "
            f"| {found.unexplained_at_once:.3f} | {' | '.join(of_object)} | {found.growth:.1f} | {holds} |"
        )
    return "\n".join([*lines, "", "```", f"python -m benchmarks.stability {' '.join(data)}", "```", ""])


def main() -> None:
    """Measure what is asked for and not there yet, and write the page and its data."""
    names = [name for family in ROBOT_FAMILIES.values() for name in family]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"of: {', '.join(ROBOT_FAMILIES)}")
    parser.add_argument("--steps", type=int, default=1_000_000, help="of all worlds together (default: 1,000,000)")
    parser.add_argument("--worlds", type=int, default=256, help="side by side (default: 256)")
    parser.add_argument("--threads", type=int, default=0, help="0 takes one per core (default: 0)")
    options = parser.parse_args()
    if unknown := [name for name in options.tasks if name not in names]:
        parser.error(f"not a robot's task: {', '.join(unknown)}; wanted: {', '.join(ROBOT_FAMILIES)}")
    file = PAGE.with_suffix(".json")
    for name in options.tasks:
        while True:
            data = json.loads(file.read_text()) if file.is_file() else {}
            found = Found(**data.get(name, {}))
            if found.steps >= options.steps:
                break
            part = min(PART, options.steps - found.steps)
            found += shake(name, part, options.worlds, options.threads, seed=found.steps)
            file.write_text(json.dumps(data | {name: asdict(found)}, indent=1) + "\n")
            print(f"{name}: {found.steps:,} steps, {found.diverged} diverged", flush=True)
    PAGE.write_text(page(json.loads(file.read_text())))


if __name__ == "__main__":
    main()
