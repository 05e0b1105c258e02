from __future__ import annotations

from typing import get_args

import pytest
import torch

from policies.memory import Memory
from policies.networks import RecurrentNetwork
from policies.segments import Segments

STEPS, WORLDS = 9, 4


def _resets(pattern: str) -> torch.Tensor:
    reset = torch.zeros(STEPS, WORLDS, dtype=torch.bool)
    match pattern:
        case "none":
            pass
        case "every step":
            reset[:] = True
        case "first step":
            reset[0] = True
        case "first step of some":
            reset[0, 1::2] = True
        case "last step":
            reset[-1, 0] = True
        case "several in one world":
            reset[[0, 3, 4, 8], 2] = True
        case "one world":
            reset[5, 3] = True
        case _:
            reset = torch.rand(STEPS, WORLDS, generator=torch.Generator().manual_seed(int(pattern))) < 0.3
    return reset


def _inputs(memory: Memory = "lstm") -> tuple[RecurrentNetwork, torch.Tensor, torch.Tensor, torch.Tensor]:
    """A network, observations, stored memory, and the weights of a loss on the features."""
    torch.manual_seed(1)
    network = RecurrentNetwork(3, (7,), 8, memory).double()
    observation = torch.randn(STEPS, WORLDS, 3, dtype=torch.float64)
    stored = torch.rand(WORLDS, *network.memory_shape, dtype=torch.float64)  # a table counts, so nothing below 0
    return network, observation, stored, torch.randn(STEPS, WORLDS, network.width, dtype=torch.float64)


def _fused(
    network: RecurrentNetwork, observation: torch.Tensor, stored: torch.Tensor, reset: torch.Tensor
) -> torch.Tensor:
    return Segments.from_resets(reset).unroll(network, observation, stored)


def _unrolled(
    network: RecurrentNetwork, observation: torch.Tensor, stored: torch.Tensor, reset: torch.Tensor
) -> torch.Tensor:
    memory, features = stored, []
    for seen, cleared in zip(observation, reset, strict=True):
        memory = memory * (~cleared).double()[:, None, None]
        feature, memory = network(seen[None], memory)
        features.append(feature[0])
    return torch.stack(features)


@pytest.mark.parametrize(
    "pattern",
    [
        *("none", "every step", "first step", "first step of some", "last step", "several in one world", "one world"),
        *("1", "2", "3", "4", "5"),
    ],
)
@pytest.mark.parametrize("memory", get_args(Memory))
def test_one_fused_call_equals_stepping_with_memory_cleared_at_resets(memory: Memory, pattern: str) -> None:
    network, observation, stored, weights = _inputs(memory)
    reset = _resets(pattern)
    features, gradients = [], []
    for run in (_fused, _unrolled):
        network.zero_grad()
        features.append(run(network, observation, stored, reset))
        (features[-1] * weights).sum().backward()
        gradients.append([parameter.grad.clone() for parameter in network.parameters()])
    torch.testing.assert_close(features[0], features[1], rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("memory", ["lstm", "gru", "table"])
def test_stored_memory_reaches_a_worlds_steps_before_its_first_reset_and_no_others(memory: Memory) -> None:
    network, observation, stored, _ = _inputs(memory)
    reset = torch.zeros(STEPS, WORLDS, dtype=torch.bool)
    reset[0, 1] = reset[4, 2] = True
    changed = (_fused(network, observation, stored, reset) != _fused(network, observation, stored + 1.0, reset)).any(-1)
    expected = torch.ones(STEPS, WORLDS, dtype=torch.bool)
    expected[:, 1] = expected[4:, 2] = False
    assert torch.equal(changed, expected)


@pytest.mark.parametrize("pattern", ["none", "every step", "first step of some", "2"])
def test_unpadding_undoes_padding(pattern: str) -> None:
    values = torch.randn(STEPS, WORLDS, 3)
    segments = Segments.from_resets(_resets(pattern))
    assert torch.equal(segments.unpad(segments.pad(values)), values)


def test_sequences_are_cut_at_resets_and_no_longer_than_the_longest() -> None:
    reset = torch.zeros(STEPS, 2, dtype=torch.bool)
    reset[[3, 7], 1] = True
    segments = Segments.from_resets(reset)
    assert (segments.length, segments.rows) == (9, 4)
    assert segments.row[:, 1].tolist() == [1, 1, 1, 2, 2, 2, 2, 3, 3]
    assert segments.position[:, 1].tolist() == [0, 1, 2, 0, 1, 2, 3, 0, 1]
    reset[5, 0] = True
    assert Segments.from_resets(reset).length == 5
