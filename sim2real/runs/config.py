"""TrainConfig: everything that decides a training run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from sim2real.errors import UserError
from sim2real.runs.baseline_limits import BASELINES, refused
from sim2real.runs.world_source import WorldSource, pairs
from sim2real.tasks.task import Task


class TrainConfig(WorldSource):
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
    world: tuple[Path, ...] = ()
    """JSON files of the worlds to train in: exactly these and no others, as `sim2real worlds --out` writes them."""
    finite: int | None = Field(None, ge=1)
    """Train in only so many of the worlds, again and again; those of the distribution, without end, if not given."""
    finite_seed: int | None = Field(None, ge=0)
    """Which finite set of worlds; the distribution's own if not given."""
    adr: Literal["openai", "dextreme"] | None = None
    """Automatic domain randomization with published numbers: ranges begin at the nominal world and grow, up to those of
    the distribution, where the policy does well. The next five change one of the numbers each."""
    adr_metric: str | None = None
    """Metric, or return, that trials are judged by, as a mean over their episodes; the task's first if not given."""
    adr_low: float | None = None
    """A range narrows where the metric is at or below this; 10 or 5 goals in a row if not given."""
    adr_high: float | None = None
    """A range widens where the metric is at or above this; 20 goals in a row if not given."""
    adr_boundary: float | None = Field(None, gt=0, le=1)
    """Share of worlds on one end of a range, which decide whether it moves; 0.5 or 0.4 if not given."""
    adr_queue: int | None = Field(None, ge=1)
    """Trials at an end of a range before it moves; 240 or 256 if not given."""
    adr_step: float | None = Field(None, gt=0, le=1)
    """How far it then moves, as a share of the widest range; 0.02 if not given."""
    unseen: bool = False
    """Train in worlds held out from training: of the unseen ranges, or beyond the task's finite set. For fine-tuning."""
    start_from: Path | None = None
    """Run folder whose policy and normalisers training starts from; networks must be of the same make. Its task may have told
    policies less than this one does."""
    start_log_std: float | None = None
    """Logarithm of the standard deviation that the actions of that policy begin with here, to search anew; as it is if not
    given."""
    freeze: tuple[Literal["encoder", "memory", "head", "critic"], ...] = ()
    """Parts that keep what they started with: the actor's encoder, its memory, its output layer; the whole critic."""
    held_out: int = Field(0, ge=0)
    """Worlds of each kind, seen and held out, in which the policy is measured beside training; 0 for none."""
    held_out_every: int = Field(50, ge=1)
    """Updates from one such measurement to the next."""
    nominal: bool = False
    """Train in the nominal world only, without any randomization (for comparison)."""
    reward: tuple[str, ...] = ()
    """Weights of the reward, and what counts as reached or failed, to change, as NAME=VALUE, such as drop=-60; a name that
    is none is refused with those that there are."""
    seed: int = Field(0, ge=0)
    """Seed of everything random."""
    threads: int = Field(0, ge=0)
    """Threads of simulating and of learning; 0 takes one per core. They change the speed, never the result."""
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
    memory: Literal["lstm", "gru", "table", "none"] = "lstm"
    """What carries over from step to step. A `table` is an LSTM that also reads means by key of all that a trial has shown,
    such as of what each action in each state led to; it costs about twice the time of an LSTM."""
    memory_span: int | None = Field(None, ge=3)
    """Steps that the memory reaches back at the start of training, spread over its cells up to this many; if not given, all
    begin by losing half at each step. A table keeps for 2000 by itself, whatever is given. The length of a trial where
    everything in it is to be remembered."""
    encoder: Literal["mlp", "gated", "cnn", "impala"] = "mlp"
    """What comes before the memory: a dense layer; the same after products of pairs of features (`gated`), where what was
    done and what it brought must be put together; or convolutions where observations begin with an image."""
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

    def rewarded(self, task: Task) -> Task:
        """The task with the reward as this run changes it. Raises UserError."""
        changes: dict[str, float] = {}
        for name, value in pairs("--reward", self.reward, "drop=-60").items():
            try:
                changes[name] = float(value)
            except ValueError:
                changes[name] = math.nan
            if not math.isfinite(changes[name]):
                raise UserError(f"--reward {name}={value}: wanted a finite number")
        return task.rewarded(changes)

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
        self._adr_fits()
        if self.freeze and self.start_from is None:
            raise ValueError(f"freeze={', '.join(self.freeze)}: untrained parts would be kept; give start_from as well")
        if self.start_log_std is not None and self.start_from is None:
            raise ValueError(
                f"start_log_std={self.start_log_std:g} is for another run's policy: give start_from as well"
            )
        if self.world and (self.finite is not None or self.unseen):
            raise ValueError("world gives the worlds to train in one by one: give neither finite nor unseen with it")
        if self.anneal and self.desired_kl is not None:
            raise ValueError(f"anneal and desired_kl={self.desired_kl} both set the learning rate: give one of them")
        if impossible := refused(self.algo, vars(self)):
            raise ValueError(impossible)
        return self

    def _adr_fits(self) -> None:
        given = {name: value for name, value in vars(self).items() if name.startswith("adr_") and value is not None}
        if self.adr is None and given:
            first, value = next(iter(given.items()))
            raise ValueError(f"{first}={value} is a number of automatic domain randomization: give adr")
        for other in ("nominal", "finite", "unseen"):
            if self.adr is not None and getattr(self, other):
                raise ValueError(f"adr and {other} both decide what worlds are drawn from: give one of them")
