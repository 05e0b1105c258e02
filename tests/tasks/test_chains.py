"""Tools found from joint angles alone are where MuJoCo has them."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from sim2real.tasks import make_task
from sim2real.tasks.chains import chain_of
from sim2real.tasks.robot_task import RobotTask

ODD = """
<mujoco><worldbody><body pos="0.1 0.2 0.3" euler="10 20 30">
  <joint name="turn" axis="1 2 3" pos="0.01 0.02 0.03" ref="30"/><joint name="push" type="slide" axis="0 1 1" ref="0.2"/>
  <geom size="0.1"/>
  <body pos="0 0 0.2" euler="0 40 0"><joint name="bend" axis="0 1 0"/><geom size="0.1"/>
    <site name="tip" pos="0.3 0 0" euler="0 0 50"/></body>
</body></worldbody></mujoco>
"""


def place_of(
    model: mujoco.MjModel, site: str, joints: tuple[str, ...], position: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where MuJoCo has a site, and its rotation matrix."""
    data = mujoco.MjData(model)
    for joint, value in zip(joints, position, strict=True):
        data.qpos[model.joint(joint).qposadr[0]] = value
    mujoco.mj_kinematics(model, data)
    return data.site(site).xpos.copy(), data.site(site).xmat.copy()


def matrix(quaternion: np.ndarray) -> np.ndarray:
    result = np.zeros(9)
    mujoco.mju_quat2Mat(result, quaternion)
    return result


@pytest.mark.parametrize("name", ["arm/reach", "arm/push", "arm/pick-and-place", "shadow/reach"])
def test_every_tool_of_a_task(name: str) -> None:
    task = make_task(name)
    assert isinstance(task, RobotTask)
    assert {chain.name for chain in task.kinematics} == set(task.tool_sites)
    positions = np.random.default_rng(0).uniform(-1.0, 1.0, (10, len(task.joints)))
    for chain in task.kinematics:
        for position in positions:
            pose = chain.pose(task.joints, position)
            place, turn = place_of(task.model, task.tool_sites[chain.name], task.joints, position)
            assert pose[:3] == pytest.approx(place, abs=1e-12)
            assert matrix(pose[3:]) == pytest.approx(turn, abs=1e-12)


def test_slides_anchors_references_and_several_joints_of_one_body() -> None:
    model, joints = mujoco.MjModel.from_xml_string(ODD), ("bend", "push", "turn")
    chain = chain_of(model, "tip", "tip", joints)
    assert chain is not None
    for position in np.random.default_rng(1).uniform(-2.0, 2.0, (10, 3)):
        place, turn = place_of(model, "tip", joints, position)
        pose = chain.pose(joints, position)
        assert pose[:3] == pytest.approx(place, abs=1e-12)
        assert matrix(pose[3:]) == pytest.approx(turn, abs=1e-12)


def test_a_tool_that_an_unmeasured_joint_moves_cannot_be_found() -> None:
    model = mujoco.MjModel.from_xml_string(ODD)
    assert chain_of(model, "tip", "tip", ("bend", "turn")) is None


def test_only_goals_must_be_set_where_tools_are_found_from_joints() -> None:
    task = make_task("arm/reach")
    assert isinstance(task, RobotTask) and task.poses is not None
    assert (task.poses.names, task.poses.tracked) == (("gripper", "goal"), ("goal",))
    tracked = make_task("shadow/block-dactyl")
    assert isinstance(tracked, RobotTask) and tracked.poses is not None
    assert len(tracked.poses.tracked) == 7, "Dactyl's fingertips are seen by cameras"
