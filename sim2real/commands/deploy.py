"""sim2real deploy."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from deploy_robot import Bundle, DeploySettings
from deploy_robot.__main__ import notice
from sim2real.cli import Result
from sim2real.errors import UserError


@dataclass(frozen=True)
class Options(DeploySettings):
    """A bundle and how to run it."""

    bundle: Annotated[Path, tyro.conf.Positional] = Path("bundle")
    """The bundle's folder."""
    out: Path | None = None
    """Write the loop's report there as JSON, with every command and state."""


def run(options: Options) -> Result:
    """Approach the start pose, run the policy, hold."""
    bundle = Bundle.load(options.bundle)
    if options.out is not None and options.out.is_dir():
        raise UserError(f"{options.out} is a folder; --out wants a file")
    from deploy_robot.ros2.deploy import deploy

    print(notice(bundle, options.ros), file=sys.stderr)
    report = deploy(bundle, options)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(report.to_json(log=True))
    return Result(report.summary(), report.sentence(), code=1 if report.ended == "fault" else 0)
