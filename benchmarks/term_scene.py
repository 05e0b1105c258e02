"""The scene that terms are demonstrated in: an arm, and things that fall, slide, roll, spin, tumble and fly beside it."""

from __future__ import annotations

import mujoco
import numpy as np

from randomizers import Target

SCENE = """
<mujoco model="scene">
  <compiler angle="radian"/>
  <option timestep="0.002" integrator="implicitfast" density="1.2" viscosity="0.000018"/>
  <worldbody>
    <geom name="floor" type="plane" size="9 9 .1"/>
    <body name="base" pos="0 .15 .6">
      <inertial pos="0 0 0" mass="1" diaginertia=".01 .01 .01"/>
      <body name="upper">
        <joint name="shoulder" axis="0 -1 0" damping=".1" armature=".01" frictionloss=".02" stiffness="1"/>
        <geom name="upper" type="capsule" fromto="0 0 0 .25 0 0" size=".02" mass=".3"/>
        <body name="fore" pos=".25 0 0">
          <joint name="elbow" axis="0 -1 0" damping=".1" armature=".01" frictionloss=".02" stiffness="1"
                 range="-.7 .7" limited="true"/>
          <geom name="fore" type="capsule" fromto="0 0 0 .25 0 0" size=".02" mass=".2"/>
          <site name="tip" pos=".25 0 0"/>
        </body>
      </body>
    </body>
    <body name="box" pos="0 0 .08" simple="false">
      <freejoint/>
      <geom name="box" type="box" size=".04 .03 .05" mass=".2" friction=".4" priority="1"/>
    </body>
    <body name="ball" pos="0 1 .3">
      <freejoint/>
      <geom name="ball" type="sphere" size=".04" mass=".1" solref=".04 .2" solimp=".5 .95 .005" priority="1"/>
    </body>
    <body name="roller" pos="0 2 .1" euler="1.5708 0 0">
      <freejoint/>
      <geom name="roller" type="cylinder" size=".06 .03" mass=".2" condim="6" friction=".6 .005 .003" priority="1"/>
    </body>
    <body name="top" pos="0 3 .04">
      <freejoint/>
      <geom name="top" type="sphere" size=".04" mass=".1" condim="4" friction=".6 .003 0" priority="1"/>
    </body>
    <body name="bar" pos="0 4 1" gravcomp="1">
      <freejoint/>
      <geom name="bar" type="box" size=".09 .07 .05" mass=".3"/>
    </body>
    <body name="balloon" pos="0 5 .5" gravcomp=".97">
      <freejoint/>
      <geom name="balloon" type="sphere" size=".12" mass=".02"/>
    </body>
    <body name="ramp" pos="0 6 .3" euler="0 .35 0">
      <geom name="ramp" type="box" size=".5 .2 .02"/>
    </body>
    <body name="block" pos="-.17 6 .405" euler="0 .35 0">
      <freejoint/>
      <geom name="block" type="box" size=".04 .04 .03" mass=".3" friction=".45" priority="1"/>
    </body>
  </worldbody>
  <tendon>
    <fixed name="cable" range="-.9 .9" limited="true" stiffness=".3" damping=".05" frictionloss=".02">
      <joint joint="shoulder" coef="1"/>
      <joint joint="elbow" coef="1"/>
    </fixed>
  </tendon>
  <actuator>
    <position name="shoulder" joint="shoulder" kp="12" kv=".6" ctrlrange="-1 1" forcerange="-8 8"/>
    <position name="elbow" joint="elbow" kp="6" kv=".3" ctrlrange="-1 1" forcerange="-3 3"/>
  </actuator>
</mujoco>
"""

SPEEDS = {"box": (0.9, 0.9, 0, 0, 0, 0), "roller": (0.6, 0, 0, 0, 0, -10), "top": (0, 0, 0, 0, 0, 25)}
SPEEDS |= {"bar": (0, 0, 0, 3, 8, 2), "balloon": (1.5, 0, 0, 0, 0, 0)}
"""How things set out: linear speed [m/s], world axes, and angular speed [rad/s], their own axes."""


def scene() -> Target:
    """The scene, with the arm's two encoders and a tracker of its tip, which carries a marker."""
    sizes = {"joint_angle": 2, "tip_position": 3}
    return Target(
        mujoco.MjModel.from_xml_string(SCENE),
        "scene",
        sizes,
        {"joint_angle": "rad", "tip_position": "m"},
        sensors={"joint_angle": ("shoulder", "elbow"), "tip_position": ("tip",) * 3},
        markers=("tip",),
    )


def start(model: mujoco.MjModel) -> tuple[np.ndarray, np.ndarray]:
    """Positions (nq,) and speeds (nv,) that everything sets out with."""
    speeds = np.zeros(model.nv)
    for body, speed in SPEEDS.items():
        first = model.body_dofadr[model.body(body).id]
        speeds[first : first + 6] = speed
    return model.qpos0.copy(), speeds


def targets(time: float) -> np.ndarray:
    """What the two servos are told (2,) [rad]: the shoulder swings, the elbow goes to and fro."""
    return np.array([0.4 * np.sin(2 * np.pi * 0.75 * time), 0.5 * np.sign(np.sin(2 * np.pi * time + 1e-9))])
