"""Automatic domain randomization of a training run: what a configuration says of it, and what is logged."""

from __future__ import annotations

from dataclasses import replace

from stable_baselines3.common.callbacks import BaseCallback

from randomizers import ADR, ADR_PRESETS, WorldDistribution, WorldsError
from sim2real.errors import UserError
from sim2real.runs.config import TrainConfig
from sim2real.tasks.task import Task

COUNTED = "goals"
"""The metric that thresholds of the presets are meant for: goals reached in a row."""


def make_adr(task: Task, config: TrainConfig, widest: WorldDistribution) -> ADR | None:
    """The automatic domain randomization that a configuration asks for, if it does.

    Raises UserError for a metric that the task does not have, for thresholds that are missing, and where there are no
    ranges to move.
    """
    if config.adr is None:
        return None
    metrics = {**task.metrics, "return": "1"}
    metric = config.adr_metric or next(iter(task.metrics))
    if metric not in metrics:
        raise UserError(f"adr_metric={metric}: {task.name} does not measure that; metrics: {', '.join(metrics)}")
    settings = ADR_PRESETS[config.adr]
    if metric != COUNTED and (config.adr_low is None or config.adr_high is None):
        raise UserError(
            f"adr={config.adr}: its thresholds {settings.low:g} and {settings.high:g} are goals reached in a row, but "
            f"{task.name} is judged by {metric} [{metrics[metric]}]: give adr_low and adr_high"
        )
    changes = {
        "boundary": config.adr_boundary,
        "queue": config.adr_queue,
        "low": config.adr_low,
        "high": config.adr_high,
        "step": config.adr_step,
    }
    try:
        settings = replace(settings, **{name: value for name, value in changes.items() if value is not None})  # type: ignore[arg-type]
        return ADR(widest, settings)
    except WorldsError as error:
        raise UserError(f"adr={config.adr}: {error}") from error


class ADRStatistics(BaseCallback):
    """Logs the entropy of the ranges, how far they are widened, and where both ends of each are."""

    def __init__(self, adr: ADR) -> None:
        super().__init__()
        self._adr = adr

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        self.logger.record("adr/entropy", self._adr.entropy)
        self.logger.record("adr/widened", self._adr.widened)
        for name, (low, high) in self._adr.bounds.items():
            self.logger.record(f"adr/{name}/low", low)
            self.logger.record(f"adr/{name}/high", high)
