"""How training shows its progress on a terminal."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from stable_baselines3.common.base_class import BaseAlgorithm

from sim2real.runs.config import TrainConfig


def seconds_left(config: TrainConfig, speed: float, steps: int, seconds: float) -> float:
    """Time until training ends [s] that has gone on for so many `seconds` since it was begun or resumed, at `speed` steps/s:
    by its steps, or by its minutes if they are over sooner."""
    left = max(config.steps - steps, 0) / max(speed, 1e-9)
    return left if config.minutes is None else min(left, max(60 * config.minutes - seconds, 0.0))


class TrainingDisplay:
    """A progress bar with steps/s, time left and the task's metrics; one line every half minute where it is no terminal."""

    LINE_SECONDS = 30.0

    def __init__(self, config: TrainConfig, units: dict[str, str], began_at: int) -> None:
        self._console = Console(stderr=True)
        self._config = config
        self._units = units
        self._progress = Progress(
            TextColumn("{task.percentage:3.0f}%"),
            BarColumn(bar_width=20),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._bar = self._progress.add_task("", total=1.0)
        self._began = time.monotonic()
        self._began_at = began_at
        self._line = 0.0

    def show(self, model: BaseAlgorithm, metrics: dict[str, float]) -> None:
        """Bring it up to date."""
        seconds = time.monotonic() - self._began
        share = model.num_timesteps / self._config.steps
        if self._config.minutes is not None:
            share = max(share, seconds / 60 / self._config.minutes)
        speed = (model.num_timesteps - self._began_at) / max(seconds, 1e-9)
        shown = [f"{model.num_timesteps / 1e6:.2f}M steps", f"{speed:,.0f} steps/s"]
        for name in ("return", *self._units):
            if name in metrics:
                unit = self._units.get(name, "1")
                shown.append(f"{name.replace('_', ' ')} {metrics[name]:.3g}{'' if unit == '1' else ' ' + unit}")
        text = " · ".join(shown)
        self._progress.update(self._bar, completed=min(share, 1.0), description=text)
        if not self._console.is_terminal and time.monotonic() - self._line >= self.LINE_SECONDS:
            self._line = time.monotonic()
            left = seconds_left(self._config, speed, model.num_timesteps, seconds)
            line = f"{share:4.0%} {seconds:5.0f} s, {left:.0f} s left · {text}"
            self._console.print(line, highlight=False, soft_wrap=True)

    def __enter__(self) -> TrainingDisplay:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
