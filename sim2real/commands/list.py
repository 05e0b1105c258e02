"""sim2real list."""

from __future__ import annotations

from typing import Annotated, Literal

import tyro
from pydantic import BaseModel, ConfigDict

from randomizers import TERMS
from sim2real.cli import Result
from sim2real.commands.tables import table
from sim2real.evaluation import BASELINES
from sim2real.tasks import TASKS, task_class


class Options(BaseModel):
    """What to list."""

    model_config = ConfigDict(frozen=True)

    what: Annotated[Literal["all", "tasks", "terms", "policies"], tyro.conf.Positional] = "all"
    """tasks, kinds of randomization terms, untrained policies, or all of them."""


def run(options: Options) -> Result:
    """List what is available."""
    tasks = [
        {"name": name, "summary": task_class(name).summary, "solvers": list(task_class(name).solvers)} for name in TASKS
    ]
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
    parts = {
        "tasks": (
            tasks,
            table(
                [(t["name"], t["summary"], ", ".join(t["solvers"])) for t in tasks], ("task", "what it is", "solvers")
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
        "policies": (list(BASELINES), table([(name,) for name in BASELINES], ("untrained policy",))),
    }
    chosen = parts if options.what == "all" else {options.what: parts[options.what]}
    return Result({name: data for name, (data, _) in chosen.items()}, "\n\n".join(text for _, text in chosen.values()))
