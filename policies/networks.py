"""The recurrent networks: an encoder, a memory, and what stands on top of them."""

from __future__ import annotations

import torch
from torch import nn

from policies.encoders import Encoder, Image, make_encoder
from policies.memory import Memory, make_memory


class RecurrentNetwork(nn.Module):
    """An encoder followed by one memory cell, whose memory is an argument.

    By default the layout of Dactyl's networks (OpenAI 2018, arXiv 1808.00177, section 5): one dense layer, then an LSTM.
    """

    def __init__(
        self,
        inputs: int,
        widths: tuple[int, ...],
        hidden: int,
        memory: Memory = "lstm",
        encoder: Encoder = "mlp",
        image: Image | None = None,
        memory_span: int | None = None,
    ) -> None:
        super().__init__()
        self.encoder = make_encoder(encoder, inputs, widths, image)
        self.memory = make_memory(memory, self.encoder.width, hidden)
        self.recurrent = memory != "none"
        self.width = self.memory.width
        self.memory_shape = self.memory.shape
        for layer in self.encoder.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                nn.init.orthogonal_(layer.weight, gain=2**0.5)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)
        for name, parameter in self.memory.named_parameters():
            if "weight" in name:
                for gate in parameter.split(hidden):
                    nn.init.orthogonal_(gate)
            else:
                nn.init.zeros_(parameter)
        self.memory.reach(memory_span)

    def forward(self, inputs: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """inputs (T, n, p), memory (n, gates, H) before the first step -> features (T, n, w), memory after the last."""
        return self.memory(self.encoder(inputs), memory)

    @torch.no_grad()
    def memory_after(self, memory: torch.Tensor, inputs: torch.Tensor, reset: torch.Tensor) -> torch.Tensor:
        """Memory (n, gates, H) after steps inputs (k, n, p), cleared before those where reset (k, n); without gradient."""
        if not len(inputs) or not self.recurrent:
            return memory
        for features, cleared in zip(self.encoder(inputs), reset, strict=True):
            _, memory = self.memory(features[None], memory * (~cleared).float()[:, None, None])
        return memory

    def initial_memory(self, worlds: int) -> torch.Tensor:
        """Cleared memory (worlds, gates, H)."""
        return torch.zeros(worlds, *self.memory_shape)
