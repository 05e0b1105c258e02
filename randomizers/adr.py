"""ADR: automatic domain randomization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, log
from typing import Any

import numpy as np

from randomizers.errors import WorldsError
from randomizers.moving_range import HIGH, LOW, Member, MovingRange
from randomizers.term import Term
from randomizers.widening import Widening
from randomizers.world import Worlds
from randomizers.world_distribution import WorldDistribution

NOWHERE = -1
"""The pin of a world that stands on no end of a range."""


@dataclass(frozen=True)
class ADRSettings:
    """The numbers of automatic domain randomization. Raises WorldsError at construction for impossible ones."""

    boundary: float
    """Share of worlds that stand on one end of a range."""
    queue: int
    """Trials measured at an end before their mean decides whether it moves."""
    low: float
    """Mean performance at or below which an end moves inwards."""
    high: float
    """Mean performance at or above which an end moves outwards."""
    step: float = 0.02
    """How far an end moves at a time, as a share of the widest range."""
    sliding: bool = False
    """Whether a full queue is emptied only when its end moves, and otherwise forgets its oldest trial for every new one."""

    def __post_init__(self) -> None:
        for name, allowed, wanted in (
            ("boundary", 0 < self.boundary <= 1, "above 0 and at most 1"),
            ("queue", self.queue >= 1 and self.queue == int(self.queue), "a whole number, at least 1"),
            ("low", isfinite(self.low) and self.low < self.high, f"below high={self.high:g}"),
            ("high", isfinite(self.high), "a finite number"),
            ("step", 0 < self.step <= 1, "above 0 and at most 1"),
        ):
            if not allowed:
                raise WorldsError(f"ADR: {name} must be {wanted}, got {getattr(self, name)!r}")


ADR_PRESETS = {
    "openai": ADRSettings(boundary=0.5, queue=240, low=10.0, high=20.0),
    "dextreme": ADRSettings(boundary=0.4, queue=256, low=5.0, high=20.0, sliding=True),
}
"""Published numbers by name: arXiv 1910.07113 and arXiv 2210.13702; performance is goals reached in a row."""


class ADR:
    """Automatic domain randomization (arXiv 1910.07113, Algorithm 1): ranges of worlds grow where trials go well.

    Every range starts at the nominal value, or where the term's `adr` says, and never leaves the term's distribution,
    the widest it becomes. A share of worlds is put on one end of one range, all else drawn as usual; where a term has
    several numbers, which share its range, one of them is. How well their trials went fills that end's queue; a full one
    moves the end outwards or inwards by a step, or leaves it.

    Uniform, log-uniform, normal (drawn given that they lie between the ends) and choice distributions have ends that
    move; terms with others, and those that say `moves: false`, are drawn whole all along. Terms that share their draws
    exactly, by `follows` with a correlation of 1 or -1, have one range and move together.

    :param widest: the distribution that ranges grow to. Worlds go on being normalised by it.
    :param settings: its numbers; `ADR_PRESETS` has published ones.
    :raises WorldsError: for a finite set of worlds, and where no term has ends to move.
    """

    def __init__(self, widest: WorldDistribution, settings: ADRSettings) -> None:
        self.widest = widest
        self.settings = settings
        if widest.finite is not None:
            raise WorldsError(f"a finite set of {widest.finite} worlds has no ranges to move")
        self.ranges = _ranges(widest, settings.step)
        """The ranges that move."""
        if not self.ranges:
            terms = ", ".join(f"{term.name}: {term.distribution!r}" for term in widest.terms)
            raise WorldsError(
                f"no term has a range that automatic domain randomization could move; terms: {terms or 'none'}"
            )
        sides = [(moving, side) for moving in self.ranges for side in (LOW, HIGH) if moving.tops[side]]
        self.ends = [(moving, side, k) for moving, side in sides for k in range(moving.width)]
        """Every end that a world can stand on, which are those that can move: a range, its side, and which number of the
        range's first term is there. A world's pin is an index into it."""
        self._widths = np.array([moving.width for moving, _ in sides])
        self._first_pins = np.cumsum(self._widths) - self._widths

    @cached_property
    def distribution(self) -> WorldDistribution:
        """What worlds are drawn from by now."""
        drawn = {name: each for moving in self.ranges for name, each in moving.distributions().items()}
        return self.widest.replace_distributions(drawn)

    def sample(self, rng: np.random.Generator, n: int) -> tuple[Worlds, np.ndarray]:
        """n worlds, and for each the end of a range that it stands on (n,), `NOWHERE` for most."""
        worlds = self.distribution.sample(rng, n)
        on_end = rng.random(n) < self.settings.boundary
        chosen = rng.integers(len(self._widths), size=n)
        pins = np.where(on_end, self._first_pins[chosen] + rng.integers(self._widths[chosen]), NOWHERE)
        values = worlds.values.copy()
        for i in np.flatnonzero(on_end):
            columns, there = self.place(pins[i])
            values[i, columns] = there
        return Worlds(worlds.names, values, worlds.seeds), pins

    def place(self, pin: int) -> tuple[np.ndarray, np.ndarray]:
        """Columns (c,) and values (c,) of a world's row that put it on an end, as that is by now."""
        moving, side, element = self.ends[pin]
        return moving.pinned(side, element)

    def redraw_episode(self, worlds: Worlds, pins: np.ndarray, episodes: np.ndarray) -> Worlds:
        """The worlds in their episodes numbered `episodes` (n,), as `WorldDistribution.redraw_episode`, each staying on
        the end where it stood."""
        worlds = self.widest.complete(worlds)
        redrawn = self.distribution.redraw_episode(worlds, episodes)
        values = redrawn.values.copy()
        for i in np.flatnonzero(pins != NOWHERE):
            columns, _ = self.place(pins[i])
            values[i, columns] = worlds.values[i, columns]
        return Worlds(redrawn.names, values, redrawn.seeds)

    def record(self, values: np.ndarray, pin: int, performance: float) -> None:
        """Takes in how well a trial went in a world with parameters `values` (k,), drawn with this `pin`.

        Nothing is learnt from worlds that stand on no end, nor where the end has moved since. Raises WorldsError for a
        performance that is not finite.
        """
        if not isfinite(performance):
            raise WorldsError(f"the performance of a trial must be a finite number, got {performance!r}")
        if pin == NOWHERE:
            return
        moving, side, _ = self.ends[pin]
        columns, there = self.place(pin)
        if (values[columns] != there).any():
            return
        queue = moving.queues[side]
        queue.append(float(performance))
        if len(queue) < self.settings.queue:
            return
        mean = sum(queue) / len(queue)
        outwards = (mean >= self.settings.high) - (mean <= self.settings.low)
        moved = outwards != 0 and moving.move(side, outwards)
        if moved:
            self.__dict__.pop("distribution", None)
        if moved or not self.settings.sliding:
            queue.clear()
        else:
            del queue[0]

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Where the ends of the terms' ranges are by now, by the name of the term."""
        return {m.term.name: moving.ends(m) for moving in self.ranges for m in moving.members}

    @property
    def entropy(self) -> float:
        """Mean over the ranges of the logarithm of their width, in nats per dimension: widths in the unit of the term, for
        terms that share a range of the first that moves. What is narrower than a step counts as a step."""
        return float(np.mean([log(moving.width_of_range) for moving in self.ranges]))

    @property
    def widened(self) -> float:
        """How far the ends have gone, from 0 where they begin to 1 where all ranges are widest, as a mean over the ends."""
        ends = [(moving.rungs[side], moving.tops[side]) for moving in self.ranges for side in (LOW, HIGH)]
        return float(np.mean([rung / top for rung, top in ends if top]))

    def state(self) -> dict[str, Any]:
        """Where the ends are and what is in their queues."""
        return {moving.name: moving.state() for moving in self.ranges}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on exactly where `state` was taken. Raises WorldsError if that is of other ranges."""
        names = [moving.name for moving in self.ranges]
        if list(state) != names:
            raise WorldsError(f"a state of the ranges {', '.join(state)} does not fit; ranges: {', '.join(names)}")
        for moving in self.ranges:
            moving.restore(state[moving.name])
        self.__dict__.pop("distribution", None)


def _ranges(widest: WorldDistribution, step: float) -> tuple[MovingRange, ...]:
    """The ranges that can move, of terms in the order of the distribution."""
    nominal = widest.nominal().values[0]
    groups: dict[str, list[Member]] = {}
    for term in widest.terms:
        first, against = _drawn_as(term, widest)
        columns = np.arange(len(widest.names))[widest.drawing.columns[term.name]]
        groups.setdefault(first.name, []).append(_member(term, columns, against, nominal[columns], step))
    # What is followed may be listed later.
    ordered = [sorted(group, key=lambda m, name=name: m.term.name != name) for name, group in groups.items()]  # type: ignore[misc]
    return tuple(moving for moving in map(MovingRange, ordered) if any(moving.tops))


def _drawn_as(term: Term, widest: WorldDistribution) -> tuple[Term, bool]:
    """The term whose draw it shares, itself if it has its own, and whether at the opposite quantile."""
    against = False
    for each in widest.drawing.leaders(term):
        if each.correlation is None or abs(each.correlation) < 1:
            return each, against
        against ^= each.correlation < 0
    raise AssertionError("the last of the leaders follows none")


def _member(term: Term, columns: np.ndarray, against: bool, nominal: np.ndarray, step: float) -> Member:
    """The term with the values that the two ends of its range go through."""
    widest, adr = term.distribution, term.adr or Widening(moves=term.distribution.movable)
    step = adr.step or step
    ladders: tuple[tuple[float, ...], tuple[float, ...]] = (widest.bounds[LOW],), (widest.bounds[HIGH],)
    if adr.moves:
        if term.zero_is_endless:
            nominal = np.where(nominal == 0, widest.bounds[HIGH], nominal)
        low, high = adr.start or (widest.nearest(nominal.min()), widest.nearest(nominal.max()))
        ladders = widest.ladder(low, LOW, step), widest.ladder(high, HIGH, step)
    return Member(term, columns, against, ladders, step)
