"""sim2real deploy."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from deploy_robot import Bundle, ControlLoop, DeploySettings, SafetyFilter, SafetyLimits
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
    from deploy_robot.ros2.client import Ros2Robot

    print(
        f"waiting for a robot on {options.ros.state_topic}; not certified for safety: keep a hardware stop in reach",
        file=sys.stderr,
    )
    robot = Ros2Robot(bundle.contract.joints, options.ros)
    try:
        limits = SafetyLimits.from_contract(bundle.contract, options.safety, options.pace == "lockstep")
        loop = ControlLoop(bundle, robot, SafetyFilter(limits), options.pace, options.approach)
        report = loop.run(options.seconds)
    finally:
        robot.close()
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(report.to_json(log=True))
    data = report.summary()
    text = (
        f"{report.ended}{f' ({report.fault or report.signal})' if report.ended != 'completed' else ''}: "
        f"{report.policy_ticks} policy ticks after {report.approach_ticks} of approach, "
        f"period {1e3 * data['period']['p50']:.2f} ms (p99 {1e3 * data['period']['p99']:.2f}), "
        f"latency {1e3 * data['latency']['p50']:.2f} ms (p99 {1e3 * data['latency']['p99']:.2f}), "
        f"{report.overruns} overruns, {report.position_clamps + report.velocity_clamps} clamps"
    )
    return Result(data, text, code=1 if report.ended == "fault" else 0)


def report_json(path: Path) -> dict[str, object]:
    """What `--out` wrote."""
    return json.loads(path.read_text())
