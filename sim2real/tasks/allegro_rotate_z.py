"""allegro/rotate-z: turn a cube about the vertical on an Allegro hand, feeling only the joints."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from sim2real.tasks.allegro_hand import AllegroHand
from sim2real.tasks.palm_up_rotate_z import PalmUpRotateZ


class AllegroRotateZ(AllegroHand, PalmUpRotateZ):
    """The Allegro hand's."""

    name = "allegro/rotate-z"
    summary = "turn a cube about the vertical on an Allegro hand, from joint angles alone"
    worlds_path = Path(str(files("sim2real") / "assets" / "allegro_rotate_z_worlds.yaml"))
