from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from policies import LSTMPolicy
from policies.encoders import MLP, Gated, make_encoder

IMAGE = (16, 14, 3)
PIXELS = 16 * 14 * 3
KINDS = ("cnn", "impala")


def _box(size: int) -> spaces.Box:
    return spaces.Box(-np.inf, np.inf, (size,), np.float32)


def _policy(kind: Any = "cnn", image: Any = IMAGE, size: int = PIXELS + 2, **network: Any) -> LSTMPolicy:
    return LSTMPolicy(_box(size), spaces.Discrete(2), encoder=kind, image=image, widths=(8,), hidden=6, **network)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beside", [0, 2])
@pytest.mark.parametrize("leading", [(), (5,), (3, 5)], ids=str)
def test_features_keep_the_leading_axes(kind: Any, beside: int, leading: tuple[int, ...]) -> None:
    encoder = make_encoder(kind, PIXELS + beside, (32, 8), IMAGE)
    assert encoder.width == 8
    assert encoder(torch.rand(*leading, PIXELS + beside)).shape == (*leading, 8)


def test_an_mlp_without_layers_passes_its_input_on() -> None:
    encoder = MLP(5, ())
    assert encoder.width == 5
    assert torch.equal(encoder(torch.arange(5.0)), torch.arange(5.0))


@pytest.mark.parametrize("leading", [(), (5,), (3, 5)], ids=str)
def test_gated_features_keep_the_leading_axes(leading: tuple[int, ...]) -> None:
    encoder = make_encoder("gated", 7, (32, 8), None)
    assert encoder.width == 8
    assert encoder(torch.rand(*leading, 7)).shape == (*leading, 8)


def test_gated_features_are_of_products_and_of_what_was_seen() -> None:
    """First times second value, and the third beside it, added up: -2 * 3 + 0.5, or nearly -1 after an ELU."""
    encoder = Gated(3, (1,))
    with torch.no_grad():
        for layer, column in ((encoder.first, 0), (encoder.second, 1), (encoder.beside, 2)):
            layer.weight.copy_(torch.eye(3)[column : column + 1])
            layer.bias.zero_()
        encoder.dense[0].weight.fill_(1.0)
        encoder.dense[0].bias.zero_()
    seen = torch.tensor([[2.0, 3.0, 0.5], [-2.0, 3.0, 0.5]])
    torch.testing.assert_close(encoder(seen), torch.nn.functional.elu(torch.tensor([[6.5], [-5.5]])))


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_is_encoded_as_alone(kind: Any) -> None:
    encoder, seen = make_encoder(kind, PIXELS + 2, (8,), IMAGE), torch.rand(2, 3, PIXELS + 2)
    torch.testing.assert_close(encoder(seen)[1, 2], encoder(seen[1, 2]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_the_beginning_of_the_vector_row_by_row_channels_last(kind: Any) -> None:
    encoder = make_encoder(kind, PIXELS + 2, (8,), IMAGE)
    height, width, channels = IMAGE
    picture = torch.rand(1, channels, height, width)
    vector = torch.zeros(PIXELS + 2)
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                vector[(y * width + x) * channels + c] = picture[0, c, y, x]
    vector[-2:] = torch.tensor([3.0, -7.0])
    seen = []
    encoder.layers.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    encoder.dense.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    encoder(vector)
    torch.testing.assert_close(seen[0], picture - 0.5)
    assert seen[1][0, -2:].tolist() == [3.0, -7.0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_pixel_and_what_stands_beside_the_picture_reach_the_features(kind: Any) -> None:
    torch.manual_seed(0)
    size = 13 * 13 + 2
    encoder, seen = make_encoder(kind, size, (16,), (13, 13, 1)), torch.rand(size, requires_grad=True)
    encoder(seen).square().sum().backward()
    assert seen.grad is not None and (seen.grad != 0.0).float().mean() > 0.95
    assert (seen.grad[-2:] != 0.0).all()


def test_pixels_pass_as_they_are_and_the_rest_is_normalised() -> None:
    policy = _policy()
    samples = torch.rand(500, PIXELS + 2, generator=torch.Generator().manual_seed(0)) + 4.0
    samples[:, -1] *= 100.0
    policy.policy_normalizer.update(samples)
    normalized = policy.policy_normalizer(samples)
    assert torch.equal(normalized[:, :PIXELS], samples[:, :PIXELS])
    torch.testing.assert_close(normalized[:, PIXELS:].mean(0), torch.zeros(2), atol=1e-3, rtol=0)
    torch.testing.assert_close(normalized[:, PIXELS:].std(0), torch.ones(2), atol=1e-2, rtol=0)


def test_an_observation_that_is_a_picture_and_nothing_else_has_no_statistics() -> None:
    policy, samples = _policy(size=PIXELS), torch.rand(5, PIXELS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        policy.policy_normalizer.update(samples)
        assert torch.equal(policy.policy_normalizer(samples), samples)


def test_without_a_convolution_all_of_an_image_is_normalised() -> None:
    policy = _policy("mlp")
    policy.policy_normalizer.update(torch.rand(500, PIXELS + 2) + 4.0)
    assert policy.policy_normalizer(torch.full((1, PIXELS + 2), 4.5)).abs().max() < 0.2


@pytest.mark.parametrize("shared", [False, True])
def test_a_critic_may_see_more_beside_the_same_picture(shared: bool) -> None:
    space = spaces.Dict({"policy": _box(PIXELS), "critic": _box(PIXELS + 4)})
    policy = LSTMPolicy(
        space, spaces.Discrete(2), encoder="cnn", image=IMAGE, widths=(8,), hidden=6, memory="gru", shared=shared
    )
    features, _ = policy.act(torch.rand(2, 3, PIXELS), policy.actor.initial_memory(3))
    value, _ = policy.value(features, torch.rand(2, 3, PIXELS + 4), policy.initial_critic_memory(3))
    assert features.shape == (2, 3, 6) and value.shape == (2, 3)


def _refused(**options: Any) -> str:
    with pytest.raises(ValueError) as error:
        _policy(**options)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_of_images_without_an_image_is_refused(kind: str) -> None:
    told = _refused(kind=kind, image=None)
    assert (
        told == f"encoder={kind!r} wants observations that begin with an image; these have none: take 'mlp' or 'gated'"
    )


def test_an_image_larger_than_the_observation_is_refused() -> None:
    told = _refused(size=PIXELS - 1)
    assert told == f"an observation of {PIXELS - 1} values cannot begin with an image of (16, 14, 3)"


def test_an_image_too_small_for_the_convolutions_is_refused() -> None:
    assert _refused(image=(8, 8, 1), size=64) == "an image of 8 x 8 is too small for encoder 'cnn'"


@pytest.mark.parametrize("image", [None, IMAGE])
def test_an_encoder_that_is_none_is_refused_with_those_that_there_are(image: Any) -> None:
    assert _refused(kind="resnet", image=image) == "encoder='resnet': wanted one of mlp, gated, cnn, impala"


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_a_memory_that_is_none_is_refused_with_those_that_there_are(kind: str) -> None:
    assert _refused(kind=kind, memory="transformer") == "memory='transformer': wanted one of lstm, gru, table, none"
