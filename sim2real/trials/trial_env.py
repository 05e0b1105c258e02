"""TrialEnv: a task in drawn worlds, K episodes to a trial, as a stable-baselines3 vector environment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from randomizers import ADR, WorldDistribution, Worlds
from sim2real.errors import UserError
from sim2real.tasks.task import Task
from sim2real.trials.adr_trials import ADRTrials
from sim2real.trials.stock import Draw, Stock


def nominal_draw(distribution: WorldDistribution) -> Draw:
    """Draws nominal worlds, each with a seed of its own: starts and what else is left to chance differ between trials."""

    def draw(rng: np.random.Generator, n: int) -> Worlds:
        worlds = distribution.nominal(n)
        return Worlds(worlds.names, worlds.values, rng.integers(0, 2**63, n, dtype=np.uint64))

    return draw


class TrialEnv(VecEnv):
    """n worlds side by side. At an episode's end the state resets and world stays; at a trial's end a new world is drawn.

    To stable-baselines3 `done` is the trial's end, so that any of its algorithms trains on any task. An episode's end is
    told in `info["episode_end"]`, with the episode's metrics in `info["metrics"]`; where it is only the time limit, with
    `info["TimeLimit.truncated"]` and the true last observation in `info["terminal_observation"]`.

    Observations are the groups `policy` (n, p) and `critic` (n, c + k), whose last k columns are the world vector.

    :param task: the problem.
    :param worlds: n.
    :param distribution: what worlds are drawn from and normalised by; default: the task's own.
    :param seed: of the draws of worlds, and through each world's seed of all chance within it.
    :param threads: C++ threads; 0 takes one per core.
    :param episodes_per_trial: K; default: the task's own.
    :param draw: draws worlds instead of `distribution.sample`; called for `STOCK` of them at a time. Worlds so given
        stay as they are for their whole trial; those of `distribution` have terms of `when: episode` drawn anew.
    :param stagger: start the first trials at different times, so that not all worlds end together.
    :param adr: draws worlds, of ranges within those of `distribution`, and learns from their trials how to move them.
    :param performance: the metric by which `adr` judges a trial, as a mean over its episodes; default: the task's first.
    :raises ValueError: for a count below one, and for both `draw` and `adr`.
    """

    def __init__(
        self,
        task: Task,
        worlds: int,
        distribution: WorldDistribution | None = None,
        seed: int = 0,
        threads: int = 0,
        episodes_per_trial: int | None = None,
        draw: Draw | None = None,
        stagger: bool = False,
        adr: ADR | None = None,
        performance: str | None = None,
    ) -> None:
        self.task = task
        self.distribution = distribution or task.worlds
        self.episodes_per_trial = task.episodes_per_trial if episodes_per_trial is None else episodes_per_trial
        for name, count in (("worlds", worlds), ("episodes_per_trial", self.episodes_per_trial)):
            if count < 1:
                raise ValueError(f"{name}={count}: wanted at least 1")
        if draw is not None and adr is not None:
            raise ValueError("worlds are drawn by draw or by adr: give one of them")
        self.stagger = stagger
        self._stock = Stock(self.distribution, draw, adr)
        self.adr = None if adr is None else ADRTrials(adr, performance or next(iter(task.metrics)), worlds)
        self._redraws = draw is None and any(term.when == "episode" for term in self.distribution.terms)
        self.simulation = task.simulate(worlds, threads, self.distribution)
        sizes = task.observation_sizes
        self._critic = sizes["critic"]
        total = {"policy": sizes["policy"], "critic": sizes["critic"] + len(self.distribution.vector_names)}
        space = spaces.Dict({g: spaces.Box(-np.inf, np.inf, (size,), np.float32) for g, size in total.items()})
        self.render_mode = None
        super().__init__(worlds, space, task.action_space)
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._actions = np.zeros((worlds, *(task.action_space.shape or ())), dtype=task.action_space.dtype)
        nominal = self.distribution.nominal(worlds)
        self._values, self._world_seeds = nominal.values.copy(), nominal.seeds.copy()
        self.episode = np.zeros(worlds, dtype=np.int64)
        self._steps = np.zeros(worlds, dtype=np.int64)
        self._limit = np.full(worlds, task.episode_steps, dtype=np.int64)
        self._return = np.zeros(worlds)
        self._trial_return = np.zeros(worlds)
        self._trial_steps = np.zeros(worlds, dtype=np.int64)
        self._vector = np.zeros((worlds, len(self.distribution.vector_names)), dtype=np.float32)
        self._term_sums = dict.fromkeys(task.reward_terms, 0.0)
        self._term_steps = 0
        self._finished: list[dict[str, float]] = []

    @property
    def worlds(self) -> Worlds:
        """The n worlds whose trials are running."""
        return Worlds(self.distribution.names, self._values, self._world_seeds)

    def reset(self) -> dict[str, np.ndarray]:
        """Draw n new worlds and start their trials."""
        if self._seeds[0] is not None:
            self._rng = np.random.default_rng(self._seeds[0])
            self._reset_seeds()
            self._stock.clear()
        everything = np.arange(self.num_envs)
        self._load_worlds(everything)
        self._start_episodes(everything)
        if self.stagger:
            self._limit = self._rng.integers(1, self.task.episode_steps + 1, self.num_envs)
        return self._observe(None)

    def step(self, actions: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """One control step of all worlds with actions (n, a): observations, rewards (n,), trials ended (n,), infos."""
        self.step_async(actions)
        return self.step_wait()

    def step_async(self, actions: np.ndarray) -> None:
        """Take actions (n, a). Raises ValueError if one is not finite."""
        actions = np.asarray(actions)
        if not np.isfinite(actions).all():
            bad = int(np.flatnonzero(~np.isfinite(actions).reshape(self.num_envs, -1).all(axis=1))[0])
            raise ValueError(f"the action of world {bad} is not finite: {actions[bad]}")
        self._actions = actions

    def step_wait(self) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """One control step of all worlds."""
        outcome = self.simulation.step(self._actions)
        reward = np.zeros(self.num_envs)
        for name, term in outcome.rewards.items():
            reward += term
            total = float(term.sum())
            if not math.isfinite(total):
                world = int(np.flatnonzero(~np.isfinite(term))[0])
                raise UserError(f"{self.task.name}: reward term {name!r} of world {world} is {term[world]}, not finite")
            self._term_sums[name] += total
        self._term_steps += self.num_envs
        self._steps += 1
        self._return += reward
        finished = outcome.success | outcome.failure
        ended = np.flatnonzero(finished | (self._steps >= self._limit))
        observation = self._observe(None)
        done = np.zeros(self.num_envs, dtype=bool)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if ended.size:
            done[ended] = self.episode[ended] + 1 >= self.episodes_per_trial
            self._finish(ended, observation, finished, outcome.diverged, done, infos)
            trials, episodes = ended[done[ended]], ended[~done[ended]]
            self._load_worlds(trials)
            self.episode[episodes] += 1
            if self._redraws and episodes.size:
                self._redraw(episodes)
            self._start_episodes(ended)
            for group, rows in self._observe(ended).items():
                observation[group][ended] = rows
        return observation, reward.astype(np.float32), done, infos

    def _finish(
        self,
        ended: np.ndarray,
        observation: dict[str, np.ndarray],
        finished: np.ndarray,
        diverged: np.ndarray,
        done: np.ndarray,
        infos: list[dict[str, Any]],
    ) -> None:
        metrics = self.simulation.measure(ended)
        self._trial_return[ended] += self._return[ended]
        self._trial_steps[ended] += self._steps[ended]
        for k, i in enumerate(ended):
            measured = {name: float(values[k]) for name, values in metrics.items()}
            measured["return"], measured["diverged"] = float(self._return[i]), float(diverged[i])
            whole = self._limit[i] == self.task.episode_steps
            infos[i] = {
                "episode_end": True,
                "TimeLimit.truncated": bool(not finished[i]),
                "terminal_observation": {group: rows[i].copy() for group, rows in observation.items()},
                "metrics": measured,
                "episode_of_trial": int(self.episode[i]),
            }
            if whole:
                self._finished.append(measured)
            if self.adr is not None:
                self.adr.episode(i, measured, whole)
                if done[i]:
                    self.adr.end(i, self._values[i], self.episodes_per_trial)
            if done[i]:
                infos[i]["episode"] = {"r": self._trial_return[i], "l": int(self._trial_steps[i]), "t": 0.0}

    def _load_worlds(self, ids: np.ndarray) -> None:
        """Hand the next worlds to the rows `ids`, whose trials begin."""
        while ids.size:
            picks = self._stock.take(self._rng, ids.size)
            worlds = self._stock.worlds
            taken, ids = np.split(ids, [len(picks)])
            self.simulation.load(taken, worlds, picks)
            self._values[taken], self._world_seeds[taken] = worlds.values[picks], worlds.seeds[picks]
            self._vector[taken] = self._stock.vectors[picks]
            if self.adr is not None:
                self.adr.begin(taken, self._stock.pins[picks])
            self.episode[taken] = 0
            self._trial_return[taken], self._trial_steps[taken] = 0.0, 0

    def _redraw(self, ids: np.ndarray) -> None:
        """Give the rows `ids` what is drawn anew at every episode."""
        worlds, episodes = self.worlds.take(ids), self.episode[ids]
        if self.adr is None:
            worlds = self.distribution.redraw_episode(worlds, episodes)
        else:
            worlds = self.adr.adr.redraw_episode(worlds, self.adr.pins(ids), episodes)
        self.simulation.rewrite(ids, worlds)
        self._values[ids], self._vector[ids] = worlds.values, self.distribution.vector(worlds)

    def _start_episodes(self, ids: np.ndarray) -> None:
        self.simulation.reset(ids, self.episode[ids])
        self._steps[ids] = 0
        self._return[ids] = 0.0
        self._limit[ids] = self.task.episode_steps

    def _observe(self, ids: np.ndarray | None) -> dict[str, np.ndarray]:
        policy, critic = self.simulation.observe(ids)
        vector = self._vector if ids is None else self._vector[ids]
        return {"policy": policy, "critic": np.concatenate((critic, vector), axis=1)}

    def pop_statistics(self) -> tuple[dict[str, float], list[dict[str, float]]]:
        """Mean of each reward term per step, and the metrics of whole episodes ended, since the last call."""
        steps = max(self._term_steps, 1)
        terms = {name: total / steps for name, total in self._term_sums.items()}
        finished, self._finished = self._finished, []
        self._term_sums = dict.fromkeys(self.task.reward_terms, 0.0)
        self._term_steps = 0
        return terms, finished

    def state(self) -> dict[str, Any]:
        """Everything the future depends on, as arrays, numbers and text."""
        return {
            "simulation": self.simulation.state(),
            "rng": self._rng.bit_generator.state,
            **self._stock.state(),
            **({} if self.adr is None else {"adr": self.adr.state()}),
            "arrays": {name: array.copy() for name, array in self._arrays().items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state` was taken."""
        self.simulation.restore(state["simulation"])
        self._rng.bit_generator.state = state["rng"]
        self._stock.restore(state)
        if self.adr is not None:
            self.adr.restore(state["adr"])
        for name, array in self._arrays().items():
            array[:] = state["arrays"][name]

    def _arrays(self) -> dict[str, np.ndarray]:
        return {
            "values": self._values,
            "world_seeds": self._world_seeds,
            "vector": self._vector,
            "episode": self.episode,
            "steps": self._steps,
            "limit": self._limit,
            "return": self._return,
            "trial_return": self._trial_return,
            "trial_steps": self._trial_steps,
        }

    def close(self) -> None:
        """Release what the simulation holds."""
        self.simulation.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute of this environment, once for each of the chosen worlds."""
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of this environment; it has no attributes per world."""
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """Call a method of this environment once; its result stands for each of the chosen worlds."""
        result = getattr(self, method_name)(*method_args, **method_kwargs)
        return [result for _ in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """No world is wrapped."""
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[np.ndarray | None]:
        """No pictures: see `sim2real play --video`."""
        return [None] * self.num_envs
