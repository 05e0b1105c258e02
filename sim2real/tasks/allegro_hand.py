"""AllegroHand: tasks of the Allegro hand."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np

from sim2real.tasks.palm_up import PalmUp


class AllegroHand(PalmUp):
    """16 joints named as the hand's ROS driver has them, palm up, with a cube of 6.5 cm: index, middle, ring finger, thumb."""

    model_path = Path(str(files("sim2real") / "assets" / "allegro_hand.xml"))
    joints = tuple(f"joint_{number}.0" for number in range(16))
    start_pose = np.array([0.0, 0.35, 1.15, 0.8] * 3 + [1.3, 0.1, 0.25, 0.5])
    tips = ("ff_tip", "mf_tip", "rf_tip", "th_tip")
    stride = 0.25
    fastest_target = 7.0  # what its robot description says of every joint
    cube_start = np.array([-0.004, 0.01, 0.31])
    lowest = 0.235
