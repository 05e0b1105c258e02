from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from policies import LSTMPolicy
from policies.networks import RecurrentNetwork

HIDDEN, SPAN = 500, 40


def _network(memory: Any, span: int | None) -> RecurrentNetwork:
    torch.manual_seed(3)
    return RecurrentNetwork(3, (4,), HIDDEN, memory, memory_span=span)


@torch.no_grad()
def _kept(network: RecurrentNetwork, gate: int) -> torch.Tensor:
    """Share of the last gate (the cell) of a full memory that a step leaves, nothing being seen or said."""
    for name, parameter in network.memory.named_parameters():
        if "weight" in name:
            parameter.zero_()
    memory = torch.zeros(1, *network.memory_shape)
    memory[:, gate] = 1.0
    features = torch.zeros(1, 1, network.encoder.width)
    return network.memory(features, memory)[1][0, gate]


@pytest.mark.parametrize(("memory", "gate"), [("lstm", 1), ("gru", 0)])
def test_cells_keep_what_they_hold_for_two_steps_up_to_the_span(memory: str, gate: int) -> None:
    lasting = 1.0 / (1.0 - _kept(_network(memory, SPAN), gate))
    assert lasting.min() > 2.0 and lasting.max() < SPAN
    assert torch.quantile(lasting, torch.tensor([0.25, 0.5, 0.75])).numpy() == pytest.approx([11.5, 21, 30.5], abs=2.5)


@pytest.mark.parametrize(("memory", "gate"), [("lstm", 1), ("gru", 0)])
def test_without_a_span_a_step_leaves_half(memory: str, gate: int) -> None:
    assert torch.equal(_kept(_network(memory, None), gate), torch.full((HIDDEN,), 0.5))


def test_an_lstm_takes_in_as_little_as_it_forgets() -> None:
    network = _network("lstm", SPAN)
    gates = network.memory.cell.bias_ih_l0.reshape(4, HIDDEN)
    assert torch.equal(gates[0], -gates[1])
    assert not gates[2:].any() and not network.memory.cell.bias_hh_l0.any()


def test_all_but_the_biases_is_as_without_a_span() -> None:
    with_span, without = _network("lstm", SPAN).state_dict(), _network("lstm", None).state_dict()
    assert [name for name in without if not torch.equal(with_span[name], without[name])] == ["memory.cell.bias_ih_l0"]


def test_actor_and_critic_both_reach_and_the_policy_is_made_again_as_it_was(tmp_path: Any) -> None:
    box = spaces.Box(-np.inf, np.inf, (5,), np.float32)
    policy = LSTMPolicy(box, spaces.Discrete(2), widths=(8,), hidden=6, memory_span=SPAN, critic_group="policy")
    assert policy.critic is not None
    assert policy.actor.memory.cell.bias_ih_l0.any() and policy.critic.memory.cell.bias_ih_l0.any()
    policy.save(tmp_path / "policy.pt")
    assert LSTMPolicy.load(tmp_path / "policy.pt").made_with == policy.made_with


def test_a_span_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^memory_span=2: wanted 3 steps or more$"):
        _network("lstm", 2)
