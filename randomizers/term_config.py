"""term_from_config: terms from plain data, as files have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields, replace

from randomizers.distributions import distribution_from_config
from randomizers.errors import Unfit, WorldsError
from randomizers.target import Target
from randomizers.term import TERMS, Term
from randomizers.units import conversion, units_like
from randomizers.widening import Widening


def term_from_config(config: object, target: Target) -> Term:
    """The term that plain data stands for; keys are the fields of `Term` but `joint_type`, `kind`, and `unit`, that of its
    numbers, which may be left out where they are factors or have none, and says which type of joints they are for. Raises
    WorldsError; Unfit for a term that the target has nothing for. `optional` is for files that fit many targets, and of no
    consequence here."""
    allowed = (
        "kind",
        "unit",
        "optional",
        *(field.name for field in dataclass_fields(Term) if field.name != "joint_type"),
    )
    if not isinstance(config, Mapping):
        raise WorldsError(f"a term is written as keys and values, got {config!r}; keys: {', '.join(allowed)}")
    for key in config:
        if key not in allowed:
            raise WorldsError(f"unknown key {key!r}; keys: {', '.join(allowed)}")
    for key in ("name", "kind", "distribution"):
        if key not in config:
            raise WorldsError(f"key {key!r} is missing; given: {', '.join(map(str, config))}")
    settings = dict(config)
    kind, unit, optional = settings.pop("kind"), settings.pop("unit", None), settings.pop("optional", False)
    if not isinstance(kind, str) or kind not in TERMS:
        raise WorldsError(f"unknown kind {kind!r}; kinds: {', '.join(sorted(TERMS))}")
    if not isinstance(optional, bool):
        raise WorldsError(f"'optional' takes true or false, got {optional!r}")
    on = settings.get("on", ())
    if not isinstance(on, str) and not (isinstance(on, list | tuple) and all(isinstance(item, str) for item in on)):
        raise WorldsError(f"'on' takes name patterns, got {on!r}")
    for key in ("distribution", "unseen"):
        if key in settings:
            settings[key] = distribution_from_config(settings[key])
    if "adr" in settings:
        settings["adr"] = Widening.from_config(settings["adr"])
    term = _of_unit(TERMS[kind](**settings), unit, target)
    wanted = term.parameter_unit(target, term.select(target))
    if unit is None and wanted != "1":
        raise term.error(f"key 'unit' is missing: its numbers are in {' or '.join(units_like(wanted))}")
    if unit is None or unit == wanted:
        return term
    try:
        factor = conversion(str(unit), wanted)
    except WorldsError as error:
        # Of several kinds of controls none is the unit of all.
        raise (Unfit if wanted == "control" else WorldsError)(str(error), term.name) from error
    converted = {key: settings[key].times(factor) for key in ("distribution", "unseen", "adr") if key in settings}
    return replace(term, **converted)


def _of_unit(term: Term, unit: object, target: Target) -> Term:
    """The term for the type of joints that the unit of its numbers is of, where what it matches is not of that type alone."""
    units = term.units_by_joint_type
    if unit is None or not units:
        return term
    types = term.joint_types(target)
    for joint_type, wanted in units.items():
        if unit in units_like(wanted):
            return term if types == {joint_type} else replace(term, joint_type=joint_type)
    if types == set(units):
        available = ", ".join(name for wanted in units.values() for name in units_like(wanted))
        raise term.error(f"unit {unit!r} does not fit; unit: {available}")
    return term
