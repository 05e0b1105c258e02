"""Training a policy in a run's folder, and going on with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat

from policies import A2C, LSTMPPO, REINFORCE
from policies.checkpoint import load_checkpoint, save_checkpoint, write_atomically
from policies.update import Diverged, NoReturns
from randomizers import dump_worlds
from sim2real.errors import UserError
from sim2real.runs.adr import ADRStatistics, make_adr
from sim2real.runs.baseline_limits import BASELINES
from sim2real.runs.baselines import Baseline, PolicyGroup, make_baseline
from sim2real.runs.callbacks import Checkpoints, Ending, TaskStatistics
from sim2real.runs.config import TrainConfig
from sim2real.runs.display import TrainingDisplay
from sim2real.runs.held_out import HeldOut
from sim2real.runs.policy_file import save_policy
from sim2real.runs.progress_csv import ProgressCSV
from sim2real.runs.run_folder import RunFolder
from sim2real.runs.starting import start_from
from sim2real.tasks.task import Task
from sim2real.trials.trial_env import TrialEnv, nominal_draw

ALGORITHMS: dict[str, type[LSTMPPO]] = {"ppo": LSTMPPO, "a2c": A2C, "reinforce": REINFORCE}


@dataclass(frozen=True)
class Trained:
    """What training came to."""

    steps: int
    """Control steps over all worlds, from the run's beginning."""
    seconds: float
    """Wall-clock seconds of this call."""
    metrics: dict[str, float]
    """Means over the last training episodes, actions sampled."""
    interrupted: bool
    """Whether the user ended it."""
    diverged_steps: int
    """Steps in which the physics of some world broke down."""


def make_env(task: Task, config: TrainConfig, run: RunFolder) -> TrialEnv:
    """The worlds that a run trains in."""
    distribution = run.given_worlds(task)
    return TrialEnv(
        task,
        config.worlds,
        distribution,
        config.seed,
        config.threads,
        draw=nominal_draw(distribution) if config.nominal else None,
        stagger=config.stagger,
        adr=make_adr(task, config, distribution),
        performance=config.adr_metric,
    )


def make_model(env: TrialEnv, config: TrainConfig) -> LSTMPPO | Baseline:
    """The trainer that a configuration describes. Raises UserError where its numbers do not fit."""
    if config.algo in BASELINES:
        return make_baseline(PolicyGroup(env), config)
    widths = (config.hidden,) if config.memory != "none" else (config.hidden, config.hidden)
    network = {
        "encoder": config.encoder,
        "widths": widths,
        "memory": config.memory,
        "memory_span": config.memory_span,
        "hidden": config.hidden,
        "shared": config.shared,
        "critic_group": config.critic_group,
        "image": env.task.image,
        "bins": config.bins,
        "log_std_init": config.log_std,
    }
    try:
        return ALGORITHMS[config.algo](
            "LSTMPolicy",
            env,
            learning_rate=config.learning_rate,
            n_steps=config.rollout,
            segment=config.segment,
            burn_in=config.burn_in,
            n_epochs=config.epochs,
            n_minibatches=config.minibatches,
            gamma=config.gamma,
            gamma_final=config.gamma_final,
            gae_lambda=config.gae_lambda,
            clip_range=config.clip_range,
            clip_range_vf=config.value_clip,
            ent_coef=config.entropy,
            ent_coef_final=config.entropy_final,
            max_grad_norm=config.gradient_clip,
            desired_kl=config.desired_kl,
            anneal=config.anneal,
            value_cut=config.value_cut,
            policy_kwargs=network,
            seed=config.seed,
            threads=config.threads,
        )
    except ValueError as error:
        raise UserError(str(error)) from error


def train(run: RunFolder, resume: bool = False) -> Trained:
    """Train the run's policy to its end, from its checkpoint if `resume`.

    Interrupted, it finishes the running iteration, saves and returns. Raises CheckpointError for a damaged checkpoint,
    UserError for a baseline to resume.
    """
    task, config = run.task, run.config
    env = make_env(task, config, run)
    model = make_model(env, config)
    state = _begin(model, env, run, resume)
    before = model.num_timesteps
    display = TrainingDisplay(config, task.metrics, before)
    statistics = TaskStatistics(env, display.show)
    if state is not None:
        statistics.restore(state["episodes"])

    def save() -> None:
        if isinstance(model, LSTMPPO):
            whole = {"model": model.training_state(), "env": env.state(), "episodes": statistics.state()}
            save_checkpoint(run.checkpoint_path, {"task": task.name, **whole})
        if env.adr is not None:
            write_atomically(run.reached_path, dump_worlds(env.adr.adr.distribution).encode())
        save_policy(model, run)

    outputs = [ProgressCSV(run.progress_path, before), TensorBoardOutputFormat(str(run.path))]
    model.set_logger(Logger(str(run.path), outputs))
    ending = Ending(config.minutes)
    beside: list[BaseCallback] = []
    if env.adr is not None:
        beside.append(ADRStatistics(env.adr.adr))
    if config.held_out:
        beside.append(HeldOut(task, env.distribution, config.held_out, config.held_out_every, config.threads))
    callbacks = CallbackList([statistics, *beside, Checkpoints(save, config.checkpoint_minutes), ending])
    with display, ending:
        try:
            model.learn(max(config.steps - before, 0), callbacks, reset_num_timesteps=state is None)
        except Diverged as error:
            last = run.checkpoint_path if run.checkpoint_path.is_file() else "none"
            raise UserError(
                f"training diverged at step {model.num_timesteps}: {error}; last checkpoint: {last}"
            ) from error
        except NoReturns as error:
            raise UserError(f"{config.algo}, rollout={config.rollout}: {error}") from error
        save()
    model.logger.close()
    return Trained(
        steps=model.num_timesteps,
        seconds=model.seconds,
        metrics=statistics.latest,
        interrupted=ending.interrupted,
        diverged_steps=env.simulation.diverged_steps,
    )


def _begin(model: LSTMPPO | Baseline, env: TrialEnv, run: RunFolder, resume: bool) -> dict[str, Any] | None:
    """Bring model and worlds to where training begins; returns the checkpoint that it goes on from, if it does."""
    if not isinstance(model, LSTMPPO):
        if resume:
            raise UserError(f"{run.path} cannot be resumed: {run.config.algo} is a baseline, which keeps no checkpoint")
        return None
    state: dict[str, Any] | None = load_checkpoint(run.checkpoint_path) if resume else None
    if state is None:
        start_from(model, run)
    else:
        if state["task"] != run.task.name:
            raise UserError(f"{run.checkpoint_path} is of task {state['task']!r}, the run of {run.task.name!r}")
        env.restore(state["env"])
        model.restore_training_state(state["model"])
    model.policy.freeze(run.config.freeze)
    return state
