"""GoalEnvSimulation: n live worlds of a GoalEnvTask."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from randomizers import WorldDistribution, Worlds, episode_generator
from randomizers.channels import PLACES, Site, Sources, WorldChannels
from randomizers.fields import nominal_row
from sim2real.simulation.batch_sim import BatchSim
from sim2real.simulation.rows import as_slice
from sim2real.tasks.driven_physics import DrivenPhysics
from sim2real.tasks.driving import Driving
from sim2real.tasks.gym_robotics.goal_env_task import GoalEnvTask
from sim2real.tasks.physics_simulation import PhysicsSimulation
from sim2real.tasks.task import Outcome

SPEED_LIMIT = 150.0
"""Generalised speed [rad/s or m/s] above which a world has diverged: several times what random actions lead to. The
body that marks the goal falls freely, 40 m/s by the end of an episode."""

Rows = slice | np.ndarray
_ALL = slice(None)


class GoalEnvSimulation(PhysicsSimulation):
    """Per control step, as in the original: action -> control or mocap body -> substeps -> observation, goals, reward.

    `observation` (n, p), `achieved_goal` (n, g), `goal` (n, g) and `is_success` (n,) are what the original's step returns,
    in its precision. Where worlds have sensors of their own, the policy group is what these deliver; rewards, successes
    and the critic group are of the truth. A world that diverges is paid for each step left of its episode what it was
    paid before, so that breaking the physics is worth nothing.
    """

    task: GoalEnvTask

    def __init__(
        self, task: GoalEnvTask, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> None:
        self.task = task
        self.distribution = distribution or task.worlds
        bodies = self.distribution.acted_bodies
        target = self.distribution.target
        site = Site(worlds, target, task.control_period, bodies, self.sources())
        self.channels = WorldChannels(PLACES, self.distribution.channel_settings, site)
        fields = dict.fromkeys((*self.distribution.fields, *self.channels.drives))
        self._nominal = {name: nominal_row(target, name) for name in fields}
        self.sim = BatchSim(task.model, worlds, threads, fields, SPEED_LIMIT)
        self._driven = DrivenPhysics(self.sim, self.channels, bodies)
        self._driving = Driving(self.sim, self.channels, task.substeps)
        self._lowest_ctrl, self._highest_ctrl = task.model.actuator_ctrlrange.T.copy()
        self._pushed = as_slice(bodies)
        self._unpushed = np.zeros((worlds, len(bodies), 6))
        self._drawn: Worlds | None = None
        self._settings: dict[str, np.ndarray] = {}
        self._seeds = np.zeros(worlds, dtype=np.uint64)
        self._values = self.distribution.nominal(worlds).values.copy()
        self.observation = np.zeros((worlds, task.observation_size))
        self._heard = np.zeros((worlds, task.observation_size))
        self.achieved_goal = np.zeros((worlds, task.goal_size))
        self.goal = np.zeros((worlds, task.goal_size))
        self.is_success = np.zeros(worlds, dtype=bool)
        self._reached = np.zeros(worlds, dtype=bool)
        self._progress = np.zeros(worlds)
        self._reward = np.zeros(worlds)
        self.steps = np.zeros(worlds, dtype=np.int64)

    def load(self, ids: np.ndarray, worlds: Worlds, picks: np.ndarray) -> None:
        if worlds is not self._drawn:
            self._drawn, self._settings = worlds, self.distribution.settings(worlds)
        rows, taken = as_slice(ids), as_slice(picks)
        settings = {name: values[taken] for name, values in self._settings.items()}
        self._write(ids, settings)
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
        seeds = self._seeds[as_slice(ids)].tolist()
        rngs = [episode_generator(seed, episode) for seed, episode in zip(seeds, episodes.tolist(), strict=True)]
        self.begin(ids, *self.draw(ids, rngs))

    def begin(self, ids: np.ndarray, states: np.ndarray, goals: np.ndarray) -> None:
        """Start an episode in the rows `ids` (m,) from exactly these integration states (m, nstate) and goals (m, g)."""
        rows = as_slice(ids)
        self._driven.restart(ids, rows)
        self.sim.restore(states, ids)
        self.goal[rows] = goals
        self.steps[rows] = 0
        self._reached[rows] = False
        self._progress[rows] = 0.0
        self._look(rows)
        # Success counts from the first step on.
        self.is_success[rows] = False
        command = self.channels.restart("action", rows, self.sim.ctrl[rows])
        self._driving.restart(rows, self._within_range(command))
        self.channels.restart("force", rows, self._unpushed[rows])
        self._heard[rows] = self.channels.restart("observation", rows, self.observation[rows])

    def step(self, action: np.ndarray) -> Outcome:
        self.channels.draw()
        # The action's own precision is kept: the original computes in it.
        ctrl = self.act(np.clip(action, -1.0, 1.0))
        command = self._within_range(self.channels.apply("action", ctrl))
        if self.channels["force"].effects:
            self.sim.xfrc_applied[:, self._pushed] = self.channels.apply("force", self._unpushed)
        self._driven.step()
        before = self.is_success.astype(float)
        diverged = self._driving.step(command)
        self.steps += 1
        broken = np.flatnonzero(diverged)
        if broken.size:
            left = self.task.episode_steps - self.steps[broken] + 1
            paid = self._reward[broken] * np.maximum(left, 1)
            self.reset(broken, np.zeros(len(broken), dtype=np.int64))
        self.after_substeps(np.flatnonzero(~diverged) if broken.size else None)
        self._look(_ALL)
        heard = self.channels.apply("observation", self.observation)
        # What diverged was heard when it was put back.
        self._heard[:] = np.where(diverged[:, None], self._heard, heard) if broken.size else heard
        self.is_success[broken] = False
        self._reached |= self.is_success
        self._progress[:] = self.is_success - before
        reward = self._reward.copy()
        if broken.size:
            reward[broken] = paid
        never = np.zeros(len(reward), dtype=bool)
        return Outcome({"goal": reward}, never, diverged, diverged)

    def _look(self, rows: Rows) -> None:
        self.look(rows)
        self._reward[rows], self.is_success[rows] = self.judge(self.achieved_goal[rows], self.goal[rows])

    def observe(self, ids: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        rows = _ALL if ids is None else as_slice(ids)
        heard, goal = self._heard[rows], self.goal[rows]
        policy = np.concatenate((heard[:, self.task.achieved_columns], goal, heard), axis=1, dtype=np.float32)
        true = (self.achieved_goal[rows], goal, self.observation[rows])
        return policy, np.concatenate(true, axis=1, dtype=np.float32)

    def measure(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        return {"success": self.is_success[ids].astype(float), "reached": self._reached[ids].astype(float)}

    def progress(self) -> np.ndarray:
        return self._progress.copy()

    def _arrays(self) -> dict[str, np.ndarray]:
        """Every array (n, ...) of its own that the future depends on."""
        return {
            "seeds": self._seeds,
            "observation": self.observation,
            "heard": self._heard,
            "achieved_goal": self.achieved_goal,
            "goal": self.goal,
            "is_success": self.is_success,
            "reached": self._reached,
            "progress": self._progress,
            "reward": self._reward,
            "steps": self.steps,
            **({"values": self._values} if self.distribution.visual_fields else {}),
            **self._driven.arrays(),
            **self._driving.arrays(),
        }

    def growth(self, ids: np.ndarray, geom: int) -> np.ndarray:
        """How much farther a geom reaches in the worlds `ids` than nominally (m,) [m], to start it that much higher."""
        reach = self.sim.fields.get("geom_rbound")
        if reach is None:
            return np.zeros(len(ids))
        return np.maximum(reach[ids, geom] - self.task.model.geom_rbound[geom], 0.0)

    @abstractmethod
    def draw(self, ids: np.ndarray, rngs: list[np.random.Generator]) -> tuple[np.ndarray, np.ndarray]:
        """Integration states (m, nstate) and goals (m, g) of new episodes in the worlds `ids`; all chance comes from
        their own `rngs`."""

    def _within_range(self, ctrl: np.ndarray) -> np.ndarray:
        """Controls (m, nu), none outside its range."""
        return np.minimum(np.maximum(ctrl, self._lowest_ctrl), self._highest_ctrl)

    def sources(self) -> Sources:
        """What effects of channels may ask for, (n, ...) as things stand."""
        return {
            "qpos": lambda: self.sim.qpos,
            "qvel": lambda: self.sim.qvel,
            "ctrl": lambda: self.sim.ctrl,
            "timestep": lambda: self._driving.timestep,
        }

    @abstractmethod
    def act(self, action: np.ndarray) -> np.ndarray:
        """Controls (n, nu) that actions (n, a) in [-1, 1] stand for."""

    def after_substeps(self, ids: np.ndarray | None) -> None:
        """What the original does to a state after its substeps, in the rows `ids` (default: all); nothing by itself."""

    @abstractmethod
    def look(self, rows: Rows) -> None:
        """Fill `observation` and `achieved_goal` of these rows from the physics."""

    @abstractmethod
    def judge(self, achieved: np.ndarray, goal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rewards (m,) and successes (m,) of achieved goals (m, g), as the original computes them."""
