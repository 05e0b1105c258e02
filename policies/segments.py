"""Segments of a rollout, cut where memory was cleared, laid side by side for one fused recurrent call."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from policies.networks import RecurrentNetwork


@dataclass(frozen=True)
class Segments:
    """Where each of the (T, n) steps of some worlds stands in a padded batch of sequences (length, rows).

    A sequence starts at a world's first step and wherever its memory was cleared. The first sequence of a world starts
    from the memory stored for it, the others from cleared memory. Padding stands behind each sequence's end, so that it
    never reaches a step that counts (truncated back-propagation through time).
    """

    position: torch.Tensor
    """(T, n) int64: index of the step within its sequence."""
    row: torch.Tensor
    """(T, n) int64: which sequence."""
    length: int
    rows: int
    first: torch.Tensor
    """(n,) int64: the row that starts from the stored memory of each world."""
    kept: torch.Tensor
    """(n,) float32: 0 where even that memory was cleared before the first step."""

    @classmethod
    def from_resets(cls, memory_reset: torch.Tensor) -> Segments:
        """memory_reset (T, n) bool: memory was cleared before this step."""
        steps, worlds = memory_reset.shape
        starts = memory_reset.clone()
        starts[0] = True
        row = (starts.T.reshape(-1).cumsum(0) - 1).reshape(worlds, steps).T
        time = torch.arange(steps)[:, None].expand(steps, worlds)
        begin = torch.where(starts, time, 0).cummax(0).values
        position = time - begin
        kept = (~memory_reset[0]).float()
        return cls(position, row, int(position.max()) + 1, int(row.max()) + 1, row[0], kept)

    def unroll(self, network: RecurrentNetwork, inputs: torch.Tensor, stored: torch.Tensor) -> torch.Tensor:
        """inputs (T, n, p), memory stored before the first step (n, gates, H) -> features (T, n, w), in one fused call."""
        features = network.encoder(inputs)
        if not network.recurrent:
            return features
        return self.unpad(network.memory(self.pad(features), self.initial_memory(stored))[0])

    def pad(self, values: torch.Tensor) -> torch.Tensor:
        """(T, n, p) -> (length, rows, p), zeros behind each sequence's end."""
        if self.rows == values.shape[1]:
            return values
        padded = values.new_zeros(self.length, self.rows, values.shape[-1])
        padded[self.position, self.row] = values
        return padded

    def unpad(self, padded: torch.Tensor) -> torch.Tensor:
        """(length, rows, p) -> (T, n, p)."""
        if self.rows == self.position.shape[1]:
            return padded
        return padded[self.position, self.row]

    def initial_memory(self, stored: torch.Tensor) -> torch.Tensor:
        """stored (n, gates, H) before the first step -> (rows, gates, H): cleared where a sequence begins a trial."""
        memory = stored.new_zeros(self.rows, *stored.shape[1:])
        memory[self.first] = stored * self.kept[:, None, None]
        return memory
