"""What happens beside training: statistics of the task, checkpoints, and ends other than the last step."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol, runtime_checkable

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback

from sim2real.trials.trial_env import TrialEnv

EPISODES = 256
"""Metrics are means over this many of the last episodes, at the least."""


class TaskStatistics(BaseCallback):
    """Logs each reward term per step and the task's metrics over the last episodes, and passes them to `show`."""

    def __init__(self, env: TrialEnv, show: Callable[[BaseAlgorithm, dict[str, float]], None]) -> None:
        super().__init__()
        self._env = env
        self._show = show
        # Where trials run side by side, the last episodes of all of them would be what trials end with.
        trials = 0 if env.stagger else env.num_envs * env.episodes_per_trial
        self._episodes: deque[dict[str, float]] = deque(maxlen=max(EPISODES, trials))
        self.latest: dict[str, float] = {}

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        terms, finished = self._env.pop_statistics()
        self._episodes.extend(finished)
        for name, value in terms.items():
            self.logger.record(f"reward/{name}", value)
        names = self._episodes[0] if self._episodes else ()
        self.latest = {name: float(np.mean([episode[name] for episode in self._episodes])) for name in names}
        for name, value in self.latest.items():
            self.logger.record(f"episode/{name}", value)

    def _on_rollout_start(self) -> None:
        if self.n_calls:  # what is shown has been learnt from, so that speed is that of the whole loop
            self._show(self.model, self.latest)

    def _on_training_end(self) -> None:
        self._show(self.model, self.latest)

    def state(self) -> list[dict[str, float]]:
        """The episodes that the means are over."""
        return list(self._episodes)

    def restore(self, episodes: list[dict[str, float]]) -> None:
        """Put back what `state` returned."""
        self._episodes.extend(episodes)


class Checkpoints(BaseCallback):
    """Calls `save` between iterations, every so many minutes."""

    def __init__(self, save: Callable[[], None], minutes: float) -> None:
        super().__init__()
        self._save = save
        self._seconds = minutes * 60
        self._last = time.monotonic()

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        if time.monotonic() - self._last >= self._seconds:
            self._save()
            self._last = time.monotonic()


@runtime_checkable
class Stoppable(Protocol):
    """An algorithm that can end between iterations."""

    def request_stop(self) -> None:
        """Return from `learn` before the next rollout."""


class Ending(BaseCallback):
    """Ends training between iterations: after some minutes, or when the user interrupts (SIGINT, SIGTERM)."""

    def __init__(self, minutes: float | None) -> None:
        super().__init__()
        self._seconds = None if minutes is None else minutes * 60
        self._before: dict[signal.Signals, Any] = {}
        self.interrupted = False
        self.began = time.monotonic()

    def _on_step(self) -> bool:
        return True

    def _on_training_start(self) -> None:
        self.began = time.monotonic()

    def _on_rollout_start(self) -> None:
        assert isinstance(self.model, Stoppable)
        if self.interrupted or (self._seconds is not None and time.monotonic() - self.began >= self._seconds):
            self.model.request_stop()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = True
        for handled, before in self._before.items():
            signal.signal(handled, before)

    def __enter__(self) -> Ending:
        for handled in (signal.SIGINT, signal.SIGTERM):
            self._before[handled] = signal.signal(handled, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        for handled, before in self._before.items():
            signal.signal(handled, before)
