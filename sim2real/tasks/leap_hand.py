"""LeapHand: tasks of the LEAP hand."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np

from sim2real.tasks.palm_up import PalmUp

FINGERS = {finger: ("mcp", "rot", "pip", "dip") for finger in ("if", "mf", "rf")} | {"th": ("cmc", "axl", "mcp", "ipl")}
HOME = np.array([0.45, 0.0, 1.2, 0.75] * 3 + [0.1, 1.0, 1.0, 1.3])
"""Fingers half closed around the cube [rad]."""
LOWEST = 0.22
"""A cube whose centre is below has left the palm [m]."""


class LeapHand(PalmUp):
    """16 joints (Shaw, Agarwal, Pathak, RSS 2023), palm up, with a cube of 7 cm."""

    model_path = Path(str(files("sim2real") / "assets" / "leap_hand.xml"))
    joints = tuple(f"{finger}_{joint}" for finger, joints in FINGERS.items() for joint in joints)
    start_pose = HOME
    tips = tuple(f"{finger}_tip" for finger in FINGERS)
    stride = 0.25
    fastest_target = 8.0  # near the no-load speed of the hand's servos
    cube_start = np.array([-0.042, 0.035, 0.325])
    lowest = LOWEST
