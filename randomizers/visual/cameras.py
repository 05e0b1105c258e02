"""Terms of cameras: where they are, how they look, how wide."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from randomizers.target import Selection, Target
from randomizers.visual.look_term import LookTerm
from randomizers.visual.turning import turn_frame

# Plain ints: from mujoco 3.12 on, its enums do not compare equal to NumPy's integers.
_FIXED = int(mujoco.mjtCamLight.mjCAMLIGHT_FIXED)
_TRACKING = (int(mujoco.mjtCamLight.mjCAMLIGHT_TRACK), int(mujoco.mjtCamLight.mjCAMLIGHT_TRACKCOM))
_PERSPECTIVE = int(mujoco.mjtProjection.mjPROJ_PERSPECTIVE)


class CameraPosition(LookTerm):
    """Where cameras are, m, in the axes of the body that they are mounted on: of the world for most."""

    kind = "camera_position"
    unit = "m"
    selects = "camera"
    fields = ("cam_pos",)
    operations = ("add", "set")
    parts = ("x", "y", "z")
    lowest = -np.inf

    def check(self, target: Target, selection: Selection) -> None:
        for camera, name in zip(selection.ids, selection.names, strict=True):
            if target.visual_model.cam_mode[camera] in _TRACKING:
                raise self.refuse(name, "it follows its body")
        super().check(target, selection)


class CameraOrientation(LookTerm):
    """How cameras are turned from where they look, rad: a rotation vector about the camera's own axes, which point to the
    right of the picture, up, and back from it.
    """

    kind = "camera_orientation"
    unit = "rad"
    selects = "camera"
    fields = ("cam_quat",)
    operations = ("add",)
    parts = ("x", "y", "z")

    def check(self, target: Target, selection: Selection) -> None:
        for camera, name in zip(selection.ids, selection.names, strict=True):
            if target.visual_model.cam_mode[camera] != _FIXED:
                raise self.refuse(name, "what it looks at is given by a body")

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows, ids = fields["cam_quat"], selection.ids
        rows[:, ids] = turn_frame(rows[:, ids], values)


class CameraFieldOfView(LookTerm):
    """Vertical field of view of cameras, deg, as the model has it."""

    kind = "camera_field_of_view"
    unit = "deg"
    selects = "camera"
    fields = ("cam_fovy",)
    operations = ("add", "scale", "set")
    lowest = 0.1
    highest = 175.0

    def check(self, target: Target, selection: Selection) -> None:
        model = target.visual_model
        for camera, name in zip(selection.ids, selection.names, strict=True):
            if model.cam_projection[camera] != _PERSPECTIVE:
                raise self.refuse(name, "it is orthographic")
            if model.cam_sensorsize[camera].any():
                raise self.refuse(name, "its focal length and sensor size are given")
        super().check(target, selection)
