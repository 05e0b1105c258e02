"""sim2real list."""

from __future__ import annotations

from typing import Annotated, Literal

import tyro
from pydantic import BaseModel, ConfigDict

from randomizers import PRESETS, TERMS, preset_source
from sim2real.cli import Result
from sim2real.commands.tables import table
from sim2real.evaluation import BASELINES
from sim2real.tasks import FAMILIES, TASKS, task_class


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
    terms = [
        {
            "kind": kind,
            "unit": term.unit,
            "acts_on": term.selects or "world",
            "operations": list(term.operations),
            "fields": list(term.fields),
        }
        for kind, term in sorted(TERMS.items())
    ]
    presets = [{"name": name, "source": preset_source(name)} for name in PRESETS]
    parts = {
        "tasks": (
            tasks,
            table(
                [(label, task.summary, ", ".join(task.solvers)) for label, task in lines],
                ("task", "what it is", "solvers"),
            ),
        ),
        "terms": (
            terms,
            table(
                [
                    (t["kind"], t["unit"], t["acts_on"], ", ".join(t["operations"]), ", ".join(t["fields"]))
                    for t in terms
                ],
                ("term", "unit", "acts on", "operations", "fields"),
            ),
        ),
        "presets": (
            presets,
            table([(p["name"], p["source"]) for p in presets], ("preset", "where its numbers are from")),
        ),
        "policies": (list(BASELINES), table([(name,) for name in BASELINES], ("untrained policy",))),
    }
    chosen = parts if options.what == "all" else {options.what: parts[options.what]}
    return Result({name: data for name, (data, _) in chosen.items()}, "\n\n".join(text for _, text in chosen.values()))


def _label(family: str, names: tuple[str, ...]) -> str:
    return f"{family} ({len(names)})" if len(names) > 1 else family
