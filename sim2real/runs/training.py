"""Training a policy in a run's folder, and going on with it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from stable_baselines3.common.callbacks import CallbackList
from stable_baselines3.common.logger import Logger, TensorBoardOutputFormat

from policies import LSTMPPO
from policies.checkpoint import load_checkpoint, save_checkpoint, write_atomically
from policies.update import Diverged
from sim2real.errors import UserError
from sim2real.runs.callbacks import Checkpoints, Ending, TaskStatistics
from sim2real.runs.config import TrainConfig
from sim2real.runs.display import TrainingDisplay
from sim2real.runs.progress_csv import ProgressCSV
from sim2real.runs.run_folder import RunFolder
from sim2real.tasks.task import Task
from sim2real.trials.trial_env import TrialEnv, nominal_draw


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
    distribution = run.worlds(task)
    draw = nominal_draw(distribution) if config.nominal else None
    return TrialEnv(task, config.worlds, distribution, config.seed, config.threads, draw=draw, stagger=True)


def make_model(env: TrialEnv, config: TrainConfig) -> LSTMPPO:
    """The trainer that a configuration describes. Raises UserError where its numbers do not fit."""
    try:
        return LSTMPPO(
            "LSTMPolicy",
            env,
            learning_rate=config.learning_rate,
            n_steps=config.rollout,
            n_epochs=config.epochs,
            n_minibatches=config.minibatches,
            gamma=config.gamma,
            gae_lambda=config.gae_lambda,
            clip_range=config.clip_range,
            ent_coef=config.entropy,
            desired_kl=config.desired_kl,
            value_cut=config.value_cut,
            policy_kwargs={"encoder": (config.hidden,), "hidden": config.hidden, "log_std_init": config.log_std},
            seed=config.seed,
        )
    except ValueError as error:
        raise UserError(str(error)) from error


def train(run: RunFolder, resume: bool = False) -> Trained:
    """Train the run's policy to its end, from its checkpoint if `resume`.

    Interrupted, it finishes the running iteration, saves and returns. Raises CheckpointError for a damaged checkpoint.
    """
    task, config = run.task, run.config
    env = make_env(task, config, run)
    model = make_model(env, config)
    state: dict[str, Any] | None = load_checkpoint(run.checkpoint_path) if resume else None
    if state is not None:
        if state["task"] != task.name:
            raise UserError(f"{run.checkpoint_path} is of task {state['task']!r}, the run of {task.name!r}")
        env.restore(state["env"])
        model.restore_training_state(state["model"])
    before = model.num_timesteps
    display = TrainingDisplay(config, task.metrics, before)
    statistics = TaskStatistics(env, display.show)
    if state is not None:
        statistics.restore(state["episodes"])

    def save() -> None:
        whole = {"task": task.name, "model": model.training_state(), "env": env.state(), "episodes": statistics.state()}
        save_checkpoint(run.checkpoint_path, whole)
        save_policy(model, run)

    outputs = [ProgressCSV(run.progress_path, before), TensorBoardOutputFormat(str(run.path))]
    model.set_logger(Logger(str(run.path), outputs))
    ending = Ending(config.minutes)
    callbacks = CallbackList([statistics, Checkpoints(save, config.checkpoint_minutes), ending])
    with display, ending:
        try:
            model.learn(max(config.steps - before, 0), callbacks, reset_num_timesteps=state is None)
        except Diverged as error:
            last = run.checkpoint_path if run.checkpoint_path.is_file() else "none"
            raise UserError(
                f"training diverged at step {model.num_timesteps}: {error}; last checkpoint: {last}"
            ) from error
        save()
    model.logger.close()
    return Trained(
        steps=model.num_timesteps,
        seconds=model.seconds,
        metrics=statistics.latest,
        interrupted=ending.interrupted,
        diverged_steps=env.simulation.diverged_steps,
    )


def save_policy(model: LSTMPPO, run: RunFolder) -> None:
    """Write `policy.zip`, which `LSTMPPO.load` reads, in one piece."""
    buffer = io.BytesIO()
    model.save(buffer)
    write_atomically(run.policy_path, buffer.getvalue())


def load_policy(run: RunFolder) -> LSTMPPO:
    """The run's policy. Raises UserError if there is none, it is damaged, or it was trained for something else."""
    if not run.policy_path.is_file():
        raise UserError(
            f"{run.path} holds no policy yet ({run.policy_path.name}); train it: sim2real resume {run.path}"
        )
    try:
        model = LSTMPPO.load(run.policy_path, device="cpu")
    except Exception as error:  # whatever a damaged zip or pickle raises
        raise UserError(
            f"{run.policy_path} is damaged: {type(error).__name__}: {' '.join(str(error).split())}"
        ) from error
    task = run.task
    wanted = task.observation_sizes["policy"], *(task.action_space.shape or ())
    given = model.policy.sizes["policy"], *(model.action_space.shape or ())
    if given != wanted:
        raise UserError(
            f"{run.policy_path} is of another task: it takes {given[0]} observations to {given[1:]} actions, "
            f"{task.name} has {wanted[0]} and {wanted[1:]}"
        )
    return model
