"""Terms of where bodies are mounted on their parents."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from randomizers.target import Selection, Target
from randomizers.term import Term

_FREE = int(mujoco.mjtJoint.mjJNT_FREE)


class _MountTerm(Term):
    """The pose of a body's frame in its parent's, with all that hangs on it. Where a body's pose is state, of a free joint
    or as mocap, episodes decide it: such a body is refused. Welds hold bodies as they are to each other nominally.
    """

    selects = "body"
    recompute = True
    operations = ("add",)
    parts = ("x", "y", "z")

    def check(self, target: Target, selection: Selection) -> None:
        model = target.model
        for body, name in zip(selection.ids, selection.names, strict=True):
            if model.body_jntnum[body] and model.jnt_type[model.body_jntadr[body]] == _FREE:
                raise self.refuse(name, "it moves freely: its pose is state, and starts where episodes put it")
            if model.body_mocapid[body] >= 0:
                raise self.refuse(name, "it is a mocap body: its pose is state")


class BodyPosition(_MountTerm):
    """Offset of where bodies are mounted, such as a hand or a camera's holder, m, along the axes of the parent's frame."""

    kind = "body_position"
    unit = "m"
    fields = ("body_pos",)

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        fields["body_pos"][:, selection.ids] += values


class BodyOrientation(_MountTerm):
    """Turn of bodies about their own origin as a rotation vector, rad, in the axes of the body's frame as mounted."""

    kind = "body_orientation"
    unit = "rad"
    fields = ("body_quat",)

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows, back, turn, vector = fields["body_quat"], np.empty(4), np.empty(4), np.empty(3)
        for column, body in enumerate(selection.ids):
            nominal = target.model.body_quat[body]
            mujoco.mju_negQuat(back, nominal)
            for row in range(len(rows)):
                if not values[row, column].any():
                    continue
                # Several terms add up as rotation vectors, so that their order does not matter.
                mujoco.mju_mulQuat(turn, back, rows[row, body])
                mujoco.mju_quat2Vel(vector, turn, 1.0)
                vector += values[row, column]
                turn[:] = 1.0, 0.0, 0.0, 0.0
                mujoco.mju_quatIntegrate(turn, vector, 1.0)
                mujoco.mju_mulQuat(rows[row, body], nominal, turn)
