"""Running normalisation whose statistics are saved with the policy and exported inside its graph."""

from __future__ import annotations

import torch
from torch import nn

CLIP = 5.0
"""Normalised inputs are clipped to this many standard deviations (OpenAI 2018, arXiv 1808.00177, appendix C)."""


class RunningNormalizer(nn.Module):
    """Mean and variance of all the samples seen so far, in float64 (parallel Welford update), and of how many, which for
    values that a policy was given later than others are fewer.

    :param size: p.
    :param pixels: so many of the first values are a picture's and pass as they are.
    """

    mean: torch.Tensor
    variance: torch.Tensor
    count: torch.Tensor

    def __init__(self, size: int, pixels: int = 0) -> None:
        super().__init__()
        self.pixels = pixels
        self.frozen = False
        self.register_buffer("mean", torch.zeros(size - pixels, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(size - pixels, dtype=torch.float64))
        self.register_buffer("count", torch.zeros(size - pixels, dtype=torch.float64))

    @torch.no_grad()
    def update(self, samples: torch.Tensor) -> None:
        """Take in samples (..., p), unless frozen."""
        if self.frozen:
            return
        if not self.mean.numel():
            return
        rows = samples.reshape(-1, samples.shape[-1])[:, self.pixels :].to(torch.float64, copy=True)
        count, mean = len(rows), rows.mean(dim=0)
        variance = rows.sub_(mean).square_().mean(dim=0)  # torch.var_mean takes several times as long over rows
        total = self.count + count
        delta = mean - self.mean
        pooled = (self.variance * self.count + variance * count + delta**2 * self.count * count / total) / total
        first = self.count == 0
        self.variance.copy_(torch.where(first, variance, pooled))
        self.mean.copy_(torch.where(first, mean, self.mean + delta * count / total))
        self.count.copy_(total)

    def scale(self) -> torch.Tensor:
        """Standard deviation (p - pixels,), float32, floored so that a constant input stays finite."""
        return self.variance.clamp_min(1e-4).sqrt().float()

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """samples (..., p) -> (samples - mean) / sd, clipped; pixels as they are."""
        if self.pixels:
            return torch.cat((samples[..., : self.pixels], self._normalized(samples[..., self.pixels :])), dim=-1)
        return self._normalized(samples)

    def _normalized(self, samples: torch.Tensor) -> torch.Tensor:
        return ((samples - self.mean.float()) / self.scale()).clamp(-CLIP, CLIP)

    def denormalize(self, samples: torch.Tensor) -> torch.Tensor:
        """The inverse of `forward`, without the clipping; not for pictures."""
        return samples * self.scale() + self.mean.float()
