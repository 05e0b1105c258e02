"""LSTMPPO: recurrent PPO for trials, as a stable-baselines3 algorithm."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, ClassVar

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import GymEnv, MaybeCallback
from stable_baselines3.common.utils import safe_mean
from stable_baselines3.common.vec_env import VecEnv

from policies.lstm_policy import LSTMPolicy
from policies.rollout import Rollout
from policies.update import UpdateSettings, update


def _observation(observation: Any) -> dict[str, torch.Tensor]:
    """A VecEnv's observation as the two groups (n, p) and (n, c); a plain array serves both."""
    if isinstance(observation, dict):
        return {group: torch.as_tensor(observation[group], dtype=torch.float32) for group in ("policy", "critic")}
    return dict.fromkeys(("policy", "critic"), torch.as_tensor(observation, dtype=torch.float32))


class LSTMPPO(BaseAlgorithm):
    """PPO with an LSTM actor and a separate LSTM critic, for trials of several episodes.

    Memory is cleared where the environment says `done` (the trial's end). The return is cut there, or already at each
    episode's end (`value_cut="episode"`), which the environment marks with `info["episode_end"] = True`; an end that is
    only a time limit (`info["TimeLimit.truncated"]`) bootstraps from the value of `info["terminal_observation"]`.
    So two masks are kept, `memory_reset` and `value_cut`. Environments that are not made of trials work unchanged.

    :param policy: "LSTMPolicy" or a subclass of it.
    :param env: n worlds; observations are a vector, or a Dict with the groups `policy` and `critic`.
    :param learning_rate: Adam's step size; the starting one if `desired_kl` is set.
    :param n_steps: steps of each world per rollout, which is also the length of truncated back-propagation.
    :param n_epochs: passes over each rollout.
    :param n_minibatches: minibatches per epoch, each of whole worlds; must divide the number of worlds.
    :param gamma: discount per step.
    :param gae_lambda: GAE's lambda.
    :param clip_range: PPO's clip of the probability ratio.
    :param ent_coef: weight of the entropy bonus.
    :param vf_coef: weight of the value loss (on normalised returns).
    :param max_grad_norm: gradients are scaled down to this norm.
    :param desired_kl: adapt the learning rate to this divergence per update; None keeps it.
    :param device: "cpu" or "auto"; stable-baselines3 passes it on.
    :param value_cut: "episode" or "trial": where the return is cut.
    :raises ValueError: where a number does not fit the others.
    """

    policy_aliases: ClassVar[dict[str, type[BasePolicy]]] = {"LSTMPolicy": LSTMPolicy}
    policy: LSTMPolicy

    def __init__(
        self,
        policy: str | type[LSTMPolicy] = "LSTMPolicy",
        env: GymEnv | str | None = None,
        learning_rate: float = 5e-4,
        n_steps: int = 32,
        n_epochs: int = 4,
        n_minibatches: int = 4,
        gamma: float = 0.99,
        gae_lambda: float = 0.95,
        clip_range: float = 0.2,
        ent_coef: float = 0.0,
        vf_coef: float = 1.0,
        max_grad_norm: float = 1.0,
        desired_kl: float | None = None,
        value_cut: str = "episode",
        policy_kwargs: dict[str, Any] | None = None,
        stats_window_size: int = 100,
        tensorboard_log: str | None = None,
        verbose: int = 0,
        seed: int | None = None,
        device: torch.device | str = "cpu",
        _init_setup_model: bool = True,
    ) -> None:
        super().__init__(
            policy,
            env,
            learning_rate=learning_rate,
            policy_kwargs=policy_kwargs,
            stats_window_size=stats_window_size,
            tensorboard_log=tensorboard_log,
            verbose=verbose,
            device="cpu",
            support_multi_env=True,
            seed=seed,
            supported_action_spaces=(spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary),
        )
        if torch.device("cpu" if device == "auto" else device).type != "cpu":
            raise ValueError(f"device={device}: it runs on the CPU")
        if not isinstance(learning_rate, int | float):
            raise ValueError(f"learning_rate={learning_rate!r}: wanted a number; desired_kl adapts it")
        if value_cut not in ("episode", "trial"):
            raise ValueError(f"value_cut={value_cut!r}: wanted 'episode' or 'trial'")
        self.n_steps = n_steps
        self.value_cut = value_cut
        self.update_settings = UpdateSettings(
            n_epochs, n_minibatches, gamma, gae_lambda, clip_range, ent_coef, vf_coef, max_grad_norm, desired_kl
        )
        self.iteration = 0
        self.stop_requested = False
        self.timing = {"simulate": 0.0, "act": 0.0, "learn": 0.0}
        if _init_setup_model:
            self._setup_model()

    def _setup_model(self) -> None:
        minibatches = self.update_settings.n_minibatches
        if self.env is not None and (minibatches < 1 or self.n_envs % minibatches):
            raise ValueError(f"n_minibatches={minibatches} does not divide the {self.n_envs} worlds")
        self._setup_lr_schedule()
        self.set_random_seed(self.seed)
        self.policy = self.policy_class(  # type: ignore[assignment]
            self.observation_space, self.action_space, self.lr_schedule, **self.policy_kwargs
        )
        self.policy.optimizer = torch.optim.Adam(self.policy.parameters(), lr=self.lr_schedule(1.0), eps=1e-5)
        entropy = np.random.SeedSequence(self.seed)
        action_seed, shuffle_seed = entropy.generate_state(2)
        self._action_generator = torch.Generator().manual_seed(int(action_seed))
        self._shuffle_rng = np.random.default_rng(shuffle_seed)
        self._actor_memory = torch.zeros(0)
        self._critic_memory = torch.zeros(0)

    def learn(
        self,
        total_timesteps: int,
        callback: MaybeCallback = None,
        log_interval: int = 1,
        tb_log_name: str = "LSTMPPO",
        reset_num_timesteps: bool = True,
        progress_bar: bool = False,
    ) -> LSTMPPO:
        """Collect and update until `total_timesteps` steps were taken over all worlds, or a callback returns False."""
        total_timesteps, callback = self._setup_learn(
            total_timesteps, callback, reset_num_timesteps, tb_log_name, progress_bar
        )
        if self._last_episode_starts is not None and self._last_episode_starts.all():
            self._actor_memory = self.policy.actor.initial_memory(self.n_envs)
            self._critic_memory = self.policy.critic.initial_memory(self.n_envs)
        self.stop_requested = False
        callback.on_training_start(locals(), globals())
        assert self.env is not None
        while self.num_timesteps < total_timesteps:
            callback.on_rollout_start()
            if self.stop_requested:
                break
            collected = self._collect(self.env, callback)
            if collected is None:
                break
            callback.update_locals(locals())
            callback.on_rollout_end()
            rollout, last_value = collected
            began = time.perf_counter()
            measured = update(
                self.policy, self.policy.optimizer, rollout, last_value, self.update_settings, self._shuffle_rng
            )
            self.policy.policy_normalizer.update(rollout.policy_observation)
            self.policy.critic_normalizer.update(rollout.critic_observation)
            self.timing["learn"] += time.perf_counter() - began
            self.iteration += 1
            self._n_updates += self.update_settings.n_epochs
            self._update_current_progress_remaining(self.num_timesteps, total_timesteps)
            if log_interval and self.iteration % log_interval == 0:
                self._log(measured)
        callback.on_training_end()
        return self

    def request_stop(self) -> None:
        """Return from `learn` before the next rollout, the state being whole; callbacks and signal handlers use it."""
        self.stop_requested = True

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since the last call of `learn` began."""
        return max((time.time_ns() - self.start_time) / 1e9, 1e-9)

    def _log(self, measured: dict[str, float]) -> None:
        for name, value in measured.items():
            self.logger.record(f"train/{name}", value)
        for name, seconds in self.timing.items():
            self.logger.record(f"time/{name}_seconds", seconds)
        if self.ep_info_buffer:
            self.logger.record("rollout/ep_rew_mean", safe_mean([info["r"] for info in self.ep_info_buffer]))
            self.logger.record("rollout/ep_len_mean", safe_mean([info["l"] for info in self.ep_info_buffer]))
        self.logger.record("time/fps", (self.num_timesteps - self._num_timesteps_at_start) / self.seconds)
        self.logger.record("time/iterations", self.iteration)
        self.logger.record("time/total_timesteps", self.num_timesteps)
        self.logger.dump(step=self.num_timesteps)

    @torch.no_grad()
    def _collect(self, env: VecEnv, callback: BaseCallback) -> tuple[Rollout, torch.Tensor] | None:
        """One rollout and the value (n,) after it; None if a callback asked to stop."""
        policy, gamma = self.policy, self.update_settings.gamma
        policy.set_training_mode(False)
        rollout: Rollout | None = None
        actor_memory, critic_memory = self._actor_memory, self._critic_memory
        reset = np.asarray(self._last_episode_starts, dtype=bool)
        for t in range(self.n_steps):
            began = time.perf_counter()
            observation = _observation(self._last_obs)
            before = (actor_memory, critic_memory)
            keep = torch.from_numpy(~reset).float()[:, None, None]
            distribution, actor_memory = policy.act(observation["policy"][None], actor_memory * keep)
            value, critic_memory = policy.value(observation["critic"][None], critic_memory * keep)
            action = policy.sample(distribution, self._action_generator)
            if rollout is None:
                sizes = policy.sizes
                rollout = Rollout.empty(self.n_steps, self.n_envs, sizes["policy"], sizes["critic"], action)
                rollout.actor_memory, rollout.critic_memory = before
            rollout.policy_observation[t] = observation["policy"]
            rollout.critic_observation[t] = observation["critic"]
            rollout.action[t] = action
            rollout.log_probability[t] = distribution.log_prob(action)
            rollout.value[t] = policy.value_normalizer.denormalize(value[0, :, None]).squeeze(-1)
            rollout.memory_reset[t] = torch.from_numpy(reset)
            acted = time.perf_counter()

            taken = action.numpy()
            if isinstance(self.action_space, spaces.Box):
                taken = np.clip(taken, self.action_space.low, self.action_space.high)
            self._last_obs, rewards, dones, infos = env.step(taken)  # type: ignore[assignment]
            self.timing["act"] += acted - began
            self.timing["simulate"] += time.perf_counter() - acted

            self.num_timesteps += env.num_envs
            reset = np.asarray(dones, dtype=bool)
            reward, cut = np.array(rewards, dtype=np.float32), reset.copy()
            ended = [i for i, info in enumerate(infos) if info and (reset[i] or info.get("episode_end"))]
            if self.value_cut == "episode":
                cut[ended] = True
            limited = [i for i in ended if cut[i] and infos[i].get("TimeLimit.truncated")]
            if limited:
                last = _observation(_stack([infos[i]["terminal_observation"] for i in limited]))
                following, _ = policy.value(last["critic"][None], critic_memory[limited])
                reward[limited] += (
                    gamma * policy.value_normalizer.denormalize(following[0, :, None]).squeeze(-1).numpy()
                )
            rollout.reward[t] = torch.from_numpy(reward)
            rollout.value_cut[t] = torch.from_numpy(cut)
            self._last_episode_starts = reset
            self._actor_memory, self._critic_memory = actor_memory, critic_memory
            self._update_info_buffer([infos[i] for i in ended])
            callback.update_locals(locals())
            if not callback.on_step():
                return None
        keep = torch.from_numpy(~reset).float()[:, None, None]
        following, _ = policy.value(_observation(self._last_obs)["critic"][None], critic_memory * keep)
        assert rollout is not None
        return rollout, policy.value_normalizer.denormalize(following[0, :, None]).squeeze(-1)

    def predict(
        self,
        observation: np.ndarray | dict[str, np.ndarray],
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """stable-baselines3's protocol; `state` is the actor's memory (n, 2, H), cleared where `episode_start`."""
        generator = None if deterministic else self._action_generator
        return self.policy.predict(observation, state, episode_start, deterministic, generator)

    def training_state(self) -> dict[str, Any]:
        """All that the next iteration depends on, the environment aside: tensors, numbers and strings only."""
        return {
            "policy": self.policy.state_dict(),
            "optimizer": self.policy.optimizer.state_dict(),
            "action_generator": self._action_generator.get_state(),
            "shuffle_rng": self._shuffle_rng.bit_generator.state,
            "last_observation": self._last_obs,
            "last_episode_starts": self._last_episode_starts,
            "actor_memory": self._actor_memory,
            "critic_memory": self._critic_memory,
            "episodes": list(self.ep_info_buffer or ()),
            "iteration": self.iteration,
            "updates": self._n_updates,
            "num_timesteps": self.num_timesteps,
        }

    def restore_training_state(self, state: dict[str, Any]) -> None:
        """Go on exactly where `training_state` was taken; call `learn(..., reset_num_timesteps=False)` next."""
        self.policy.load_state_dict(state["policy"])
        self.policy.optimizer.load_state_dict(state["optimizer"])
        self._action_generator.set_state(state["action_generator"])
        self._shuffle_rng.bit_generator.state = state["shuffle_rng"]
        self._last_obs = state["last_observation"]
        self._last_episode_starts = np.asarray(state["last_episode_starts"])
        self._actor_memory, self._critic_memory = state["actor_memory"], state["critic_memory"]
        self.ep_info_buffer = deque(state["episodes"], maxlen=self._stats_window_size)
        self.ep_success_buffer = deque(maxlen=self._stats_window_size)
        self.iteration, self._n_updates = state["iteration"], state["updates"]
        self.num_timesteps = state["num_timesteps"]

    def _get_torch_save_params(self) -> tuple[list[str], list[str]]:
        return ["policy", "policy.optimizer"], []

    def _excluded_save_params(self) -> list[str]:
        return [
            *super()._excluded_save_params(),
            *("_action_generator", "_shuffle_rng", "_actor_memory", "_critic_memory", "_last_obs"),
        ]


def _stack(observations: list[Any]) -> Any:
    if isinstance(observations[0], dict):
        return {name: np.stack([o[name] for o in observations]) for name in observations[0]}
    return np.stack(observations)
