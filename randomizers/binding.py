"""Binding: terms with what they act on in a target, and where their parameters stand in a world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from randomizers.distributions import Distribution
from randomizers.settings import SETTINGS
from randomizers.target import Selection, Target
from randomizers.term import OPERATIONS, Term
from randomizers.visual_fields import is_visual


@dataclass(frozen=True, eq=False)
class Bound:
    """A term with what it acts on in the target and where its parameters stand in a world."""

    term: Term
    selection: Selection
    names: tuple[str, ...]
    columns: slice
    normalised_by: Distribution

    @property
    def writes_settings(self) -> bool:
        """Whether it writes settings of channels."""
        return any(field in SETTINGS for field in self.term.fields)

    @property
    def visual(self) -> bool:
        """Whether only a camera could notice it."""
        return is_visual(self.term.fields[0])


def bind(terms: Sequence[Term], target: Target, normalised_by: Mapping[str, Distribution]) -> tuple[Bound, ...]:
    """The terms, in their order, bound. Raises WorldsError for names that are used twice, for what the target cannot take
    and for terms that contradict each other."""
    bound: list[Bound] = []
    start = 0
    for term in terms:
        if any(term.name == other.term.name for other in bound):
            raise term.error("the name is used by an earlier term; names must differ")
        selection = term.select(target)
        names = term.parameters(selection)
        columns = slice(start, start + len(names))
        bound.append(Bound(term, selection, names, columns, normalised_by.get(term.name, term.distribution)))
        start = columns.stop
    for b in bound:
        b.term.check_beside(target, b.selection, [(other.term, other.selection) for other in bound if other is not b])
    return tuple(bound)


def in_order(bound: Sequence[Bound]) -> list[Bound]:
    """In the order that they are applied in, whatever the one they are listed in: by operation; looks by kind as well, since
    what different kinds do to a colour depends on which is first."""

    def key(b: Bound) -> tuple[int, str, str]:
        return OPERATIONS.index(b.term.operation), *((b.term.kind, b.term.name) if b.visual else ("", ""))

    return sorted(bound, key=key)
