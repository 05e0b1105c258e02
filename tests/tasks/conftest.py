"""Edits of an MjSpec that stand for what terms of worlds write into a model, worked out apart from the terms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import mujoco
import numpy as np
import pytest

QUAT = mujoco.mjtOrientation.mjORIENTATION_QUAT
SLIDE = mujoco.mjtJoint.mjJNT_SLIDE
New = Callable[[object], np.ndarray]
"""What becomes of a number, or of one number of each part."""


@dataclass
class SpecEditor:
    """A copy of the spec that `base` was compiled from, to be edited."""

    original: mujoco.MjSpec
    base: mujoco.MjModel
    spec: mujoco.MjSpec = field(init=False)

    def __post_init__(self) -> None:
        self.spec = self.original.copy()

    def edit(self, kind: str, element: str, operation: str, values: Sequence[float]) -> None:
        """What a term of that kind does to the element of that name ("" for the world), with one value of each part."""
        given = np.array(values, float)
        new: dict[str, New] = {
            "set": lambda old: given.copy(),
            "scale": lambda old: np.asarray(old, float) * given,
            "add": lambda old: np.asarray(old, float) + given,
        }
        # Friction is scaled in all its coordinates, and set in the sliding one.
        same = kind == "friction" and operation == "set"
        EDITS["sliding_friction" if same else kind](self, element, new[operation])

    def inertial(self, name: str, **numbers: object) -> None:
        """Gives a body an inertial of its own: the base's but for the given numbers."""
        body, compiled = self.spec.body(name), self.base.body(name)
        body.explicitinertial = True
        body.ialt.type = QUAT
        body.fullinertia = [np.nan, 0, 0, 0, 0, 0]
        own = {"mass": compiled.mass[0], "ipos": compiled.ipos, "iquat": compiled.iquat, "inertia": compiled.inertia}
        for key, value in (own | numbers).items():
            setattr(body, key, value)

    def as_written(self, joint: str, angles: object) -> np.ndarray:
        """Angles of a joint, rad, in what its file is written in."""
        degrees = self.spec.compiler.degree and self.spec.joint(joint).type != SLIDE
        return np.rad2deg(angles) if degrees else np.asarray(angles)

    def follow_with_pairs(self, numbers: str) -> None:
        """Changes friction, solref or solimp of explicit pairs in the proportion in which that changed which their geoms,
        of equal solmix, would have without them."""
        model = self.base
        index = {frozenset((int(model.pair_geom1[i]), int(model.pair_geom2[i]))): i for i in range(model.npair)}
        for pair in self.spec.pairs:
            names = (pair.geomname1, pair.geomname2)
            before = self._mixed(numbers, [model.geom(name) for name in names])
            now = self._mixed(numbers, [self.spec.geom(name) for name in names])
            i = index[frozenset(model.geom(name).id for name in names)]
            setattr(pair, numbers, getattr(model, f"pair_{numbers}")[i] * now / before)

    def _mixed(self, numbers: str, geoms: Sequence[Any]) -> np.ndarray:
        first, second = sorted(geoms, key=lambda geom: int(np.squeeze(geom.priority)), reverse=True)
        one, other = (np.array(getattr(geom, numbers), float) for geom in (first, second))
        if first.priority == second.priority:
            one = np.maximum(one, other) if numbers == "friction" else (one + other) / 2
        return one[[0, 0, 1, 2, 2]] if numbers == "friction" else one


def pin(spec: mujoco.MjSpec) -> mujoco.MjSpec:
    """A copy that keeps what a compiler would work out anew from other numbers and terms leave: ends of geoms, their masses,
    inertias of several, damping by ratio, ranges of controls, rest lengths of tendons, poses that welds hold. Statistics
    are the compiler's."""
    editor = SpecEditor(spec, spec.copy().compile())
    model, spec = editor.base, editor.spec
    for body in spec.bodies[1:]:
        heavy = [geom for geom in body.geoms if geom.mass != 0]
        if not body.explicitinertial and len(heavy) == 1:
            heavy[0].mass = model.body(body.name).mass[0]
        elif not body.explicitinertial:
            editor.inertial(body.name)
    for geom in spec.geoms:
        if not np.isnan(geom.fromto[0]):
            assert geom.frame is None
            compiled = model.geom(geom.name)
            geom.pos, geom.quat, geom.size = compiled.pos, compiled.quat, compiled.size
            geom.fromto, geom.alt.type = np.full(6, np.nan), QUAT
    for i, actuator in enumerate(spec.actuators):
        actuator.gainprm, actuator.biasprm = model.actuator_gainprm[i], model.actuator_biasprm[i]
        actuator.ctrlrange, actuator.inheritrange = model.actuator_ctrlrange[i], 0
    for i, tendon in enumerate(spec.tendons):
        tendon.springlength = model.tendon_lengthspring[i]
    for i, equality in enumerate(spec.equalities):
        if equality.type == mujoco.mjtEq.mjEQ_WELD:
            equality.data = model.eq_data[i]
    spec.stat.meaninertia = spec.stat.meanmass = spec.stat.meansize = spec.stat.extent = np.nan
    spec.stat.center = np.full(3, np.nan)
    return spec


@pytest.fixture(scope="session")
def pinned() -> Callable[[mujoco.MjSpec], mujoco.MjSpec]:
    return pin


@pytest.fixture(scope="session")
def editor() -> type[SpecEditor]:
    return SpecEditor


def _mass(e: SpecEditor, name: str, new: New) -> None:
    body = e.base.body(name)
    mass = new(body.mass)[0]
    e.inertial(name, mass=mass, inertia=body.inertia * mass / body.mass)


def _mass_spread(e: SpecEditor, name: str, new: New) -> None:
    x, y, z = e.base.body(name).inertia
    a, b, c = new([(y + z - x) / 2, (x + z - y) / 2, (x + y - z) / 2])
    e.inertial(name, inertia=[b + c, a + c, a + b])


def _body_position(e: SpecEditor, name: str, new: New) -> None:
    assert e.spec.body(name).frame is None, "its compiled position is not the one that it is written with"
    e.spec.body(name).pos = new(e.base.body(name).pos)


def _body_orientation(e: SpecEditor, name: str, new: New) -> None:
    assert e.spec.body(name).frame is None, "its compiled orientation is not the one that it is written with"
    turn, (a, b, c, d) = new(np.zeros(3)), e.base.body(name).quat
    angle = np.linalg.norm(turn)
    w, (x, y, z) = np.cos(angle / 2), np.sin(angle / 2) * turn / angle
    matrix = np.array([[a, -b, -c, -d], [b, a, -d, c], [c, d, a, -b], [d, -c, b, a]])
    e.spec.body(name).alt.type = QUAT
    e.spec.body(name).quat = matrix @ [w, x, y, z]


def _size(parts: int) -> Callable[[SpecEditor, str, New], None]:
    def edit(e: SpecEditor, name: str, new: New) -> None:
        size = e.base.geom(name).size.copy()
        size[:parts] = new(size[:parts])
        e.spec.geom(name).size = size

    return edit


def _friction(*columns: int) -> Callable[[SpecEditor, str, New], None]:
    def edit(e: SpecEditor, name: str, new: New) -> None:
        numbers = e.spec.geom(name).friction
        numbers[list(columns)] = new(numbers[list(columns)])
        e.follow_with_pairs("friction")

    return edit


def _solver(which: str, *columns: int) -> Callable[[SpecEditor, str, New], None]:
    def edit(e: SpecEditor, name: str, new: New) -> None:
        numbers = getattr(e.spec.geom(name), which)
        numbers[list(columns)] = new(numbers[list(columns)])
        e.follow_with_pairs(which)

    return edit


def _first(group: str, name_of: str) -> Callable[[SpecEditor, str, New], None]:
    """An edit of a number, or of the first of its polynomial's."""

    def edit(e: SpecEditor, name: str, new: New) -> None:
        thing = getattr(e.spec, group)(name)
        old = np.array(getattr(thing, name_of), float)
        if old.ndim:
            old[0] = new(old[0])[0]
        setattr(thing, name_of, old if old.ndim else new(old)[0])

    return edit


def _option(name_of: str) -> Callable[[SpecEditor, str, New], None]:
    def edit(e: SpecEditor, name: str, new: New) -> None:
        old = getattr(e.spec.option, name_of)
        value = new(old)
        setattr(e.spec.option, name_of, value if np.ndim(old) else type(old)(value[0]))

    return edit


def _gravity_direction(e: SpecEditor, name: str, new: New) -> None:
    x, y = new(np.zeros(2))
    angle = np.hypot(x, y)
    cross = np.array([[0, 0, y], [0, 0, -x], [-y, x, 0]]) / angle
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    e.spec.option.gravity = turn @ e.base.opt.gravity


def _stuck_joint(e: SpecEditor, name: str, new: New) -> None:
    if not new(0.0)[0]:
        return
    model, peaks = e.base, []
    for i in range(model.nactuator):
        peak = np.abs(model.actuator_forcerange[i]).max()
        if not model.actuator_forcelimited[i]:
            reach = np.abs([model.actuator_ctrlrange[i], model.jnt_range[model.actuator_trnid[i, 0]]]).max(axis=1)
            peak = reach @ np.abs([model.actuator_gainprm[i, 0], model.actuator_biasprm[i, 1]])
        peak *= np.abs(model.actuator_gear[i]).max()
        if model.actuator_trntype[i] == int(mujoco.mjtTrn.mjTRN_TENDON):
            first = model.tendon_adr[model.actuator_trnid[i, 0]]
            peak *= np.abs(model.wrap_prm[first : first + model.tendon_num[model.actuator_trnid[i, 0]]]).max()
        peaks.append(peak)
    joint = e.spec.joint(name)
    joint.frictionloss += 100 * max(peaks)
    joint.armature += 0.1 * max(peaks)
    joint.solref_friction = [2 * model.opt.timestep, 1]
    joint.solimp_friction = [0.9999, 0.9999, 0.001, 0.5, 2]


def _actuator_gain(e: SpecEditor, name: str, new: New) -> None:
    actuator = e.spec.actuator(name)
    servo = actuator.biasprm[1] == -actuator.gainprm[0]
    actuator.gainprm[0] = new(actuator.gainprm[0])[0]
    if servo:
        actuator.biasprm[1] = -actuator.gainprm[0]


def _actuator_damping(e: SpecEditor, name: str, new: New) -> None:
    actuator = e.spec.actuator(name)
    actuator.biasprm[2] = -new(-actuator.biasprm[2])[0]


def _force_limit(e: SpecEditor, name: str, new: New) -> None:
    actuator, compiled = e.spec.actuator(name), e.base.actuator(name)
    if e.base.actuator_forcelimited[compiled.id]:
        low, high = actuator.forcerange
        actuator.forcerange = [-new(-low)[0], new(high)[0]]
    if compiled.trntype == int(mujoco.mjtTrn.mjTRN_TENDON):
        driven, limited = e.spec.tendon(actuator.target), e.base.tendon_actfrclimited
    else:
        driven, limited = e.spec.joint(actuator.target), e.base.jnt_actfrclimited
    if limited[e.base.actuator_trnid[compiled.id, 0]]:
        low, high = driven.actfrcrange
        driven.actfrcrange = [-new(-low)[0], new(high)[0]]


def _motor_strength(e: SpecEditor, name: str, new: New) -> None:
    actuator = e.spec.actuator(name)
    actuator.gainprm, actuator.biasprm = new(actuator.gainprm), new(actuator.biasprm)
    _force_limit(e, name, new)


def _joint_limits(e: SpecEditor, name: str, new: New) -> None:
    e.spec.joint(name).range = e.as_written(name, new(e.base.joint(name).range))


def _joint_springref(e: SpecEditor, name: str, new: New) -> None:
    joint = e.base.joint(name)
    e.spec.joint(name).springref = e.as_written(name, new(e.base.qpos_spring[joint.qposadr]))[0]


def _tendon_range(e: SpecEditor, name: str, new: New) -> None:
    e.spec.tendon(name).range = new(e.spec.tendon(name).range)


EDITS: dict[str, Callable[[SpecEditor, str, New], None]] = {
    "actuator_damping": _actuator_damping,
    "actuator_gain": _actuator_gain,
    "armature": _first("joint", "armature"),
    "body_orientation": _body_orientation,
    "body_position": _body_position,
    "center_of_mass": lambda e, name, new: e.inertial(name, ipos=new(e.base.body(name).ipos)),
    "contact_damping_ratio": _solver("solref", 1),
    "contact_impedance": _solver("solimp", 0, 1),
    "contact_time_constant": _solver("solref", 0),
    "contact_width": _solver("solimp", 2),
    "density": _option("density"),
    "force_limit": _force_limit,
    "friction": _friction(0, 1, 2),
    "friction_cone": _option("cone"),
    "friction_impedance_ratio": _option("impratio"),
    "friction_loss": _first("joint", "frictionloss"),
    "gravity": _option("gravity"),
    "gravity_direction": _gravity_direction,
    "inertia": lambda e, name, new: e.inertial(name, inertia=new(e.base.body(name).inertia)),
    "integrator": _option("integrator"),
    "joint_damping": _first("joint", "damping"),
    "joint_limits": _joint_limits,
    "joint_springref": _joint_springref,
    "joint_stiffness": _first("joint", "stiffness"),
    "mass": _mass,
    "mass_spread": _mass_spread,
    "motor_strength": _motor_strength,
    "rolling_friction": _friction(2),
    "round_shape": _size(2),
    "shape": _size(3),
    "size": _size(3),
    "sliding_friction": _friction(0),
    "spinning_friction": _friction(1),
    "stuck_joint": _stuck_joint,
    "tendon_damping": _first("tendon", "damping"),
    "tendon_friction_loss": _first("tendon", "frictionloss"),
    "tendon_range": _tendon_range,
    "tendon_stiffness": _first("tendon", "stiffness"),
    "timestep": _option("timestep"),
    "viscosity": _option("viscosity"),
    "wind": _option("wind"),
}
"""How each kind of term is carried out on a spec."""
