"""Pinning: a distribution with some numbers always the same."""

from __future__ import annotations

import re
from collections.abc import Mapping

from randomizers.distributions import Fixed
from randomizers.errors import WorldsError
from randomizers.target import Selection, Target
from randomizers.term import TERMS, Term
from randomizers.units import conversion
from randomizers.world_distribution import WorldDistribution

_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")


def pinned(distribution: WorldDistribution, values: Mapping[str, float | str]) -> WorldDistribution:
    """The same with the named numbers pinned, in training ranges, unseen ones and nominal worlds alike.

    A name is one parameter (`limits[elbow:high]`), a term with all its parameters, or `part.kind` (`object.mass`; `kind`
    alone for what the world has one of): part is a role of the target or a pattern of names, and the term of that kind is
    added, in the place of those there are. Values are numbers in the term's unit, or text with a unit: "200g".

    Raises WorldsError for a name that is none of these, a value that is no number, a unit that does not fit, and where
    only a part of what a term acts on would be pinned.
    """
    for name, value in values.items():
        if name in distribution.names or any(term.name == name for term in distribution.terms):
            distribution = _pin(distribution, name, value)
        else:
            distribution = _add(distribution, name, value)
    return distribution


def _pin(distribution: WorldDistribution, name: str, value: float | str) -> WorldDistribution:
    columns = distribution.drawing.columns.get(name)
    names = distribution.names[columns] if columns is not None else (name,)
    number = _number(name, value, distribution.units[names[0]])
    return distribution.with_pins(dict.fromkeys(names, number))


def _add(distribution: WorldDistribution, name: str, value: float | str) -> WorldDistribution:
    part, _, kind = name.rpartition(".")
    if kind not in TERMS:
        raise WorldsError(
            f"cannot pin {name!r}: it is no parameter, no term and no kind of term; "
            f"parameters: {', '.join(distribution.names) or 'none'}; kinds: {', '.join(sorted(TERMS))}"
        )
    target, cls = distribution.target, TERMS[kind]
    if len(cls.parts) > 1:
        raise WorldsError(f"cannot pin {name!r}: {kind} has the numbers {', '.join(cls.parts)}; give a term in a file")
    if bool(part) != bool(cls.selects):
        wanted = f"PART.{kind}, PART a role or a pattern of {cls.selects} names" if cls.selects else kind
        raise WorldsError(f"cannot pin {name!r}: wanted {wanted}")
    on = f"@{part}" if part in target.roles else part
    operation = "set" if "set" in cls.operations else cls.operations[0]
    number = _number(name, value, _unit(cls, name, on, operation, target))
    term = _term(cls, name, on, operation, number)
    selection = term.select(target)
    kept = [other for other in distribution.terms if not _gives_way(other, term, selection, target)]
    added = distribution.with_terms([*kept, term])
    return added.with_pins(dict.fromkeys(added.names[added.drawing.columns[term.name]], number))


def _term(cls: type[Term], name: str, on: str, operation: str, number: float) -> Term:
    return cls(
        name.replace("[", "(").replace("]", ")"),
        Fixed(number),
        on=on if cls.selects else (),
        operation=operation,
        each="element" if cls.selects else "world",
    )


def _unit(cls: type[Term], name: str, on: str, operation: str, target: Target) -> str:
    # Any value will do to ask, but one that the kind takes.
    asked = _term(cls, name, on, operation, max(cls.lowest, min(1.0, cls.highest)))
    return asked.parameter_unit(target, asked.select(target))


def _gives_way(other: Term, term: Term, selection: Selection, target: Target) -> bool:
    """Whether `other` acts on the same. Raises WorldsError where it does so only in part."""
    if (other.sets or other.kind) != (term.sets or term.kind):
        return False
    acted = set(other.select(target).names)
    if not acted & set(selection.names):
        return False
    if beyond := acted - set(selection.names):
        raise WorldsError(
            f"cannot pin {term.name!r}: term {other.name!r} acts on {', '.join(sorted(beyond))} as well; pin that term"
        )
    return True


def _number(name: str, value: float | str, wanted: str) -> float:
    if not isinstance(value, str):
        return float(value)
    parts = _NUMBER.fullmatch(value)
    if parts is None:
        raise WorldsError(f"cannot pin {name!r} at {value!r}: wanted a number, with a unit or in {wanted}")
    number, unit = parts.groups()
    try:
        return float(number) * (conversion(unit, wanted) if unit else 1.0)
    except WorldsError as error:
        raise WorldsError(f"cannot pin {name!r} at {value!r}: {error}") from error
