"""Transmission: how far and how fast the joints that actuators move are, seen from the actuators."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

# Plain ints: from mujoco 3.12 on, its enums do not compare equal to NumPy's integers.
_JOINT = int(mujoco.mjtTrn.mjTRN_JOINT)
_TENDON = int(mujoco.mjtTrn.mjTRN_TENDON)
_WRAP_JOINT = int(mujoco.mjtWrap.mjWRAP_JOINT)
_SCALAR = (int(mujoco.mjtJoint.mjJNT_HINGE), int(mujoco.mjtJoint.mjJNT_SLIDE))
_FIXED_GAIN = int(mujoco.mjtGain.mjGAIN_FIXED)
_AFFINE_BIAS = int(mujoco.mjtBias.mjBIAS_AFFINE)
_NO_DYNAMICS = int(mujoco.mjtDyn.mjDYN_NONE)


def is_linear(model: mujoco.MjModel, actuator: int) -> bool:
    """Whether the actuator has one control and its length is a fixed sum of hinges and slides: it moves one of them, or
    a fixed tendon."""
    return model.actuator_ctrlnum[actuator] == 1 and bool(_joints(model, actuator))


def is_affine(model: mujoco.MjModel, actuator: int) -> bool:
    """Whether its force is a constant and multiples of its control, length and speed, without memory."""
    return (
        model.actuator_gaintype[actuator] == _FIXED_GAIN
        and model.actuator_biastype[actuator] == _AFFINE_BIAS
        and model.actuator_dyntype[actuator] == _NO_DYNAMICS
    )


def run(indices: np.ndarray) -> np.ndarray | slice:
    """The same places (m,): a slice where they are consecutive, which NumPy reads and writes fastest."""
    if not len(indices) or (np.diff(indices) != 1).any():
        return indices
    return slice(int(indices[0]), int(indices[-1]) + 1)


class Transmission:
    """Lengths and speeds of actuators by control (n, nu), from positions (n, nq) and speeds (n, nv) of all joints.

    Those of actuators that are not `is_linear` are 0. A row depends on its own alone, to the bit.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        moved: dict[int, list[tuple[int, float]]] = {}
        for actuator in range(model.nactuator):
            if is_linear(model, actuator):
                moved[int(model.actuator_ctrladr[actuator])] = _joints(model, actuator)
        depth = max((len(joints) for joints in moved.values()), default=1)
        places, dofs = np.zeros((2, depth, model.nu), np.intp)
        self._factors = np.zeros((depth, model.nu))
        for control, joints in moved.items():
            for k, (joint, factor) in enumerate(joints):
                places[k, control] = model.jnt_qposadr[joint]
                dofs[k, control] = model.jnt_dofadr[joint]
                self._factors[k, control] = factor
        self._places, self._dofs = [run(row) for row in places], [run(row) for row in dofs]

    def length(self, qpos: np.ndarray) -> np.ndarray:
        """Lengths (n, nu), in the unit of a position servo's control."""
        return self._sum(qpos, self._places)

    def speed(self, qvel: np.ndarray) -> np.ndarray:
        """Their rates of change (n, nu)."""
        return self._sum(qvel, self._dofs)

    def _sum(self, values: np.ndarray, columns: Sequence[np.ndarray | slice]) -> np.ndarray:
        total = values[:, columns[0]] * self._factors[0]
        for columns_of, factors in zip(columns[1:], self._factors[1:], strict=True):
            total += values[:, columns_of] * factors
        return total


def _joints(model: mujoco.MjModel, actuator: int) -> list[tuple[int, float]]:
    """The joints that make up the actuator's length, and the factor of each; none if it is no such sum."""
    kind, target, gear = (
        model.actuator_trntype[actuator],
        model.actuator_trnid[actuator, 0],
        model.actuator_gear[actuator],
    )
    if kind == _JOINT:
        joints = [(int(target), float(gear[0]))]
    elif kind == _TENDON:
        wraps = range(model.tendon_adr[target], model.tendon_adr[target] + model.tendon_num[target])
        if any(model.wrap_type[wrap] != _WRAP_JOINT for wrap in wraps):
            return []
        joints = [(int(model.wrap_objid[wrap]), float(model.wrap_prm[wrap] * gear[0])) for wrap in wraps]
    else:
        return []
    return joints if all(model.jnt_type[joint] in _SCALAR for joint, _ in joints) else []
