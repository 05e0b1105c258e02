"""Drawing: how the numbers of worlds come about, term by term."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from randomizers.distributions.gaussian import normal_cdf, normal_quantile
from randomizers.streams import episode_generator
from randomizers.term import Term


class Drawing:
    """Draws the parameters of worlds: every term from its own distribution, those that follow another one with it.

    Terms are drawn in the order that they are listed in, those that follow right after what they follow. A term that
    others follow is drawn by quantile; one that none follows and that follows none, as its distribution samples.

    :param terms: the terms.
    :param columns: where the numbers of each stand in a world's row.
    :param pins: values by column that stand whatever is drawn, without changing what else is.
    :raises WorldsError: for a term that follows one that is not there, is drawn at other times, has another number of
        parameters, or follows it in turn.
    """

    def __init__(
        self, terms: Sequence[Term], columns: Sequence[slice], pins: Mapping[int, float] | None = None
    ) -> None:
        self._terms = {term.name: term for term in terms}
        self.columns = {term.name: place for term, place in zip(terms, columns, strict=True)}
        """Where the numbers of each term stand in a world's row, by its name."""
        for term in terms:
            self._check(term)
        self._pinned, self._pins = list(pins or {}), list((pins or {}).values())
        self._shared = {name for term in terms if term.follows for name in (term.name, term.follows)}
        order: dict[str, Term] = {}
        for term in terms:
            order |= {each.name: each for each in reversed(self.leaders(term))}
        self._order = tuple(order.values())
        self._steps = {
            when: tuple(self._step(term) for term in self._order if term.when == when) for when in ("trial", "episode")
        }

    def _step(self, term: Term) -> tuple[Term, slice, int, bool]:
        """A term, where its numbers stand, how many, and whether others follow it or it them."""
        return term, self.columns[term.name], self.width(term), term.name in self._shared

    def width(self, term: Term) -> int:
        """Number of the term's parameters."""
        return self.columns[term.name].stop - self.columns[term.name].start

    def leaders(self, term: Term) -> list[Term]:
        """The term, the one it follows, the one which that follows, and so on."""
        chain = [term]
        while chain[-1].follows is not None:
            chain.append(self._terms[chain[-1].follows])
        return chain

    def _check(self, term: Term) -> None:
        if term.follows is None:
            return
        leader = self._terms.get(term.follows)
        if leader is None:
            raise term.error(f"it follows {term.follows!r}, but there is no such term; terms: {', '.join(self._terms)}")
        if leader.when != term.when:
            raise term.error(
                f"it is drawn with every {term.when} and cannot follow {leader.name!r}, drawn with every {leader.when}"
            )
        ours, theirs = self.width(term), self.width(leader)
        if theirs not in (1, ours):
            numbers, wanted = ("1 number", "1") if ours == 1 else (f"{ours} numbers", f"1 or {ours}")
            raise term.error(f"it has {numbers} and cannot follow {leader.name!r} with {theirs}; wanted: {wanted}")
        seen = [term.name]
        while (following := self._terms.get(seen[-1])) is not None and following.follows is not None:
            if following.follows in seen:
                raise term.error(f"it follows itself: {' -> '.join([*seen, following.follows])}")
            seen.append(following.follows)

    def trials(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Parameters (n, k) and seeds (n,) of n worlds in the first episode of their trials."""
        seeds = rng.integers(2**64, size=n, dtype=np.uint64)
        values = np.empty((n, sum(self.width(term) for term in self._terms.values())))
        self._fill(values, rng, "trial")
        self._bound(values, "trial")
        self.episodes(values, seeds, np.zeros(n, np.int64))
        return values, seeds

    def episodes(self, values: np.ndarray, seeds: np.ndarray, episodes: np.ndarray) -> None:
        """Draws into `values` (n, k) what differs between episodes, from each world's seed and the number of its episode
        (n,) alone."""
        if not self._steps["episode"]:
            return
        for row, seed, episode in zip(values, seeds.tolist(), episodes.tolist(), strict=True):
            self._fill(row[None], episode_generator(seed, episode), "episode")
        self._bound(values, "episode")

    def _fill(self, values: np.ndarray, rng: np.random.Generator, when: str) -> None:
        quantiles: dict[str, np.ndarray] = {}
        for term, columns, width, shared in self._steps[when]:
            shape = (len(values), width)
            if shared:
                quantiles[term.name] = _quantiles(term, quantiles, rng, shape)
                values[:, columns] = term.distribution.quantile(quantiles[term.name])
            else:
                values[:, columns] = term.distribution.sample(rng, shape)

    def _bound(self, values: np.ndarray, when: str) -> None:
        """What is done to all worlds at once, as it costs as much for one: tails are cut, pinned numbers stay."""
        for term, columns, _, _ in self._steps[when]:
            values[:, columns] = term.cut(values[:, columns])
        values[:, self._pinned] = self._pins


def _quantiles(
    term: Term, quantiles: dict[str, np.ndarray], rng: np.random.Generator, shape: tuple[int, int]
) -> np.ndarray:
    """The quantiles (n, width) at which a term is drawn, given those of the term that it follows."""
    if term.follows is None:
        return rng.random(shape)
    assert term.correlation is not None
    followed = np.broadcast_to(quantiles[term.follows], shape)
    if abs(term.correlation) == 1:
        return followed if term.correlation > 0 else 1 - followed
    own = rng.standard_normal(shape)
    return normal_cdf(term.correlation * normal_quantile(followed) + np.sqrt(1 - term.correlation**2) * own)
