"""The control loop over ROS 2: did it keep time, and what did it have to prevent."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import numpy as np

from deploy_robot.loop_report import Spread
from sim2real.report.axis import Axis
from sim2real.report.deploy_file import DeployFile, DeployLog, TwinSummary
from sim2real.report.html import Html, instruction, join, paragraph, properties, table, tag
from sim2real.report.numbers import decimals, fixed, milliseconds, number, parameter, unit_suffix, words
from sim2real.report.plot import Plot, grid, legend
from sim2real.report.run_files import DEPLOY, RunFiles
from sim2real.report.sections.tracking import tracking

BINS = 48
PERCENTILES = ("p50", "p95", "p99")


def robot_loop(files: RunFiles) -> Html:
    """Periods, latencies, incidents and how the joints followed."""
    deploy = files.deploy
    if deploy is None:
        return instruction("The policy has not been run in the control loop.", *_commands(files))
    drawn = None if files.evaluation is None else files.evaluation.drawn
    units = {} if drawn is None else drawn.units
    return join(
        paragraph(_told(deploy)),
        _times(deploy),
        _histograms(deploy, deploy.log) if deploy.log is not None and deploy.ticks > 1 else "",
        _incidents(deploy),
        _twin(deploy.twin, units) if deploy.twin is not None else "",
        tracking(deploy, deploy.log)
        if deploy.log is not None and deploy.ticks > 1
        else instruction("There is no log of two ticks or more that could be drawn.", *_commands(files)),
    )


def _commands(files: RunFiles) -> tuple[str, ...]:
    bundle, out = files.path / "bundle", files.path / DEPLOY
    return (
        files.command("export"),
        f"{files.command('twin')} &",
        shlex.join(["sim2real", "deploy", str(bundle), "--out", str(out)]),
    )


def _told(deploy: DeployFile) -> str:
    robot = "a robot that the file does not describe" if deploy.twin is None else "a simulated twin"
    said = (
        f"The exported policy drove {robot} for {deploy.ticks:,} commands, {deploy.approach_ticks:,} of them the "
        f"approach to the start pose; one command is due every {milliseconds(deploy.control_period)}. "
    )
    if deploy.pace == "lockstep":
        said += "In lockstep the simulated robot waits for each command: times tell what the computer took. "
    if deploy.fault is not None:
        return said + f"It ended with a fault: {deploy.fault}."
    return said + f"It ended without a fault ({deploy.ended})."


def _times(deploy: DeployFile) -> Html:
    spreads = {"period": deploy.period, "latency": deploy.latency, "inference": deploy.inference}
    rows = [[what, *_shown(spread).values()] for what, spread in spreads.items()]
    return join(
        table("Times of the control loop", ["time [ms]", *_shown(deploy.period)], rows),
        paragraph(
            "Period: from one command to the next. Latency: from a state's arrival to the command decided on it. "
            "Inference: the network alone.",
            kind="note",
        ),
    )


def _shown(spread: Spread) -> dict[str, str]:
    """The spread in ms, all with as many decimals."""
    milli = {name: 1e3 * seconds for name, seconds in vars(spread).items()}
    return {name: fixed(value, decimals(milli.values())) for name, value in milli.items()}


def _histograms(deploy: DeployFile, log: DeployLog) -> Html:
    periods = np.diff(np.array(log.sent))
    figures = grid(
        [
            _histogram("period [ms]", periods, deploy.period, deploy.control_period),
            _histogram("latency [ms]", np.array(log.latencies), deploy.latency),
        ],
        "large",
    )
    return join(figures, legend([*((p, p) for p in PERCENTILES), ("due", "period that is due")]))


def _histogram(title: str, durations: np.ndarray, spread: Spread, due: float | None = None) -> Html:
    shown = durations[durations <= np.quantile(durations, 0.995)]
    beyond = len(durations) - len(shown)
    counts, edges = np.histogram(1e3 * shown, BINS)
    lines = {p: 1e3 * getattr(spread, p) for p in PERCENTILES} | ({} if due is None else {"due": 1e3 * due})
    plot = Plot(
        Axis.around([edges, np.array(list(lines.values()))], "ms", 5),
        Axis.around([0.0, 1.05 * counts.max()], ticks=4, margin=0.0),
    )
    marks = [plot.bars(edges[:-1], edges[1:], counts, "plain"), *(plot.vertical(x, role) for role, x in lines.items())]
    note = ", ".join(f"{p} {_shown(spread)[p]}" for p in PERCENTILES)
    if beyond:
        note += f"; {beyond} of {len(durations):,} beyond {number(1e3 * float(shown.max()))} are not drawn"
    return plot.figure(title, f"{title}: {note}", *marks, note=note, kind="large")


def _incidents(deploy: DeployFile) -> Html:
    joints = f" of {deploy.ticks * len(deploy.joints):,}"
    return properties(
        "Incidents",
        [
            ("fault", deploy.fault or "none"),
            ("overruns: control periods skipped because a tick took too long", f"{deploy.overruns:,}"),
            ("position clamps: targets brought back into their limits", f"{deploy.position_clamps:,}{joints}"),
            ("velocity clamps: targets whose change was limited", f"{deploy.velocity_clamps:,}{joints}"),
        ],
    )


def _twin(twin: TwinSummary, units: Mapping[str, str]) -> Html:
    world = [(parameter(name, units.get(name, "")), number(value)) for name, value in twin.world.items()]
    found = twin.mean if twin.total is None else twin.total
    return join(
        tag("h3", "The simulated twin"),
        paragraph(
            f"Over {number(twin.seconds)} s, the approach included: {words(twin.metric)} "
            f"{number(found)}{unit_suffix(twin.unit)}, {twin.drops:,} drop{'' if twin.drops == 1 else 's'}."
        ),
        tag("details", tag("summary", "The world that it stood in"), properties("World of the twin", world)),
    )
