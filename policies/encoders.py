"""Encoders: from an observation to features, before any memory."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import nn

Encoder = Literal["mlp", "gated", "cnn", "impala"]
WITHOUT_IMAGE = ("mlp", "gated")
"""Encoders that take an observation as it is; the others want one that begins with an image."""
Image = tuple[int, int, int]
"""Height, width and channels of the picture that an observation begins with, values 0 to 1, row by row."""


class MLP(nn.Sequential):
    """Dense layers with ELU between them (..., p) -> (..., width)."""

    def __init__(self, inputs: int, widths: tuple[int, ...]) -> None:
        layers: list[nn.Module] = []
        for width in widths:
            layers += [nn.Linear(inputs, width), nn.ELU()]
            inputs = width
        super().__init__(*layers)
        self.width = inputs


class Gated(nn.Module):
    """Products of pairs of dense features, and dense features beside them, each as many as `widths` begins with, then dense
    layers of `widths` (..., p) -> (..., width).

    A product is what "this action was taken and paid so much" takes (bilinear gated unit: Dauphin et al. 2017, arXiv
    1612.08083; Shazeer 2020, arXiv 2002.05202); a dense layer has to put it together from many of its features.
    """

    def __init__(self, inputs: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.first, self.second, self.beside = (nn.Linear(inputs, widths[0]) for _ in range(3))
        self.dense = MLP(2 * widths[0], widths)
        self.width = self.dense.width

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """(..., p) -> (..., width)."""
        product = self.first(observation) * self.second(observation)
        return self.dense(torch.cat((product, self.beside(observation)), dim=-1))


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return picture + self.second(torch.relu(self.first(torch.relu(picture))))


def _small(channels: int) -> nn.Sequential:
    """Two layers of 16 filters 5 x 5, stride 2 (RL^2: Duan et al. 2016, arXiv 1611.02779, appendix)."""
    return nn.Sequential(nn.Conv2d(channels, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 16, 5, 2), nn.ReLU())


def _impala(channels: int) -> nn.Sequential:
    """Three stages of 16, 32 and 32 channels, two residual blocks each (IMPALA: arXiv 1802.01561, figure 3)."""
    layers: list[nn.Module] = []
    for width in (16, 32, 32):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.MaxPool2d(3, 2, padding=1)]
        layers += [_Residual(width), _Residual(width)]
        channels = width
    return nn.Sequential(*layers, nn.ReLU())


class CNN(nn.Module):
    """A picture through convolutions, the rest of the observation beside it, then dense layers (..., p) -> (..., width).

    :param inputs: p, which includes the picture's h * w * c values.
    :raises ValueError: if the observation is shorter than the picture, or the picture too small for the layers.
    """

    def __init__(self, kind: Encoder, inputs: int, image: Image, widths: tuple[int, ...]) -> None:
        super().__init__()
        height, width, channels = image
        self.image, self.pixels = image, height * width * channels
        if inputs < self.pixels:
            raise ValueError(f"an observation of {inputs} values cannot begin with an image of {image}")
        self.layers = _small(channels) if kind == "cnn" else _impala(channels)
        try:
            features = self.layers(torch.zeros(1, channels, height, width)).numel()
        except RuntimeError as error:
            raise ValueError(f"an image of {height} x {width} is too small for encoder {kind!r}") from error
        self.dense = MLP(features + inputs - self.pixels, widths)
        self.width = self.dense.width

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """(..., p) -> (..., width)."""
        height, width, channels = self.image
        flat = observation.reshape(-1, observation.shape[-1])
        picture = flat[:, : self.pixels].reshape(-1, height, width, channels).permute(0, 3, 1, 2)
        features = self.layers(picture - 0.5).flatten(1)
        encoded = self.dense(torch.cat((features, flat[:, self.pixels :]), dim=-1))
        return encoded.reshape(*observation.shape[:-1], self.width)


def make_encoder(kind: Encoder, inputs: int, widths: tuple[int, ...], image: Image | None) -> MLP | Gated | CNN:
    """The encoder of that kind for p = `inputs` values. Raises ValueError where they do not go together."""
    if kind not in get_args(Encoder):
        raise ValueError(f"encoder={kind!r}: wanted one of {', '.join(get_args(Encoder))}")
    if kind == "mlp":
        return MLP(inputs, widths)
    if kind == "gated":
        return Gated(inputs, widths)
    if image is None:
        flat = " or ".join(map(repr, WITHOUT_IMAGE))
        raise ValueError(f"encoder={kind!r} wants observations that begin with an image; these have none: take {flat}")
    return CNN(kind, inputs, image, widths)
