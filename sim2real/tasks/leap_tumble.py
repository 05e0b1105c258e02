"""leap/tumble: tumble a cube over its edges on a LEAP hand, feeling only the joints."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from sim2real.tasks.leap_hand import LeapHand
from sim2real.tasks.palm_up_tumble import PalmUpTumble


class LeapTumble(LeapHand, PalmUpTumble):
    """The LEAP hand's."""

    name = "leap/tumble"
    summary = "tumble a cube over its edges on a LEAP hand, from joint angles alone"
    worlds_path = Path(str(files("sim2real") / "assets" / "leap_rotate_z_worlds.yaml"))
