"""How fast a recurrent policy learns from a task's worlds: env steps/s of the whole loop, collecting and updating.

`sim2real bench train --json` prints what `measure` returns. All learn the same task with the task's own recipe: the same
networks, steps per update, epochs and steps per minibatch, and cores. Against

- sb3-contrib's RecurrentPPO on the very worlds, `TrialEnv`;
- the same as its users run it: `make_vec_env(task, PROCESSES, vec_env_cls=SubprocVecEnv)`, one gymnasium environment per
  process, its rollouts so many steps longer that an update sees as many steps;
- a PPO as CleanRL writes it (`reference_lstm_ppo`), on `TrialEnv`.

sb3-contrib's critic sees the policy group, which is smaller than what the other two critics see. The limit is what no
trainer can leave out: the simulation alone, in a second `TrialEnv` that repeats the same actions, and the passes alone:
acting step by step, then the fused forward and backward passes over minibatches of random data in which no trial ends, in
the very parts and on as many cores.
"""

from __future__ import annotations

import copy
import gc
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv
from torch import nn

from benchmarks.reference_lstm_ppo import ReferencePPO
from benchmarks.rows import Row
from policies import LSTMPPO
from policies.gradients import blocks, one_core_threads, one_thread_each
from policies.networks import RecurrentNetwork
from sim2real.runs.baselines import PolicyGroup, make_baseline
from sim2real.runs.config import TrainConfig
from sim2real.runs.training import make_model
from sim2real.tasks.task import Task
from sim2real.trials.trial_env import TrialEnv

PROCESSES = 8
"""Environments of a SubprocVecEnv, as stable-baselines3's tuned recipes have them."""
LEAST_RATIOS = {"RecurrentPPO": 7.0, "RecurrentPPO, SubprocVecEnv": 12.0, "CleanRL-style": 1.5}
MOST_OVERHEAD = 0.10
TURN = 1.0  # s, at least one iteration


def measure(task: Task, worlds: Sequence[int], seconds: float, threads: int) -> Iterator[Row]:
    """All rows of one task; each learner is measured for so many seconds, at least an iteration in each of its turns."""
    threads = threads or torch.get_num_threads()
    for n in worlds:
        config = TrainConfig(**{**task.recipe, "worlds": n, "threads": threads})
        took = _in_turns(task, config, seconds)
        steps = n * config.rollout
        where = f"{task.name} {n} worlds"
        ours = took["LSTMPPO"]
        for name, taken in took.items():
            yield Row(f"{where}, {name}", steps / taken, "env steps/s", "", None)
        for name, least in LEAST_RATIOS.items():
            ratio = took[name] / ours
            yield Row(f"{where}, LSTMPPO to {name}", ratio, "1", f">= {least:g}", ratio >= least)
        share = (ours - took["simulation alone"] - took["passes alone"]) / ours
        yield Row(f"{where}, share that is neither", share, "1", f"<= {MOST_OVERHEAD}", share <= MOST_OVERHEAD)


def _in_turns(task: Task, config: TrainConfig, seconds: float) -> dict[str, float]:
    """Seconds per iteration of each, all taking turns, so that a machine that slows down slows all."""
    env = TrialEnv(task, config.worlds, seed=config.seed, threads=config.threads, stagger=config.stagger)
    model = make_model(env, config)
    assert isinstance(model, LSTMPPO)
    limits = {"simulation alone": _repeated(env, config), "passes alone": _passes(model, config)}
    peers, processes = _peers(task, config)
    learners = {"LSTMPPO": _iterations(model), **peers}
    taken = dict.fromkeys([*learners, *limits], 0.0)
    iterations = dict.fromkeys(taken, 0)
    try:
        for turn in range(-1, math.ceil(seconds / TURN)):
            for name, iterate in learners.items():
                count, took = _timed(iterate, TURN)
                own = {name: took}
                if name == "LSTMPPO":
                    own |= {limit: _timed(again, 0.0, count)[1] for limit, again in limits.items()}
                if turn < 0:  # warming up
                    continue
                for side, spent in own.items():
                    taken[side], iterations[side] = taken[side] + spent, iterations[side] + count
    finally:
        processes.close()
    return {name: taken[name] / iterations[name] for name in taken}


def _timed(iterate: Callable[[], object], seconds: float, least: int = 1) -> tuple[int, float]:
    """Iterations within so many seconds, of which there are at least so many, and the seconds that they took."""
    gc.collect()
    count, began = 0, time.perf_counter()
    while count < least or time.perf_counter() - began < seconds:
        iterate()
        count += 1
    return count, time.perf_counter() - began


def _peers(task: Task, config: TrainConfig) -> tuple[dict[str, Callable[[], object]], SubprocVecEnv]:
    """The contestants, and the processes to end."""

    def env() -> TrialEnv:
        return TrialEnv(task, config.worlds, seed=config.seed, threads=config.threads, stagger=config.stagger)

    kept = ("epochs", "minibatches", "learning_rate", "gamma", "gae_lambda", "clip_range", "gradient_clip", "hidden")
    same = {name: getattr(config, name) for name in kept}
    steps = config.worlds * config.rollout
    recurrent = TrainConfig(algo="sb3-recurrent-ppo", worlds=config.worlds, rollout=config.rollout, **same)
    long = TrainConfig(algo="sb3-recurrent-ppo", worlds=PROCESSES, rollout=steps // PROCESSES, **same)
    processes = make_vec_env(f"sim2real:{task.name}", PROCESSES, vec_env_cls=SubprocVecEnv)
    assert isinstance(processes, SubprocVecEnv)
    reference = ReferencePPO(
        env(), config.rollout, config.epochs, config.minibatches, config.hidden, config.learning_rate
    )
    return {
        "CleanRL-style": reference.iterate,
        "RecurrentPPO": _iterations(make_baseline(PolicyGroup(env()), recurrent)),
        "RecurrentPPO, SubprocVecEnv": _iterations(make_baseline(processes, long)),
    }, processes


def _iterations(model: LSTMPPO | object) -> Callable[[], object]:
    """Has a stable-baselines3 algorithm collect and update once more."""
    return lambda: model.learn(1, log_interval=None, reset_num_timesteps=False)


def _repeated(env: TrialEnv, config: TrainConfig) -> Callable[[], None]:
    """Has a second TrialEnv do what the first one did in an iteration, action by action."""
    twin = TrialEnv(env.task, env.num_envs, seed=config.seed, threads=config.threads, stagger=config.stagger)
    twin.seed(config.seed)
    twin.reset()
    recorded: deque[np.ndarray] = deque()
    step = env.step

    def recording(actions: np.ndarray) -> object:
        recorded.append(actions)
        return step(actions)

    def iterate() -> None:
        for _ in range(config.rollout):
            twin.step(recorded.popleft())

    env.step = recording  # type: ignore[method-assign]
    return iterate


def _passes(model: LSTMPPO, config: TrainConfig) -> Callable[[], None]:
    """The networks' passes of one iteration, on random data, on as many cores."""
    policy = copy.deepcopy(model.policy)
    n, m = config.worlds, config.worlds // config.minibatches
    networks = [(policy.actor, policy.action_net, "policy"), (policy.critic, policy.value_net, "critic")]
    acting = {group: torch.randn(config.rollout, 1, n, policy.sizes[group]) for _, _, group in networks}
    learning = {group: torch.randn(config.rollout, m, policy.sizes[group]) for _, _, group in networks}
    jobs = [
        (network, head, learning[group][:, columns])
        for network, head, group in networks
        for columns in blocks(config.rollout, m)
    ]

    def differentiate(job: tuple[RecurrentNetwork, nn.Linear, torch.Tensor]) -> None:
        network, head, observation = job
        output = head(network(observation, network.initial_memory(observation.shape[1]))[0])
        torch.autograd.grad(output.mean(), [*network.parameters(), *head.parameters()])

    def iterate() -> None:
        with one_thread_each(), one_core_threads(config.threads) as pool:
            for network, head, group in networks:
                memory = network.initial_memory(n)
                with torch.no_grad():
                    for observation in acting[group]:
                        features, memory = network(observation, memory)
                        head(features)
            for _ in range(config.epochs * config.minibatches):
                list(pool.map(differentiate, jobs))

    return iterate
