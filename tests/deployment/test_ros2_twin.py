"""The bundle's loop here and the twin in a process of its own, over real DDS."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")

from deploy_robot import ControlLoop, InProcessRobot, RosSettings
from deploy_robot.ros2.client import Ros2Robot
from sim2real.evaluation.choice import choose_worlds
from sim2real.twin import Twin

SECONDS = 5.0
SEED = 3


@pytest.fixture(params=["leap/rotate-z", "leap/reorient-z"])
def twin_process(request, domain: int, tmp_path: Path):
    """A task, without and with tracked poses, its served twin and the file that its summary goes to; killed at the end."""
    out = tmp_path / "twin.json"
    command = [sys.executable, "-m", "sim2real.cli", "twin", request.param]
    command += ["--kind", "seen", "--seed", str(SEED), "--pace", "lockstep", "--seconds", "60", "--out", str(out)]
    command += ["--ros.domain-id", str(domain), "--ros.localhost", "--ros.match-timeout", "90"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield request.param, process, out
    process.kill()
    process.communicate()


def test_lockstep_over_ros_2_is_the_in_process_run_bit_for_bit(twin_process, exported, domain: int) -> None:
    name, process, out = twin_process
    task, bundle = exported(name).task, exported(name).bundle
    settings = RosSettings(domain_id=domain, localhost=True, match_timeout=90.0)
    with Ros2Robot(bundle.contract.joints, settings, poses=bundle.contract.poses, lockstep=True) as robot:
        over_ros = ControlLoop(bundle, robot, pace="lockstep", state_timeout=30.0).run(SECONDS)
    _, errors = process.communicate(timeout=60.0)
    assert process.returncode == 0, errors

    twin = Twin(task, choose_worlds(task.worlds, "seen", 1, SEED))
    within = ControlLoop(bundle, InProcessRobot(twin), pace="lockstep").run(SECONDS)
    assert (over_ros.ended, over_ros.fault, over_ros.policy_ticks) == ("completed", None, 100)
    assert (over_ros.overruns, over_ros.position_clamps, over_ros.velocity_clamps) == (0, 0, 0)
    assert np.ptp(over_ros.targets, axis=0).max() > 0.5, "the hand moved"
    for name in ("targets", "positions", "velocities", "poses"):
        assert np.array_equal(getattr(over_ros, name), getattr(within, name)), name
    assert over_ros.stamps == pytest.approx(0.05 * np.arange(over_ros.ticks))

    summary = json.loads(out.read_text())
    expected = twin.summary()
    assert {key: summary[key] for key in expected} == expected
    assert (summary["served"]["ended"], summary["served"]["steps"]) == ("hold", over_ros.ticks)
    assert summary["served"]["rejected"] == 0
