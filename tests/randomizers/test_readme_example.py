"""The README's example randomizes a model that this project has never seen."""

from __future__ import annotations

import re
from pathlib import Path

import mujoco
import numpy as np
import pytest

README = Path(__file__).resolve().parents[2] / "README.md"
ROBOT = """
<mujoco>
  <worldbody>
    <body name="base"><geom size=".05" mass="1"/>
      <body name="link" pos="0 0 .1"><joint name="hinge" damping=".2" axis="0 1 0"/>
        <geom type="capsule" fromto="0 0 0 .2 0 0" size=".02" mass=".3"/></body></body>
    <body name="cube" pos="0 0 .5"><freejoint/><geom name="cube" type="box" size=".03 .03 .03" mass=".1"/></body>
  </worldbody>
</mujoco>
"""


def test_the_example_runs_and_leaves_the_model_in_the_last_world(tmp_path, monkeypatch, capsys) -> None:
    example = next(
        code for code in re.findall(r"```python\n(.*?)```", README.read_text(), re.S) if "my_robot.xml" in code
    )
    monkeypatch.chdir(tmp_path)
    Path("my_robot.xml").write_text(ROBOT)
    names: dict = {}
    exec(compile(example, "README", "exec"), names)
    assert len(example.splitlines()) <= 15
    assert len(capsys.readouterr().out.splitlines()) == 16
    model, world = names["model"], names["world"]
    assert 0.5 <= world.values["cube_mass"] <= 1.5
    assert model.body("cube").mass == pytest.approx(0.1 * world.values["cube_mass"])
    assert model.dof_damping[0] == pytest.approx(0.2 * world.values["damping[hinge]"])
    before = model.body_invweight0.copy()
    mujoco.mj_setConst(model, mujoco.MjData(model))
    np.testing.assert_array_equal(model.body_invweight0, before)
