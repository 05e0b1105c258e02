"""PolicyRuntime: runs a bundle's policy with onnxruntime on one thread."""

import os
from typing import TYPE_CHECKING

import numpy as np

from deploy_robot.errors import BundleError

# From 1.29 on, its wheels for Linux tell their maker about every process and model, unless this says so before the import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

if TYPE_CHECKING:
    from deploy_robot.bundle import Bundle

FATAL_ONLY = 4  # onnxruntime's log severity; its errors reach the caller as exceptions anyway


class PolicyRuntime:
    """A stateless policy: (observation, memory) -> (action, memory).

    The network is run once on construction, so that neither a graph that does not fit the contract nor the slow first
    run shows up on the robot. Raises `BundleError` if names, shapes or types differ from the contract.
    """

    def __init__(self, bundle: "Bundle"):
        contract = bundle.contract
        self._memory_shape = contract.memory_shape
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = FATAL_ONLY
        try:
            self._session = onnxruntime.InferenceSession(bundle.onnx_bytes, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exceptions share no public base class
            raise BundleError(f"policy.onnx: onnxruntime cannot load it: {_first_line(error)}") from error
        inputs = {"observation": (contract.observation_size,), "memory": contract.memory_shape}
        outputs = {"action": (contract.action_size,), "memory_out": contract.memory_shape}
        _check_signature("input", self._session.get_inputs(), inputs)
        _check_signature("output", self._session.get_outputs(), outputs)
        for rows in (2, 1):
            self._check_run(rows, contract.observation_size, outputs)

    def initial_memory(self, rows: int | None = None) -> np.ndarray:
        """Cleared memory: (*memory_shape) float32, or (rows, *memory_shape) if `rows` is given."""
        leading = () if rows is None else (rows,)
        return np.zeros((*leading, *self._memory_shape), dtype=np.float32)

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One step: observation (p,) and memory (*memory_shape) to action (a,) and the next memory, all float32.

        With a leading batch axis on both inputs there is one on both outputs.
        """
        if observation.ndim == 2:
            action, memory_out = self._session.run(
                ["action", "memory_out"], {"observation": observation, "memory": memory}
            )
            return action, memory_out
        action, memory_out = self.step(observation[None], memory[None])
        return action[0], memory_out[0]

    def _check_run(self, rows: int, observation_size: int, outputs: dict[str, tuple[int, ...]]) -> None:
        observation = np.zeros((rows, observation_size), dtype=np.float32)
        try:
            results = self.step(observation, self.initial_memory(rows))
        except Exception as error:  # as above
            raise BundleError(f"policy.onnx: a run with {rows} rows failed: {_first_line(error)}") from error
        for (name, shape), result in zip(outputs.items(), results, strict=True):
            if result.shape != (rows, *shape):
                raise BundleError(
                    f"policy.onnx: output {name!r}: gave shape {result.shape}, wanted {(rows, *shape)} for {rows} rows"
                )


def _check_signature(direction: str, given: list[onnxruntime.NodeArg], wanted: dict[str, tuple[int, ...]]) -> None:
    """Names and types must match, and so must every size that the graph states; the first axis must be free."""
    if sorted(node.name for node in given) != sorted(wanted):
        names = ", ".join(node.name for node in given)
        raise BundleError(f"policy.onnx: {direction}s: given {names}; wanted {', '.join(wanted)}")
    for node in given:
        shape = wanted[node.name]
        if node.type != "tensor(float)":
            raise BundleError(f"policy.onnx: {direction} {node.name!r}: given {node.type}, wanted tensor(float)")
        sizes = list(node.shape)
        fits = len(sizes) == len(shape) + 1 and not isinstance(sizes[0], int)
        if not fits or any(isinstance(a, int) and a != b for a, b in zip(sizes[1:], shape, strict=True)):
            raise BundleError(f"policy.onnx: {direction} {node.name!r}: given shape {sizes}, wanted {['n', *shape]}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
