from __future__ import annotations

import numpy as np
import pytest

from randomizers import SETTINGS, Target
from randomizers.channels import ACTION, FORCE, OBSERVATION, Site, WorldChannels

PLACES = {"action": ACTION, "force": FORCE, "observation": OBSERVATION}
NOISE = {"action_noise": 0.1, "observation_noise": 0.1, "observation_dropout": 0.5, "force_probability": 0.5}
NOISE |= {"force_acceleration": 1.0}


def _channels(arm: Target, n: int, seed: int = 0, **settings: float) -> WorldChannels:
    settings = settings or NOISE
    channels = WorldChannels(PLACES, settings, Site(n, arm, 0.05, np.array([arm.id("body", "cube")])))
    rows = {name: np.full((n, *SETTINGS[name].shape(arm)), value) for name, value in settings.items()}
    channels.load(range(n), rows)
    channels.begin(np.arange(n), np.arange(n, dtype=np.uint64) + seed)
    return channels


def _step(channels: WorldChannels, n: int) -> np.ndarray:
    """What is made of nothing at all places (n, 2 + 6 + 6)."""
    channels.draw()
    nothing = {"action": np.zeros((n, 2)), "force": np.zeros((n, 1, 6)), "observation": np.ones((n, 6))}
    return np.concatenate([channels.apply(place, nothing[place]).reshape(n, -1) for place in PLACES], axis=1)


def _start(channels: WorldChannels, n: int) -> None:
    for place, width in (("action", (2,)), ("force", (1, 6)), ("observation", (6,))):
        channels.restart(place, np.arange(n), np.ones((n, *width)))


def test_every_place_has_random_numbers_of_its_own(arm: Target) -> None:
    channels = _channels(arm, 4)
    _start(channels, 4)
    noise = np.array([_step(channels, 4) for _ in range(300)]).reshape(-1, 14)
    noise = noise[:, [0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13]]
    assert (noise.std(axis=0) > 0).all()
    correlation = np.corrcoef(noise.T) - np.eye(11)
    # What one sensor delivers is held together, and only that.
    correlation[5:, 5:] = 0.0
    assert np.abs(correlation).max() < 0.15


def test_a_trial_begins_without_the_random_numbers_of_the_one_before(arm: Target) -> None:
    channels = _channels(arm, 2, observation_noise=1.0)
    _step(channels, 2)
    channels.begin(np.array([1]), np.array([7], np.uint64))
    heard = channels.restart("observation", np.arange(2), np.zeros((2, 6)))
    assert heard.any(axis=1).tolist() == [True, False]


def test_a_world_gets_the_same_whatever_its_place_and_the_others(arm: Target) -> None:
    many, one = _channels(arm, 5, seed=10), _channels(arm, 1, seed=13)
    _start(many, 5)
    _start(one, 1)
    for _ in range(70):
        assert np.array_equal(_step(many, 5)[3], _step(one, 1)[0])


def test_a_state_can_be_gone_on_from_as_often_as_wanted(arm: Target) -> None:
    channels = _channels(arm, 3)
    _start(channels, 3)
    for _ in range(5):
        _step(channels, 3)
    state = channels.state()
    expected = [_step(channels, 3) for _ in range(70)]
    for _ in range(2):
        other = _channels(arm, 3, seed=50)
        other.restore(state)
        assert np.array_equal([_step(other, 3) for _ in range(70)], expected)
        other.restore(state)
        heard = other.restart("observation", np.arange(3), np.zeros((3, 6)))
        assert heard.any(axis=1).all(), "the numbers of the last step are still there"
        other.begin(np.arange(3), np.zeros(3, np.uint64))


def test_channels_are_found_by_their_place(arm: Target) -> None:
    channels = _channels(arm, 1)
    assert list(channels) == ["action", "force", "observation"]
    assert channels["force"].effects
    with pytest.raises(KeyError):
        channels["mood"]
