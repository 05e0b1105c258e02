"""allegro/reorient: bring a cube on an Allegro hand from one orientation to the next."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from sim2real.tasks.allegro_hand import AllegroHand
from sim2real.tasks.palm_up_reorient import PalmUpReorient


class AllegroReorient(AllegroHand, PalmUpReorient):
    """The Allegro hand's."""

    name = "allegro/reorient"
    summary = "bring a cube on an Allegro hand from one orientation to the next"
    worlds_path = Path(str(files("sim2real") / "assets" / "allegro_reorient_worlds.yaml"))
