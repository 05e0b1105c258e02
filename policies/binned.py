"""BinnedDistribution: each coordinate of a continuous action chosen among equally spaced values."""

from __future__ import annotations

import numpy as np
import torch
from gymnasium import spaces
from torch import nn


class BinnedDistribution:
    """A categorical distribution over `bins` values per coordinate of an action, independent given the features.

    Dactyl's actions: 11 bins per joint, "much better" than a Gaussian (OpenAI 2018, arXiv 1808.00177). An action is
    kept as indices (m, a) int64; `values` turns them into what the environment takes.

    :raises ValueError: for fewer than two bins, or actions without finite bounds.
    """

    def __init__(self, space: spaces.Box, bins: int) -> None:
        if bins < 2 or not np.isfinite([space.low, space.high]).all():
            raise ValueError(f"bins={bins} over {space}: wanted at least 2, over finite bounds")
        self.bins = bins
        self.size = int(np.prod(space.shape))
        self.grid = torch.from_numpy(np.linspace(space.low.ravel(), space.high.ravel(), bins, axis=1, dtype=np.float32))

    def proba_distribution_net(self, latent_dim: int) -> nn.Linear:
        """From features (m, latent_dim) to logits."""
        return nn.Linear(latent_dim, self.size * self.bins)

    def proba_distribution(self, logits: torch.Tensor) -> BinnedDistribution:
        """Take logits (m, a * bins)."""
        shaped = logits.reshape(-1, self.size, self.bins)
        self.distribution = torch.distributions.Categorical(logits=shaped, validate_args=False)
        return self

    def log_prob(self, actions: torch.Tensor) -> torch.Tensor:
        """Of actions (m, a): (m,)."""
        return self.distribution.log_prob(actions).sum(dim=-1)

    def entropy(self) -> torch.Tensor:
        """(m,)."""
        return self.distribution.entropy().sum(dim=-1)

    def mode(self) -> torch.Tensor:
        """The most likely actions (m, a)."""
        return self.distribution.logits.argmax(dim=-1)

    def draw(self, generator: torch.Generator) -> torch.Tensor:
        """One action per row (m, a) from `generator` alone."""
        probabilities = self.distribution.probs.reshape(-1, self.bins)
        return torch.multinomial(probabilities, 1, generator=generator).reshape(-1, self.size)

    def values(self, actions: torch.Tensor) -> torch.Tensor:
        """The numbers (m, a) float32 that actions (m, a) stand for."""
        return torch.gather(self.grid, 1, actions.T).T
