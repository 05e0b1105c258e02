"""A model stripped to its physics moves as the full one does."""

import mujoco
import numpy as np
import pytest

from sim2real.simulation.physics_model import physics_only
from sim2real.tasks import make_task
from sim2real.tasks.robot_task import RobotTask

DYNAMICS = ("jnt_", "qpos", "tendon_", "wrap_", "actuator_", "eq_", "exclude_")
"""Beginnings of the names of fields that are the same in both models throughout."""
SHAPES = ("body_geomadr", "body_geomnum", "body_bvhadr", "body_bvhnum", "dof_length")
"""Fields of bodies and of degrees of freedom that list or span the shapes that are only looked at, too."""
CONTACT = (
    "type",
    "contype",
    "conaffinity",
    "condim",
    "size",
    "pos",
    "quat",
    "friction",
    "margin",
    "gap",
    "solref",
    "solimp",
)


@pytest.fixture(scope="module", params=["leap/rotate-z", "shadow/block-rotate-z"])
def hand(request) -> RobotTask:
    return make_task(request.param)


@pytest.fixture(scope="module")
def full(hand) -> mujoco.MjModel:
    return hand.spec.compile()


def test_masses_and_all_that_follows_from_them_are_those_of_the_full_model(hand, full) -> None:
    compared = set()
    for name in dir(full):
        if name.startswith(("body_", "dof_", *DYNAMICS)) and name not in SHAPES:
            value = getattr(full, name)
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(getattr(hand.model, name), value, err_msg=name)
                compared.add(name)
    assert compared >= {
        *("body_mass", "body_inertia", "body_ipos", "body_iquat", "body_invweight0", "body_contype", "body_margin"),
        *("dof_M0", "dof_invweight0", "dof_damping", "jnt_range", "tendon_invweight0", "actuator_acc0", "qpos0"),
    }
    assert hand.model.stat.meaninertia == full.stat.meaninertia


def test_every_geom_that_collides_is_there_as_it_was(hand, full) -> None:
    stripped = hand.model
    kept = {stripped.geom(i).name for i in range(stripped.ngeom)}
    collide = [full.geom(i) for i in range(full.ngeom) if full.geom_contype[i] or full.geom_conaffinity[i]]
    assert collide
    assert {geom.name for geom in collide} <= kept
    for geom in collide:
        for field in CONTACT:
            ours = getattr(stripped.geom(geom.name), field)
            np.testing.assert_array_equal(ours, getattr(geom, field), err_msg=f"{geom.name} {field}")


def test_what_is_only_looked_at_is_gone(hand, full) -> None:
    stripped = hand.model
    assert full.ntex and full.nlight
    assert (stripped.ntex, stripped.nlight, stripped.ncam) == (0, 0, 0)
    assert (stripped.mat_texid == -1).all()
    looked_at = (stripped.geom_contype == 0) & (stripped.geom_conaffinity == 0)
    paired = np.isin(np.arange(stripped.ngeom), [stripped.pair_geom1, stripped.pair_geom2])
    assert not (looked_at & ~paired).any()
    assert stripped.ngeom < full.ngeom


def test_both_models_move_alike_to_the_last_bit(hand, full) -> None:
    start = hand.starts[0]
    low, high = full.actuator_ctrlrange.T
    states = []
    for model in (full, hand.model):
        rng = np.random.default_rng(0)
        data = mujoco.MjData(model)
        data.qpos[:] = start
        contacts = 0
        for _ in range(25):
            data.ctrl[:] = rng.uniform(low, high)
            mujoco.mj_step(model, data, hand.substeps)
            contacts += data.ncon
        assert contacts
        states.append(data.qpos.copy())
    np.testing.assert_array_equal(*states)


WITH_PICTURES = """
<mujoco>
  <asset>
    <texture name="wood" type="2d" builtin="flat" width="4" height="4"/>
    <material name="plank" texture="wood"/>
  </asset>
  <worldbody>
    <light/>
    <body name="block">
      <freejoint/>
      <geom name="paint_1" size=".1" contype="0" conaffinity="0" mass="0" material="plank"/>
      <geom name="paint_2" size=".1" contype="0" conaffinity="0" mass="0"/>
      <geom name="block" size=".1"/>
      <geom name="lead" size=".05" contype="0" conaffinity="0" mass="2"/>
    </body>
  </worldbody>
</mujoco>
"""


@pytest.mark.parametrize("compiled_before", [False, True])
def test_a_described_model_stays_as_it_was(compiled_before: bool) -> None:
    spec = mujoco.MjSpec.from_string(WITH_PICTURES)
    if compiled_before:
        spec.compile()
    stripped = physics_only(spec)
    assert [stripped.geom(i).name for i in range(stripped.ngeom)] == ["block", "lead"]
    assert stripped.ntex == 0
    again = spec.compile()
    assert (again.ngeom, again.ntex, again.nlight) == (4, 1, 1)
    assert again.mat_texid.max() == 0
    np.testing.assert_array_equal(stripped.body_mass, again.body_mass)
