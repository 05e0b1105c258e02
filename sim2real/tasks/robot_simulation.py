"""RobotSimulation: n live worlds of a RobotTask, with their action, sensing and disturbance channels."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from deploy_robot import ObservationBuilder, RobotState, map_action
from randomizers import WorldDistribution, Worlds, episode_generator
from randomizers.channels import PLACES, Site, Sources, WorldChannels
from randomizers.fields import nominal_row
from sim2real.simulation.batch_sim import BatchSim
from sim2real.simulation.rows import as_slice
from sim2real.tasks.changed_reward import changed_reward
from sim2real.tasks.driven_physics import DrivenPhysics
from sim2real.tasks.driving import Driving
from sim2real.tasks.physics_simulation import PhysicsSimulation
from sim2real.tasks.robot_task import RobotTask, actuator_of, free_joint_of
from sim2real.tasks.sensing import Sensing
from sim2real.tasks.separation import Separation
from sim2real.tasks.task import Outcome

SPEED_LIMIT = 150.0
"""Generalised speed [rad/s or m/s] above which a world has diverged: several times what any servo here can reach."""

TRIES = 8
"""Settled states that are tried for a start, at most."""

_AT_ORIGIN = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
"""What stands for the object's pose where there is none."""

OBJECT, GOAL = "object", "goal"
"""What poses are called where a task has one object, or one goal."""

_ALL = slice(None)


class RobotSimulation(PhysicsSimulation):
    """Per control step: action -> targets -> action channel -> substeps in C++ threads -> sensing channel -> observation.

    Subclasses say how an episode begins, what is rewarded and what the critic sees beyond the policy group.
    """

    task: RobotTask
    reward: Any
    """A dataclass of weights, and of what counts as reached or failed."""
    counts: ClassVar[bool] = False
    """Whether `progress` is counted, as goals are, and not a rate."""

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
        self.channels = WorldChannels(PLACES, self.distribution.channel_settings, site)
        fields = dict.fromkeys((*self.distribution.fields, *self.channels.drives))
        self._nominal = {name: nominal_row(self.distribution.target, name) for name in fields}
        self.sim = BatchSim(model, worlds, threads, fields, SPEED_LIMIT)
        self._driven = DrivenPhysics(self.sim, self.channels, site.bodies)
        self._driving = Driving(self.sim, self.channels, task.substeps)
        joint_ids = [model.joint(name).id for name in task.joints]
        self._q = as_slice(model.jnt_qposadr[joint_ids])
        self._v = as_slice(model.jnt_dofadr[joint_ids])
        acting = [task.joints.index(name) for name in task.action.joints]
        self._driven_q = as_slice(model.jnt_qposadr[joint_ids][acting])
        self._ctrl_ids = as_slice(np.array([actuator_of(model, name) for name in task.action.joints]))
        limited = model.actuator_ctrllimited.astype(bool)
        self._lowest_ctrl = np.where(limited, model.actuator_ctrlrange[:, 0], -np.inf)
        self._highest_ctrl = np.where(limited, model.actuator_ctrlrange[:, 1], np.inf)
        limits = task.action.arrays
        self._lowest_target, self._highest_target = limits["lower"], limits["upper"]
        self._object_q, self._object_v = free_joint_of(model, task.object_body)
        self._separation = Separation(self.sim, np.array(joint_ids), self._object_v)
        self._pushed = as_slice(site.bodies)
        self._unpushed = np.zeros((worlds, len(site.bodies), 6))
        actions, controls = len(task.action.joints), model.nu
        self._controls = controls
        self._sensing = Sensing(task, self.channels, worlds)
        self._builder = ObservationBuilder(task)
        self._drawn: Worlds | None = None
        self._settings: dict[str, np.ndarray] = {}
        self._seeds = np.zeros(worlds, dtype=np.uint64)
        self._values = self.distribution.nominal(worlds).values.copy()
        self.target_angle = np.tile(task.start_pose[acting], (worlds, 1))
        self.last_action = np.zeros((worlds, actions))
        self._sent = np.zeros((worlds, controls))
        if task.reward_changes:
            self.reward = changed_reward(task.name, getattr(self, "reward", None), task.reward_changes)
        self._starting = np.ones(worlds)
        self.steps = np.zeros(worlds, dtype=np.int64)

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
        """Position [m] and orientation (w first) of the object (n, 7), world axes; (n, 0) without one."""
        return self.sim.qpos[:, self._object_q]

    @property
    def object_velocity(self) -> np.ndarray:
        """Linear [m/s, world axes] and angular [rad/s, body axes] velocity of the object (n, 6); (n, 0) without one."""
        return self.sim.qvel[:, self._object_v]

    def load(self, ids: np.ndarray, worlds: Worlds, picks: np.ndarray) -> None:
        if worlds is not self._drawn:
            self._drawn, self._settings = worlds, self.distribution.settings(worlds)
        rows, taken = as_slice(ids), as_slice(picks)
        self._write(ids, {name: values[taken] for name, values in self._settings.items()})
        self._seeds[rows] = worlds.seeds[taken]
        self._values[rows] = self.distribution.complete(worlds).values[taken]
        self.channels.begin(rows, worlds.seeds[taken])

    def rewrite(self, ids: np.ndarray, worlds: Worlds) -> None:
        self._write(ids, self.distribution.settings(worlds))
        self._values[as_slice(ids)] = self.distribution.complete(worlds).values

    def _write(self, ids: np.ndarray, settings: dict[str, np.ndarray]) -> None:
        fields = {name: settings.get(name, nominal) for name, nominal in self._nominal.items()}
        self.sim.load(ids, fields, self.distribution.recompute)
        rows = as_slice(ids)
        self.channels.load(rows, settings)
        self._driven.load(rows)
        self._driving.load(rows)

    def reset(self, ids: np.ndarray, episodes: np.ndarray) -> None:
        rows = as_slice(ids)
        seeds = self._seeds[rows].tolist()
        rngs = [episode_generator(seed, episode) for seed, episode in zip(seeds, episodes.tolist(), strict=True)]
        self._driven.restart(ids, rows)
        qpos = self._start_states(ids, rngs)
        ctrl = np.zeros((len(ids), self._controls))
        ctrl[:, self._ctrl_ids] = qpos[:, self._driven_q]
        ctrl = self._within_range(ctrl)
        self.sim.reset(ids, qpos, np.zeros((len(ids), self.sim.qvel.shape[1])), ctrl)
        target = np.minimum(np.maximum(ctrl[:, self._ctrl_ids], self._lowest_target), self._highest_target)
        self.target_angle[rows] = target
        self.last_action[rows] = 0.0
        self._sent[rows] = ctrl
        self._driving.restart(rows, self._within_range(self.channels.restart("action", rows, ctrl)))
        self.channels.restart("force", rows, self._unpushed[rows])
        self._starting[rows] = 1.0
        self.steps[rows] = 0
        self.begin(ids, rngs)
        self.listen(rows)

    def _start_states(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        """Start states (m, nq) of the worlds `ids`, of several the first in which nothing is deep inside of something else,
        or the one that comes nearest to that."""
        states = np.zeros((len(ids), self.sim.qpos.shape[1]))
        left, deepest = np.arange(len(ids)), np.full(len(ids), np.inf)
        for _ in range(TRIES):
            placed = self.settled(ids[left], [rngs[row] for row in left])
            fitting, depths = self._separation.apply(ids[left], placed)
            better = depths < deepest[left]
            states[left[better]], deepest[left[better]] = fitting[better], depths[better]
            left = left[depths > 0.0]
            if not len(left):
                break
        return states

    def settled(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> np.ndarray:
        """One settled state for each of the worlds `ids` (m, nq), whether it fits its world or not."""
        starts = self.task.starts
        return self.place(ids, starts[[rng.integers(len(starts)) for rng in rngs]], rngs)

    def listen(self, rows: slice | np.ndarray = _ALL) -> None:
        """Sense these rows as they stand, as if they had stood so for long; needed where a state is set by hand."""
        self._sensing.restart(rows, self._truth(rows))

    def _truth(self, rows: slice | np.ndarray) -> np.ndarray:
        """What there is to be sensed in these rows (m, p)."""
        return self._sensing.truth(self.joint_position[rows], self.joint_velocity[rows], self.track(rows))

    def step(self, action: np.ndarray) -> Outcome:
        np.minimum(np.maximum(action, -1.0), 1.0, out=self.last_action)
        target = map_action(self.task.action, self.task.control_period, action, self.target_angle)
        return self.step_targets(target)

    def step_targets(self, target: np.ndarray) -> Outcome:
        """One control step with joint targets (n, a) [rad], as a robot's driver is given them."""
        self.target_angle[:] = target
        self.channels.draw()
        self._sent[:, self._ctrl_ids] = target
        command = self._within_range(self.channels.apply("action", self._sent))
        if self.channels["force"].effects:
            self.sim.xfrc_applied[:, self._pushed] = self.channels.apply("force", self._unpushed)
        self._driven.step()
        diverged = self._driving.step(command)
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
        self._sensing.hear(self._truth(_ALL))
        return outcome

    def _within_range(self, ctrl: np.ndarray) -> np.ndarray:
        """Controls (m, nu), none outside its range."""
        return np.minimum(np.maximum(ctrl, self._lowest_ctrl), self._highest_ctrl)

    def return_object(self, pose: np.ndarray) -> None:
        """Put every world's object at rest at pose (n, 7) and clear the episode's record; the robot stays as it is."""
        self.sim.qpos[:, self._object_q] = pose
        self.sim.qvel[:, self._object_v] = 0.0
        self.begin(np.arange(self.n), [episode_generator(int(seed), 0) for seed in self._seeds])
        self.listen()

    def sources(self) -> Sources:
        """What effects of channels may ask for, (n, ...) as things stand."""
        return {
            "qpos": lambda: self.sim.qpos,
            "qvel": lambda: self.sim.qvel,
            "ctrl": lambda: self.sim.ctrl,
            "timestep": lambda: self._driving.timestep,
            "joint_position": lambda: self.joint_position,
            "object_pose": lambda: self.object_pose if self.task.object_body else np.tile(_AT_ORIGIN, (self.n, 1)),
        }

    def sensed_state(self) -> RobotState:
        """Joint angles and speeds as the sensors of each world deliver them (n, j): with its noise and bias."""
        return self._deliver(_ALL)[0]

    def sensed_track(self) -> np.ndarray:
        """What trackers deliver of each world (n, k), the terms of the task's `tracked` side by side: with noise and bias."""
        return self._deliver(_ALL)[1]

    def poses(self) -> dict[str, np.ndarray]:
        """Where what is tracked truly is, and the goals are (n, 7) [m, w first], by the names in the task's `pose_terms`."""
        return {OBJECT: self.object_pose} if self.task.object_body else {}

    def next_goal(self, episode: int) -> None:
        """Set every world the goal of another episode; robot and object stay as they are. Nothing where tasks have no goal,
        or where one follows another by itself."""

    def _deliver(self, rows: slice | np.ndarray) -> tuple[RobotState, np.ndarray]:
        """What the robot's sensors and the tracker (m, k) delivered last in these rows."""
        return self._sensing.deliver(rows, self.joint_position[rows], self.joint_velocity[rows])

    def observe(self, ids: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        rows = _ALL if ids is None else as_slice(ids)
        state, tracked = self._deliver(rows)
        policy = self._builder.build(state, self.target_angle[rows], self.last_action[rows], self._starting[rows])
        if tracked.shape[1]:
            policy = np.concatenate((policy, tracked), axis=1, dtype=np.float32)
        return policy, np.concatenate((policy, self.privileged(rows)), axis=1, dtype=np.float32)

    def _arrays(self) -> dict[str, np.ndarray]:
        """Every array (n, ...) of its own that the future depends on."""
        return {
            "seeds": self._seeds,
            "target_angle": self.target_angle,
            "last_action": self.last_action,
            "heard": self._sensing.heard,
            "sent": self._sent,
            "starting": self._starting,
            "steps": self.steps,
            **({"values": self._values} if self.distribution.visual_fields else {}),
            **self._driven.arrays(),
            **self._driving.arrays(),
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
