"""A model written to equals one compiled with the same numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable

import mujoco
import numpy as np
import pytest

from randomizers import (
    ActuatorDamping,
    ActuatorGain,
    Armature,
    Fixed,
    Friction,
    FrictionLoss,
    Gravity,
    JointDamping,
    JointLimits,
    Mass,
    Size,
    Target,
    Term,
    World,
    WorldDistribution,
)

BOXES_OF_THE_TREES = ("body_margin", "bvh_aabb")
"""What MuJoCo culls by; the margin stands in for boxes, which worlds share."""


def _written(target: Target, distribution: WorldDistribution, world: World) -> mujoco.MjModel:
    model = copy.copy(target.model)
    rows = distribution.settings(world)
    for field in distribution.fields:
        owner = model.opt if field == "gravity" else model
        getattr(owner, field)[:] = rows[field][0]
    if distribution.recompute:
        mujoco.mj_setConst(model, mujoco.MjData(model))
    return model


def _arrays(model: mujoco.MjModel) -> Iterable[tuple[str, np.ndarray]]:
    for owner in (model, model.opt, model.stat):
        for name in dir(owner):
            value = getattr(owner, name)
            if isinstance(value, np.ndarray | float):
                yield name, np.asarray(value)


def _assert_same(left: mujoco.MjModel, right: mujoco.MjModel, but: tuple[str, ...] = ()) -> None:
    compared = 0
    for (name, a), (_, b) in zip(_arrays(left), _arrays(right), strict=True):
        if name not in but:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12, err_msg=name)
            compared += 1
    assert compared > 400


ONE = Fixed(1.0)


@pytest.mark.parametrize(
    ("term", "values", "changes"),
    [
        (Mass("t", ONE, on="cube"), {"t": 1.7}, {"cube_mass": ".17"}),
        (Mass("t", ONE, on="cube", operation="set"), {"t": 0.3}, {"cube_mass": ".3"}),
        (
            Mass("t", ONE, on=("cube", "upper"), each="element"),
            {"t[cube]": 0.5, "t[upper]": 2.0},
            {"cube_mass": ".05", "upper_mass": ".6"},
        ),
        (Friction("t", ONE, on="cube"), {"t": 1.5}, {"cube_friction": "1.2 .0075 .00015"}),
        (Friction("t", ONE, on="floor", operation="set"), {"t": 0.4}, {"floor_friction": ".4 .005 .0001"}),
        (
            JointDamping("t", ONE, on=("shoulder", "elbow")),
            {"t": 3.0},
            {"shoulder_damping": ".3", "elbow_damping": ".6"},
        ),
        (JointDamping("t", ONE, on="elbow", operation="set"), {"t": 0.7}, {"elbow_damping": ".7"}),
        (FrictionLoss("t", ONE, on=("shoulder", "elbow")), {"t": 2.0}, {"friction_loss": ".04"}),
        (Armature("t", ONE, on=("shoulder", "elbow")), {"t": 2.5}, {"armature": ".025"}),
        (
            JointLimits("t", ONE, on=("shoulder", "elbow")),
            {"t[shoulder:high]": 0.2, "t[elbow:low]": -0.1},
            {"shoulder_range": "-1 1.2", "elbow_range": "-2.1 .5"},
        ),
        (Gravity("t", ONE), {"t[x]": 0.4, "t[z]": -0.19}, {"gravity": ".4 0 -10"}),
        (
            ActuatorGain("t", ONE, on="*", each="element"),
            {"t[shoulder]": 1.2, "t[elbow]": 0.5},
            {"shoulder_kp": "6", "elbow_kp": "1.5"},
        ),
        (ActuatorGain("t", ONE, on="elbow", operation="set"), {"t": 4.0}, {"elbow_kp": "4"}),
        (ActuatorDamping("t", ONE, on="*"), {"t": 2.0}, {"kv": ".4"}),
    ],
    ids=lambda value: f"{value.kind}-{value.operation}" if isinstance(value, Term) else "",
)
def test_a_written_arm_equals_one_compiled_with_the_same_numbers(
    term: Term, values: dict, changes: dict, arm: Target, compile_arm: Callable[..., mujoco.MjModel]
) -> None:
    written = _written(arm, WorldDistribution([term], arm), World(values))
    _assert_same(written, compile_arm(**changes))


@pytest.mark.parametrize("factor", [0.6, 1.4])
def test_a_resized_cube_of_another_mass_equals_a_compiled_one(
    factor: float, arm: Target, compile_arm: Callable[..., mujoco.MjModel]
) -> None:
    distribution = WorldDistribution([Mass("mass", ONE, on="cube"), Size("size", ONE, on="cube")], arm)
    written = _written(arm, distribution, World({"mass": 2.0, "size": factor}))
    size = " ".join(str(number * factor) for number in (0.03, 0.02, 0.04))
    _assert_same(written, compile_arm(cube_size=size, cube_mass=".2"), but=BOXES_OF_THE_TREES)


@pytest.mark.parametrize("factor", [0.6, 1.4])
def test_every_resized_primitive_equals_a_compiled_one(
    factor: float, table: Target, compile_table: Callable[..., mujoco.MjModel]
) -> None:
    size = Size("size", ONE, on=("capsule", "sphere", "cylinder", "ellipsoid"))
    written = _written(table, WorldDistribution([size], table), World({"size": factor}))
    _assert_same(written, compile_table(factor), but=BOXES_OF_THE_TREES)


def test_an_inertia_that_was_given_stays_when_the_shape_grows(table: Target) -> None:
    distribution = WorldDistribution([Size("size", ONE, on="measured")], table)
    written = _written(table, distribution, World({"size": 1.5}))
    assert np.array_equal(written.body_inertia, table.model.body_inertia)


def test_the_constants_that_follow_a_mass_follow_only_when_recomputed(arm: Target) -> None:
    mass = Mass("mass", ONE, on="cube")
    assert mass.recompute
    stale, fresh = copy.copy(arm.model), _written(arm, WorldDistribution([mass], arm), World({"mass": 3.0}))
    stale.body_mass[:] = fresh.body_mass
    cube = arm.id("body", "cube")
    assert stale.body_invweight0[cube, 0] == pytest.approx(3 * fresh.body_invweight0[cube, 0])


def test_what_was_zero_in_the_model_acts_once_it_is_set(compile_arm: Callable[..., mujoco.MjModel]) -> None:
    zero = {"shoulder_damping": "0", "elbow_damping": "0", "armature": "0", "friction_loss": "0", "kv": "0"}
    arm = Target(compile_arm(**zero), "arm", {})
    joints = ("shoulder", "elbow")
    terms = [
        JointDamping("damping", ONE, on=joints, operation="set"),
        Armature("armature", ONE, on=joints, operation="set"),
        FrictionLoss("friction_loss", ONE, on=joints, operation="set"),
        ActuatorDamping("kv", ONE, on="*", operation="set"),
    ]
    world = World({"damping": 0.1, "armature": 0.01, "friction_loss": 0.02, "kv": 0.3})
    written = _written(arm, WorldDistribution(terms, arm), world)
    numbers = {"shoulder_damping": ".1", "elbow_damping": ".1", "armature": ".01", "friction_loss": ".02", "kv": ".3"}
    compiled = compile_arm(**numbers)
    _assert_same(written, compiled)
    ends = []
    for model in (written, compiled):
        data = mujoco.MjData(model)
        mujoco.mj_step(model, data, 200)
        ends.append(data.qpos.copy())
    assert np.array_equal(*ends)


PILE = """
<mujoco>
  <option gravity="0 0 0"/>
  <worldbody>
    <body name="palm"><freejoint/>
      <geom name="palm" type="box" size="{palm}"/>
      <geom name="far" type="box" size=".05 .01 .01" pos="0 .3 0"/>
    </body>
    <body name="cube" pos="0 0 .1"><freejoint/>
      <geom name="cube" type="box" size="{side} {side} {side}"/>
      <geom name="mark" type="box" size=".01 .01 .01" mass="0" contype="0" conaffinity="0"/>
    </body>
  </worldbody>
</mujoco>
"""


def test_a_grown_geom_is_felt_by_bodies_of_several_geoms() -> None:
    target = Target(mujoco.MjModel.from_xml_string(PILE.format(palm=".05 .05 .02", side=0.03)), "pile", {})
    distribution = WorldDistribution([Size("size", ONE, on=("palm", "cube"), each="element")], target)
    compiled = mujoco.MjModel.from_xml_string(PILE.format(palm=".1 .1 .04", side=0.0601))
    written = _written(target, distribution, World({"size[palm]": 2.0, "size[cube]": 0.0601 / 0.03}))
    found = []
    for model in (target.model, compiled, written):
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        found.append(data.ncon)
    assert found == [0, 4, 4]
