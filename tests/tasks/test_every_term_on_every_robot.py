"""What every term writes, on every shipped robot: compared with compilations of edited specs, repeated, beside others."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import mujoco
import numpy as np
import pytest

from randomizers import SETTINGS, TERMS, Choice, Fixed, Target, Term, World, WorldDistribution, Worlds, WorldsError
from randomizers.fields import owner_of
from randomizers.visual_fields import is_visual
from sim2real.simulation.batch_sim import BatchSim
from sim2real.simulation.physics_model import physics_spec
from sim2real.tasks import ELSEWHERE, TASKS, make_task, task_class

DERIVED = frozenset(
    "body_subtreemass body_invweight0 body_sameframe geom_sameframe site_sameframe dof_M0 dof_invweight0 dof_length "
    "tendon_length0 tendon_invweight0 actuator_length0 actuator_acc0 eq_data "
    "stat.center stat.extent stat.meaninertia stat.meanmass stat.meansize".split()
)
"""What mj_setConst works out from other fields (engine_setconst.c), as far as terms can move it."""
TREES = {"body_margin", "bvh_aabb"}
"""Boxes that collisions are culled by: shared by all worlds, so that margins stand in for those which would move."""
MOST = 3
"""Elements of a robot that a term is tried on at once."""
KINDS = sorted(
    kind for kind, term in TERMS.items() if not any(field in SETTINGS or is_visual(field) for field in term.fields)
)
CASES = [(kind, operation) for kind in KINDS for operation in TERMS[kind].operations]
KIT = """
<mujoco>
  <compiler angle="radian"/>
  <option timestep="0.002" density="2" viscosity="1e-4"/>
  <worldbody>
    <geom name="floor" type="plane" size="1 1 .1"/>
    <body name="upper" pos="0 0 1">
      <joint name="shoulder" axis="0 1 0" range="-1 1.5" limited="true" damping=".1" armature=".01" frictionloss=".02"
             stiffness=".3" springref=".1" actuatorfrcrange="-3 3"/>
      <geom name="upper" type="capsule" fromto="0 0 0 .2 0 0" size=".02" mass=".3"/>
      <geom name="bulge" type="ellipsoid" size=".03 .02 .04" pos=".1 0 .02" mass=".02"/>
      <body name="fore" pos=".2 0 0" euler=".1 .2 .3">
        <joint name="elbow" axis="0 1 0" range="-2 .5" limited="true" damping=".2" armature=".01" frictionloss=".02"
               stiffness=".2"/>
        <geom name="fore" type="cylinder" size=".02 .1" pos=".1 0 0" euler="0 1.5707963 0" mass=".2"/>
        <site name="wrist" pos=".2 0 0"/>
      </body>
    </body>
    <body name="block" pos="0 0 .2"><freejoint name="block"/>
      <geom name="block" type="box" size=".03 .02 .04" mass=".1" friction=".8 .01 .001"/></body>
    <body name="ball" pos=".3 0 .2" simple="false"><freejoint name="ball"/>
      <geom name="ball" type="sphere" size=".03" mass=".1" priority="1"/></body>
  </worldbody>
  <contact>
    <pair name="own" geom1="block" geom2="fore" friction=".5 .5 .02 .002 .002" solref=".03 .9" solimp=".8 .9 .002 .5 2"/>
    <pair name="plain" geom1="upper" geom2="ball"/>
  </contact>
  <tendon>
    <fixed name="coupling" range="-1 1.5" limited="true" damping=".1" stiffness=".2" frictionloss=".01"
           actuatorfrclimited="true" actuatorfrcrange="-2 2">
      <joint joint="shoulder" coef="1"/><joint joint="elbow" coef=".5"/></fixed>
  </tendon>
  <actuator>
    <position name="shoulder" joint="shoulder" kp="5" kv=".2" ctrlrange="-1 1" forcerange="-3 3"/>
    <position name="elbow" joint="elbow" kp="3" dampratio="1" ctrlrange="-1 1" forcerange="-2 2"/>
    <motor name="pull" tendon="coupling" gear="2" ctrlrange="-1 1" forcerange="-2 2"/>
  </actuator>
</mujoco>
"""
"""Has something for every kind of term."""

ADDED = {
    "body_orientation": (0.05, -0.08, 0.03),
    "body_position": (0.01, -0.02, 0.005),
    "center_of_mass": (0.003, -0.002, 0.004),
    "gravity": (0.4, -0.2, 0.3),
    "joint_limits": (0.004, -0.005),
    "joint_springref": (0.1,),
    "stuck_joint": (1.0,),
    "tendon_range": (0.0001, -0.0002),
    "wind": (1.0, -0.5, 0.2),
}
SET = {
    "density": 1.2,
    "friction_loss": 0.01,
    "gravity_direction": 0.1,
    "joint_stiffness": 0.3,
    "tendon_damping": 0.2,
    "tendon_friction_loss": 0.03,
    "tendon_stiffness": 0.4,
    "viscosity": 2e-5,
}
"""What is set where the model has 0."""
COMPANIONS = {"wind": ("density", 1.2), "joint_springref": ("joint_stiffness", 0.4)}
"""Kinds that do nothing by themselves."""


class Robot:
    """A model, the spec that it is compiled from, and worlds of it to write into."""

    def __init__(self, name: str, spec: mujoco.MjSpec) -> None:
        self.name, self.spec = name, spec
        self.model = spec.copy().compile()
        self.target = Target(self.model, name, {})
        names = [name for name in DERIVED if "." not in name and getattr(self.model, name).size]
        fields = {field for kind in KINDS for field in TERMS[kind].fields}
        self.sim = BatchSim(self.model, 3, 1, sorted({*names, *fields}))
        self.nominal = {name: rows[:1].copy() for name, rows in self.sim.fields.items()}
        self.course = self.move()

    def named(self, selects: str) -> list[str]:
        """Elements that have a name in the model: only these can be found in a spec, to edit them there."""
        of_model = getattr(self.model, selects)
        return [name for name in self.target.names(selects) if of_model(self.target.id(selects, name)).name == name]

    def move(self) -> np.ndarray:
        """Where the three worlds go (3, nq + nv) in a few steps."""
        ids, model = np.arange(3), self.model
        self.sim.reset(ids, np.tile(model.qpos0, (3, 1)), np.full((3, model.nv), 0.1), np.full((3, model.nu), 0.1))
        self.sim.step(5)
        return np.concatenate([self.sim.qpos, self.sim.qvel], axis=1)


def shipped_robots() -> tuple[str, ...]:
    """Tasks of robots simulated in MuJoCo; of those with one and the same hand or arm and object, the first."""
    first: dict[tuple[bytes, ...], str] = {}
    for name in TASKS:
        if name not in ELSEWHERE and hasattr(task_class(name), "spec"):
            model = make_task(name).model
            looks = (model.body_mass, model.body_pos, model.geom_size, model.actuator_gainprm, model.opt.timestep)
            first.setdefault(tuple(np.asarray(array).tobytes() for array in looks), name)
    return tuple(first.values())


ROBOTS = ("kit", *shipped_robots())


@pytest.fixture(scope="module")
def robots(pinned: Callable) -> Callable[[str], Robot]:
    @cache
    def robot(name: str) -> Robot:
        spec = mujoco.MjSpec.from_string(KIT) if name == "kit" else physics_spec(make_task(name).spec)
        return Robot(name, pinned(spec))

    return robot


def make_term(kind: str, operation: str, on: tuple[str, ...], name: str = "t") -> Term:
    cls = TERMS[kind]
    choices = {"stuck_joint": (0, 1), "friction_cone": (0, 1), "integrator": (0, 2, 3)}
    distribution = Choice(choices[kind]) if kind in choices else Fixed(0.5 if kind == "contact_impedance" else 1.0)
    patterns = [element.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]") for element in on]
    return cls(name, distribution, on=patterns, operation=operation, each="element" if cls.selects else "world")


def values_of(term: Term, robot: Robot, selection: Any) -> np.ndarray:
    """Numbers (m, parts) far from the nominal ones."""
    m, parts = len(selection.names), len(term.parts)
    if term.operation == "add":
        return np.array([ADDED[term.kind]] * m)
    if term.operation == "scale":
        near = np.array([0.95, 0.96, 0.94]) if term.kind == "contact_impedance" else np.array([1.15, 0.9, 1.1])
        if term.kind == "inertia":
            near = np.array([1.3, 1.3, 1.3005])
        return np.resize(near, (m, parts)) if parts > 1 else np.resize(near, (m, 1))
    present = term.current(robot.target, selection)
    if term.kind in ("integrator", "friction_cone"):
        return np.array([[max(number for number in term.distribution.values if number != present[0, 0])]])
    return np.where(present == 0, SET.get(term.kind, 0.0), 0.9 * present)


def accepted(kind: str, operation: str, robot: Robot) -> tuple[list[str], list[str]]:
    """Elements that a term can act on, and why it refuses the others."""
    fit, reasons = [], []
    selects = TERMS[kind].selects
    for element in robot.named(selects) if selects else ("",):
        try:
            term = make_term(kind, operation, (element,) if element else ())
            selection = term.select(robot.target)
            world(robot, term, selection)
            fit.append(element)
        except WorldsError as error:
            reasons.append(str(error))
    return fit, reasons


def world(robot: Robot, term: Term, selection: Any) -> tuple[WorldDistribution, World, list[tuple[Term, np.ndarray]]]:
    """A term, with one that it needs, and a world of them."""
    terms = [(term, values_of(term, robot, selection))]
    if term.kind in COMPANIONS:
        kind, value = COMPANIONS[term.kind]
        companion = make_term(kind, "set", selection.names if TERMS[kind].selects else (), "companion")
        terms.append((companion, np.full((len(selection.names), 1), value)))
    distribution = WorldDistribution([term for term, _ in terms], robot.target)
    numbers = np.concatenate([values.ravel() for _, values in terms])
    drawn = World(dict(zip(distribution.names, numbers.tolist(), strict=True)))
    distribution.settings(drawn)
    return distribution, drawn, terms


def arrays(model: mujoco.MjModel) -> dict[str, np.ndarray]:
    """All numbers of a model, its options and its statistics."""
    found = {}
    for owner, prefix in ((model, ""), (model.opt, "opt."), (model.stat, "stat.")):
        for name in dir(owner):
            value = getattr(owner, name) if not name.startswith("_") else None
            if isinstance(value, np.ndarray | float | int):
                found[prefix + name] = np.asarray(value)
    assert len(found) > 500
    return found


def differing(one: dict[str, np.ndarray], other: dict[str, np.ndarray], tolerance: float = 0.0) -> set[str]:
    assert one.keys() == other.keys()
    return {name for name, array in one.items() if not agree(array, other[name], tolerance)}


def agree(one: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    if one.shape != other.shape:
        return False
    return one.tobytes() == other.tobytes() or np.allclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)


@pytest.mark.parametrize("robot_name", ROBOTS)
@pytest.mark.parametrize(("kind", "operation"), CASES, ids=lambda value: value)
def test_a_term_writes_what_a_compiler_would_and_nothing_else(
    kind: str, operation: str, robot_name: str, robots: Callable, editor: Any, term_table: dict
) -> None:
    robot = robots(robot_name)
    fit, reasons = accepted(kind, operation, robot)
    row = term_table.setdefault(f"{kind} {operation}", dict.fromkeys(ROBOTS, ""))
    row[robot.name] = "FAILED"
    if not fit:
        for reason in reasons:
            assert reason.startswith("term 't': ") and kind in reason, reason
        assert robot.name != "kit", reasons
        row[robot.name] = "refused"
        return
    for alike in of_one_unit(make_term(kind, operation, tuple(filter(None, fit))), robot, fit):
        most = len(alike) if robot.name == "kit" else min(MOST, len(alike))
        chosen = tuple(alike[round(i)] for i in np.linspace(0, len(alike) - 1, most))
        _check(kind, operation, chosen, robot, editor)
    row[robot.name] = f"{len(fit)} of {len(fit) + len(reasons)}"


def of_one_unit(term: Term, robot: Robot, fit: list[str]) -> list[tuple[str, ...]]:
    """What a term can act on, what turns apart from what slides where numbers of the two are in different units."""
    if not term.units_by_joint_type:
        return [tuple(filter(None, fit))]
    turning = [element for element in fit if replace(term, on=element).joint_types(robot.target) != {"slide"}]
    sliding = [element for element in fit if element not in turning]
    return [tuple(group) for group in (turning, sliding) if group]


def _check(kind: str, operation: str, chosen: tuple[str, ...], robot: Robot, editor: Any) -> None:
    term = make_term(kind, operation, chosen)
    selection = term.select(robot.target)
    distribution, drawn, terms = world(robot, term, selection)

    nominal = arrays(robot.model)
    written = copy.copy(robot.model)
    distribution.apply(written, drawn)
    once = arrays(written)
    edited = editor(robot.spec, robot.model)
    for each, values in terms:
        for element, numbers in zip(each.select(robot.target).names, values, strict=True):
            edited.edit(each.kind, element, each.operation, numbers)
    compiled = arrays(edited.spec.compile())
    assert differing(once, compiled, 1e-12) <= TREES

    declared = {f"opt.{f}" if owner_of(written, f) is written.opt else f for f in distribution.fields}
    derived = DERIVED if distribution.recompute else frozenset()
    changed = differing(once, nominal)
    assert changed <= declared | derived
    due = declared & differing(compiled, nominal, 1e-12)
    assert due - TREES <= changed
    if robot.name == "kit":
        assert declared <= changed

    for _ in range(2):
        distribution.apply(written, drawn)
    assert not differing(arrays(written), once)
    rows = {field: np.full((3, *array.shape[1:]), 7, array.dtype) for field, array in robot.nominal.items()}
    three = Worlds.stack([distribution.nominal()[0], distribution.complete(drawn)[0], distribution.nominal()[0]])
    for _ in range(3):
        distribution.write(rows, three)
    alone = distribution.settings(drawn)
    for field in distribution.fields:
        assert np.array_equal(rows[field][1], alone[field][0])
        for neighbour in (0, 2):
            assert rows[field][neighbour].tobytes() == robot.nominal[field][0].tobytes()

    _check_beside_neighbours(robot, distribution, alone, once, written)


def _check_beside_neighbours(
    robot: Robot,
    distribution: WorldDistribution,
    alone: dict[str, np.ndarray],
    once: dict[str, np.ndarray],
    written: mujoco.MjModel,
) -> None:
    sim, ids = robot.sim, np.arange(3)
    sim.load(np.array([1]), {field: alone[field] for field in distribution.fields}, distribution.recompute)
    for field, array in robot.nominal.items():
        name = f"opt.{field}" if owner_of(written, field) is written.opt else field
        assert np.array_equal(sim.fields[field][1], once[name]), field
        for neighbour in (0, 2):
            assert sim.fields[field][neighbour].tobytes() == array[0].tobytes(), field
    course = robot.move()
    assert np.array_equal(course[[0, 2]], robot.course[[0, 2]])
    data = mujoco.MjData(written)
    data.qvel[:], data.ctrl[:] = 0.1, 0.1
    mujoco.mj_forward(written, data)
    mujoco.mj_step(written, data, 5)
    assert np.array_equal(course[1], np.concatenate([data.qpos, data.qvel]))
    nominal = {field: np.repeat(robot.nominal[field], 3, axis=0) for field in distribution.fields}
    sim.load(ids, nominal, distribution.recompute)
    for field, array in robot.nominal.items():
        assert (sim.fields[field] == array).all(), field


@pytest.mark.parametrize("robot_name", ROBOTS[1:])
def test_the_specs_that_are_edited_are_those_of_the_shipped_robots(robot_name: str, robots: Callable) -> None:
    compiled, shipped = arrays(robots(robot_name).model), arrays(make_task(robot_name).model)
    # Statistics may be stated in a file; stock environments reset their welds; materials are looked at.
    apart = {name for name in compiled if name.startswith("stat.")} | {"eq_data", "mat_texid"}
    assert differing(compiled, shipped, 1e-12) <= apart
