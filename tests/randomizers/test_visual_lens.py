from __future__ import annotations

import re

import numpy as np
import pytest

from randomizers import (
    Fixed,
    Lens,
    PictureBlur,
    PictureContrast,
    PictureExposure,
    PictureFlicker,
    PictureNoise,
    PictureWhiteBalance,
    Target,
    Term,
    Uniform,
    WorldDistribution,
    WorldsError,
)

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(40, 160, (3, 2, 30, 40, 3), dtype=np.uint8)
"""Of three worlds and two cameras."""
GREY = np.full((1, 1, 60, 60, 3), 128, np.uint8)
SEEDS, FRAMES = (7, 8, 9), (0, 0, 0)


def taken(term: Term, target: Target, pictures: np.ndarray, frame: int = 0, seed: int = 7) -> np.ndarray:
    """What one world's front camera makes of pictures."""
    rows = WorldDistribution([term], target).sample(np.random.default_rng(0), 1)
    looks = WorldDistribution([term], target).visual_settings(rows)
    return Lens(target, ["front"]).apply(pictures, looks, [seed], [frame])[0, 0]


def test_a_nominal_lens_gives_pictures_back_bit_for_bit(scene: Target) -> None:
    terms = [PictureNoise("noise", Fixed(0), on="*"), PictureContrast("contrast", Fixed(1), on="*")]
    distribution = WorldDistribution(terms, scene)
    looks = distribution.visual_settings(distribution.nominal(3))
    assert np.array_equal(Lens(scene, ["front", "side"]).apply(PICTURES, looks, SEEDS, FRAMES), PICTURES)
    assert Lens(scene, ["front", "side"]).apply(PICTURES, {}, SEEDS, FRAMES) is PICTURES


def test_a_lens_touches_its_own_world_and_camera_alone(scene: Target) -> None:
    distribution = WorldDistribution([PictureNoise("noise", Uniform(0, 1), on="*", each="element")], scene)
    looks = distribution.visual_settings(distribution.nominal(3))
    looks["picture_noise"][1, scene.id("camera", "side")] = 0.1
    before = PICTURES.copy()
    after = Lens(scene, ["front", "side"]).apply(PICTURES, looks, SEEDS, FRAMES)
    assert [[np.array_equal(a, b) for a, b in zip(*pair, strict=True)] for pair in zip(after, before, strict=True)] == [
        [True, True],
        [True, False],
        [True, True],
    ]
    assert np.array_equal(PICTURES, before)
    # The same alone, and with the cameras the other way round.
    alone = Lens(scene, ["side"]).apply(PICTURES[1:2, 1:], {k: v[1:2] for k, v in looks.items()}, SEEDS[1:2], [0])
    assert np.array_equal(alone[0, 0], after[1, 1])


def test_noise_has_its_sd_and_is_new_in_every_frame(scene: Target) -> None:
    noise = PictureNoise("noise", Fixed(0.05), on="*")
    first, second, again = (taken(noise, scene, GREY, frame) for frame in (0, 1, 0))
    assert (first / 255.0).std() == pytest.approx(0.05, rel=0.03)
    assert first.mean() == pytest.approx(128, abs=1)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, taken(noise, scene, GREY, 0, seed=8))


def test_a_stop_of_exposure_doubles_the_light(scene: Target) -> None:
    brighter = taken(PictureExposure("exposure", Fixed(1.0), on="*"), scene, GREY)
    assert brighter.min() == brighter.max() == round(128 * 2 ** (1 / 2.2))
    assert taken(PictureExposure("exposure", Fixed(4.0), on="*"), scene, GREY).min() == 255
    assert taken(PictureExposure("exposure", Fixed(-30.0), on="*"), scene, GREY).max() == 0


def test_flicker_changes_the_exposure_of_whole_frames(scene: Target) -> None:
    flicker = PictureFlicker("flicker", Fixed(0.5), on="*")
    frames = [taken(flicker, scene, GREY, frame) for frame in range(200)]
    assert all(frame.min() == frame.max() for frame in frames)
    stops = 2.2 * np.log2([frame.max() / 128 for frame in frames])
    assert stops.std() == pytest.approx(0.5, rel=0.15) and stops.mean() == pytest.approx(0.0, abs=0.1)


def test_contrast_spreads_values_about_their_mean(scene: Target) -> None:
    picture = PICTURES[:1, :1]
    flat = taken(PictureContrast("contrast", Fixed(0.5), on="*"), scene, picture)
    assert flat.mean() == pytest.approx(picture.mean(), abs=0.5)
    assert flat.std() == pytest.approx(0.5 * picture.std(), rel=0.02)


def test_white_balance_weighs_the_colours(scene: Target) -> None:
    balance = WorldDistribution([PictureWhiteBalance("balance", Uniform(0, 2), on="front")], scene)
    looks = balance.visual_settings(balance.nominal())
    looks["picture_white_balance"][0, scene.id("camera", "front")] = (1.5, 1.0, 0.5)
    assert Lens(scene, ["front"]).apply(GREY, looks, [1], [0])[0, 0, 5, 5].tolist() == [192, 128, 64]


def test_a_blur_spreads_a_point_by_its_sd_and_keeps_its_light(scene: Target) -> None:
    picture = np.zeros((1, 1, 41, 51, 3), np.uint8)
    picture[..., 18:23, 23:28, :] = 255
    after = taken(PictureBlur("blur", Fixed(2.0), on="*"), scene, picture).astype(float)
    assert after.sum() == pytest.approx(float(picture.sum()), rel=0.02)
    for axis in (0, 1):
        share = after.sum(axis=(1 - axis, 2)) / after.sum()
        place = np.arange(len(share))
        middle = (share * place).sum()
        # A square of 5 has a variance of 2; a Gaussian cut at three sd has a little less than its own.
        assert (share * (place - middle) ** 2).sum() == pytest.approx(2 + 4, rel=0.08)


def test_edges_do_not_darken_under_a_blur(scene: Target) -> None:
    assert np.array_equal(taken(PictureBlur("blur", Fixed(3.0), on="*"), scene, GREY), GREY[0, 0])


def test_an_unknown_camera_is_refused(scene: Target) -> None:
    with pytest.raises(WorldsError, match=re.escape("no camera 'rear' in 'scene'; cameras: front, side, wrist")):
        Lens(scene, ["rear"])
