"""leap/reorient: bring a cube on a LEAP hand from one orientation to the next."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from sim2real.tasks.leap_hand import LeapHand
from sim2real.tasks.palm_up_reorient import PalmUpReorient


class LeapReorient(LeapHand, PalmUpReorient):
    """The LEAP hand's."""

    name = "leap/reorient"
    summary = "bring a cube on a LEAP hand from one orientation to the next"
    worlds_path = Path(str(files("sim2real") / "assets" / "leap_reorient_worlds.yaml"))


class LeapReorientZ(LeapReorient):
    """With goals about the vertical alone, which are learnt first: `--start-from` takes what was learnt to `leap/reorient`."""

    name = "leap/reorient-z"
    summary = "turn a cube on a LEAP hand about the vertical, from one orientation to the next"
    turns = "z"
