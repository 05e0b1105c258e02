"""The examples of README and docs/worlds.md randomize a model that this project has never seen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
ROBOT = """
<mujoco>
  <worldbody>
    <body name="base"><geom size=".05" mass="1"/>
      <body name="link" pos="0 0 .1"><joint name="hinge" damping=".2" axis="0 1 0"/>
        <geom type="capsule" fromto="0 0 0 .2 0 0" size=".02" mass=".3"/></body></body>
    <body name="cube" pos="0 0 .5"><freejoint/><geom name="cube" type="box" size=".03 .03 .03" mass=".1"/></body>
  </worldbody>
  <actuator><position joint="hinge" name="servo" kp="2" kv=".1"/></actuator>
</mujoco>
"""


def _examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.S)


def _run(example: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(folder)
    Path("my_robot.xml").write_text(ROBOT)
    names: dict[str, Any] = {}
    exec(compile(example, "example", "exec"), names)
    return names


def test_the_example_of_channels_delays_shakes_and_pushes(tmp_path, monkeypatch) -> None:
    example = next(code for code in _examples("docs/worlds.md") if "WorldChannels" in code)
    names = _run(example, tmp_path, monkeypatch)
    data, channels = names["data"], names["channels"]
    assert data.time == pytest.approx(100 * 0.05)
    assert {place for place, channel in channels.items() if channel.effects} == {"action", "observation", "force"}
    assert np.abs(data.qpos[1:3]).min() > 1e-3, "the cube is pushed while it falls"
    undisturbed = np.zeros(1)
    assert (channels.apply("observation", undisturbed[None]) != undisturbed).all(), "what is sensed is noisy"
    assert (channels.apply("action", np.full((1, 1), 9.0)) != 9.0).all() == (
        names["world"].column("delay[servo]") > 0
    ).all()


def test_the_example_runs_and_leaves_the_model_in_the_last_world(tmp_path, monkeypatch, capsys) -> None:
    example = next(code for code in _examples("README.md") if "my_robot.xml" in code)
    names = _run(example, tmp_path, monkeypatch)
    assert len(example.splitlines()) <= 15
    assert len(capsys.readouterr().out.splitlines()) == 16
    model, world = names["model"], names["world"]
    assert 0.5 <= world.values["cube_mass"] <= 1.5
    assert model.body("cube").mass == pytest.approx(0.1 * world.values["cube_mass"])
    assert model.dof_damping[0] == pytest.approx(0.2 * world.values["damping[hinge]"])
    before = model.body_invweight0.copy()
    mujoco.mj_setConst(model, mujoco.MjData(model))
    np.testing.assert_array_equal(model.body_invweight0, before)
