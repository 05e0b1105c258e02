"""sim2real list."""

from __future__ import annotations

from textwrap import wrap
from typing import Annotated, Literal, TypedDict

import tyro
from pydantic import BaseModel, ConfigDict

from randomizers import PRESETS, TERMS, Term, preset_source
from sim2real.cli import Result
from sim2real.commands.tables import table
from sim2real.evaluation import BASELINES
from sim2real.tasks import FAMILIES, TASKS, task_class

_COLUMNS = ("term", "unit", "acts on", "operations", "each", "writes")
_LAST = 34
"""Width of the last of them, so that the table has 120 columns."""


_OF_ALL = (
    "\n\nAll are drawn anew with every trial, or with every episode where a file says `when: episode`. Of several operations\n"
    "the first is the default. What each does: `sim2real list terms --json`; pictures and plots: docs/terms.md."
)


class TermFacts(TypedDict):
    """One kind of term."""

    kind: str
    summary: str
    unit: str
    slide_unit: str | None
    """Unit where what it acts on slides instead of turning, where that makes a difference."""
    acts_on: str
    operations: list[str]
    """The default first."""
    each: str
    """The default."""
    when: list[str]
    """The default first."""
    fields: list[str]
    """Fields of the model or of its looks, or settings of channels, that it writes."""
    recompute: bool
    """Whether constants that derive from them are computed anew."""
    partner: str | None
    """The kind without which it does nothing."""


class Options(BaseModel):
    """What to list."""

    model_config = ConfigDict(frozen=True)

    what: Annotated[Literal["all", "tasks", "terms", "presets", "policies"], tyro.conf.Positional] = "all"
    """tasks, kinds of randomization terms, presets of worlds, untrained policies, or all of them."""


def run(options: Options) -> Result:
    """List what is available."""
    tasks = [
        {"name": name, "summary": task_class(name).summary, "solvers": list(task_class(name).solvers)} for name in TASKS
    ]
    lines = [(_label(family, names), task_class(names[0])) for family, names in FAMILIES.items()]
    terms = [facts_of(TERMS[kind]) for kind in sorted(TERMS)]
    presets = [{"name": name, "source": preset_source(name)} for name in PRESETS]
    parts = {
        "tasks": (
            tasks,
            table(
                [(label, task.summary, ", ".join(task.solvers)) for label, task in lines],
                ("task", "what it is", "solvers"),
            ),
        ),
        "terms": (terms, table([line for facts in terms for line in _lines(facts)], _COLUMNS) + _OF_ALL),
        "presets": (
            presets,
            table([(p["name"], p["source"]) for p in presets], ("preset", "where its numbers are from")),
        ),
        "policies": (list(BASELINES), table([(name,) for name in BASELINES], ("untrained policy",))),
    }
    chosen = parts if options.what == "all" else {options.what: parts[options.what]}
    return Result({name: data for name, (data, _) in chosen.items()}, "\n\n".join(text for _, text in chosen.values()))


def facts_of(term: type[Term]) -> TermFacts:
    """What a kind says of itself."""
    return {
        "kind": term.kind,
        "summary": " ".join((term.__doc__ or "").split("\n\n")[0].split()),
        "unit": term.unit,
        "slide_unit": "m" if term.unit == "control" else term.slide_unit,
        "acts_on": term.selects or "world",
        "operations": list(term.operations),
        "each": term.default_each,
        "when": ["trial", "episode"],
        "fields": list(term.fields),
        "recompute": term.recompute,
        "partner": term.partner,
    }


def _lines(facts: TermFacts) -> list[tuple[str, ...]]:
    """A kind's line of the table, and those that the last column goes on in."""
    writes = [*facts["fields"], *(["derived constants"] if facts["recompute"] else [])]
    last = wrap(", ".join(writes), _LAST) + ([f"needs {facts['partner']}"] if facts["partner"] else [])
    first = (facts["kind"], facts["unit"], facts["acts_on"], ", ".join(facts["operations"]), facts["each"])
    return [(*(first if row == 0 else ("",) * len(first)), text) for row, text in enumerate(last)]


def _label(family: str, names: tuple[str, ...]) -> str:
    return f"{family} ({len(names)})" if len(names) > 1 else family
