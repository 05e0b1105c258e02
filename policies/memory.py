"""Memory cells: LSTM, GRU, or none; what they remember is an argument, never kept inside."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import nn

Memory = Literal["lstm", "gru", "none"]


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
    def reach(self, span: int) -> None:
        """Let cells begin by keeping what they hold for up to `span` steps, and take in as little at each."""
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
    def reach(self, span: int) -> None:
        """Let units begin by keeping what they hold for up to `span` steps."""
        _, keeping, _ = self.cell.get_parameter("bias_ih_l0").split(self.width)
        keeping.copy_(_keeping(self.width, span))

    def forward(self, features: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """features (T, n, w), memory before the first step -> features (T, n, H), memory after the last."""
        features, h = self.cell(features, memory.transpose(0, 1).contiguous())
        return features, h.transpose(0, 1)


class NoMemory(nn.Module):
    """Nothing is remembered: features pass, and so does a memory (n, 1, 1) that nothing reads."""

    shape = (1, 1)

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.width = inputs

    def forward(self, features: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Both as they are."""
        return features, memory


def make_memory(kind: Memory, inputs: int, hidden: int) -> LSTMMemory | GRUMemory | NoMemory:
    """The cell of that kind. Raises ValueError for a kind that is none."""
    if kind == "lstm":
        return LSTMMemory(inputs, hidden)
    if kind == "gru":
        return GRUMemory(inputs, hidden)
    if kind == "none":
        return NoMemory(inputs)
    raise ValueError(f"memory={kind!r}: wanted one of {', '.join(get_args(Memory))}")
