"""LeapMenagerie: tasks of the LEAP hand as MuJoCo Menagerie models it, from the user's own checkout."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

import mujoco
import numpy as np

from sim2real.errors import UserError
from sim2real.simulation.physics_model import load_spec
from sim2real.tasks.leap_hand import LeapHand
from sim2real.tasks.leap_reorient import LeapReorient
from sim2real.tasks.leap_reorient_playground import LeapReorientPlayground
from sim2real.tasks.leap_rotate_z import LeapRotateZ
from sim2real.tasks.leap_rotate_z_playground import LeapRotateZPlayground

VARIABLE = "SIM2REAL_MENAGERIE"
"""Environment variable that names the checkout."""
FILE = Path("leap_hand") / "right_hand.xml"
"""The hand within it."""
PLACE = np.array([0.0, 0.015, 0.25])
"""Where its palm is put [m], so that its joints are where those of this project's own model are."""
TILT = 0.05
"""How far the palm is tilted about y [rad], as this project's own is."""
ARMATURE, MOST_TORQUE = 0.001, 0.95
"""Rotor inertia [kg m^2] and greatest torque [N m] of the joints where the file states none, as this project's own have."""


def menagerie_hand() -> Path:
    """The hand's file. Raises UserError where the user has not said where Menagerie is, or it has no such file."""
    checkout = os.environ.get(VARIABLE, "")
    if not checkout:
        raise UserError(
            f"tasks leap-menagerie/* take the hand from MuJoCo Menagerie: set {VARIABLE} to a checkout of "
            "https://github.com/google-deepmind/mujoco_menagerie"
        )
    path = Path(checkout).expanduser() / FILE
    if not path.is_file():
        raise UserError(f"{VARIABLE}={checkout} has no file {FILE}; wanted: a checkout of MuJoCo Menagerie")
    return path


def load_hand(path: Path) -> mujoco.MjSpec:
    """Menagerie's hand alone. Raises UserError, in one line, for all that its file lacks."""
    try:
        hand = load_spec(path)
    except ValueError as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    files = [Path(hand.modelfiledir) / hand.meshdir / mesh.file for mesh in hand.meshes if mesh.file]
    lacking = [f"mesh {file.name}" for file in files if not file.is_file()]
    lacking += [f"joint {name}" for name in LeapHand.joints if hand.joint(name) is None]
    moved = {actuator.target for actuator in hand.actuators}
    lacking += [f"actuator of {name}" for name in LeapHand.joints if name not in moved]
    lacking += [f"geom {tip}" for tip in LeapHand.tips if hand.geom(tip) is None]
    lacking += [] if hand.body("palm") is not None else ["body palm"]
    if lacking:
        raise UserError(
            f"{path} lacks: {', '.join(lacking)}; wanted: MuJoCo Menagerie's right LEAP hand, with its meshes"
        )
    return hand


class LeapMenagerie(LeapHand):
    """The original's bodies, masses, collision shapes, servos and looks, on this project's scene: palm up, with its cube,
    cameras, lights, time step and solver.

    The joints have the names and axes that the hand's own driver has here, so policies and worlds go from one model to the
    other. What the file leaves out, rotor inertia and torque limits, is as in this project's model.
    """

    @cached_property
    def spec(self) -> mujoco.MjSpec:
        hand = load_hand(menagerie_hand())
        scene = super().spec
        for thing in (*scene.actuators, *scene.excludes, scene.body("palm")):
            scene.delete(thing)
        # Where the two differ in these, the scene's hold.
        hand.option.cone, hand.option.impratio = scene.option.cone, scene.option.impratio
        compiled = hand.compile()
        for name in self.tips:
            tip = hand.geom(name)
            tip.parent.add_site(name=name, pos=compiled.geom(name).pos, group=4)
        for name in self.joints:
            joint = hand.joint(name)
            joint.armature = joint.armature or ARMATURE
        for actuator in hand.actuators:
            if not compiled.actuator(actuator.name).forcelimited[0]:
                actuator.forcerange = (-MOST_TORQUE, MOST_TORQUE)
                actuator.forcelimited = True
        hand.body("palm").pos = np.zeros(3)
        tilted = scene.worldbody.add_frame(pos=PLACE, quat=(np.cos(TILT / 2), 0.0, np.sin(TILT / 2), 0.0))
        tilted.attach_body(hand.body("palm"), "", "")
        return scene


class LeapMenagerieRotateZ(LeapMenagerie, LeapRotateZ):
    """leap/rotate-z on it."""

    name = "leap-menagerie/rotate-z"
    summary = f"leap/* on MuJoCo Menagerie's model of the hand; {VARIABLE} says where that is"


class LeapMenagerieReorient(LeapMenagerie, LeapReorient):
    """leap/reorient on it."""

    name = "leap-menagerie/reorient"
    summary = LeapMenagerieRotateZ.summary


class LeapMenagerieRotateZPlayground(LeapMenagerie, LeapRotateZPlayground):
    """leap/rotate-z-playground on it: the model that these rewards were published with."""

    name = "leap-menagerie/rotate-z-playground"
    summary = LeapMenagerieRotateZ.summary


class LeapMenagerieReorientPlayground(LeapMenagerie, LeapReorientPlayground):
    """leap/reorient-playground on it: the model that these rewards were published with."""

    name = "leap-menagerie/reorient-playground"
    summary = LeapMenagerieRotateZ.summary
