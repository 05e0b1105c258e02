"""Environment variables that native libraries read once, when they are loaded; what the user has set is left alone."""

from __future__ import annotations

import os
import sys


def prepare() -> None:
    """Idle OpenMP threads sleep instead of spinning, which starves the simulation's; without a display EGL renders."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("MUJOCO_GL", "egl")
