"""How each kind of term of looks is demonstrated: pictures of a hand with a cube."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from benchmarks.term_demos import Demo
from randomizers import PATTERNS, CameraFieldOfView, Fixed, MaterialShininess, TexturePattern
from sim2real.simulation.pictures import Pictures
from sim2real.tasks import make_task
from sim2real.tasks.robot_task import RobotTask

TASK = "leap/rotate-z"
CAMERA = "behind"
ZOOM = 27.0
"""Field of view [deg] in which the hand fills the picture."""
WIDTH, HEIGHT = 184, 138
"""Of one picture [pixels]."""
PIXEL = 2
"""Pixels along a side that stand for one."""
_CAPTION = 16
"""Height of what is written above [pixels]."""
_GAP = 4
_DPI = 100

_CHECKERED = (TexturePattern("pattern", Fixed(2.0), on="cube"),)
LOOKS = {
    "camera_position": Demo((-0.03, 0.03), CAMERA, part="y"),
    "camera_orientation": Demo((-0.2, 0.2), CAMERA, part="z"),
    "camera_field_of_view": Demo((-14.0, 14.0), CAMERA),
    "light_position": Demo((-1.0, 1.0), "key", part="y"),
    "light_direction": Demo((-0.5, 1.0), "key", part="y"),
    "light_colour": Demo((0.2, 2.0), "*", part="blue"),
    "light_intensity": Demo((0.3, 2.0), "*"),
    "light_count": Demo((0.0, 6.0), "*"),
    "light_shadows": Demo((1.0,), "left", called=("none", "cast"), shows="left"),
    "headlight_intensity": Demo((0.3, 1.7)),
    "colour": Demo((0.0, 0.8), "cube", part="green"),
    "hue": Demo((-1.0, 2.0), "*"),
    "saturation": Demo((0.2, 1.5), "*"),
    "brightness": Demo((0.5, 3.0), "*"),
    "material_specular": Demo((0.0, 1.0), "*", beside=(MaterialShininess("dull", Fixed(0.1), on="*"),)),
    "material_shininess": Demo((0.05, 1.0), "*"),
    "material_reflectance": Demo((0.3, 0.9), "link", shows="left"),
    "material_emission": Demo((0.5, 1.0), "*"),
    "texture_pattern": Demo((2.0, 4.0), "cube", called=(PATTERNS[0], PATTERNS[2], PATTERNS[4])),
    "texture_colours": Demo((0.0, 1.0), "cube", part="green_2", beside=_CHECKERED),
    "texture_cells": Demo((2.0, 10.0), "cube", beside=_CHECKERED),
    "picture_blur": Demo((1.0, 3.0), CAMERA),
    "picture_exposure": Demo((-1.0, 1.0), CAMERA),
    "picture_flicker": Demo((0.3, 1.0), CAMERA),
    "picture_white_balance": Demo((0.7, 1.3), CAMERA, part="blue"),
    "picture_contrast": Demo((0.5, 1.5), CAMERA),
    "picture_noise": Demo((0.03, 0.1), CAMERA),
}
"""Kinds that act on looks alone; what `shows` names is a camera."""


def photograph(kind: str, task: RobotTask) -> bytes:
    """PNG: the same state in the nominal world and in those of a kind's demonstration, side by side."""
    demo, camera = LOOKS[kind], LOOKS[kind].shows or CAMERA
    if kind != "camera_field_of_view":
        demo = replace(demo, beside=(*demo.beside, CameraFieldOfView("zoom", Fixed(ZOOM), camera, "set")))
    distribution, worlds = demo.worlds(kind, task.target)
    # What pictures suffer from is counted in pixels: theirs are large enough to see.
    scale = PIXEL if kind.startswith("picture_") else 1
    pictures = Pictures(task, distribution, (camera,), WIDTH // scale, HEIGHT // scale, quality=None)
    drawn = pictures.render(worlds, np.tile(task.starts[0], (len(worlds), 1)))[:, 0]
    pictures.close()
    return _strip(drawn.repeat(scale, axis=1).repeat(scale, axis=2), demo.labels(kind, task.target))


def looked_at() -> RobotTask:
    """The task that is photographed."""
    task = make_task(TASK)
    assert isinstance(task, RobotTask)
    return task


def _strip(pictures: np.ndarray, labels: list[str]) -> bytes:
    """PNG of pictures (n, h, w, 3) uint8, each under its label."""
    width, height = len(labels) * (WIDTH + _GAP) - _GAP, HEIGHT + _CAPTION
    with matplotlib.rc_context({"font.size": 7.5}):
        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
        for place, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
            left = place * (WIDTH + _GAP)
            figure.figimage(picture, left, 0)
            figure.text((left + 1) / width, 1 - 3 / height, label, va="top")
        content = BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()
