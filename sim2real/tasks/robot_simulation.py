"""RobotSimulation: n live worlds of a RobotTask, with their action, sensing and disturbance channels."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import mujoco
import numpy as np

from deploy_robot import ObservationBuilder, RobotState, map_action
from randomizers import WorldDistribution, Worlds, WorldStreams, episode_generator
from randomizers.channels import ACTION, FORCE, OBSERVATION, Channel, Site, Sources
from sim2real.simulation.batch_sim import BatchSim
from sim2real.simulation.rows import as_slice
from sim2real.tasks.robot_task import RobotTask
from sim2real.tasks.task import Outcome, Simulation

SPEED_LIMIT = 150.0
"""Generalised speed [rad/s or m/s] above which a world has diverged: several times what any servo here can reach."""

_ALL = slice(None)
_PLACES = {"action": ACTION, "force": FORCE, "observation": OBSERVATION}
"""What effects of worlds act on."""


class RobotSimulation(Simulation):
    """Per control step: action -> targets -> action channel -> substeps in C++ threads -> sensing channel -> observation.

    Subclasses say how an episode begins, what is rewarded and what the critic sees beyond the policy group.
    """

    def __init__(
        self, task: RobotTask, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        self.task = task
        self.n = worlds
        self.distribution = distribution or task.worlds
        model = task.model
        site = Site(
            worlds, self.distribution.target, task.control_period, self.distribution.acted_bodies, self.sources()
        )
        self.channels = {
            place: Channel(effects, self.distribution.channel_settings, site) for place, effects in _PLACES.items()
        }
        driven = dict.fromkeys(field for channel in self.channels.values() for field in channel.drives)
        fields = dict.fromkeys((*self.distribution.fields, *driven))
        self.sim = BatchSim(model, worlds, threads, fields, SPEED_LIMIT)
        joint_ids = [model.joint(name).id for name in task.joints]
        self._q = as_slice(model.jnt_qposadr[joint_ids])
        self._v = as_slice(model.jnt_dofadr[joint_ids])
        acting = [task.joints.index(name) for name in task.action.joints]
        self._driven_q = as_slice(model.jnt_qposadr[joint_ids][acting])
        self._ctrl_ids = as_slice(np.array([_actuator_of(model, name) for name in task.action.joints]))
        self._lowest_ctrl, self._highest_ctrl = model.actuator_ctrlrange.T.copy()
        limits = task.action.arrays
        self._lowest_target, self._highest_target = limits["lower"], limits["upper"]
        self._body = model.body(task.object_body).id
        free = model.body_jntadr[self._body]
        self._object_q = slice(model.jnt_qposadr[free], model.jnt_qposadr[free] + 7)
        self._object_v = slice(model.jnt_dofadr[free], model.jnt_dofadr[free] + 6)
        self._pushed = as_slice(site.bodies)
        self._unpushed = np.zeros((worlds, len(site.bodies), 6))
        actions, controls = len(task.action.joints), model.nu
        self._controls = controls
        self._sensed_size = sum(term.size for term in task.sensed) + sum(task.tracked.values())
        self.streams = WorldStreams(
            worlds,
            normals=sum(channel.normals for channel in self.channels.values()),
            uniforms=sum(channel.uniforms for channel in self.channels.values()),
        )
        self._normals, self._uniforms = self._random(worlds)
        self._heard = np.zeros((worlds, self._sensed_size))
        self._builder = ObservationBuilder(task)
        self._sensors = [(t.source, as_slice(np.array([task.joints.index(j) for j in t.joints]))) for t in task.sensed]
        self._drawn: Worlds | None = None
        self._settings: dict[str, np.ndarray] = {}
        self._seeds = np.zeros(worlds, dtype=np.uint64)
        self.target_angle = np.tile(task.start_pose[acting], (worlds, 1))
        self.last_action = np.zeros((worlds, actions))
        self._sent = np.zeros((worlds, controls))
        self._starting = np.ones(worlds)
        self.steps = np.zeros(worlds, dtype=np.int64)

    @property
    def diverged_steps(self) -> int:  # type: ignore[override]
        """Steps so far in which a world's physics broke down."""
        return self.sim.diverged_steps

    @property
    def joint_position(self) -> np.ndarray:
        """True joint angles (n, j) [rad]."""
        return self.sim.qpos[:, self._q]

    @property
    def joint_velocity(self) -> np.ndarray:
        """True joint speeds (n, j) [rad/s]."""
        return self.sim.qvel[:, self._v]

    @property
    def object_pose(self) -> np.ndarray:
        """Position [m] and orientation (w first) of the object (n, 7), world axes."""
        return self.sim.qpos[:, self._object_q]

    @property
    def object_velocity(self) -> np.ndarray:
        """Linear [m/s, world axes] and angular [rad/s, body axes] velocity of the object (n, 6)."""
        return self.sim.qvel[:, self._object_v]

    def load(self, ids: np.ndarray, worlds: Worlds, picks: np.ndarray) -> None:
        if worlds is not self._drawn:
            self._drawn, self._settings = worlds, self.distribution.settings(worlds)
        rows, taken = as_slice(ids), as_slice(picks)
        self._write(ids, {name: values[taken] for name, values in self._settings.items()})
        self._seeds[rows] = worlds.seeds[taken]
        self.streams.load(rows, worlds.seeds[taken])
        for normals, uniforms in zip(self._normals.values(), self._uniforms.values(), strict=True):
            normals[rows], uniforms[rows] = 0.0, 1.0

    def rewrite(self, ids: np.ndarray, worlds: Worlds) -> None:
        self._write(ids, self.distribution.settings(worlds))

    def _write(self, ids: np.ndarray, settings: dict[str, np.ndarray]) -> None:
        fields = {name: settings[name] for name in self.distribution.fields}
        self.sim.load(ids, fields, self.distribution.recompute)
        rows = as_slice(ids)
        for channel in self.channels.values():
            channel.load(rows, settings)

    def reset(self, ids: np.ndarray, episodes: np.ndarray) -> None:
        starts, rows = self.task.starts, as_slice(ids)
        seeds = self._seeds[rows].tolist()
        rngs = [episode_generator(seed, episode) for seed, episode in zip(seeds, episodes.tolist(), strict=True)]
        qpos = self.place(ids, starts[[rng.integers(len(starts)) for rng in rngs]], rngs)
        ctrl = np.zeros((len(ids), self._controls))
        ctrl[:, self._ctrl_ids] = qpos[:, self._driven_q]
        ctrl = np.minimum(np.maximum(ctrl, self._lowest_ctrl), self._highest_ctrl)
        self.sim.reset(ids, qpos, np.zeros((len(ids), self.sim.qvel.shape[1])), ctrl)
        target = np.minimum(np.maximum(ctrl[:, self._ctrl_ids], self._lowest_target), self._highest_target)
        self.target_angle[rows] = target
        self.last_action[rows] = 0.0
        self._sent[rows] = ctrl
        self._restart("action", rows, ctrl)
        self._restart("force", rows, self._unpushed[rows])
        self._starting[rows] = 1.0
        self.steps[rows] = 0
        self.begin(ids, rngs)
        self.listen(rows)

    def listen(self, rows: slice | np.ndarray = _ALL) -> None:
        """Sense these rows as they stand, as if they had stood so for long; needed where a state is set by hand."""
        self._heard[rows] = self._restart("observation", rows, self._raw(rows))

    def _restart(self, place: str, rows: slice | np.ndarray, signal: np.ndarray) -> np.ndarray:
        return self.channels[place].restart(rows, signal, self._normals[place][rows], self._uniforms[place][rows])

    def _apply(self, place: str, signal: np.ndarray) -> np.ndarray:
        return self.channels[place].apply(signal, self._normals[place], self._uniforms[place])

    def _random(self, worlds: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Arrays for the random numbers of a step, by place: 0 and 1, which no effect does anything with."""
        sizes = self.channels.items()
        normals = {place: np.zeros((worlds, channel.normals), np.float32) for place, channel in sizes}
        return normals, {place: np.ones((worlds, channel.uniforms), np.float32) for place, channel in sizes}

    def _draw(self) -> None:
        """The random numbers of a step, to every place its share."""
        normals, uniforms = self.streams.next()
        first_normal = first_uniform = 0
        for place, channel in self.channels.items():
            self._normals[place] = normals[:, first_normal : first_normal + channel.normals]
            self._uniforms[place] = uniforms[:, first_uniform : first_uniform + channel.uniforms]
            first_normal += channel.normals
            first_uniform += channel.uniforms

    def step(self, action: np.ndarray) -> Outcome:
        np.minimum(np.maximum(action, -1.0), 1.0, out=self.last_action)
        target = map_action(self.task.action, self.task.control_period, action, self.target_angle)
        return self.step_targets(target)

    def step_targets(self, target: np.ndarray) -> Outcome:
        """One control step with joint targets (n, a) [rad], as a robot's driver is given them."""
        self.target_angle[:] = target
        self._draw()
        self._sent[:, self._ctrl_ids] = target
        ctrl = self._apply("action", self._sent)
        np.minimum(np.maximum(ctrl, self._lowest_ctrl), self._highest_ctrl, out=self.sim.ctrl)
        if len(self._unpushed[0]):
            self.sim.xfrc_applied[:, self._pushed] = self._apply("force", self._unpushed)
        diverged = self.sim.step(self.task.substeps)
        self._starting[:] = 0.0
        self.steps += 1
        if diverged.any():
            broken = np.flatnonzero(diverged)
            self.reset(broken, np.zeros(len(broken), dtype=np.int64))
        outcome = self.evaluate(diverged)
        if diverged.any():
            for term in outcome.rewards.values():
                term[diverged] = 0.0
            outcome.success[diverged] = False
            outcome.failure[diverged] = True
        self._hear(diverged)
        return outcome

    def _hear(self, diverged: np.ndarray) -> None:
        """Pass what is now to be sensed through the sensing channel; what `diverged` was heard when it was put back."""
        if not self._sensed_size:
            return
        heard = self._apply("observation", self._raw(slice(None)))
        if diverged.any():
            heard = np.where(diverged[:, None], self._heard, heard)
        self._heard = heard

    def return_object(self, pose: np.ndarray) -> None:
        """Put every world's object at rest at pose (n, 7) and clear the episode's record; the robot stays as it is."""
        self.sim.qpos[:, self._object_q] = pose
        self.sim.qvel[:, self._object_v] = 0.0
        self.begin(np.arange(self.n), [episode_generator(int(seed), 0) for seed in self._seeds])
        self.listen()

    def sources(self) -> Sources:
        """What effects of channels may ask for, (n, ...) as things stand."""
        return {}

    def sensed_state(self) -> RobotState:
        """Joint angles and speeds as the sensors of each world deliver them (n, j): with its noise and bias."""
        return self._sense(slice(None))[0]

    def _raw(self, rows: slice | np.ndarray) -> np.ndarray:
        """What there is to be sensed in these rows (m, p): joints by observation term, then what the tracker sees."""
        values = {"joint_position": self.joint_position[rows], "joint_velocity": self.joint_velocity[rows]}
        sensed = [values[source][:, columns] for source, columns in self._sensors]
        return np.concatenate([*sensed, self.track(rows)], axis=1)

    def _sense(self, rows: slice | np.ndarray) -> tuple[RobotState, np.ndarray]:
        """What the robot's sensors and the tracker (m, k) delivered last in these rows."""
        values = {"joint_position": self.joint_position[rows], "joint_velocity": self.joint_velocity[rows]}
        heard, start = self._heard[rows], 0
        for (source, columns), term in zip(self._sensors, self.task.sensed, strict=True):
            values[source] = values[source].copy()
            values[source][:, columns] = heard[:, start : start + term.size]
            start += term.size
        return RobotState(0.0, 0.0, values["joint_position"], values["joint_velocity"]), heard[:, start:]

    def observe(self, ids: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        rows = slice(None) if ids is None else as_slice(ids)
        state, tracked = self._sense(rows)
        policy = self._builder.build(state, self.target_angle[rows], self.last_action[rows], self._starting[rows])
        if tracked.shape[1]:
            policy = np.concatenate((policy, tracked), axis=1, dtype=np.float32)
        return policy, np.concatenate((policy, self.privileged(rows)), axis=1, dtype=np.float32)

    def state(self) -> dict[str, Any]:
        return {
            "integration": self.sim.state(),
            "fields": {name: values.copy() for name, values in self.sim.fields.items()},
            "diverged_steps": self.sim.diverged_steps,
            "streams": self.streams.state(),
            "channels": {place: channel.state() for place, channel in self.channels.items()},
            "normals": {place: array.copy() for place, array in self._normals.items()},
            "uniforms": {place: array.copy() for place, array in self._uniforms.items()},
            "arrays": {name: array.copy() for name, array in self._arrays().items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        everything = np.arange(self.n)
        self.sim.load(everything, state["fields"], self.distribution.recompute)
        self.sim.restore(state["integration"])
        self.sim.diverged_steps = state["diverged_steps"]
        self.streams.restore(state["streams"])
        for place, channel in self.channels.items():
            channel.restore(state["channels"][place])
            self._normals[place], self._uniforms[place] = state["normals"][place], state["uniforms"][place]
        for name, array in self._arrays().items():
            array[:] = state["arrays"][name]

    def _arrays(self) -> dict[str, np.ndarray]:
        """Every array (n, ...) of its own that the future depends on."""
        return {
            "seeds": self._seeds,
            "target_angle": self.target_angle,
            "last_action": self.last_action,
            "heard": self._heard,
            "sent": self._sent,
            "starting": self._starting,
            "steps": self.steps,
        }

    @abstractmethod
    def place(self, ids: np.ndarray, starts: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        """Start states (m, nq) of the worlds `ids` from settled ones (m, nq); all chance comes from their own `rngs`."""

    @abstractmethod
    def begin(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> None:
        """Clear what is kept over an episode, now that the worlds `ids` stand in their start states."""

    @abstractmethod
    def evaluate(self, diverged: np.ndarray) -> Outcome:
        """Rewards, success and failure of the step just made; rows that `diverged` stand in a start state again."""

    def track(self, rows: slice | np.ndarray) -> np.ndarray:
        """What the task's tracker sees of these rows (m, k), the terms of `tracked` side by side; without noise."""
        return np.zeros((len(self.steps[rows]), 0))

    @abstractmethod
    def privileged(self, rows: slice | np.ndarray) -> np.ndarray:
        """What only the simulator knows of these rows (m, privileged_size)."""


def _actuator_of(model: mujoco.MjModel, joint: str) -> int:
    index = model.joint(joint).id
    for actuator in range(model.nu):
        if model.actuator_trntype[actuator] == mujoco.mjtTrn.mjTRN_JOINT and model.actuator_trnid[actuator, 0] == index:
            return actuator
    raise ValueError(f"joint {joint!r} has no actuator; actuators: {[model.actuator(i).name for i in range(model.nu)]}")
