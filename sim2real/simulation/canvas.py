"""Canvas: draws MuJoCo models without a window."""

from __future__ import annotations

import atexit
import os
import weakref
from collections.abc import Iterable
from typing import Any

import mujoco
import numpy as np

from sim2real.errors import UserError
from sim2real.simulation.marks import Mark, add_marks

MOST_GEOMS = 4000
"""Geoms that a scene has room for."""
MARGIN = 4
"""Pixels around a caption."""
DIMMED = 0.35
"""What is left of a picture's light behind a caption, as a share."""


class Canvas:
    """One model's OpenGL context with an offscreen picture of its own size.

    Headless machines render through EGL, without a GPU in software. Raises UserError where there is no OpenGL at all.
    Not to be shared between threads; MuJoCo holds Python's lock while it draws, so only processes draw at once.
    """

    def __init__(self, model: mujoco.MjModel, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._model = model
        model.vis.global_.offwidth, model.vis.global_.offheight = width, height
        try:
            self._gl: Any = _gl_context(width, height)
            self._gl.make_current()
            self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        except Exception as error:  # whatever the machine's OpenGL raises
            raise UserError(
                f"cannot render: {type(error).__name__}: {error}; on Debian or Ubuntu: "
                "apt-get install libegl1 libgl1-mesa-dri libopengl0"
            ) from error
        self._release = weakref.finalize(self, _free, self._gl, self._context)
        # Exit handlers run last first: OpenGL's, registered before, must not come before its contexts', and the one of all
        # finalizers would, if any was made before OpenGL was loaded.
        self._release.atexit = False
        atexit.register(self._release)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._context)
        self._scene = mujoco.MjvScene(model, MOST_GEOMS)
        self._option = mujoco.MjvOption()
        self._camera = mujoco.MjvCamera()
        self._rect = mujoco.MjrRect(0, 0, width, height)
        self._pixels = np.empty((height, width, 3), np.uint8)

    def draw(self, data: mujoco.MjData, camera: int, out: np.ndarray, marks: Iterable[Mark] = ()) -> None:
        """Draws what a camera sees, and marks, into out (h, w, 3) uint8; -1 is a free one that has the whole model in view."""
        if camera < 0:
            mujoco.mjv_defaultFreeCamera(self._model, self._camera)
        else:
            self._camera.type, self._camera.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED.value, camera
        everything = mujoco.mjtCatBit.mjCAT_ALL.value
        mujoco.mjv_updateScene(self._model, data, self._option, None, self._camera, everything, self._scene)
        add_marks(marks, self._model, data, self._scene)
        self._gl.make_current()
        mujoco.mjr_render(self._rect, self._scene, self._context)
        self._read(out)

    def _read(self, out: np.ndarray) -> None:
        mujoco.mjr_readPixels(self._pixels, None, self._rect, self._context)
        # OpenGL begins at the bottom.
        out[:] = self._pixels[::-1]

    def caption(self, text: str, picture: np.ndarray) -> None:
        """Writes lines of text into the lower left corner of a picture (h, w, 3) uint8, white on a dimmed ground."""
        font, corner = mujoco.mjtFont.mjFONT_NORMAL.value, mujoco.mjtGridPos.mjGRID_BOTTOMLEFT.value
        self._gl.make_current()
        mujoco.mjr_rectangle(self._rect, 0.0, 0.0, 0.0, 1.0)
        mujoco.mjr_overlay(font, corner, self._rect, text, "", self._context)
        letters = np.empty_like(picture)
        self._read(letters)
        rows, columns = np.nonzero(letters.any(axis=2))
        if rows.size:
            ground = picture[max(rows.min() - MARGIN, 0) :, : columns.max() + 1 + MARGIN]
            ground[:] = ground * DIMMED
        np.maximum(picture, letters, out=picture)

    def upload(self, texture: int) -> None:
        """Takes over the model's present texels of a texture."""
        self._gl.make_current()
        mujoco.mjr_uploadTexture(self._model, self._context, texture)

    def close(self) -> None:
        """Releases the graphics context."""
        self._release()


def _free(gl: Any, context: mujoco.MjrContext) -> None:
    gl.make_current()
    context.free()
    gl.free()


def _gl_context(width: int, height: int) -> Any:
    # MuJoCo looks at MUJOCO_GL when it is first imported, which may have been before this package set it.
    if os.environ.get("MUJOCO_GL") == "egl":
        from mujoco.egl import GLContext

        return GLContext(width, height)
    return mujoco.GLContext(width, height)
