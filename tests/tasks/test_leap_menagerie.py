"""leap-menagerie/*: the user's own files, here a stand-in with the names of the original."""

from __future__ import annotations

import re
from pathlib import Path

import mujoco
import numpy as np
import pytest

from sim2real.commands import doctor
from sim2real.errors import UserError
from sim2real.simulation.physics_model import load_spec
from sim2real.tasks import ELSEWHERE, make_task, task_class
from sim2real.tasks.leap_hand import LeapHand
from sim2real.tasks.leap_menagerie import ARMATURE, MOST_TORQUE, PLACE, VARIABLE
from sim2real.tasks.leap_rotate_z import LeapRotateZ

TETRAHEDRON = "v 0 0 0\nv 0.01 0 0\nv 0 0.01 0\nv 0 0 0.01\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"


def stand_in(folder: Path) -> Path:
    """A checkout whose hand is this project's own, described as Menagerie describes its: no sites, no rotor inertia, no
    torque limits, actuators of other names, a palm elsewhere, and a mesh."""
    spec = load_spec(LeapHand.model_path)
    for thing in (*spec.lights, *spec.cameras, *spec.sites, *spec.textures, spec.body("cube")):
        spec.delete(thing)
    palm = spec.body("palm")
    for thing in (*palm.bodies, *palm.geoms):
        thing.pos = thing.pos - (0.0, PLACE[1], 0.0)
    palm.ipos = palm.ipos - (0.0, PLACE[1], 0.0)
    palm.pos, palm.alt.euler = [0.0, 0.0, 0.1], [0.0, 0.0, 0.0]
    spec.add_mesh(name="shield", file="shield.obj")
    palm.add_geom(name="shield", type=mujoco.mjtGeom.mjGEOM_MESH, meshname="shield", contype=0, conaffinity=0, mass=0)
    spec.option.cone, spec.option.impratio = mujoco.mjtCone.mjCONE_ELLIPTIC, 100
    for joint in spec.joints:
        joint.armature = 0.0
    for actuator in spec.actuators:
        actuator.name += "_act"
        actuator.forcelimited = False
    (folder / "leap_hand" / "assets").mkdir(parents=True)
    (folder / "leap_hand" / "assets" / "shield.obj").write_text(TETRAHEDRON)
    spec.meshdir = meshes = str(folder / "leap_hand" / "assets")
    spec.compile()
    text = re.sub(r'<material [^>]*/>| material="\w+"', "", spec.to_xml().replace(meshes, "./assets"))
    (folder / "leap_hand" / "right_hand.xml").write_text(text)
    return folder


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stand_in(tmp_path_factory.mktemp("menagerie"))


@pytest.fixture
def task(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> LeapRotateZ:
    monkeypatch.setenv(VARIABLE, str(checkout))
    task = task_class("leap-menagerie/rotate-z")()
    assert isinstance(task, LeapRotateZ)
    return task


def test_the_hand_stands_in_the_scene_where_this_projects_own_does(task) -> None:
    own = make_task("leap/rotate-z")
    poses = []
    for model, joints in ((own.model, own.joints), (task.model, task.joints)):
        data = mujoco.MjData(model)
        for joint, angle in zip(joints, own.start_pose, strict=True):
            data.joint(joint).qpos = angle
        mujoco.mj_forward(model, data)
        sites = [data.geom(tip).xpos for tip in own.tips]
        poses.append([*(data.joint(joint).xanchor for joint in joints), *(data.joint(j).xaxis for j in joints), *sites])
    np.testing.assert_allclose(poses[1], poses[0], atol=1e-6)
    model = task.model
    assert (model.opt.cone, model.opt.impratio, model.opt.timestep) == (
        *(own.model.opt.cone, own.model.opt.impratio),
        own.model.opt.timestep,
    )
    assert task.target.names("camera") == own.target.names("camera")


def test_what_the_file_leaves_out_is_as_in_this_projects_own_model(task) -> None:
    model = task.model
    for name in task.joints:
        assert model.dof_armature[model.joint(name).dofadr[0]] == ARMATURE
        assert model.actuator(f"{name}_act").forcerange == pytest.approx([-MOST_TORQUE, MOST_TORQUE])
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    for tip in task.tips:
        np.testing.assert_allclose(data.site(tip).xpos, data.geom(tip).xpos, atol=1e-9)


def test_meshes_are_seen_and_not_simulated(task) -> None:
    assert task.model.nmesh == 0
    assert task.target.visual_model.nmesh == 1


@pytest.mark.parametrize("name", ["rotate-z", "reorient-playground"])
def test_the_tasks_are_those_of_leap_on_that_hand(name: str, checkout: Path, monkeypatch) -> None:
    monkeypatch.setenv(VARIABLE, str(checkout))
    task, own = task_class(f"leap-menagerie/{name}")(), make_task(f"leap/{name}")
    assert task.name == task.worlds.task == f"leap-menagerie/{name}"
    assert task.worlds.names == own.worlds.names and not task.worlds.left_out
    assert (task.observation, task.action) == (own.observation, own.action), "bundles go from one to the other"
    assert task.observation_sizes == own.observation_sizes
    assert len(task.starts) > 100
    simulation = task.simulate(4, 1)
    ids = np.arange(4)
    simulation.load(ids, task.worlds.sample(np.random.default_rng(0), 4), ids)
    simulation.reset(ids, ids)
    for _ in range(20):
        outcome = simulation.step(np.zeros((4, 16)))
        assert not outcome.failure.any()
    assert tuple(outcome.rewards) == task.reward_terms


def test_every_task_on_that_hand_is_one_of_this_projects_own_hand(checkout, monkeypatch) -> None:
    monkeypatch.setenv(VARIABLE, str(checkout))
    for name in ELSEWHERE:
        task, own = task_class(name), task_class(name.replace("leap-menagerie", "leap"))
        assert task.name == name and issubclass(task, own)


def refusal(name: str = "leap-menagerie/rotate-z") -> str:
    with pytest.raises(UserError) as caught:
        task_class(name)()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_where_the_checkout_is_must_be_said_and_true(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert refusal().endswith(
        "set SIM2REAL_MENAGERIE to a checkout of https://github.com/google-deepmind/mujoco_menagerie"
    )
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert f"SIM2REAL_MENAGERIE={tmp_path} has no file leap_hand/right_hand.xml" in refusal()


def test_all_that_a_file_lacks_is_named_at_once(tmp_path, monkeypatch) -> None:
    folder = stand_in(tmp_path)
    path = folder / "leap_hand" / "right_hand.xml"
    (folder / "leap_hand" / "assets" / "shield.obj").unlink()
    text = path.read_text().replace("th_ipl", "th_end").replace('name="rf_tip"', 'name="rf_end"')
    path.write_text(re.sub(r'<general [^>]*joint="if_rot"[^>]*/>|<position [^>]*joint="if_rot"[^>]*/>', "", text))
    monkeypatch.setenv(VARIABLE, str(folder))
    assert (
        "lacks: mesh shield.obj, joint th_ipl, actuator of if_rot, actuator of th_ipl, geom rf_tip; wanted" in refusal()
    )
    path.write_text("<mujoco>")
    assert refusal().startswith(f"{path} cannot be read: ")


def test_doctor_says_whether_the_hand_is_there(checkout, monkeypatch) -> None:
    monkeypatch.setenv(VARIABLE, str(checkout))
    assert doctor._menagerie().ok
    monkeypatch.setenv(VARIABLE, str(checkout / "leap_hand"))
    check = doctor._menagerie()
    assert not check.ok and "has no file" in check.found and VARIABLE in check.mend
