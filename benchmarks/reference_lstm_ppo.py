"""ReferencePPO: a recurrent PPO as CleanRL writes it, which the trainer's speed is held against.

It stands for what one would write today without a trainer of one's own: the structure of CleanRL's `ppo_atari_lstm.py`
(Huang et al. 2022, JMLR 23(274)), that is, minibatches of whole environments, within which the LSTM is stepped through
time in Python, its state multiplied by (1 - done) before every step. Other than there, actions are continuous and actor
and critic are two networks of `LSTMPPO`'s sizes, each on its own observation group, so that the arithmetic is equal.
Nothing is normalised but advantages, and nothing is logged.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.distributions import Normal

from sim2real.trials.trial_env import TrialEnv

State = tuple[torch.Tensor, torch.Tensor]


class Network(nn.Module):
    """A dense layer, an LSTM stepped through time, a linear head."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(inputs, hidden), nn.ELU())
        self.lstm = nn.LSTM(hidden, hidden)
        self.head = nn.Linear(hidden, outputs)

    def forward(self, observation: torch.Tensor, state: State, done: torch.Tensor) -> tuple[torch.Tensor, State]:
        """observation (T * n, p), state before the first step (1, n, H) twice, done (T * n,) -> (T * n, w), state."""
        batch = state[0].shape[1]
        features = self.encoder(observation).reshape(-1, batch, self.lstm.input_size)
        outputs = []
        for row, ended in zip(features, done.reshape(-1, batch), strict=True):
            keep = (1.0 - ended).view(1, -1, 1)
            output, state = self.lstm(row[None], (keep * state[0], keep * state[1]))
            outputs.append(output)
        return self.head(torch.flatten(torch.cat(outputs), 0, 1)), state

    def initial_state(self, worlds: int) -> State:
        """Cleared (1, worlds, H), twice."""
        cleared = torch.zeros(1, worlds, self.lstm.hidden_size)
        return cleared, cleared


class ReferencePPO:
    """PPO on a TrialEnv; an iteration collects T steps of each world and learns from them."""

    def __init__(self, env: TrialEnv, steps: int, epochs: int, minibatches: int, hidden: int, rate: float) -> None:
        self._env, self._steps, self._epochs, self._minibatches = env, steps, epochs, minibatches
        self._sizes = {group: env.observation_space[group].shape[0] for group in ("policy", "critic")}
        self._actions = env.action_space.shape[0]
        self._actor = Network(self._sizes["policy"], hidden, self._actions)
        self._critic = Network(self._sizes["critic"], hidden, 1)
        self._log_std = nn.Parameter(torch.full((self._actions,), -0.7))
        self._parameters = [*self._actor.parameters(), *self._critic.parameters(), self._log_std]
        self._optimizer = torch.optim.Adam(self._parameters, lr=rate, eps=1e-5)
        self._rng = np.random.default_rng(0)
        self._observation = env.reset()
        self._done = torch.zeros(env.num_envs)
        self._state = self._actor.initial_state(env.num_envs), self._critic.initial_state(env.num_envs)

    def iterate(self, gamma: float = 0.98, gae_lambda: float = 0.95) -> None:
        """Collect and update."""
        steps, worlds = self._steps, self._env.num_envs
        seen = {group: torch.zeros(steps, worlds, size) for group, size in self._sizes.items()}
        actions = torch.zeros(steps, worlds, self._actions)
        log_probability, reward, done, value = (torch.zeros(steps, worlds) for _ in range(4))
        initial = self._state
        for t in range(steps):
            for group, rows in self._observation.items():
                seen[group][t] = torch.as_tensor(rows)
            done[t] = self._done
            with torch.no_grad():
                mean, actor_state = self._actor(seen["policy"][t], self._state[0], self._done)
                estimate, critic_state = self._critic(seen["critic"][t], self._state[1], self._done)
                distribution = Normal(mean, self._log_std.exp())
                actions[t] = distribution.sample()
                log_probability[t] = distribution.log_prob(actions[t]).sum(1)
            value[t], self._state = estimate.flatten(), (actor_state, critic_state)
            self._observation, rewards, dones, _ = self._env.step(actions[t].clamp(-1.0, 1.0).numpy())
            reward[t], self._done = torch.as_tensor(rewards), torch.as_tensor(dones).float()
        with torch.no_grad():
            following = self._critic(torch.as_tensor(self._observation["critic"]), self._state[1], self._done)[0]
        advantage = torch.zeros_like(reward)
        next_value, next_done, carried = following.flatten(), self._done, torch.zeros(worlds)
        for t in reversed(range(steps)):
            delta = reward[t] + gamma * next_value * (1.0 - next_done) - value[t]
            advantage[t] = carried = delta + gamma * gae_lambda * (1.0 - next_done) * carried
            next_value, next_done = value[t], done[t]
        batch = {**seen, "action": actions, "log_probability": log_probability, "done": done}
        self._learn({**batch, "advantage": advantage, "target": advantage + value}, initial)

    def _learn(self, batch: dict[str, torch.Tensor], initial: tuple[State, State], clip: float = 0.2) -> None:
        for _ in range(self._epochs):
            for worlds in np.split(self._rng.permutation(self._env.num_envs), self._minibatches):
                part = {name: rows[:, worlds].flatten(0, 1) for name, rows in batch.items()}
                actor_state, critic_state = ((h[:, worlds], c[:, worlds]) for h, c in initial)
                mean, _ = self._actor(part["policy"], actor_state, part["done"])
                value, _ = self._critic(part["critic"], critic_state, part["done"])
                distribution = Normal(mean, self._log_std.exp())
                ratio = (distribution.log_prob(part["action"]).sum(1) - part["log_probability"]).exp()
                gain = (part["advantage"] - part["advantage"].mean()) / (part["advantage"].std() + 1e-8)
                policy_loss = torch.max(-gain * ratio, -gain * ratio.clamp(1.0 - clip, 1.0 + clip)).mean()
                value_loss = 0.5 * (value.flatten() - part["target"]).square().mean()
                self._optimizer.zero_grad()
                (policy_loss + value_loss).backward()
                nn.utils.clip_grad_norm_(self._parameters, 1.0)
                self._optimizer.step()
