"""TrainConfig: everything that decides a training run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim2real.runs.baseline_limits import BASELINES, refused


class TrainConfig(BaseModel):
    """Everything that decides a training run; written into the run's folder as `config.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    algo: Literal["ppo", "a2c", "reinforce", "sb3-ppo", "sb3-recurrent-ppo"] = "ppo"
    """What learns: PPO, or the plainer policy gradients it comes from, with any memory; or, as baselines on the same
    worlds, stable-baselines3's PPO (without memory) and sb3-contrib's RecurrentPPO, which see the policy group alone."""
    steps: int = Field(10_000_000, ge=1)
    """Control steps over all worlds after which training ends."""
    minutes: float | None = Field(None, gt=0)
    """Wall-clock minutes after which training ends even if `steps` are not reached; no limit if not given."""
    worlds: int = Field(256, ge=1)
    """Worlds simulated side by side."""
    stagger: bool = True
    """Start the worlds' first trials at different times, so that not all end together. Trials of one fixed length are
    learnt from faster without it, at a `rollout` that is a multiple of their length."""
    distribution: Path | None = None
    """YAML file of the worlds to train in; the task's own if not given."""
    finite: int | None = Field(None, ge=1)
    """Train in only so many of the worlds, again and again; those of the distribution, without end, if not given."""
    finite_seed: int | None = Field(None, ge=0)
    """Which finite set of worlds; the distribution's own if not given."""
    unseen: bool = False
    """Train in worlds held out from training: of the unseen ranges, or beyond the task's finite set. For fine-tuning."""
    start_from: Path | None = None
    """Run folder whose policy and normalisers training starts from; networks must be of the same make."""
    freeze: tuple[Literal["encoder", "memory", "head", "critic"], ...] = ()
    """Parts that keep what they started with: the actor's encoder, its memory, its output layer; the whole critic."""
    held_out: int = Field(0, ge=0)
    """Worlds of each kind, seen and held out, in which the policy is measured beside training; 0 for none."""
    held_out_every: int = Field(50, ge=1)
    """Updates from one such measurement to the next."""
    nominal: bool = False
    """Train in the nominal world only, without any randomization (for comparison)."""
    seed: int = Field(0, ge=0)
    """Seed of everything random."""
    threads: int = Field(0, ge=0)
    """Threads of the simulation; 0 takes one per core. They change the speed, never the result."""
    rollout: int = Field(32, ge=1)
    """Steps of each world per update."""
    segment: int | None = Field(None, ge=1)
    """Steps of truncated back-propagation through time; must divide `rollout`, which it is if not given."""
    burn_in: int = Field(0, ge=0)
    """Steps before each segment that refresh the memory it starts from; 0 takes memory as it was stored."""
    epochs: int = Field(2, ge=1)
    """Passes over each rollout."""
    minibatches: int = Field(4, ge=1)
    """Minibatches per pass, each of whole worlds; must divide `worlds`."""
    learning_rate: float = Field(5e-4, gt=0)
    """Adam's step size, at the start."""
    anneal: bool = False
    """Bring the learning rate linearly to 0 at the last of `steps`; wants no `desired_kl`."""
    desired_kl: float | None = Field(0.02, gt=0)
    """Divergence per update that the learning rate is adapted to; it stays as it is if none is given."""
    gamma: float = Field(0.98, gt=0, le=1)
    """Discount per control step, at the start."""
    gamma_final: float | None = Field(None, gt=0, lt=1)
    """Discount at the last of `steps`, the horizon growing geometrically; as at the start if not given."""
    gae_lambda: float = Field(0.95, ge=0, le=1)
    """Lambda of generalised advantage estimation."""
    clip_range: float = Field(0.2, gt=0)
    """PPO's clip of the probability ratio."""
    value_clip: float | None = Field(None, gt=0)
    """Clip of the change of normalised values; none if not given."""
    entropy: float = Field(0.0, ge=0)
    """Weight of the entropy bonus, at the start."""
    entropy_final: float | None = Field(None, ge=0)
    """Weight of the entropy bonus at the last of `steps`, reached linearly; as at the start if not given."""
    gradient_clip: float = Field(1.0, gt=0)
    """Gradients are scaled down to this norm."""
    value_cut: Literal["episode", "trial"] = "episode"
    """Where returns are cut: at each episode's end, or only at the trial's."""
    memory: Literal["lstm", "gru", "none"] = "lstm"
    """What carries over from step to step."""
    encoder: Literal["mlp", "cnn", "impala"] = "mlp"
    """What comes before the memory: a dense layer, or convolutions where observations begin with an image."""
    hidden: int = Field(128, ge=1)
    """Width of the encoder's dense layer and of the memory, of actor and critic alike."""
    shared: bool = False
    """The critic is a dense layer on the actor's features and its own group; otherwise a network with its own memory."""
    critic_group: str = "critic"
    """Observation group that the critic sees."""
    bins: int | None = Field(None, ge=2)
    """Choose each coordinate of a continuous action among so many values (Dactyl: 11); a Gaussian if not given."""
    log_std: float = -0.7
    """Logarithm of the actions' standard deviation at the start."""
    checkpoint_minutes: float = Field(2.0, gt=0)
    """Minutes between checkpoints."""

    @model_validator(mode="before")
    @classmethod
    def _as_a_baseline_does(cls, given: dict[str, Any]) -> dict[str, Any]:
        """A baseline's only choices where none is given."""
        return {**BASELINES.get(given.get("algo", ""), {}), **given}

    @model_validator(mode="after")
    def _numbers_fit(self) -> TrainConfig:
        if self.worlds % self.minibatches:
            raise ValueError(f"minibatches={self.minibatches} does not divide worlds={self.worlds}")
        segment = self.segment or self.rollout
        if self.rollout % segment:
            raise ValueError(f"segment={segment} does not divide rollout={self.rollout}")
        if self.burn_in > segment:
            raise ValueError(f"burn_in={self.burn_in} is longer than segments of {segment} steps")
        if self.finite_seed is not None and self.finite is None:
            raise ValueError(f"finite_seed={self.finite_seed} chooses a finite set: give its number of worlds, finite")
        if self.freeze and self.start_from is None:
            raise ValueError(f"freeze={', '.join(self.freeze)}: untrained parts would be kept; give start_from as well")
        if self.anneal and self.desired_kl is not None:
            raise ValueError(f"anneal and desired_kl={self.desired_kl} both set the learning rate: give one of them")
        if impossible := refused(self.algo, vars(self)):
            raise ValueError(impossible)
        return self
