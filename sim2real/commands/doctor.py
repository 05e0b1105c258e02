"""sim2real doctor."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from pydantic import BaseModel, ConfigDict

from sim2real.cli import Result
from sim2real.commands.tables import table
from sim2real.errors import UserError


class Options(BaseModel):
    """Nothing to choose."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True)
class Check:
    """One capability."""

    capability: str
    ok: bool
    found: str
    mend: str
    """The command that mends it; empty where nothing is wrong."""


def run(options: Options) -> Result:
    """Check every capability by using it."""
    checks = [
        _python(),
        _packages("simulate", ("mujoco", "mjbatch", "numpy"), "pip install sim2real"),
        _packages("train", ("torch", "stable-baselines3", "gymnasium"), "pip install sim2real"),
        _packages("Shadow hand models", ("gymnasium-robotics",), "pip install sim2real"),
        _menagerie(),
        _packages("run bundles", ("onnxruntime",), "pip install onnxruntime"),
        _subprocess("render pictures", _RENDER, "apt-get install libegl1 libgl1-mesa-dri libopengl0"),
        _subprocess("write videos", _VIDEO, "pip install 'imageio[ffmpeg]'"),
        _subprocess("talk ROS 2", _ROS, "pip install 'sim2real[ros]', or source a system ROS 2"),
        _subprocess("play mazes in the first person", _MAZE, "pip install 'sim2real[maze]'"),
        _packages("train the baseline sb3-recurrent-ppo", ("sb3-contrib",), "pip install 'sim2real[baselines]'"),
        _display(),
        _threads(),
    ]
    rows = [(c.capability, "yes" if c.ok else "NO", c.found, c.mend) for c in checks]
    missing = [check.capability for check in checks if not check.ok]
    last = "everything works" if not missing else f"missing: {', '.join(missing)}"
    text = table(rows, ("capability", "works", "found", "mend with")) + f"\n\n{last}"
    return Result({"checks": [asdict(check) for check in checks], "ok": not missing}, text)


_RENDER = (
    "import mujoco; r = mujoco.Renderer(mujoco.MjModel.from_xml_string('<mujoco/>'), 16, 16); "
    "import os; r.close(); print(os.environ.get('MUJOCO_GL', 'default'))"
)
_VIDEO = "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_version())"
_ROS = (
    "import rclpy, sensor_msgs.msg, geometry_msgs.msg, os; c = rclpy.Context(); rclpy.init(context=c); "
    "rclpy.shutdown(context=c); print('rclpy', os.environ.get('ROS_DISTRO', 'without a system ROS'))"
)
_MAZE = (
    "import numpy as np; from importlib.metadata import version; from sim2real.tasks import make_task; "
    "t = make_task('maze/view-5x5'); s = t.simulate(1); i = np.arange(1); s.load(i, t.worlds.nominal(1), i); "
    "s.reset(i, i); print('vizdoom', version('vizdoom'))"
)


def _python() -> Check:
    ok = (3, 10) <= sys.version_info[:2] < (3, 14)
    return Check("Python", ok, platform.python_version(), "" if ok else "use Python 3.10 to 3.13")


def _packages(capability: str, packages: tuple[str, ...], mend: str) -> Check:
    found, ok = [], True
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"no {package}")
            ok = False
    return Check(capability, ok, ", ".join(found), "" if ok else mend)


def _menagerie() -> Check:
    from sim2real.tasks.leap_menagerie import VARIABLE, load_hand, menagerie_hand

    try:
        path = menagerie_hand()
        load_hand(path)
    except UserError as error:
        found = str(error) if os.environ.get(VARIABLE) else f"{VARIABLE} is not set"
        mend = f"git clone https://github.com/google-deepmind/mujoco_menagerie; export {VARIABLE}=$PWD/mujoco_menagerie"
        return Check("tasks leap-menagerie/*", False, found, mend)
    return Check("tasks leap-menagerie/*", True, str(path), "")


def _subprocess(capability: str, code: str, mend: str) -> Check:
    """In a process of its own: graphics and ROS may end the process they fail in."""
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return Check(capability, False, "no answer within 60 s", mend)
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return Check(
        capability, done.returncode == 0, lines[-1][:80] if lines else "", "" if done.returncode == 0 else mend
    )


def _display() -> Check:
    shown = sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return Check(
        "open a viewer", shown, "a display" if shown else "no display", "" if shown else "sim2real play --video"
    )


def _threads() -> Check:
    policy = os.environ.get("OMP_WAIT_POLICY", "").upper()
    return Check(
        "threads share the cores",
        policy == "PASSIVE",
        f"OMP_WAIT_POLICY={policy or 'unset'}, {os.cpu_count()} cores",
        "" if policy == "PASSIVE" else "export OMP_WAIT_POLICY=PASSIVE",
    )
