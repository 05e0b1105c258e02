"""HeldOut: the policy in training worlds and in held-out ones, side by side while it trains."""

from __future__ import annotations

from stable_baselines3.common.callbacks import BaseCallback

from policies import LSTMPPO
from randomizers import WorldDistribution
from sim2real.evaluation.choice import choose_worlds
from sim2real.evaluation.evaluate import evaluate
from sim2real.evaluation.players import TrainedPlayer
from sim2real.tasks.task import Task

_SEED = 2_000_003
"""Worlds measured in here are not those of `sim2real evaluate`."""


class HeldOut(BaseCallback):
    """Every so many updates, plays a trial in each of n seen and n held-out worlds, always the same ones, and logs the
    task's metrics as `seen/...` and `unseen/...`: where they part, the policy begins to over-fit its worlds.

    Actions are the likeliest ones. Training goes on as if nothing had been measured.
    """

    def __init__(self, task: Task, distribution: WorldDistribution, worlds: int, every: int, threads: int) -> None:
        super().__init__()
        self._task, self._distribution, self._every, self._threads = task, distribution, every, threads
        self._worlds = {kind: choose_worlds(distribution, kind, worlds, _SEED) for kind in ("seen", "unseen")}
        self.latest: dict[str, float] = {}

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        assert isinstance(self.model, LSTMPPO)
        if self.model.iteration % self._every:
            return
        policy = self.model.policy
        for kind, worlds in self._worlds.items():
            measured = evaluate(
                self._task, TrainedPlayer(policy), worlds, self._distribution, threads=self._threads
            ).metrics
            for name in (*self._task.metrics, "return"):
                self.latest[f"{kind}/{name}"] = float(measured[name].mean())
        for name, value in self.latest.items():
            self.logger.record(name, value)
