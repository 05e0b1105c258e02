"""From a trained policy to ONNX."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import torch
from gymnasium import spaces

from policies.lstm_policy import LSTMPolicy

OPSET = 18


def export_onnx(policy: LSTMPolicy) -> bytes:
    """The actor as one ONNX file, its normaliser inside the graph.

    Inputs `observation` (n, p) and `memory` (n, gates, H), outputs `action` (n, a) in [-1, 1], the likeliest, and
    `memory_out`; float32, n free. Raises ValueError for policies whose actions are not continuous and in [-1, 1].
    """
    space = policy.action_space
    if not isinstance(space, spaces.Box) or (space.low != -1.0).any() or (space.high != 1.0).any():
        raise ValueError(f"only continuous actions in [-1, 1] can be exported, this policy's are {space}")
    policy.set_training_mode(False)
    rows = torch.export.Dim("n", min=1)
    example = (torch.zeros(2, policy.sizes["policy"]), policy.actor.initial_memory(2))
    # torch warns of its own internals, and of packages that this does not need.
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            policy,
            example,
            dynamo=True,
            verbose=False,
            input_names=["observation", "memory"],
            output_names=["action", "memory_out"],
            dynamic_shapes=({0: rows}, {0: rows}),
            opset_version=OPSET,
        )
    assert program is not None
    model = program.model_proto
    # The exporter notes where in the source each node comes from, with paths of this computer.
    for part in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        part.ClearField("metadata_props")
    return model.SerializeToString()


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
