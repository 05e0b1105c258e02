"""Memory cells: LSTM, GRU, an LSTM that reads a table, or none; what they remember is an argument, never kept inside."""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import nn

Memory = Literal["lstm", "gru", "table", "none"]

HEADS = 4
"""Tables side by side, each with keys of its own."""
SLOTS = 16
"""Rows of each."""
KEPT = 2000
"""Steps that a table begins by keeping what was added."""


def _keeping(hidden: int, span: int) -> torch.Tensor:
    """Biases of gates (H,) that keep a share 1 - 1/T of a cell at each step, T spread from 2 to `span` steps.

    Chrono initialisation (Tallec and Ollivier 2018, arXiv 1804.11188, equation 16). Raises ValueError for a span below 3.
    """
    if span < 3:
        raise ValueError(f"memory_span={span}: wanted 3 steps or more")
    return (torch.rand(hidden) * (span - 2) + 1).log()


class LSTMMemory(nn.Module):
    """Memory (n, 2, H): hidden state h and cell state c (Hochreiter and Schmidhuber 1997)."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.shape, self.width = (2, hidden), hidden
        self.cell = nn.LSTM(inputs, hidden)

    @torch.no_grad()
    def reach(self, span: int | None) -> None:
        """Let cells begin by keeping what they hold for up to `span` steps, and take in as little at each."""
        if span is None:
            return
        taking, keeping, _, _ = self.cell.get_parameter("bias_ih_l0").split(self.width)
        keeping.copy_(_keeping(self.width, span))
        taking.copy_(-keeping)

    def forward(self, features: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """features (T, n, w), memory before the first step -> features (T, n, H), memory after the last."""
        h, c = memory.unbind(1)
        if len(features) == 1 and not torch.is_grad_enabled():
            # A single step, as in acting: the bare cell costs half of what the sequence's call does.
            h, c = torch.lstm_cell(features[0], (h, c), *self.cell.all_weights[0])
            return h[None], torch.stack((h, c), dim=1)
        features, (h, c) = self.cell(features, (h[None].contiguous(), c[None].contiguous()))
        return features, torch.stack((h[0], c[0]), dim=1)


class GRUMemory(nn.Module):
    """Memory (n, 1, H): hidden state h (Cho et al. 2014)."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.shape, self.width = (1, hidden), hidden
        self.cell = nn.GRU(inputs, hidden)

    @torch.no_grad()
    def reach(self, span: int | None) -> None:
        """Let units begin by keeping what they hold for up to `span` steps."""
        if span is None:
            return
        _, keeping, _ = self.cell.get_parameter("bias_ih_l0").split(self.width)
        keeping.copy_(_keeping(self.width, span))

    def forward(self, features: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """features (T, n, w), memory before the first step -> features (T, n, H), memory after the last."""
        features, h = self.cell(features, memory.transpose(0, 1).contiguous())
        return features, h.transpose(0, 1)


class TableMemory(nn.Module):
    """An LSTM that reads a table beside it: memory (n, 2 + SLOTS, H), the LSTM's two rows and then the table's.

    Each step adds what it has seen to the rows that a key points at, after a share of all rows is forgotten, and the LSTM is
    given the mean of what was added to the rows that a query points at, and how far to doubt it, 1 / sqrt(1 + how much that
    was), which says the same of trials longer than any in training. Means by key, such as of what an action in a state led to,
    are what a trial's worlds are learnt from; an LSTM by itself has to learn how to keep them apart. It is linear attention
    (Katharopoulos et al. 2020, arXiv 2006.16236; as fast weights, Schlag et al. 2021, arXiv 2102.11174) with keys and queries
    that are softmaxes, heads, and a gate as in arXiv 2312.06635 (Yang et al. 2023), so that a segment is a few products of
    matrices. The last of each head's H / HEADS columns counts.

    Raises ValueError for a width that heads cannot share.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        if hidden % HEADS or hidden < 2 * HEADS:
            raise ValueError(f"hidden={hidden}: memory='table' wants a multiple of {HEADS} from {2 * HEADS} on")
        self.shape, self.width = (2 + SLOTS, hidden), hidden
        self.key = nn.Linear(inputs, HEADS * SLOTS)
        self.query = nn.Linear(inputs, HEADS * SLOTS)
        self.value = nn.Linear(inputs, hidden - HEADS)
        self.keep = nn.Linear(inputs, HEADS)
        self.lstm = LSTMMemory(inputs + hidden, hidden)

    @torch.no_grad()
    def reach(self, span: int | None) -> None:
        """Let the LSTM begin as an LSTM does, and the table by keeping what was added for `KEPT` steps."""
        self.lstm.reach(span)
        self.keep.bias.fill_(math.log(KEPT - 1))

    def forward(self, features: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """features (T, n, w), memory before the first step -> features (T, n, H), memory after the last."""
        steps = len(features)
        key, query = (
            layer(features).unflatten(-1, (HEADS, SLOTS)).softmax(dim=-1).permute(1, 2, 0, 3)
            for layer in (self.key, self.query)
        )  # (n, heads, T, slots)
        value = self.value(features).unflatten(-1, (HEADS, -1)).permute(1, 2, 0, 3)
        value = torch.cat((value, torch.ones_like(value[..., :1])), dim=-1)
        kept = nn.functional.logsigmoid(self.keep(features)).permute(1, 2, 0).cumsum(dim=-1)  # (n, heads, T)
        table = memory[:, 2:].unflatten(-1, (HEADS, -1)).transpose(1, 2)  # (n, heads, slots, H / heads)
        read = kept.exp()[..., None] * (query @ table)
        later = torch.ones(steps, steps, dtype=torch.bool).triu(diagonal=1)
        since = (kept[..., :, None] - kept[..., None, :]).masked_fill(later, -math.inf).exp()
        read = read + (query @ key.transpose(-1, -2) * since) @ value
        still = (kept[..., -1:] - kept).exp()[..., None]
        table = kept[..., -1:, None].exp() * table + (still * key).transpose(-1, -2) @ value
        count = read[..., -1:]
        known = torch.cat((read[..., :-1] / (count + 0.1), (1.0 + count).rsqrt()), dim=-1)
        known = known.permute(2, 0, 1, 3).flatten(2)
        features, state = self.lstm(torch.cat((features, known), dim=-1), memory[:, :2])
        return features, torch.cat((state, table.transpose(1, 2).flatten(2)), dim=1)


class NoMemory(nn.Module):
    """Nothing is remembered: features pass, and so does a memory (n, 1, 1) that nothing reads."""

    shape = (1, 1)

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.width = inputs

    def reach(self, span: int | None) -> None:
        """There is nothing to keep."""

    def forward(self, features: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Both as they are."""
        return features, memory


def make_memory(kind: Memory, inputs: int, hidden: int) -> LSTMMemory | GRUMemory | TableMemory | NoMemory:
    """The cell of that kind. Raises ValueError for a kind that is none, and for a width that it cannot have."""
    if kind == "lstm":
        return LSTMMemory(inputs, hidden)
    if kind == "gru":
        return GRUMemory(inputs, hidden)
    if kind == "table":
        return TableMemory(inputs, hidden)
    if kind == "none":
        return NoMemory(inputs)
    raise ValueError(f"memory={kind!r}: wanted one of {', '.join(get_args(Memory))}")
