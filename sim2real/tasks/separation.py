"""Separation: start states that fit worlds whose joints reach less far, or whose things are larger, than where they settled."""

from __future__ import annotations

import copy

import mujoco
import numpy as np

from sim2real.simulation.batch_sim import BatchSim

TOLERATED = 0.002
"""Penetration [m] that is left as it is; contacts push it apart gently."""
LEFT = 0.001
"""What is left of a deeper one [m]."""
FARTHEST = 0.02
"""How far an object is moved at most [m]; one that needs more has no place there."""
TURN = 20.0
"""How far joints turn [rad] as lightly as the object moves by 1 m."""
ROUNDS = 20
"""How often things are moved at most."""
SWEEPS = 30
"""How often the pushes of all contacts are gone through in a round."""
_STIFF = 1e-6
"""Response to a push [m] below which nothing that may move is in its way."""
_SHAPES = ("geom_size", "geom_rbound", "geom_aabb", "body_margin", "body_pos", "body_quat")
"""Model fields that decide what touches what."""
_RANGE = "jnt_range"
_HINGE = int(mujoco.mjtJoint.mjJNT_HINGE)


class Separation:
    """Puts joints of start states into their world's limits, and moves apart what is then deep inside of something else.

    The object moves without turning, and the given joints within their limits, by the least squares of these ways (`TURN`)
    that leave no contact deeper than `LEFT`, to first order, until none is deeper than `TOLERATED` (Gauss-Newton). A row
    depends on its own world and state alone, and no chance is involved. Worlds whose shapes and limits are the model's are
    not looked at.

    :param joints: indices of the joints that it may move.
    :param object_dofs: where the velocity of the object stands in qvel; empty without one.
    """

    def __init__(self, sim: BatchSim, joints: np.ndarray, object_dofs: slice) -> None:
        self._sim = sim
        self._limits = sim.fields.get(_RANGE)
        self._model = copy.copy(sim.model)
        self._shapes = [(getattr(self._model, name), sim.fields[name]) for name in _SHAPES if name in sim.fields]
        """The fields that differ between worlds: the model's own array, and that of all worlds."""
        self._data = mujoco.MjData(self._model)
        model = sim.model
        self._limited = joints[model.jnt_limited[joints] > 0]
        self._q = model.jnt_qposadr[self._limited]
        self._hinges = self._limited[model.jnt_type[self._limited] == _HINGE]
        self._hinge_q, self._dofs = model.jnt_qposadr[self._hinges], model.jnt_dofadr[self._hinges]
        self._object = np.arange(model.nv)[object_dofs][:3]

    def apply(self, ids: np.ndarray, qpos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Start states (m, nq) that fit the worlds `ids` (m,), and how deep things are in one another there (m,) [m], where
        that is too deep; 0 elsewhere. The argument is not written to."""
        depths = np.zeros(len(ids))
        if not self._shapes and self._limits is None:
            return qpos, depths
        fitting = qpos.copy()
        if self._limits is not None:
            limits = self._limits[ids][:, self._limited]
            fitting[:, self._q] = np.minimum(np.maximum(fitting[:, self._q], limits[..., 0]), limits[..., 1])
        for row, world in enumerate(ids.tolist()):
            for own, of_worlds in self._shapes:
                own[:] = of_worlds[world]
            ranges = self._model.jnt_range if self._limits is None else self._limits[world]
            depths[row] = self._separate(fitting[row], ranges[self._hinges])
        return fitting, depths

    def _separate(self, qpos: np.ndarray, ranges: np.ndarray) -> float:
        """Move things apart in a state (nq,), joints within ranges (j, 2). Returns the depth [m] that is left, 0 if it is
        tolerated: the least that was come by."""
        data, moved, least = self._data, np.zeros(3), np.inf
        data.qpos[:] = qpos
        for _ in range(ROUNDS):
            mujoco.mj_kinematics(self._model, data)
            mujoco.mj_collision(self._model, data)
            deepest = -data.contact.dist.min(initial=0.0)
            if deepest < least:
                qpos[:], least = data.qpos, deepest
            if deepest <= TOLERATED:
                return 0.0
            way = self._way_out(-data.contact.dist, self._gradients(), ranges)
            if len(self._object):
                moved += way[self._object]
            if np.linalg.norm(moved) > FARTHEST:
                break
            mujoco.mj_integratePos(self._model, data.qpos, way, 1.0)
            data.qpos[self._hinge_q] = data.qpos[self._hinge_q].clip(*ranges.T)
        return float(least)

    def _gradients(self) -> np.ndarray:
        """How the distance of each contact changes with qvel (k, nv)."""
        model, data = self._model, self._data
        mujoco.mj_comPos(model, data)
        gradients = np.zeros((data.ncon, model.nv))
        jacobian = np.zeros((3, model.nv))
        for k, gradient in enumerate(gradients):
            for geom, sign in zip(data.contact.geom[k].tolist(), (-1.0, 1.0), strict=True):
                mujoco.mj_jac(model, data, jacobian, None, data.contact.pos[k], model.geom_bodyid[geom])
                gradient += sign * (data.contact.frame[k, :3] @ jacobian)
        return gradients

    def _way_out(self, depths: np.ndarray, gradients: np.ndarray, ranges: np.ndarray) -> np.ndarray:
        """Displacement (nv,) that leaves contacts no deeper than `LEFT`; joints that would leave their ranges stay."""
        angles = self._data.qpos[self._hinge_q]
        free = np.zeros(self._model.nv)
        free[self._object], free[self._dofs] = 1.0, TURN**2
        for _ in range(3):
            pulls = gradients * free
            way = pulls.T @ _least_pushes(pulls @ gradients.T, depths - LEFT)
            outside = (angles + way[self._dofs] < ranges[:, 0]) | (angles + way[self._dofs] > ranges[:, 1])
            if not outside.any():
                break
            free[self._dofs[outside]] = 0.0
        return way


def _least_pushes(response: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Pushes p >= 0 (k,) such that response p >= wanted (k,), of the least energy: projected Gauss-Seidel."""
    pushes = np.zeros(len(wanted))
    diagonal = np.diagonal(response)
    for _ in range(SWEEPS):
        for k in np.flatnonzero(diagonal > _STIFF).tolist():
            pushes[k] = max(0.0, pushes[k] + (wanted[k] - response[k] @ pushes) / diagonal[k])
    return pushes
