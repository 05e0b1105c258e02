"""The recurrent networks: dense encoder, LSTM, and what stands on top of them."""

from __future__ import annotations

import torch
from torch import nn

MEMORY_GATES = 2
"""An LSTM's memory is two vectors per world: hidden state h and cell state c."""


class RecurrentNetwork(nn.Module):
    """Dense ELU encoder followed by one LSTM; its memory is an argument, never kept inside.

    Layout of Dactyl's networks (OpenAI 2018, arXiv 1808.00177, section 5): one dense layer, then an LSTM.
    """

    def __init__(self, inputs: int, encoder: tuple[int, ...], hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        layers: list[nn.Module] = []
        dense: list[nn.Linear] = []
        width = inputs
        for size in encoder:
            dense.append(nn.Linear(width, size))
            layers += [dense[-1], nn.ELU()]
            width = size
        self.encoder = nn.Sequential(*layers)
        self.lstm = nn.LSTM(width, hidden)
        for layer in dense:
            nn.init.orthogonal_(layer.weight, gain=2**0.5)
            nn.init.zeros_(layer.bias)
        for name, parameter in self.lstm.named_parameters():
            if name.startswith("weight"):
                for gate in parameter.chunk(4):
                    nn.init.orthogonal_(gate)
            else:
                nn.init.zeros_(parameter)

    def forward(self, inputs: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """inputs (T, n, p), memory (n, 2, H) before the first step -> features (T, n, H), memory after the last."""
        h, c = memory.unbind(1)
        features, (h, c) = self.lstm(self.encoder(inputs), (h[None].contiguous(), c[None].contiguous()))
        return features, torch.stack((h[0], c[0]), dim=1)

    def initial_memory(self, worlds: int) -> torch.Tensor:
        """Cleared memory (worlds, 2, H)."""
        return torch.zeros(worlds, MEMORY_GATES, self.hidden)
