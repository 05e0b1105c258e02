"""From a trained policy to ONNX."""

from __future__ import annotations

import io
import logging
import warnings

import numpy as np
import torch
from gymnasium import spaces

from policies.lstm_policy import LSTMPolicy

OPSET = 18


def export_onnx(policy: LSTMPolicy) -> bytes:
    """The actor as one ONNX file, its normaliser inside the graph.

    Inputs `observation` (n, p) and `memory` (n, 2, H), outputs `action` (n, a) in [-1, 1], the mean, and `memory_out`;
    float32, n free. Raises ValueError for policies whose actions are not continuous.
    """
    if not isinstance(policy.action_space, spaces.Box):
        raise ValueError(f"only continuous actions can be exported, this policy's are {policy.action_space}")
    policy.set_training_mode(False)
    example = (torch.zeros(2, policy.sizes["policy"]), torch.zeros(2, 2, policy.hidden))
    buffer = io.BytesIO()
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                policy,
                example,
                buffer,  # type: ignore[arg-type]
                input_names=["observation", "memory"],
                output_names=["action", "memory_out"],
                dynamic_axes={name: {0: "n"} for name in ("observation", "memory", "action", "memory_out")},
                opset_version=OPSET,
                dynamo=False,
            )
    finally:
        logger.setLevel(level)
    return buffer.getvalue()


def golden_run(policy: LSTMPolicy, observation: np.ndarray, memory_reset: np.ndarray) -> np.ndarray:
    """The actions (T, a) float32 that follow observations (T, p), memory cleared where `memory_reset` (T,)."""
    memory = policy.initial_memory(1)
    actions = []
    for seen, reset in zip(observation, memory_reset, strict=True):
        if reset:
            memory = policy.initial_memory(1)
        action, memory = policy.step(seen[None], memory)
        actions.append(np.clip(action[0], -1.0, 1.0))
    return np.array(actions, dtype=np.float32)
