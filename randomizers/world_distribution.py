"""WorldDistribution: the terms together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import mujoco
import numpy as np

from randomizers.binding import Bound, bind, in_order
from randomizers.distributions import Distribution
from randomizers.drawing import Drawing
from randomizers.errors import WorldsError
from randomizers.fields import nominal_row, nominal_rows, owner_of
from randomizers.settings import SETTINGS
from randomizers.target import Target
from randomizers.term import Term
from randomizers.world import World, Worlds

_FINITE = 1_000_033
"""Seed that the worlds of finite sets are drawn with."""


_LISTED = 5
"""Most parameters that an error calls by name."""


class WorldDistribution:
    """Where worlds come from: terms bound to what they act on.

    Terms may be drawn with others that they follow (`Drawing`).

    Terms may share fields: each changes what the others leave, "set" first, then "scale", then "add", so that their
    order does not matter. Immutable. Raises WorldsError at construction for patterns that match nothing, for what the
    model cannot take and for terms that contradict each other.

    `normalised_by` gives terms, by name, another distribution than their own for `vector` to normalise by. A critic
    that learnt from one distribution goes on reading the same numbers when ranges move or unseen ones are drawn from:
    so `replace_distribution` and `split` hand it on.

    `finite` draws from so many worlds, parameters and seeds alike, instead of from all that the terms allow. Which they
    are depends on nothing but the terms, their number and `finite_seed`; with another number, the seeds common to both
    are the same.
    """

    def __init__(
        self,
        terms: Sequence[Term],
        target: Target,
        task: str | None = None,
        normalised_by: Mapping[str, Distribution] | None = None,
        finite: int | None = None,
        finite_seed: int = 0,
        left_out: Mapping[str, str] | None = None,
        pins: Mapping[str, float] | None = None,
        only: Worlds | None = None,
    ) -> None:
        if only is not None and not len(only):
            raise WorldsError("a finite set has at least 1 world, got none")
        if finite is not None and (type(finite) is not int or finite < 1):
            raise WorldsError(f"a finite set has a whole number of worlds, at least 1, got {finite!r}")
        if type(finite_seed) is not int or finite_seed < 0:
            raise WorldsError(f"the seed of a finite set is a whole number, at least 0, got {finite_seed!r}")
        self.left_out = dict(left_out or {})
        """Optional terms that the target has nothing for: the reason, by name. What follows one is drawn by itself."""
        self.terms = tuple(
            replace(term, follows=None, correlation=None) if term.follows in self.left_out else term for term in terms
        )
        """The terms as given."""
        self.target = target
        """What they act on."""
        self.task = task
        """Name of the task they were written for, if one was given."""
        self.finite = finite if only is None else len(only)
        """Number of worlds there are to draw; without end if None."""
        self.finite_seed = finite_seed
        """Which finite set; another seed, other worlds."""
        self._bound = bound = bind(self.terms, target, normalised_by or {})
        physical = [b for b in bound if not b.visual]
        self._in_order = in_order(physical)
        self._visual_in_order = in_order([b for b in bound if b.visual])
        self.names = tuple(name for b in bound for name in b.names)
        """The k parameters of its worlds."""
        self.pins = {name: float(value) for name, value in (pins or {}).items()}
        """Parameters that always have the same value, in nominal worlds too."""
        self._check_parameters(self.pins)
        pinned = {self.names.index(name): value for name, value in self.pins.items()}
        self.drawing = Drawing(self.terms, [b.columns for b in bound], pinned)
        """How its parameters are drawn."""
        units = [b.term.parameter_unit(target, b.selection) for b in bound]
        self.units = {name: unit for b, unit in zip(bound, units, strict=True) for name in b.names}
        """Unit of each parameter; "1" for a factor."""
        touched = dict.fromkeys(field for b in physical for field in b.term.fields)
        self.fields = tuple(field for field in touched if field not in SETTINGS)
        """Model fields it writes."""
        self.channel_settings = tuple(field for field in touched if field in SETTINGS)
        """Settings of channels that it writes."""
        self.visual_fields = tuple(dict.fromkeys(field for b in self._visual_in_order for field in b.term.fields))
        """Fields of the visual model, and settings of its textures and pictures, that it writes."""
        self.vector_names = tuple(name for b in physical for name in b.names)
        """The parameters that `vector` gives: all but those that only a camera could notice."""
        self.recompute = any(b.term.recompute for b in bound)
        """Whether constants derived from them need mj_setConst."""
        self._nominal = np.concatenate([b.term.nominal(target, b.selection) for b in bound] or [np.zeros(0)])
        self._nominal[list(pinned)] = list(pinned.values())
        self.chosen = None if only is None else self.complete(only)
        """The worlds there are to draw, where they were given one by one."""
        self._in_vector = np.array([i for b in physical for i in range(b.columns.start, b.columns.stop)], np.intp)
        self._center = np.array([b.normalised_by.center for b in physical for _ in b.names])
        self._half_width = np.array([b.normalised_by.half_width for b in physical for _ in b.names])

    def __repr__(self) -> str:
        parts = [f"{term.name}: {term.distribution!r}" for term in self.terms]
        return f"WorldDistribution({', '.join(parts if self.finite is None else [*parts, f'finite={self.finite}'])})"

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Lowest and highest value of each term, by the term's name."""
        return {term.name: term.distribution.bounds for term in self.terms}

    @property
    def acted_bodies(self) -> np.ndarray:
        """Indices (b,) of the bodies that settings of channels act on, such as those that are pushed."""
        ids = {int(i) for b in self._bound if b.term.selects == "body" for i in b.selection.ids if b.writes_settings}
        return np.array(sorted(ids), np.intp)

    def sample(self, rng: np.random.Generator, n: int) -> Worlds:
        """n worlds, each with a seed of its own; terms drawn anew at every episode stand as in episode 0.

        Of a finite set none is drawn again before all others are.
        """
        if self.finite is None:
            return self._draw(rng, n)
        rounds, rest = divmod(n, self.finite)
        picks = [rng.permutation(self.finite) for _ in range(rounds)]
        picks.append(rng.choice(self.finite, rest, replace=False))
        return self._finite_set.take(np.concatenate(picks))

    @cached_property
    def _finite_set(self) -> Worlds:
        assert self.finite is not None
        if self.chosen is not None:
            return self.chosen
        return self._draw(np.random.default_rng([_FINITE, self.finite_seed]), self.finite)

    def _draw(self, rng: np.random.Generator, n: int) -> Worlds:
        values, seeds = self.drawing.trials(rng, n)
        return Worlds(self.names, values, seeds)

    def nominal(self, n: int = 1) -> Worlds:
        """n worlds as the model describes them: 1 for factors, 0 for offsets, the model's values for the rest."""
        return Worlds(self.names, np.tile(self._nominal, (n, 1)), np.zeros(n, np.uint64))

    def redraw_episode(self, worlds: Worlds, episodes: np.ndarray) -> Worlds:
        """The worlds in their episodes numbered `episodes` (n,): terms of `when: episode` drawn anew, from each world's
        seed and its episode alone; the rest as it is."""
        worlds = self.complete(worlds)
        values = worlds.values.copy()
        self.drawing.episodes(values, worlds.seeds, np.asarray(episodes))
        return Worlds(self.names, values, worlds.seeds)

    def complete(self, worlds: Worlds | World) -> Worlds:
        """The worlds with every parameter in the order of `names`, those they lack at their nominal value.

        Raises WorldsError for a parameter that the distribution does not have.
        """
        if isinstance(worlds, World):
            worlds = Worlds.stack([worlds])
        if worlds.names == self.names:
            return worlds
        self._check_parameters(worlds.names)
        values = np.tile(self._nominal, (len(worlds), 1))
        values[:, [self.names.index(name) for name in worlds.names]] = worlds.values
        return Worlds(self.names, values, worlds.seeds)

    def _check_parameters(self, names: Iterable[str]) -> None:
        if unknown := [name for name in names if name not in self.names]:
            more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
            raise WorldsError(
                f"no parameter {', '.join(map(repr, unknown[:_LISTED]))}{more} in this distribution; "
                f"parameters: {', '.join(_in_short(self.names)) or 'none'}"
            )

    def vector(self, worlds: Worlds | World) -> np.ndarray:
        """The parameters `vector_names` of the worlds (n, k), float32, each shifted and scaled so that its training range
        becomes [-1, 1]."""
        values = self.complete(worlds).values[:, self._in_vector]
        return ((values - self._center) / self._half_width).astype(np.float32)

    def replace_distribution(self, name: str, distribution: Distribution) -> WorldDistribution:
        """The same with the term of that name drawing from another distribution; `vector` goes on as before."""
        return self.replace_distributions({name: distribution})

    def replace_distributions(self, distributions: Mapping[str, Distribution]) -> WorldDistribution:
        """The same with terms, by their names, drawing from other distributions; `vector` goes on as before."""
        self._check_term_names(distributions)
        terms = [replace(term, distribution=distributions.get(term.name, term.distribution)) for term in self.terms]
        return self._but(terms=terms)

    def limited(self, finite: int, finite_seed: int | None = None) -> WorldDistribution:
        """The same with a finite set of worlds, of this distribution's `finite_seed` unless another is given."""
        return self._but(only=None, finite=finite, finite_seed=self.finite_seed if finite_seed is None else finite_seed)

    def split(self, unseen: Mapping[str, Distribution] | None = None) -> tuple[WorldDistribution, WorldDistribution]:
        """Worlds to train in, and worlds never trained in: there every term that has an `unseen` range draws from it.

        `unseen` gives or replaces those ranges by term name. Of a finite set, the others are worlds without end that the
        set does not hold, whether terms have unseen ranges or not: seeds are drawn from 2^64, and the chance of one in
        the set is as good as none. `limited`, they are another set than that of the same number to train in.

        Raises WorldsError where there is neither a finite set nor an unseen range.
        """
        unseen = unseen or {}
        self._check_term_names(unseen)
        terms = [replace(term, unseen=unseen.get(term.name, term.unseen)) for term in self.terms]
        if self.finite is None and all(term.unseen is None for term in terms):
            raise WorldsError(f"no term has an unseen range; terms: {', '.join(term.name for term in terms) or 'none'}")
        held_out = [
            term if term.unseen is None else replace(term, distribution=term.unseen, unseen=None, adr=None)
            for term in terms
        ]
        held_out_seed = self.finite_seed + 1
        return self._but(terms=terms), self._but(terms=held_out, only=None, finite=None, finite_seed=held_out_seed)

    def _check_term_names(self, names: Sequence[str] | Mapping[str, Distribution]) -> None:
        for name in names:
            if all(name != term.name for term in self.terms):
                raise WorldsError(f"no term {name!r}; terms: {', '.join(term.name for term in self.terms) or 'none'}")

    def with_pins(self, pins: Mapping[str, float]) -> WorldDistribution:
        """The same with these parameters pinned as well. Raises WorldsError for a name that is none."""
        return self._but(pins={**self.pins, **pins})

    def with_terms(self, terms: Sequence[Term]) -> WorldDistribution:
        """The same of other terms; pins of parameters that are no more are gone."""
        held = {term.name for term in terms}
        kept = {b.term.name: b.names for b in self._bound if b.term.name in held}
        names = {name for names in kept.values() for name in names}
        return self._but(terms=terms, pins={name: value for name, value in self.pins.items() if name in names})

    def only(self, worlds: Worlds) -> WorldDistribution:
        """The same, but of exactly these worlds, parameters and seeds alike, and no others. Raises WorldsError if there is
        none, and for parameters that it does not have."""
        return self._but(only=worlds)

    def _but(self, **changes: Any) -> WorldDistribution:
        given: dict[str, Any] = {
            "terms": self.terms,
            "target": self.target,
            "task": self.task,
            "normalised_by": {b.term.name: b.normalised_by for b in self._bound},
            "finite": self.finite,
            "finite_seed": self.finite_seed,
            "left_out": self.left_out,
            "pins": self.pins,
            "only": self.chosen,
        }
        return WorldDistribution(**(given | changes))

    def settings(self, worlds: Worlds | World) -> dict[str, np.ndarray]:
        """Fresh arrays (n, ...) of `fields` and `channel_settings`, as in those worlds."""
        worlds = self.complete(worlds)
        rows = nominal_rows(self.target, (*self.fields, *self.channel_settings), len(worlds))
        self._apply(rows, worlds, self._in_order)
        return rows

    def visual_settings(self, worlds: Worlds | World) -> dict[str, np.ndarray]:
        """Fresh arrays (n, ...) of `visual_fields`, as in those worlds."""
        worlds = self.complete(worlds)
        rows = nominal_rows(self.target, self.visual_fields, len(worlds))
        self._apply(rows, worlds, self._visual_in_order)
        return rows

    def write(self, fields: Mapping[str, np.ndarray], worlds: Worlds | World) -> None:
        """Writes the worlds into given rows (n, ...), which must have every field in `fields` and every setting that a
        term writes. Rows end up the same whatever they held. Raises WorldsError where a field is missing."""
        worlds = self.complete(worlds)
        written = (*self.fields, *self.channel_settings)
        missing = [field for field in written if field not in fields]
        if missing:
            raise WorldsError(f"no rows given for {', '.join(missing)}; given: {', '.join(fields) or 'none'}")
        for field in written:
            fields[field][:] = nominal_row(self.target, field)
        self._apply(fields, worlds, self._in_order)

    def apply(self, model: mujoco.MjModel, world: World) -> None:
        """Turns a compilation of the target's model into that world: all fields it writes, derived constants with them.

        Settings of channels are no part of a model; looks are another model's (`Appearance`). Raises WorldsError for
        parameters that it does not have.
        """
        rows = self.settings(world)
        for field in self.fields:
            owner = owner_of(model, field)
            if isinstance(getattr(owner, field), np.ndarray):
                getattr(owner, field)[...] = rows[field][0]
            else:
                setattr(owner, field, rows[field][0].item())
        if self.recompute:
            mujoco.mj_setConst(model, mujoco.MjData(model))

    def _apply(self, fields: Mapping[str, np.ndarray], worlds: Worlds, bound: Sequence[Bound]) -> None:
        for b in bound:
            b.term.apply(self.target, b.selection, fields, worlds.values[:, b.columns])


def _in_short(names: Sequence[str]) -> list[str]:
    """Parameters, those of one term in many parts as `term[...]`."""
    terms = [name.partition("[")[0] for name in names]
    counts = Counter(terms)
    return list(
        dict.fromkeys(
            name if counts[term] <= _LISTED else f"{term}[...]" for name, term in zip(names, terms, strict=True)
        )
    )
