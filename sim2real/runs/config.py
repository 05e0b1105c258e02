"""TrainConfig: everything that decides a training run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class TrainConfig(BaseModel):
    """Everything that decides a training run; written into the run's folder as `config.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(10_000_000, ge=1)
    """Control steps over all worlds after which training ends."""
    minutes: float | None = Field(None, gt=0)
    """Wall-clock minutes after which training ends even if `steps` are not reached; no limit if not given."""
    worlds: int = Field(256, ge=1)
    """Worlds simulated side by side."""
    distribution: Path | None = None
    """YAML file of the worlds to train in; the task's own if not given."""
    nominal: bool = False
    """Train in the nominal world only, without any randomization (for comparison)."""
    seed: int = Field(0, ge=0)
    """Seed of everything random."""
    threads: int = Field(0, ge=0)
    """Threads of the simulation; 0 takes one per core. They change the speed, never the result."""
    rollout: int = Field(32, ge=1)
    """Steps of each world per update, which is also the length of truncated back-propagation through time."""
    epochs: int = Field(2, ge=1)
    """Passes over each rollout."""
    minibatches: int = Field(4, ge=1)
    """Minibatches per pass, each of whole worlds; must divide `worlds`."""
    learning_rate: float = Field(5e-4, gt=0)
    """Adam's step size, at the start."""
    desired_kl: float | None = Field(0.02, gt=0)
    """Divergence per update that the learning rate is adapted to; it stays as it is if none is given."""
    gamma: float = Field(0.98, gt=0, le=1)
    """Discount per control step."""
    gae_lambda: float = Field(0.95, ge=0, le=1)
    """Lambda of generalised advantage estimation."""
    clip_range: float = Field(0.2, gt=0)
    """PPO's clip of the probability ratio."""
    entropy: float = Field(0.0, ge=0)
    """Weight of the entropy bonus."""
    value_cut: Literal["episode", "trial"] = "episode"
    """Where returns are cut: at each episode's end, or only at the trial's."""
    hidden: int = Field(128, ge=1)
    """Width of the encoder and of the LSTM, of actor and critic alike."""
    log_std: float = -0.7
    """Logarithm of the actions' standard deviation at the start."""
    checkpoint_minutes: float = Field(2.0, gt=0)
    """Minutes between checkpoints."""

    @model_validator(mode="after")
    def _minibatches_are_whole_worlds(self) -> TrainConfig:
        if self.worlds % self.minibatches:
            raise ValueError(f"minibatches={self.minibatches} does not divide worlds={self.worlds}")
        return self
