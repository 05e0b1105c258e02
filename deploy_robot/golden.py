"""Golden: a recorded run of the policy, replayed before a bundle is used."""

import io
import zipfile
from dataclasses import dataclass

import numpy as np

from deploy_robot.contract import Contract
from deploy_robot.errors import BundleError


@dataclass(frozen=True)
class Golden:
    """T steps of one robot's policy: what it saw, when its memory was cleared, what it did."""

    observation: np.ndarray
    """(T, p) float32."""
    memory_reset: np.ndarray
    """(T,) bool: memory was cleared before this step; true for the first and at least once more."""
    action: np.ndarray
    """(T, a) float32."""

    def check(self, contract: Contract) -> None:
        """Raise `BundleError` unless the arrays have the contract's sizes, are finite and contain a reset."""
        steps = len(self.memory_reset) if self.memory_reset.ndim else 0
        wanted = {
            "observation": ((steps, contract.observation_size), np.float32),
            "memory_reset": ((steps,), np.bool_),
            "action": ((steps, contract.action_size), np.float32),
        }
        for name, (shape, kind) in wanted.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != kind:
                raise BundleError(
                    f"golden.npz: {name}: given shape {array.shape} {array.dtype}, wanted {shape} {np.dtype(kind)}"
                )
            if not np.isfinite(array).all():
                raise BundleError(
                    f"golden.npz: {name}: not finite at step {int(np.argwhere(~np.isfinite(array))[0, 0])}"
                )
        if steps == 0 or not self.memory_reset[0] or not self.memory_reset[1:].any():
            given = np.flatnonzero(self.memory_reset).tolist()
            raise BundleError(
                f"golden.npz: memory_reset: given resets at {given}, wanted step 0 and at least one later"
            )

    def to_bytes(self) -> bytes:
        """The content of `golden.npz`."""
        buffer = io.BytesIO()
        np.savez(buffer, observation=self.observation, memory_reset=self.memory_reset, action=self.action)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Golden":
        """Read back what `to_bytes` wrote; raises `BundleError` for anything else."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return cls(arrays["observation"], arrays["memory_reset"], arrays["action"])
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
            raise BundleError(f"golden.npz: cannot be read: {error}") from error
