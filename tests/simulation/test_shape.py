"""Sizes and places of a world's physics, in its visual model."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from sim2real.simulation.shape import Shape

MODEL = """
<mujoco>
  <worldbody>
    <body name="base" pos="0 0 1">
      <joint name="hinge" axis="0 1 0"/>
      <geom name="rod" type="capsule" size=".02 .1" pos="0 0 .1"/>
      {seen}
    </body>
    <body name="cube"><freejoint/>
      <geom name="cube" type="box" size=".1 .2 .3"/>
      {mark}
    </body>
  </worldbody>
</mujoco>
"""
SEEN = '<geom name="skin" type="capsule" size=".03 .1" pos="0 0 .1" contype="0" conaffinity="0" mass="0"/>'
MARK = '<geom name="mark" type="box" size=".01 .05 .05" pos=".1 0 .1" contype="0" conaffinity="0" mass="0"/>'


@pytest.fixture
def models() -> tuple[mujoco.MjModel, mujoco.MjModel]:
    """Physics alone, and with what is only seen."""
    return tuple(mujoco.MjModel.from_xml_string(MODEL.format(seen=s, mark=m)) for s, m in (("", ""), (SEEN, MARK)))


def sizes(physics: mujoco.MjModel, **changed: tuple[float, ...]) -> np.ndarray:
    rows = physics.geom_size[None].copy()
    for name, size in changed.items():
        rows[0, physics.geom(name).id] = size
    return rows


def test_what_is_only_seen_grows_with_the_body_it_is_on(models) -> None:
    physics, visual = models
    Shape(physics, visual).write({"geom_size": sizes(physics, rod=(0.03, 0.15, 0.0))}, 0)
    assert visual.geom("rod").size == pytest.approx([0.03, 0.15, 0.0])
    assert visual.geom("skin").size == pytest.approx([0.045, 0.15, 0.0])
    assert visual.geom("skin").pos == pytest.approx([0.0, 0.0, 0.15])
    assert visual.geom("mark").pos == pytest.approx([0.1, 0.0, 0.1])


def test_a_box_that_is_stretched_takes_its_marks_along(models) -> None:
    physics, visual = models
    shape = Shape(physics, visual)
    stretched = sizes(physics, cube=(0.2, 0.2, 0.15))
    for _ in range(2):
        shape.write({"geom_size": stretched}, 0)
        assert visual.geom("cube").size == pytest.approx([0.2, 0.2, 0.15])
        assert visual.geom("mark").pos == pytest.approx([0.2, 0.0, 0.05])
    shape.write({"geom_size": sizes(physics)}, 0)
    plain = mujoco.MjModel.from_xml_string(MODEL.format(seen=SEEN, mark=MARK))
    assert np.array_equal(visual.geom_size, plain.geom_size) and np.array_equal(visual.geom_pos, plain.geom_pos)


def test_bodies_and_joints_stand_where_the_world_has_them(models) -> None:
    physics, visual = models
    moved = {name: getattr(physics, name)[None].copy() for name in ("body_pos", "body_quat", "jnt_axis", "qpos0")}
    moved["body_pos"][0, 1] = (0.1, 0.2, 0.9)
    moved["jnt_axis"][0, 0] = (0.0, 0.6, 0.8)
    moved["qpos0"][0, 0] = 0.1
    Shape(physics, visual).write(moved, 0)
    for name, rows in moved.items():
        assert np.array_equal(getattr(visual, name), rows[0])
