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


@dataclass(frozen=True)
class Options(DeploySettings):
    """A bundle and how to run it."""

    bundle: Annotated[Path, tyro.conf.Positional] = Path("bundle")
    """The bundle's folder."""


def run(options: Options) -> Result:
    """Approach the start pose, run the policy, hold."""
    bundle = Bundle.load(options.bundle)
    from deploy_robot.ros2.deploy import deploy

    print(notice(bundle, options.ros), file=sys.stderr)
    report = deploy(bundle, options)
    return Result(report.summary(), report.sentence(), code=1 if report.ended == "fault" else 0)
