"""LSTMPPO: recurrent PPO for trials, as a stable-baselines3 algorithm."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
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

from policies.collecting import Collector, Lengths
from policies.gradients import one_thread_each
from policies.loss import UpdateSettings
from policies.lstm_policy import LSTMPolicy
from policies.rollout import Rollout
from policies.update import update


class LSTMPPO(BaseAlgorithm):
    """PPO with a recurrent actor and critic, for trials of several episodes.

    Memory is cleared where the environment says `done` (the trial's end). The return is cut there, or already at each
    episode's end (`value_cut="episode"`), which the environment marks with `info["episode_end"] = True`; an end that is
    only a time limit (`info["TimeLimit.truncated"]`) bootstraps from the value of `info["terminal_observation"]`.
    So two masks are kept, `memory_reset` and `value_cut`. Environments that are not made of trials work unchanged.

    :param policy: "LSTMPolicy" or a subclass of it; `policy_kwargs` chooses encoder, memory, bins and the critic's group.
    :param env: n worlds; observations are a vector, or a Dict with the groups `policy` and `critic`.
    :param learning_rate: Adam's step size; the starting one if `desired_kl` or `anneal` is set.
    :param n_steps: steps of each world per rollout.
    :param segment: steps of truncated back-propagation; must divide `n_steps`, which it is by default.
    :param burn_in: steps before each segment that are run with the present parameters, without gradient, to refresh the
        memory that it starts from (R2D2, Kapturowski 2019); 0 takes memory as it was when collected.
    :param n_epochs: passes over each rollout.
    :param n_minibatches: minibatches per epoch, each of whole worlds; must divide the number of worlds.
    :param gamma: discount per step, at the start.
    :param gamma_final: discount at the last step, the horizon 1 / (1 - gamma) growing geometrically; None keeps `gamma`.
        What is to be learnt first may be found in a short horizon (OpenAI Five, arXiv 1912.06680, appendix).
    :param gae_lambda: GAE's lambda.
    :param clip_range: PPO's clip of the probability ratio; None for no clip (advantage actor-critic).
    :param clip_range_vf: clip of the change of normalised values; None for none.
    :param ent_coef: weight of the entropy bonus, at the start.
    :param ent_coef_final: weight at the last step, reached linearly; None keeps `ent_coef`.
    :param vf_coef: weight of the value loss (on normalised returns).
    :param max_grad_norm: gradients are scaled down to this norm.
    :param desired_kl: adapt the learning rate to this divergence per update; None does not.
    :param anneal: bring the learning rate linearly to 0 at the last step; not together with `desired_kl`.
    :param baseline: subtract the critic's value from returns; without, returns are those of whole episodes (REINFORCE).
    :param device: "cpu" or "auto"; stable-baselines3 passes it on.
    :param value_cut: "episode" or "trial": where the return is cut.
    :param threads: cores that learn side by side; 0 takes as many as torch would. They change the speed, never the result.
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
        segment: int | None = None,
        burn_in: int = 0,
        n_epochs: int = 4,
        n_minibatches: int = 4,
        gamma: float = 0.99,
        gamma_final: float | None = None,
        gae_lambda: float = 0.95,
        clip_range: float | None = 0.2,
        clip_range_vf: float | None = None,
        ent_coef: float = 0.0,
        ent_coef_final: float | None = None,
        vf_coef: float = 1.0,
        max_grad_norm: float = 1.0,
        desired_kl: float | None = None,
        anneal: bool = False,
        baseline: bool = True,
        value_cut: str = "episode",
        policy_kwargs: dict[str, Any] | None = None,
        stats_window_size: int = 100,
        tensorboard_log: str | None = None,
        verbose: int = 0,
        seed: int | None = None,
        device: torch.device | str = "cpu",
        threads: int = 0,
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
            raise ValueError(f"learning_rate={learning_rate!r}: wanted a number; anneal and desired_kl change it")
        if value_cut not in ("episode", "trial"):
            raise ValueError(f"value_cut={value_cut!r}: wanted 'episode' or 'trial'")
        if gamma_final is not None and max(gamma, gamma_final) >= 1.0:
            raise ValueError(f"gamma={gamma} to gamma_final={gamma_final}: wanted both below 1, for horizons that grow")
        if anneal and desired_kl is not None:
            raise ValueError(f"anneal and desired_kl={desired_kl} both set the learning rate: give one of them")
        self.lengths = Lengths(n_steps, n_steps if segment is None else segment, burn_in)
        self.value_cut, self.anneal, self.threads = value_cut, anneal, threads
        self.gamma_final, self.ent_coef_final = gamma_final, ent_coef_final
        self.update_settings = UpdateSettings(
            n_epochs=n_epochs,
            n_minibatches=n_minibatches,
            gamma=gamma,
            gae_lambda=gae_lambda,
            clip_range=clip_range,
            clip_range_vf=clip_range_vf,
            ent_coef=ent_coef,
            vf_coef=vf_coef,
            max_grad_norm=max_grad_norm,
            desired_kl=desired_kl,
            baseline=baseline,
        )
        self.iteration = 0
        self.stop_requested = False
        self.learn_seconds = 0.0
        if _init_setup_model:
            self._setup_model()

    def _setup_model(self) -> None:
        minibatches = self.update_settings.n_minibatches
        if self.env is not None and (minibatches < 1 or self.n_envs % minibatches):
            raise ValueError(f"n_minibatches={minibatches} does not divide the {self.n_envs} worlds")
        self._setup_lr_schedule()
        self.set_random_seed(self.seed)
        with one_thread_each():  # orthogonal starts are rounded otherwise on several cores
            self.policy = self.policy_class(  # type: ignore[assignment]
                self.observation_space, self.action_space, self.lr_schedule, **self.policy_kwargs
            )
        self.policy.optimizer = torch.optim.Adam(
            self.policy.parameters(), lr=self.lr_schedule(1.0), eps=1e-5, fused=True
        )
        entropy = np.random.SeedSequence(self.seed)
        action_seed, shuffle_seed = entropy.generate_state(2)
        generator = torch.Generator().manual_seed(int(action_seed))
        self._collector = Collector(self.lengths, self._bootstraps(self.update_settings), self.value_cut, generator)
        self._shuffle_rng = np.random.default_rng(shuffle_seed)

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
        fresh = reset_num_timesteps or self._last_obs is None
        total_timesteps, callback = self._setup_learn(
            total_timesteps, callback, reset_num_timesteps, tb_log_name, progress_bar
        )
        if fresh:
            self._collector.begin(self.policy, self._last_obs, self.n_envs)
        self.stop_requested = False
        threads = self.threads or torch.get_num_threads()
        callback.on_training_start(locals(), globals())
        with one_thread_each():
            self._learn(total_timesteps, callback, log_interval, threads)
        callback.on_training_end()
        return self

    def _learn(self, total_timesteps: int, callback: BaseCallback, log_interval: int, threads: int) -> None:
        assert self.env is not None
        while self.num_timesteps < total_timesteps:
            self._update_current_progress_remaining(self.num_timesteps, total_timesteps)
            callback.on_rollout_start()
            if self.stop_requested:
                break
            settings = self._scheduled()
            self._collector.gamma = self._bootstraps(settings)
            rollout = self._collect(self.env, callback)
            if rollout is None:
                break
            callback.update_locals(locals())
            callback.on_rollout_end()
            began = time.perf_counter()
            measured = self._update(rollout, settings, threads)
            self.learn_seconds += time.perf_counter() - began
            self.iteration += 1
            self._n_updates += self.update_settings.n_epochs
            if log_interval and self.iteration % log_interval == 0:
                self._log(measured)

    def _collect(self, env: VecEnv, callback: BaseCallback) -> Rollout | None:
        def stepped(
            rewards: np.ndarray, dones: np.ndarray, infos: list[dict[str, Any]], ended: list[dict[str, Any]]
        ) -> bool:
            self.num_timesteps += env.num_envs
            self._update_info_buffer(ended)
            callback.update_locals(locals())
            return callback.on_step()

        rollout = self._collector.collect(self.policy, env, stepped)
        self._last_obs, self._last_episode_starts = self._collector.observation, self._collector.reset
        return rollout

    def _scheduled(self) -> UpdateSettings:
        """The settings of this iteration."""
        settings, left = self.update_settings, self._current_progress_remaining
        if self.ent_coef_final is not None:
            weight = self.ent_coef_final + left * (settings.ent_coef - self.ent_coef_final)
            settings = replace(settings, ent_coef=weight)
        if self.gamma_final is not None:
            gamma = 1.0 - (1.0 - settings.gamma) ** left * (1.0 - self.gamma_final) ** (1.0 - left)
            settings = replace(settings, gamma=gamma)
        return settings

    @staticmethod
    def _bootstraps(settings: UpdateSettings) -> float | None:
        """The discount of values behind time limits; none where returns are learnt from without values."""
        return settings.gamma if settings.baseline else None

    def _update(self, rollout: Rollout, settings: UpdateSettings, threads: int) -> dict[str, float]:
        optimizer = self.policy.optimizer
        if self.anneal:
            for group in optimizer.param_groups:
                group["lr"] = self._current_progress_remaining * self.lr_schedule(1.0)
        measured = update(self.policy, optimizer, rollout, settings, self._shuffle_rng, threads)
        burn_in = self.lengths.burn_in
        self.policy.policy_normalizer.update(rollout.policy_observation[burn_in:])
        self.policy.critic_normalizer.update(rollout.critic_observation[burn_in:])
        return measured

    def request_stop(self) -> None:
        """Return from `learn` before the next rollout, the state being whole; callbacks and signal handlers use it."""
        self.stop_requested = True

    @property
    def n_steps(self) -> int:
        """Steps of each world per rollout."""
        return self.lengths.rollout

    @property
    def timing(self) -> dict[str, float]:
        """Seconds spent so far simulating, acting and learning."""
        return {**self._collector.timing, "learn": self.learn_seconds}

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

    def predict(
        self,
        observation: np.ndarray | dict[str, np.ndarray],
        state: Any = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """stable-baselines3's protocol; `state` is the actor's memory (n, gates, H), cleared where `episode_start`."""
        generator = None if deterministic else self._collector.generator
        return self.policy.predict(observation, state, episode_start, deterministic, generator)

    def training_state(self) -> dict[str, Any]:
        """All that the next iteration depends on, the environment aside: tensors, numbers and strings only."""
        return {
            "policy": self.policy.state_dict(),
            "optimizer": self.policy.optimizer.state_dict(),
            "shuffle_rng": self._shuffle_rng.bit_generator.state,
            "collector": self._collector.state(),
            "episodes": list(self.ep_info_buffer or ()),
            "iteration": self.iteration,
            "updates": self._n_updates,
            "num_timesteps": self.num_timesteps,
        }

    def restore_training_state(self, state: dict[str, Any]) -> None:
        """Go on exactly where `training_state` was taken; call `learn(..., reset_num_timesteps=False)` next."""
        self.policy.load_state_dict(state["policy"])
        self.policy.optimizer.load_state_dict(state["optimizer"])
        self._shuffle_rng.bit_generator.state = state["shuffle_rng"]
        self._collector.restore(state["collector"])
        self._last_obs, self._last_episode_starts = self._collector.observation, self._collector.reset
        self.ep_info_buffer = deque(state["episodes"], maxlen=self._stats_window_size)
        self.ep_success_buffer = deque(maxlen=self._stats_window_size)
        self.iteration, self._n_updates = state["iteration"], state["updates"]
        self.num_timesteps = state["num_timesteps"]

    def _get_torch_save_params(self) -> tuple[list[str], list[str]]:
        return ["policy", "policy.optimizer"], []

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_collector", "_shuffle_rng", "_last_obs"]
