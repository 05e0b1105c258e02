"""What the numbers do not say."""

from __future__ import annotations

from sim2real.report.html import Html, tag
from sim2real.report.run_files import RunFiles


def limits(files: RunFiles) -> Html:
    """The limits, stated plainly."""
    stated = [
        "Simulation only: training and evaluation ran in a simulator. How a physical robot does is not measured here, "
        "and what the simulator does not model is in no interval.",
        f"One policy from one seed ({files.record.seed}): intervals are over worlds for this one trained policy. "
        "They do not say how another seed would do.",
        "Unseen worlds differ from seen ones only in the ranges that the distribution names as unseen; "
        "they are new values of known parameters, not unknown physics.",
        "Intervals stand side by side without correction for their number.",
    ]
    if files.deploy is not None:
        robot = "a robot that the file does not describe" if files.deploy.twin is None else "a simulated robot"
        stated.append(f"The control loop is one run, on one computer, driving {robot}.")
    return tag("ul", *(tag("li", line) for line in stated))
