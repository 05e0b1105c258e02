"""TabularMDP: small random Markov decision processes, each world one draw of rewards and transitions."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from randomizers import WorldDistribution, Worlds, WorldStreams, episode_generator
from sim2real.tasks.seeded_worlds import SeededSimulation, refuse_terms, seeded_worlds
from sim2real.tasks.task import Outcome, Task

STATES = 10
ACTIONS = 5
HORIZON = 10
"""Steps of an episode."""

_BLOCK = 100
"""Steps whose chances are drawn ahead."""


class TabularMDP(Task):
    """A trial of n episodes from state 0 in a process whose mean rewards are drawn from N(1, 1) and whose transitions
    from a flat Dirichlet; rewards carry noise from N(0, 1) (Osband et al. 2013; RL^2: Duan et al. 2016).

    An episode ends for good with its last step: nothing is to be expected after it. The policy sees RL^2's input: the
    state (one-hot), the previous action (one-hot), the previous reward, and whether the episode begins; and once more the
    state that the reward belongs to, the one before (one-hot), which a memory would otherwise have to learn to keep
    beside it. The critic also sees the mean rewards (state, action), the transitions (state, action, next state) and the
    regrets of the actions in the present state. The state that an episode's last step leads to is not shown.
    `total_reward` is one episode's; published totals are of whole trials, its sum over the n episodes.

    What is learnt from is not that reward but minus the regret of each action, Q*(s, a) - V*(s) of the process: summed
    over an episode it differs from the reward by V* of the first state, which no action changes, and by chance of mean
    zero, so that the best policies are the same (Kakade and Langford 2002, lemma 6.1).
    """

    summary = "random MDP of 10 states, 5 actions, horizon 10: n episodes, total reward of each"
    solvers = ("greedy", "epsilon_greedy", "psrl", "opsrl", "ucrl2", "beb", "optimum")
    control_period = 1.0
    episode_steps = HORIZON
    action_space = spaces.Discrete(ACTIONS)
    reward_terms = ("regret",)

    def __init__(self, episodes: int) -> None:
        self.name = f"mdp/n{episodes}"
        self.episodes_per_trial = episodes
        policy = STATES + ACTIONS + 2 + STATES
        self.observation_sizes = {"policy": policy, "critic": policy + STATES * ACTIONS * (1 + STATES) + ACTIONS}
        self.metrics = {"total_reward": "1"}
        self.worlds = seeded_worlds(self.name)
        self.target = self.worlds.target

    @property
    def recipe(self) -> dict[str, Any]:
        trial = HORIZON * self.episodes_per_trial
        rollout = min(trial, 250)
        long = self.episodes_per_trial > 10
        return {
            "value_cut": "trial",
            "stagger": trial > rollout,
            "worlds": 32 * (3200 // rollout),
            "rollout": rollout,
            "epochs": 2,
            "minibatches": 32,
            "encoder": "gated",
            "hidden": 128,
            "memory": "table",
            "memory_span": 1000 if long else 100,
            "shared": True,
            "gamma": 0.6,
            "gamma_final": 0.998 if long else 0.995,
            "gae_lambda": 0.3,
            "entropy": 0.03,
            "entropy_final": 0.0,
            "learning_rate": 1.5e-3,
            "desired_kl": None,
            "anneal": True,
            "steps": 6_000_000 if long else 3_000_000,
        }

    def simulate(
        self, worlds: int, threads: int = 0, distribution: WorldDistribution | None = None
    ) -> TabularMDPSimulation:
        refuse_terms(self.name, distribution)
        return TabularMDPSimulation(worlds)


def action_values(means: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Q* (m, HORIZON, STATES, ACTIONS) of processes with mean rewards (m, STATES, ACTIONS) and transitions (m, STATES,
    ACTIONS, STATES), by value iteration backwards from the last step."""
    values = np.empty((len(means), HORIZON, STATES, ACTIONS))
    values[:, -1] = means
    for step in reversed(range(HORIZON - 1)):
        values[:, step] = means + np.einsum("msat,mt->msa", transitions, values[:, step + 1].max(axis=-1))
    return values


class TabularMDPSimulation(SeededSimulation):
    """n processes side by side; each world's seed decides all of it, whatever the other worlds do."""

    def __init__(self, worlds: int) -> None:
        self.diverged_steps = 0
        self._rows = np.arange(worlds)
        self._streams = WorldStreams(worlds, normals=1, uniforms=1, block=_BLOCK)
        self.means = np.zeros((worlds, STATES, ACTIONS))
        self.transitions = np.zeros((worlds, STATES, ACTIONS, STATES))
        self._regret = np.zeros((worlds, HORIZON, STATES, ACTIONS))
        self._state = np.zeros(worlds, dtype=np.int64)
        self._before = np.full(worlds, -1)
        self._action = np.full(worlds, -1)
        self._reward = np.zeros(worlds)
        self._steps = np.zeros(worlds, dtype=np.int64)
        self._total = np.zeros(worlds)

    def load(self, ids: np.ndarray, worlds: Worlds, picks: np.ndarray) -> None:
        seeds = worlds.seeds[picks]
        self._streams.load(ids, seeds)
        for i, seed in zip(ids, seeds.tolist(), strict=True):
            rng = episode_generator(seed, 0)
            rng.standard_normal(out=self.means[i])
            # Exponentials over their sum follow the flat Dirichlet.
            rng.standard_exponential(out=self.transitions[i])
        self.means[ids] += 1.0
        self.transitions[ids] /= self.transitions[ids].sum(axis=-1, keepdims=True)
        values = action_values(self.means[ids], self.transitions[ids])
        self._regret[ids] = values - values.max(axis=-1, keepdims=True)
        self._before[ids] = -1
        self._action[ids] = -1
        self._reward[ids] = 0.0

    def reset(self, ids: np.ndarray, episodes: np.ndarray) -> None:
        self._state[ids] = 0
        self._steps[ids] = 0
        self._total[ids] = 0.0

    def step(self, action: np.ndarray) -> Outcome:
        """Take actions (n,). Raises ValueError for an action that is none."""
        self._action[:] = action
        if self._action.min() < 0 or self._action.max() >= ACTIONS:
            raise ValueError(f"actions are 0 to {ACTIONS - 1}, got {self._action.min()} to {self._action.max()}")
        self._before[:] = self._state
        regret = self._regret[self._rows, self._steps, self._state, self._action]
        noise, chance = self._streams.next()
        self._reward[:] = self.means[self._rows, self._state, self._action] + noise[:, 0]
        edges = self.transitions[self._rows, self._state, self._action].cumsum(axis=1)
        # The last edge is left out: rounded below 1, it could lead to a state beyond the last.
        self._state[:] = (edges[:, :-1] <= chance).sum(axis=1)
        self._steps += 1
        self._total += self._reward
        never = np.zeros(len(self._rows), dtype=bool)
        return Outcome({"regret": regret}, self._steps >= HORIZON, never, never)

    def observe(self, ids: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        rows = self._rows if ids is None else ids
        policy = np.concatenate(
            (
                self._state[rows, None] == np.arange(STATES),
                self._action[rows, None] == np.arange(ACTIONS),
                self._reward[rows, None],
                self._steps[rows, None] == 0,
                self._before[rows, None] == np.arange(STATES),
            ),
            axis=1,
            dtype=np.float32,
        )
        now = np.minimum(self._steps[rows], HORIZON - 1)
        regret = self._regret[rows, now, self._state[rows]]
        truth = self.means[rows].reshape(len(rows), -1), self.transitions[rows].reshape(len(rows), -1), regret
        return policy, np.concatenate((policy, *truth), axis=1, dtype=np.float32)

    def _arrays(self) -> dict[str, np.ndarray]:
        return {
            "means": self.means,
            "transitions": self.transitions,
            "regret": self._regret,
            "state": self._state,
            "before": self._before,
            "action": self._action,
            "reward": self._reward,
            "steps": self._steps,
            "total": self._total,
        }
