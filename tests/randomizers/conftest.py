"""Two small models: an arm of two position servos with a free cube, and a table of odd things."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import pytest

from randomizers import Target

ARM = """
<mujoco>
  <compiler angle="radian"/>
  <option gravity="{gravity}"/>
  <worldbody>
    <geom name="floor" type="plane" size="1 1 .1" friction="{floor_friction}"/>
    <body name="upper" pos="0 0 1">
      <joint name="shoulder" axis="0 1 0" range="{shoulder_range}" limited="true" damping="{shoulder_damping}"
             armature="{armature}" frictionloss="{friction_loss}"/>
      <geom name="upper" type="capsule" fromto="0 0 0 .2 0 0" size=".02" mass="{upper_mass}"/>
      <body name="fore" pos=".2 0 0">
        <joint name="elbow" axis="0 1 0" range="{elbow_range}" limited="true" damping="{elbow_damping}"
               armature="{armature}" frictionloss="{friction_loss}"/>
        <geom name="fore" type="capsule" fromto="0 0 0 .2 0 0" size=".02" mass=".2"/>
        <geom name="tip" type="sphere" pos=".2 0 0" size=".03" mass=".05"/>
      </body>
    </body>
    <body name="cube" pos="0 0 .2">
      <freejoint name="cube"/>
      <geom name="cube" type="box" size="{cube_size}" mass="{cube_mass}" friction="{cube_friction}"/>
    </body>
  </worldbody>
  <actuator>
    <position name="shoulder" joint="shoulder" kp="{shoulder_kp}" kv="{kv}" ctrlrange="-1 1"/>
    <position name="elbow" joint="elbow" kp="{elbow_kp}" kv="{kv}" ctrlrange="-1 1"/>
  </actuator>
</mujoco>
"""

NOMINAL = {
    "gravity": "0 0 -9.81",
    "floor_friction": "1 .005 .0001",
    "cube_friction": ".8 .005 .0001",
    "shoulder_range": "-1 1",
    "elbow_range": "-2 .5",
    "shoulder_damping": ".1",
    "elbow_damping": ".2",
    "armature": ".01",
    "friction_loss": ".02",
    "upper_mass": ".3",
    "cube_size": ".03 .02 .04",
    "cube_mass": ".1",
    "shoulder_kp": "5",
    "elbow_kp": "3",
    "kv": ".2",
}

TABLE = """
<mujoco>
  <compiler angle="radian"/>
  <asset><mesh name="tetrahedron" vertex="0 0 0 .1 0 0 0 .1 0 0 0 .1"/></asset>
  <worldbody>
    <body name="anchor" mocap="true"/>
    <body name="capsule"><freejoint/>
      <geom name="capsule" type="capsule" size="{radius} {half}" mass=".2" pos="0 0 .1" euler=".5 .6 .7"/>
      <geom name="capsule_mark" type="sphere" size=".001" mass="0" contype="0" conaffinity="0"/>
    </body>
    <body name="sphere" pos="1 0 0"><freejoint/><geom name="sphere" type="sphere" size="{radius}" mass=".2"/></body>
    <body name="cylinder" pos="2 0 0"><freejoint/>
      <geom name="cylinder" type="cylinder" size="{radius} {half}" mass=".2"/></body>
    <body name="ellipsoid" pos="3 0 0"><freejoint/>
      <geom name="ellipsoid" type="ellipsoid" size="{radius} {half} {third}" mass=".2"/></body>
    <body name="measured" pos="4 0 0"><freejoint/><inertial pos="0 0 0" mass=".1" diaginertia="1e-4 2e-4 2.5e-4"/>
      <geom name="measured" type="box" size=".03 .03 .03"/></body>
    <body name="mesh" pos="5 0 0"><joint name="wheel"/><geom name="mesh" type="mesh" mesh="tetrahedron"/>
      <body name="bob"><joint name="ball" type="ball" range="0 1" limited="true" damping=".1"/>
      <geom size=".1"/></body></body>
  </worldbody>
  <actuator>
    <motor name="motor" joint="wheel" gear="2"/>
    <velocity name="velocity" joint="wheel" kv="1"/>
  </actuator>
</mujoco>
"""


@pytest.fixture(scope="session")
def compile_arm() -> Callable[..., mujoco.MjModel]:
    """Compiles the arm with some of its numbers, by their names in `NOMINAL`, replaced."""
    return lambda **changes: mujoco.MjModel.from_xml_string(ARM.format(**(NOMINAL | changes)))


@pytest.fixture(scope="session")
def compile_table() -> Callable[..., mujoco.MjModel]:
    """Compiles the table with its shapes larger by a factor."""
    return lambda factor=1.0: mujoco.MjModel.from_xml_string(
        TABLE.format(radius=0.03 * factor, half=0.05 * factor, third=0.02 * factor)
    )


@pytest.fixture
def arm(compile_arm: Callable[..., mujoco.MjModel]) -> Target:
    return Target(compile_arm(), "arm", {"joints": 2, "cube": 3, "phase": 1}, {"joints": "m", "cube": "m", "phase": "m"})


@pytest.fixture
def table(compile_table: Callable[..., mujoco.MjModel]) -> Target:
    return Target(compile_table(), "table", {})
