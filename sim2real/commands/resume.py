"""sim2real resume."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro
import yaml
from pydantic import BaseModel, ConfigDict, Field

from policies.checkpoint import write_atomically
from sim2real.cli import Result
from sim2real.commands.train import trained_result
from sim2real.errors import UserError
from sim2real.runs import RunFolder
from sim2real.runs.baseline_limits import BASELINES


class Options(BaseModel):
    """Which run to go on with, and how far."""

    model_config = ConfigDict(frozen=True)

    run: Annotated[Path, tyro.conf.Positional]
    """The run's folder."""
    steps: int | None = Field(None, ge=1)
    """New total of control steps over all worlds; as configured if not given."""
    minutes: float | None = Field(None, gt=0)
    """Wall-clock minutes of this continuation; as configured if not given."""


def run(options: Options) -> Result:
    """Go on from the checkpoint."""
    folder = RunFolder.open(options.run)
    config = folder.config
    if config.algo in BASELINES:
        raise UserError(
            f"{folder.path} cannot be resumed: {config.algo} keeps no checkpoint to go on from exactly; start anew with: "
            "sim2real train"
        )
    if not folder.checkpoint_path.is_file():
        raise UserError(
            f"{folder.path} has no {folder.checkpoint_path.name}: nothing to go on from; start anew with: sim2real train"
        )
    changes = {name: value for name in ("steps", "minutes") if (value := getattr(options, name)) is not None}
    if changes:
        config = config.model_copy(update=changes)
        write_atomically(folder.config_path, yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False).encode())
    return trained_result(folder, resume=True)
