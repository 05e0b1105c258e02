"""EvaluationFile: what `evaluation.json` says about a run's policy in given worlds."""

from __future__ import annotations

from pydantic import Field, model_validator

from sim2real.evaluation.bootstrap import Interval
from sim2real.evaluation.choice import WorldsKind
from sim2real.report.json_file import FileModel
from sim2real.report.metric import Metric
from sim2real.report.numbers import decimals

COMPARED: tuple[WorldsKind, ...] = ("seen", "unseen")
"""Those that are drawn."""
TRAINED = "trained"
"""Name of the run's own policy."""


class Elsewhere(FileModel):
    """One policy in m worlds of a preset, or seen ones of which a term is unseen; K episodes in each."""

    policy: str
    worlds_kind: str
    """The preset, or "unseen" and the term."""
    worlds: int = Field(ge=1)
    """m, the number of worlds."""
    episodes_per_trial: int = Field(ge=1)
    diverged_episodes: int = Field(ge=0)
    metrics: dict[str, Interval]
    """Means over worlds."""
    by_episode: dict[str, list[Interval]]
    """The same for each of K episodes."""
    course: list[list[Interval]]
    """K episodes, in each the first metric in equal parts of its time."""
    by_world: dict[str, list[float]]
    """Each world's mean (m,)."""

    @property
    def episodes(self) -> int:
        """Episodes over all worlds."""
        return self.worlds * self.episodes_per_trial


class Result(Elsewhere):
    """The same in worlds of one of the kinds that every run is measured in."""

    worlds_kind: WorldsKind


class Drawn(FileModel):
    """The worlds that were drawn, k parameters each."""

    names: tuple[str, ...]
    """The parameters (k,)."""
    units: dict[str, str]
    """Unit of each; "1" for factors and pure numbers."""
    seen: tuple[list[float], ...] = ()
    """(m, k) from the distribution that was trained in."""
    unseen: tuple[list[float], ...] = ()
    """(m, k) from the ranges that only evaluation draws from, where there are any."""

    @model_validator(mode="after")
    def _complete(self) -> Drawn:
        for kind in COMPARED:
            if any(len(row) != len(self.names) for row in getattr(self, kind)):
                raise ValueError(f"a row of {kind!r} has not one value for each of the {len(self.names)} names")
        if missing := [name for name in self.names if name not in self.units]:
            raise ValueError(f"no unit for {', '.join(missing)}")
        return self


class EvaluationFile(FileModel):
    """The whole file."""

    metrics: dict[str, str] = Field(min_length=1)
    """Names and units of what was measured; the first is the one that is compared."""
    seed: int
    episode_seconds: float = Field(gt=0)
    """Length of a whole episode [s]."""
    results: list[Result]
    elsewhere: tuple[Elsewhere, ...] = ()
    drawn: Drawn | None = None
    command: str | None = None
    """The command line that made the file."""

    @model_validator(mode="after")
    def _consistent(self) -> EvaluationFile:
        everything = [*self.results, *self.elsewhere]
        pairs = [(result.policy, result.worlds_kind) for result in everything]
        for result, pair in zip(everything, pairs, strict=True):
            place = f"policy {result.policy!r} in {result.worlds_kind} worlds"
            if pairs.count(pair) > 1:
                raise ValueError(f"{place} stands in the results twice")
            for name in self.metrics:
                if not (name in result.metrics and name in result.by_episode and name in result.by_world):
                    raise ValueError(f"{place}: metric {name!r} is missing")
                if len(result.by_episode[name]) != result.episodes_per_trial:
                    raise ValueError(f"{place}: {name!r} by episode has not {result.episodes_per_trial} entries")
                if len(result.by_world[name]) != result.worlds:
                    raise ValueError(f"{place}: {name!r} by world has not {result.worlds} entries")
            if self.drawn is not None and result.worlds_kind in COMPARED:
                rows = len(getattr(self.drawn, result.worlds_kind))
                if rows != result.worlds:
                    raise ValueError(f"{place}: it has {result.worlds} worlds, but {rows} were drawn")
        return self

    @property
    def measured(self) -> list[Metric]:
        """The metrics; the first is the one that is compared."""
        return [Metric(name, unit, self._decimals(name)) for name, unit in self.metrics.items()]

    def _decimals(self, name: str) -> int:
        intervals = [result.metrics[name] for result in (*self.results, *self.elsewhere)]
        return decimals(end for interval in intervals for end in (interval.mean, interval.low, interval.high))

    @property
    def policies(self) -> list[str]:
        """The policies, the trained one first."""
        names = dict.fromkeys(result.policy for result in self.results)
        return sorted(names, key=lambda name: name != TRAINED)

    def result(self, policy: str, kind: WorldsKind) -> Result | None:
        """One policy in worlds of one kind, if that was evaluated."""
        return next((r for r in self.results if r.policy == policy and r.worlds_kind == kind), None)
