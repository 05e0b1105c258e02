"""Tracking: how the joints followed their targets."""

from __future__ import annotations

import numpy as np

from sim2real.report.axis import Axis
from sim2real.report.deploy_file import DeployFile, DeployLog
from sim2real.report.html import Html, join, paragraph, tag
from sim2real.report.numbers import number
from sim2real.report.plot import Plot, grid, legend

SHOWN = 4
SECONDS = 10.0


def tracking(deploy: DeployFile, log: DeployLog) -> Html:
    """Target and measured angle of the joints that were asked to move most, from the policy's first tick on."""
    begin = deploy.approach_ticks if deploy.approach_ticks < deploy.ticks - 1 else 0
    time = np.array(log.stamps)[begin:] - log.stamps[begin]
    targets, positions = np.array(log.targets)[begin:], np.array(log.positions)[begin:]
    most = np.argsort(-targets.std(axis=0), kind="stable")[:SHOWN]
    shown = time <= SECONDS
    error = np.sqrt(((positions[1:] - targets[:-1]) ** 2).mean(axis=0))
    figures = [
        _joint(deploy.joints[j], time[shown], targets[shown, j], positions[shown, j], float(error[j])) for j in most
    ]
    return join(
        tag("h3", "How the joints followed"),
        paragraph(
            f"Of {len(deploy.joints)} joints, those whose targets varied most, in the first "
            f"{number(min(SECONDS, float(time[-1])))} s after the approach. The error is the root mean square "
            "distance between a target and what was measured one tick later, over the whole run; "
            "a servo under load never quite reaches its target."
        ),
        legend([("target", "target"), ("measured", "measured")]),
        grid(figures, "medium"),
    )


def _joint(name: str, time: np.ndarray, targets: np.ndarray, positions: np.ndarray, error: float) -> Html:
    plot = Plot(Axis.around([time], "time [s]", 5, margin=0.0), Axis.around([targets, positions], ticks=4))
    note = f"error {number(error)} rad"
    marks = plot.line(time, targets, "target"), plot.line(time, positions, "measured")
    return plot.figure(f"{name} [rad]", f"Angle of {name} over time; {note}", *marks, note=note)
