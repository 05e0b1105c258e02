"""Collector: steps all worlds with the policy and keeps what an update needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from stable_baselines3.common.vec_env import VecEnv

from policies.lstm_policy import LSTMPolicy
from policies.observation_groups import in_groups
from policies.rollout import Rollout


@dataclass(frozen=True)
class Lengths:
    """Steps of each world. Raises ValueError where they do not fit together."""

    rollout: int
    """T: per rollout."""
    segment: int
    """L: of truncated back-propagation; divides T."""
    burn_in: int
    """k: before each segment; at most L."""

    def __post_init__(self) -> None:
        if self.rollout < 1 or self.segment < 1 or self.rollout % self.segment:
            raise ValueError(f"segment={self.segment} does not divide n_steps={self.rollout}")
        if not 0 <= self.burn_in <= self.segment:
            raise ValueError(f"burn_in={self.burn_in}: wanted 0 to the segment's {self.segment} steps")

    @property
    def segments(self) -> int:
        """S: segments of a rollout."""
        return self.rollout // self.segment


class Collector:
    """The n worlds as the policy lives in them: the last observation, both memories, and whether a trial begins.

    :param gamma: discount, for the value that a time limit cut off; None adds no value to rewards.
    :param value_cut: "episode" or "trial": where the return is cut.
    :param generator: of the actions.
    """

    def __init__(self, lengths: Lengths, gamma: float | None, value_cut: str, generator: torch.Generator) -> None:
        self.lengths, self.gamma, self.value_cut, self.generator = lengths, gamma, value_cut, generator
        self.observation: Any = None
        self.reset = np.zeros(0, dtype=bool)
        self.memory: tuple[torch.Tensor, torch.Tensor] = (torch.zeros(0), torch.zeros(0))
        self._before: dict[str, torch.Tensor] = {}
        self.timing = {"simulate": 0.0, "act": 0.0}

    def begin(self, policy: LSTMPolicy, observation: Any, worlds: int) -> None:
        """All worlds begin a trial with this observation."""
        self.observation, self.reset = observation, np.ones(worlds, dtype=bool)
        self.memory = policy.actor.initial_memory(worlds), policy.initial_critic_memory(worlds)
        burn_in = self.lengths.burn_in
        self._before = {
            "policy": torch.zeros(burn_in, worlds, policy.sizes["policy"]),
            "critic": torch.zeros(burn_in, worlds, policy.sizes["critic"]),
            "reset": torch.ones(burn_in, worlds, dtype=torch.bool),
            "actor_memory": self.memory[0],
            "critic_memory": self.memory[1],
        }

    @torch.no_grad()
    def collect(self, policy: LSTMPolicy, env: VecEnv, stepped: Callable[..., bool]) -> Rollout | None:
        """One rollout; None if `stepped` returned False, after which the next one goes on from there.

        :param stepped: called after each step with its rewards, dones and infos, and the infos of episodes that ended.
        """
        policy.set_training_mode(False)
        lengths, group, gamma = self.lengths, policy.critic_group, self.gamma
        steps, burn_in, worlds = lengths.rollout, lengths.burn_in, env.num_envs
        seen = {
            role: torch.cat((self._before[role], torch.empty(steps, worlds, policy.sizes[role])))
            for role in ("policy", "critic")
        }
        resets = torch.cat((self._before["reset"], torch.empty(steps, worlds, dtype=torch.bool)))
        kept = [(self._before["actor_memory"], self._before["critic_memory"])]
        numbers = {name: torch.empty(steps, worlds) for name in ("log_probability", "value", "reward")}
        cuts = torch.empty(steps, worlds, dtype=torch.bool)
        actions: list[torch.Tensor] = []
        cut_off: list[_CutOff] = []
        denormalize = policy.value_normalizer.denormalize
        for t in range(steps):
            began = time.perf_counter()
            observation = in_groups(self.observation, group)
            if t + burn_in and (t + burn_in) % lengths.segment == 0:
                kept.append(self.memory)
            keep = torch.from_numpy(~self.reset).float()[:, None, None]
            features, actor_memory = policy.act(observation["policy"][None], self.memory[0] * keep)
            value, critic_memory = policy.value(features, observation["critic"][None], self.memory[1] * keep)
            distribution = policy.distribution(features)
            action = policy.sample(distribution, self.generator)
            for role, rows in observation.items():
                seen[role][burn_in + t] = rows
            resets[burn_in + t] = torch.from_numpy(self.reset)
            actions.append(action)
            numbers["log_probability"][t] = distribution.log_prob(action)
            numbers["value"][t] = denormalize(value[0, :, None]).squeeze(-1)
            taken = policy.taken(action)
            acted = time.perf_counter()
            self.observation, rewards, dones, infos = env.step(taken)
            self.timing["act"] += acted - began
            self.timing["simulate"] += time.perf_counter() - acted

            self.reset = np.asarray(dones, dtype=bool)
            self.memory = actor_memory, critic_memory
            reward, cut = np.asarray(rewards, dtype=np.float32), self.reset.copy()
            ended = [i for i, info in enumerate(infos) if info and (cut[i] or info.get("episode_end"))]
            if self.value_cut == "episode":
                cut[ended] = True
            limited = [i for i in ended if cut[i] and infos[i].get("TimeLimit.truncated")]
            if limited and gamma is not None:
                last = in_groups(_stack([infos[i]["terminal_observation"] for i in limited]), group)
                cut_off.append(_CutOff(t, limited, last, actor_memory[limited], critic_memory[limited]))
            numbers["reward"][t] = torch.from_numpy(reward)
            cuts[t] = torch.from_numpy(cut)
            if not stepped(rewards, dones, infos, [infos[i] for i in ended]):
                self._keep(policy, seen, resets, kept, t + 1)
                return None
        self._keep(policy, seen, resets, kept, steps)
        if cut_off and gamma is not None:
            _add_what_follows(policy, cut_off, gamma, numbers["reward"])
        following = self._value_now(policy)
        stored = [torch.stack(memories) for memories in zip(*kept[: lengths.segments], strict=True)]
        return Rollout(
            seen["policy"], seen["critic"], resets, torch.stack(actions),
            numbers["log_probability"], numbers["value"], numbers["reward"], cuts,
            stored[0], stored[1], denormalize(following[0, :, None]).squeeze(-1),
        )  # fmt: skip

    def _keep(
        self,
        policy: LSTMPolicy,
        seen: dict[str, torch.Tensor],
        resets: torch.Tensor,
        kept: list[tuple[torch.Tensor, torch.Tensor]],
        taken: int,
    ) -> None:
        """Keep the burn-in of a rollout that begins after `taken` steps of this one."""
        end = taken + self.lengths.burn_in
        actor_memory, critic_memory = self.memory
        if self.lengths.burn_in:
            segment = taken // self.lengths.segment
            since = slice(segment * self.lengths.segment, taken)
            actor_memory, critic_memory = kept[segment]
            actor_memory = policy.actor.memory_after(
                actor_memory, policy.policy_normalizer(seen["policy"][since]), resets[since]
            )
            if policy.critic is not None:
                critic_memory = policy.critic.memory_after(
                    critic_memory, policy.critic_normalizer(seen["critic"][since]), resets[since]
                )
        self._before = {
            "policy": seen["policy"][taken:end].clone(),
            "critic": seen["critic"][taken:end].clone(),
            "reset": resets[taken:end].clone(),
            "actor_memory": actor_memory,
            "critic_memory": critic_memory,
        }

    def _value_now(self, policy: LSTMPolicy) -> torch.Tensor:
        """Normalised value (1, n) of where the worlds stand."""
        observation = in_groups(self.observation, policy.critic_group)
        keep = torch.from_numpy(~self.reset).float()[:, None, None]
        return _value(policy, observation, self.memory[0] * keep, self.memory[1] * keep)

    def state(self) -> dict[str, Any]:
        """All that the next rollout depends on, the environment aside."""
        return {
            "observation": self.observation,
            "reset": self.reset,
            "memory": list(self.memory),
            "before": self._before,
            "generator": self.generator.get_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on exactly where `state` was taken."""
        self.observation, self.reset = state["observation"], np.asarray(state["reset"])
        self.memory = state["memory"][0], state["memory"][1]
        self._before = state["before"]
        self.generator.set_state(state["generator"])


class _CutOff(NamedTuple):
    """Worlds whose return a time limit cut off at one step, and what was seen and remembered then."""

    step: int
    worlds: list[int]
    observation: dict[str, torch.Tensor]
    actor_memory: torch.Tensor
    critic_memory: torch.Tensor


def _add_what_follows(policy: LSTMPolicy, cut_off: list[_CutOff], gamma: float, reward: torch.Tensor) -> None:
    """Add to rewards (T, n) the discounted value of what would have followed, of all that was cut off at once."""
    observation = {role: torch.cat([one.observation[role] for one in cut_off]) for role in ("policy", "critic")}
    actor_memory = torch.cat([one.actor_memory for one in cut_off])
    critic_memory = torch.cat([one.critic_memory for one in cut_off])
    normalized = _value(policy, observation, actor_memory, critic_memory)
    following = policy.value_normalizer.denormalize(normalized[0, :, None]).squeeze(-1)
    steps = torch.tensor([one.step for one in cut_off for _ in one.worlds])
    worlds = torch.tensor([world for one in cut_off for world in one.worlds])
    reward[steps, worlds] += gamma * following


def _value(
    policy: LSTMPolicy, observation: dict[str, torch.Tensor], actor_memory: torch.Tensor, critic_memory: torch.Tensor
) -> torch.Tensor:
    """Normalised value (1, n) of one step, the actor being asked only where the critic stands on it."""
    features = torch.zeros(0)
    if policy.shared:
        features, _ = policy.act(observation["policy"][None], actor_memory)
    return policy.value(features, observation["critic"][None], critic_memory)[0]


def _stack(observations: list[Any]) -> Any:
    if isinstance(observations[0], dict):
        return {name: np.stack([o[name] for o in observations]) for name in observations[0]}
    return np.stack(observations)
