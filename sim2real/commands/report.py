"""sim2real report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro
from pydantic import BaseModel, ConfigDict

from sim2real.cli import Result
from sim2real.report import write_report
from sim2real.runs import RunFolder


class Options(BaseModel):
    """Which run to report on."""

    model_config = ConfigDict(frozen=True)

    run: Annotated[Path, tyro.conf.Positional]
    """The run's folder."""
    out: Path | None = None
    """The page; RUN/report.html if not given."""


def run(options: Options) -> Result:
    """Write the page."""
    path = write_report(RunFolder.open(options.run).path, options.out)
    return Result({"report": str(path)}, str(path))
