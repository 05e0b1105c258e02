"""Two small models: an arm of two position servos with a free cube, and a table of odd things."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import pytest

from randomizers import Target, dressed

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
    <position name="elbow" joint="elbow" kp="{elbow_kp}" kv="{kv}" ctrlrange="-1 1" forcerange="-9 9"/>
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


# Something for every kind of visual term.
SCENE = """
<mujoco>
  <compiler angle="radian"/>
  <visual><headlight ambient=".1 .1 .1" diffuse=".4 .4 .4" specular=".5 .5 .5"/></visual>
  <asset>
    <texture type="skybox" builtin="gradient" rgb1=".9 .9 .9" rgb2=".2 .4 .8" width="16" height="16"/>
    <texture name="wood" type="cube" builtin="checker" rgb1=".8 .3 .1" rgb2=".3 .1 0" width="16" height="16"/>
    <material name="skin" rgba=".2 .4 .8 1" specular=".4" shininess=".3" reflectance=".2" emission=".1"/>
    <material name="wood" texture="wood" specular=".2" shininess=".6" reflectance=".1" emission=".05"/>
  </asset>
  <worldbody>
    <light name="key" pos=".5 -1 2" dir="-.5 1 -2" diffuse=".6 .6 .6" ambient=".1 .1 .1"/>
    <light name="fill" pos="-1 0 1" dir="1 0 -1" diffuse=".2 .2 .3" castshadow="false" ambient=".1 .1 .1"/>
    <light name="spare" pos="0 1 2" dir="0 -1 -2" active="false" ambient=".1 .1 .1"/>
    <light name="sun" type="directional" dir="0 0 -1" diffuse=".1 .1 .1" castshadow="false" ambient=".1 .1 .1"/>
    <camera name="front" pos="0 -1 .8" xyaxes="1 0 0 0 .5 1" fovy="50"/>
    <camera name="side" pos="1 0 .8" xyaxes="0 1 0 -.5 0 1" fovy="40"/>
    <geom name="floor" type="plane" size="2 2 .1" rgba=".5 .6 .5 1"/>
    <body name="arm" pos="-.3 0 .3">
      <joint name="hinge" axis="0 1 0"/>
      <geom name="link" type="capsule" fromto="0 0 0 .3 0 0" size=".05" material="skin"/>
      <geom type="sphere" size=".07" rgba=".9 .8 .1 1"/>
      <camera name="wrist" mode="track" pos="0 0 .5"/>
      <light name="torch" mode="targetbody" target="cube" pos="0 0 .2" diffuse=".1 .1 .1" active="false"/>
    </body>
    <body name="cube" pos=".2 0 .1">
      <freejoint/>
      <geom name="cube" type="box" size=".1 .1 .1" material="wood"/>
    </body>
  </worldbody>
</mujoco>
"""

SCENE_ROLES = {"object": ("cube",), "robot": ("arm",)}


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
    sizes = {"joints": 2, "cube": 3, "phase": 1}
    sensors = {"joints": ("shoulder", "elbow")}
    return Target(compile_arm(), "arm", sizes, dict.fromkeys(sizes, "m"), sensors=sensors, markers=("cube",))


@pytest.fixture
def table(compile_table: Callable[..., mujoco.MjModel]) -> Target:
    return Target(compile_table(), "table", {})


@pytest.fixture
def scene_spec() -> mujoco.MjSpec:
    return mujoco.MjSpec.from_string(SCENE)


@pytest.fixture(scope="session")
def scene() -> Target:
    """The scene, dressed."""
    spec = mujoco.MjSpec.from_string(SCENE)
    return Target(spec.compile(), "scene", {}, roles=SCENE_ROLES, visual=dressed(spec, SCENE_ROLES).compile())
