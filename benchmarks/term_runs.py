"""Worlds of the scene, run as a task's simulation runs them, and what is seen of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.term_scene import scene, start, targets
from randomizers import WorldDistribution, Worlds
from randomizers.channels import PLACES, Site, WorldChannels
from randomizers.fields import nominal_row
from sim2real.simulation.batch_sim import BatchSim
from sim2real.tasks.driven_physics import DrivenPhysics
from sim2real.tasks.driving import Driving

DURATION = 2.0
"""s"""
TARGET = scene()
_MODEL = TARGET.model
_PUSHED = TARGET.id("body", "box")
_EVERYTHING = slice(None)


@dataclass(frozen=True)
class Signal:
    """One thing that is seen of worlds."""

    name: str
    unit: str
    scale: float
    """A difference that is as plain as those of the other signals, in the unit."""
    read: Callable[[Run], np.ndarray]
    """Its present value (n,) in n worlds."""
    drawn: str = "default"
    """As matplotlib draws it: by steps what a control step sets, before it, or ends with, after it."""


class Run:
    """n worlds of a distribution, which may set what it likes; `period` is that of a control step [s]."""

    def __init__(self, distribution: WorldDistribution, worlds: Worlds, period: float) -> None:
        self.n, self.period, self.substeps = len(worlds), period, round(period / _MODEL.opt.timestep)
        sources = {
            "qpos": lambda: self.sim.qpos,
            "qvel": lambda: self.sim.qvel,
            "ctrl": lambda: self.sim.ctrl,
            "timestep": lambda: self.driving.timestep,
            "joint_position": lambda: self.sim.qpos[:, :2],
            "object_pose": lambda: self.pose("box"),
            "clearance": lambda: np.linalg.norm(self.pose("box")[:, :3] - self.site[:, 0], axis=1)[:, None],
        }
        site = Site(self.n, TARGET, period, distribution.acted_bodies, sources)
        self.channels = WorldChannels(PLACES, distribution.channel_settings, site)
        fields = dict.fromkeys((*distribution.fields, *self.channels.drives))
        self.sim = BatchSim(_MODEL, self.n, 1, fields)
        self.site, self.bodies = self.sim.bind("site_xpos"), site.bodies
        self.driven = DrivenPhysics(self.sim, self.channels, site.bodies)
        self.driving = Driving(self.sim, self.channels, self.substeps)
        self._load(distribution, worlds, fields)

    def _load(self, distribution: WorldDistribution, worlds: Worlds, fields: Mapping[str, None]) -> None:
        settings, ids = distribution.settings(worlds), np.arange(self.n)
        written = {name: settings.get(name, nominal_row(TARGET, name)) for name in fields}
        self.sim.load(ids, written, distribution.recompute)
        self.channels.load(_EVERYTHING, settings)
        self.driven.load(_EVERYTHING)
        self.driving.load(_EVERYTHING)
        self.channels.begin(_EVERYTHING, worlds.seeds)
        self.driven.restart(ids, _EVERYTHING)
        qpos, qvel = start(_MODEL)
        command = np.zeros((self.n, 2))
        self.sim.reset(ids, np.tile(qpos, (self.n, 1)), np.tile(qvel, (self.n, 1)), command)
        self.command = self.channels.restart("action", _EVERYTHING, command)
        self.driving.restart(_EVERYTHING, self.command)
        self.wrench = self.channels.restart("force", _EVERYTHING, np.zeros((self.n, len(self.bodies), 6)))
        self.heard = self.channels.restart("observation", _EVERYTHING, self.truth())

    def step(self, time: float) -> None:
        """One control step, which begins at `time` [s]."""
        self.channels.draw()
        self.command = self.channels.apply("action", np.tile(targets(time), (self.n, 1)))
        self.wrench = self.channels.apply("force", np.zeros((self.n, len(self.bodies), 6)))
        self.sim.xfrc_applied[:, self.bodies] = self.wrench
        self.driven.step()
        self.driving.step(self.command)
        self.heard = self.channels.apply("observation", self.truth())

    def truth(self) -> np.ndarray:
        """What there is to be sensed (n, 5)."""
        return np.concatenate((self.sim.qpos[:, :2], self.site[:, 0]), axis=1)

    def pose(self, body: str) -> np.ndarray:
        """Position [m] and orientation (w first) of what moves freely (n, 7)."""
        first = _MODEL.jnt_qposadr[_MODEL.body_jntadr[TARGET.id("body", body)]]
        return self.sim.qpos[:, first : first + 7]

    def speed(self, body: str) -> np.ndarray:
        """Linear and angular speed of what moves freely (n, 6)."""
        first = _MODEL.body_dofadr[TARGET.id("body", body)]
        return self.sim.qvel[:, first : first + 6]

    def gravity(self) -> np.ndarray:
        """Gravity (n, 3) [m/s^2]."""
        return self.sim.fields.get("gravity", np.tile(_MODEL.opt.gravity, (self.n, 1)))

    def pushed(self, part: int) -> np.ndarray:
        """A part of the wrench on the box (n,)."""
        if _PUSHED not in self.bodies:
            return np.zeros(self.n)
        return self.wrench[:, int(np.flatnonzero(self.bodies == _PUSHED)[0]), part]


def tilt(pose: np.ndarray) -> np.ndarray:
    """Angle (n,) [rad] between the vertical and the z axis of poses (n, 7)."""
    return np.arccos(np.clip(1.0 - 2.0 * (pose[:, 4] ** 2 + pose[:, 5] ** 2), -1.0, 1.0))


SIGNALS = (
    Signal("command of the shoulder", "rad", 0.1, lambda run: run.command[:, 0], "steps-pre"),
    Signal("command of the elbow", "rad", 0.1, lambda run: run.command[:, 1], "steps-pre"),
    Signal("shoulder", "rad", 0.2, lambda run: run.sim.qpos[:, 0]),
    Signal("elbow", "rad", 0.2, lambda run: run.sim.qpos[:, 1]),
    Signal("height of the arm's tip", "m", 0.1, lambda run: run.site[:, 0, 2]),
    Signal("x of the box", "m", 0.1, lambda run: run.pose("box")[:, 0]),
    Signal("height of the box", "m", 0.02, lambda run: run.pose("box")[:, 2]),
    Signal("tilt of the box", "rad", 0.4, lambda run: tilt(run.pose("box"))),
    Signal("height of the ball", "m", 0.05, lambda run: run.pose("ball")[:, 2]),
    Signal("x of the roller", "m", 0.2, lambda run: run.pose("roller")[:, 0]),
    Signal("height of the roller", "m", 0.02, lambda run: run.pose("roller")[:, 2]),
    Signal("spin of the top", "rad/s", 5.0, lambda run: run.speed("top")[:, 5]),
    Signal("tilt of the bar", "rad", 0.8, lambda run: tilt(run.pose("bar"))),
    Signal("x of the balloon", "m", 0.5, lambda run: run.pose("balloon")[:, 0]),
    Signal("height of the balloon", "m", 0.3, lambda run: run.pose("balloon")[:, 2]),
    Signal("x of the block on the ramp", "m", 0.05, lambda run: run.pose("block")[:, 0]),
    Signal("length of a physics step", "ms", 0.5, lambda run: 1e3 * run.driving.timestep, "steps-pre"),
    Signal("gravity along x", "m/s^2", 0.5, lambda run: run.gravity()[:, 0], "steps-pre"),
    Signal("force on the box along x", "N", 0.1, lambda run: run.pushed(0), "steps-pre"),
    Signal("torque on the box about x", "mN m", 0.1, lambda run: 1e3 * run.pushed(3), "steps-pre"),
    Signal("sensed shoulder", "rad", 0.21, lambda run: run.heard[:, 0], "steps-post"),
    Signal("sensed elbow", "rad", 0.21, lambda run: run.heard[:, 1], "steps-post"),
    Signal("sensed height of the arm's tip", "m", 0.11, lambda run: run.heard[:, 4], "steps-post"),
)


def record(distribution: WorldDistribution, worlds: Worlds, period: float) -> tuple[np.ndarray, np.ndarray]:
    """Times (t,) [s] by the controller's clock, and all `SIGNALS` (signals, t, n) in the worlds."""
    run = Run(distribution, worlds, period)
    times = period * np.arange(round(DURATION / period) + 1)
    seen = np.empty((len(SIGNALS), len(times), len(worlds)))
    for row, time in enumerate(times):
        if row:
            run.step(time - period)
        for place, signal in enumerate(SIGNALS):
            seen[place, row] = signal.read(run)
    return times, seen


def most_different(seen: np.ndarray) -> int:
    """Which of the signals (signals, t, n) differs most from what it is in the first world, by their scales."""
    apart = np.sqrt(((seen[..., 1:] - seen[..., :1]) ** 2).mean(axis=1)).max(axis=-1)
    return int(np.argmax(apart / [signal.scale for signal in SIGNALS]))
