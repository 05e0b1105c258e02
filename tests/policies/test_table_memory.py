from __future__ import annotations

import pytest
import torch

from policies.memory import HEADS, KEPT, SLOTS, TableMemory
from policies.networks import RecurrentNetwork

HIDDEN = 8
"""Two columns to a head: a value and the count."""
KEYS = 3


class _Listener(torch.nn.Module):
    """In the LSTM's place: passes on what it is given."""

    def forward(self, features: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return features, memory


def _table(keep: float = 100.0) -> TableMemory:
    """A table whose features are a key (one-hot), a query (one-hot) and a value, and which keeps a share sigmoid(keep)."""
    memory = TableMemory(2 * KEYS + 1, HIDDEN)
    with torch.no_grad():
        for parameter in memory.parameters():
            parameter.zero_()
        for head in range(HEADS):
            for row in range(KEYS):
                memory.key.weight[head * SLOTS + row, row] = 100.0
                memory.query.weight[head * SLOTS + row, KEYS + row] = 100.0
            memory.value.weight[head, -1] = head + 1.0
        memory.keep.bias.fill_(keep)
    memory.lstm = _Listener()  # type: ignore[assignment]
    return memory


def _features(keys: list[int], queries: list[int], values: list[float]) -> torch.Tensor:
    """(T, 1, w)."""
    eye = torch.eye(KEYS)
    return torch.cat((eye[keys], eye[queries], torch.tensor(values)[:, None]), dim=1)[:, None]


def _known(memory: TableMemory, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What the LSTM is told: the means (T, heads) and how much they are of (T, heads)."""
    told, _ = memory(features, torch.zeros(1, *memory.shape))
    mean, doubt = told[:, 0, 2 * KEYS + 1 :].unflatten(-1, (HEADS, 2)).unbind(-1)
    return mean, doubt**-2 - 1.0


@torch.no_grad()
def test_the_lstm_is_told_the_mean_of_what_was_added_under_the_key_that_is_asked_for() -> None:
    features = _features([0, 1, 0, 2, 0], [0, 0, 0, 1, 0], [1.0, 5.0, 2.0, 7.0, 6.0])
    mean, count = _known(_table(), features)
    torch.testing.assert_close(count[:, 0], torch.tensor([1.0, 1.0, 2.0, 1.0, 3.0]))
    sums = torch.tensor([1.0, 1.0, 3.0, 5.0, 9.0])
    heads = torch.arange(1.0, HEADS + 1.0)
    torch.testing.assert_close(mean, heads * (sums / (count[:, 0] + 0.1))[:, None])


@torch.no_grad()
def test_what_was_never_added_is_told_as_nothing() -> None:
    mean, count = _known(_table(), _features([0, 0], [1, 2], [4.0, 4.0]))
    assert mean.abs().max() < 1e-6 and count.abs().max() < 1e-6


@torch.no_grad()
def test_a_step_forgets_the_share_that_its_gate_says() -> None:
    _, count = _known(_table(keep=0.0), _features([0, 1, 1, 1], [0] * 4, [1.0] * 4))
    torch.testing.assert_close(count[:, 0], torch.tensor([1.0, 0.5, 0.25, 0.125]))


@pytest.mark.parametrize("span", [50, None])
def test_the_table_begins_by_keeping_for_long(span: int | None) -> None:
    memory = RecurrentNetwork(3, (4,), HIDDEN, "table", memory_span=span).memory
    torch.testing.assert_close(torch.sigmoid(memory.keep.bias), torch.full((HEADS,), 1.0 - 1.0 / KEPT))


@pytest.mark.parametrize("hidden", [4, 10])
def test_a_width_that_heads_cannot_share_is_refused(hidden: int) -> None:
    with pytest.raises(ValueError, match=f"hidden={hidden}: memory='table' wants a multiple of 4 from 8 on"):
        TableMemory(3, hidden)
