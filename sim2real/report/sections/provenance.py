"""Where the numbers come from, so that they can be made again."""

from __future__ import annotations

from sim2real.report.html import Html, code, join, properties, tag
from sim2real.report.run_files import RunFiles


def provenance(files: RunFiles) -> Html:
    """Commands, seeds, revision, versions and the configuration."""
    record, evaluation, deploy = files.record, files.evaluation, files.deploy
    commands = {
        "training": record.command,
        "evaluation": None if evaluation is None else evaluation.command,
        "control loop": None if deploy is None else deploy.command,
    }
    facts = [
        ("task", record.task),
        ("seed of training", str(record.seed)),
        *([("seed of evaluation", str(evaluation.seed))] if evaluation is not None else []),
        ("started", record.started),
        ("git revision", code(record.git or "not from a checkout")),
        ("Python, machine", f"{record.python}, {record.machine}"),
        *((f"command of the {what}", code(line)) for what, line in commands.items() if line is not None),
    ]
    settings = [(key, "none" if value is None else value) for key, value in files.config.items()]
    return join(
        properties("Provenance", facts),
        tag(
            "div",
            tag("div", tag("h3", "Versions"), properties("Versions", record.versions.items())),
            tag("div", tag("h3", "Configuration"), properties("Configuration", settings)),
            class_="columns",
        ),
    )
