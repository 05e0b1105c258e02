"""HeldObject: what Shadow hands turn and move, and the models they are in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import mujoco
import numpy as np

from sim2real.simulation.physics_model import physics_only
from sim2real.tasks.goal_orientations import GoalOrientations, Turns
from sim2real.tasks.shadow_hand import shadow_assets, shadow_spec

BODY = "object"
"""The object's body, and its geom."""
_ON_ITS_SIDE = (0.5**0.5, 0.0, 0.5**0.5, 0.0)


@dataclass(frozen=True)
class HeldObject:
    """An object of gymnasium-robotics' HandManipulate tasks (arXiv 1802.09464): one convex shape."""

    name: str
    """As in its model's file and in the names of tasks."""
    near: float
    """Distance below which a goal's position is reached [m]."""
    lying: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    """How it lies on a palm, not turned about the vertical."""
    axial: bool = False
    """Whether turns about its own z axis do not count."""
    height: int = 0
    """Which of its geom's sizes decides how high its centre lies."""
    away: float = 1.0
    """How many times as far as usual cameras are, to see it whole."""

    def orientations(self, turns: Turns) -> GoalOrientations:
        """Those that goals of that kind are drawn from."""
        return GoalOrientations(turns, self.lying, self.axial)


OBJECTS = {
    thing.name: thing
    for thing in (
        HeldObject("block", 0.01, height=2),
        HeldObject("egg", 0.01, _ON_ITS_SIDE),
        HeldObject("pen", 0.05, _ON_ITS_SIDE, axial=True, away=1.4),
    )
}


@cache
def spec_of(thing: str, touch: bool, stock: bool) -> mujoco.MjSpec:
    """The hand with that object, with its touch sensors or without, in stock physics or fast ones; not to be changed.

    Left out are the object that stock environments show the goal with, as it has a place in the state, and what is hidden
    in the one that is held.
    """
    file = f"manipulate_{thing}{'_touch_sensors' if touch else ''}.xml"
    spec = shadow_spec(shadow_assets() / file, stock, OBJECTS[thing].away)
    spec.delete(spec.body("target"))
    hidden = spec.geom("object_hidden")
    if hidden is not None:
        spec.delete(hidden)
    for site in spec.sites:
        # Where the hand feels, not to be seen.
        if site.name.startswith("robot0:T_"):
            site.group = 4
    # Worlds may move its center of mass.
    spec.body(BODY).simple = False
    return spec


@cache
def model_of(thing: str, touch: bool, stock: bool) -> mujoco.MjModel:
    """Its physics."""
    return physics_only(spec_of(thing, touch, stock))


def touch_columns(model: mujoco.MjModel) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the touch sensors, and where they stand in sensordata."""
    sensors = [model.sensor(i) for i in range(model.nsensor) if "robot0:TS_" in model.sensor(i).name]
    return tuple(sensor.name for sensor in sensors), np.array([sensor.adr[0] for sensor in sensors], np.intp)
