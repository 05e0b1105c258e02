from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pytest

from randomizers import Target, WorldsError
from randomizers.channels import ACTION, FORCE, OBSERVATION, Channel, Effect, Site
from randomizers.settings import SETTINGS


class ChannelOf:
    """A channel with settings by name, the same in all worlds, driven with random numbers given or none at all."""

    def __init__(
        self, arm: Target, place: Sequence[type[Effect]], n: int = 2, period: float = 0.08, **settings
    ) -> None:
        self.site = Site(n, arm, period, np.array([arm.id("body", "cube")]))
        self.channel = Channel(place, settings, self.site)
        self.set(np.arange(n), **settings)

    def set(self, ids, **settings) -> None:
        rows = {}
        for name, value in settings.items():
            setting = SETTINGS[name]
            rows[name] = np.empty((len(ids), *setting.shape(self.site.target)), setting.dtype)
            rows[name][:] = value
        self.channel.load(ids, rows)

    def restart(self, ids, signal: np.ndarray) -> np.ndarray:
        zeros, ones = self._numbers(len(ids))
        return self.channel.restart(ids, signal, zeros, ones)

    def __call__(self, signal: np.ndarray, normals: object = 0.0, uniforms: object = 1.0) -> np.ndarray:
        zeros, ones = self._numbers(len(signal))
        return self.channel.apply(signal, zeros + normals, ones * uniforms)

    def _numbers(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((n, self.channel.normals)), np.ones((n, self.channel.uniforms))


def test_an_effect_that_no_term_sets_is_not_there_and_takes_no_random_numbers(arm: Target) -> None:
    channel = ChannelOf(arm, ACTION, backlash=0.1).channel
    assert len(channel.effects) == 1
    assert (channel.normals, channel.uniforms) == (0, 0)


@pytest.mark.parametrize("place", [ACTION, OBSERVATION, FORCE])
def test_nominal_settings_hand_back_the_argument(place, arm: Target) -> None:
    nominal = {
        name: setting.nominal for effect in place for name, setting in effect.settings.items() if not effect.wants
    }
    width = {id(ACTION): (2,), id(OBSERVATION): (6,), id(FORCE): (1, 6)}[id(place)]
    signal = np.ones((2, *width))
    channel = ChannelOf(arm, place, **nominal)
    channel.restart([0, 1], signal)
    assert channel(signal, normals=1.0) is signal
    assert not channel.channel.working


def test_an_effect_that_needs_what_the_simulation_does_not_give_is_refused(arm: Target) -> None:
    class Distracted(Effect):
        settings: ClassVar = {"backlash": SETTINGS["backlash"]}
        wants = ("mood",)

        def apply(self, signal, normals, uniforms, rows=slice(None)):
            return signal

    with pytest.raises(WorldsError, match="backlash needs 'mood', which 'arm' does not give; given: nothing"):
        Channel([Distracted], ["backlash"], Site(1, arm, 0.1))


@pytest.mark.parametrize("delay", [0, 1, 2, 8])
def test_an_action_arrives_exactly_so_many_steps_late(delay: int, arm: Target) -> None:
    channel = ChannelOf(arm, ACTION, action_delay=delay)
    channel.set([1], action_delay=1)
    channel.restart([0, 1], np.full((2, 2), -1.0))
    arrived = [channel(np.full((2, 2), float(step)))[0, 0] for step in range(20)]
    assert arrived == [-1.0] * delay + list(range(20 - delay))


def test_every_actuator_has_its_own_delay(arm: Target) -> None:
    channel = ChannelOf(arm, ACTION, n=1, action_delay=[[1, 2]])
    channel.restart([0], np.zeros((1, 2)))
    arrived = [channel(np.full((1, 2), float(step)))[0].tolist() for step in range(1, 4)]
    assert arrived == [[0, 0], [1, 0], [2, 1]]


def test_backlash_holds_until_the_play_is_taken_up(arm: Target) -> None:
    channel = ChannelOf(arm, ACTION, n=1, backlash=0.5)
    channel.restart([0], np.zeros((1, 2)))
    path = [0.4, 0.5, 1.0, 2.0, 1.5, 1.0, 0.5, -1.0, 0.0]
    out = [channel(np.full((1, 2), x))[0, 0] for x in path]
    assert out == [0.0, 0.0, 0.5, 1.5, 1.5, 1.5, 1.0, -0.5, -0.5]


def test_action_noise_has_its_sd_and_comes_before_the_delay(arm: Target) -> None:
    channel = ChannelOf(arm, ACTION, n=1, action_noise=0.1, action_delay=1)
    channel.restart([0], np.zeros((1, 2)))
    channel(np.array([[1.0, 2.0]]), normals=np.array([[3.0, -3.0]]))
    assert channel(np.zeros((1, 2)))[0] == pytest.approx([1.3, 1.7])


def test_a_restarted_world_forgets_and_the_others_do_not(arm: Target) -> None:
    channel = ChannelOf(arm, ACTION, action_delay=2, backlash=0.1)
    channel.restart([0, 1], np.zeros((2, 2)))
    for _ in range(3):
        channel(np.ones((2, 2)))
    channel.restart([0], np.full((1, 2), 5.0))
    assert channel(np.ones((2, 2)))[:, 0].tolist() == [5.0, 0.9]


def test_a_world_is_the_same_whatever_the_others_are(arm: Target) -> None:
    rng = np.random.default_rng(0)
    noisy = ChannelOf(arm, ACTION, action_noise=0.1, action_delay=3, backlash=0.2)
    quiet = ChannelOf(arm, ACTION, action_noise=0.0, action_delay=0, backlash=0.0)
    for channel in (noisy, quiet):
        channel.set([0], action_noise=0.05, action_delay=1, backlash=0.0)
        channel.restart([0, 1], np.zeros((2, 2)))
    for _ in range(20):
        ctrl, normals = rng.normal(size=(2, 2)), rng.normal(size=(2, 2))
        assert np.array_equal(noisy(ctrl, normals)[0], quiet(ctrl, normals)[0])


def test_observations_get_bias_and_noise(arm: Target) -> None:
    channel = ChannelOf(arm, OBSERVATION, observation_bias=0.0, observation_noise=0.0)
    channel.set([1], observation_bias=[[1, 0, 0, 0, 0, 0]], observation_noise=[[0, 0.5, 0, 0, 0, 0]])
    assert channel(np.zeros((2, 6)), normals=2.0).tolist() == [[0.0] * 6, [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]]


def _force(channel: ChannelOf, **numbers: object) -> np.ndarray:
    return channel(np.zeros((channel.site.n, 1, 6)), **numbers)[:, 0]


def test_a_random_force_comes_as_often_and_as_strong_as_said(arm: Target) -> None:
    n, steps = 200, 200
    rng = np.random.default_rng(0)
    channel = ChannelOf(arm, FORCE, n, force_probability=0.1, force_acceleration=2.0)
    before, new = np.zeros((n, 6)), []
    for _ in range(steps):
        force = _force(channel, normals=rng.standard_normal((n, 3)), uniforms=rng.random((n, 1)))
        new.append(force[~np.isclose(force, 0.99 * before).all(axis=1)])
        before = force
    jumps = np.concatenate(new)
    assert len(jumps) / (n * steps) == pytest.approx(0.1, abs=0.005)
    assert jumps[:, :3].std() == pytest.approx(2.0 * 0.1, rel=0.03)
    assert not jumps[:, 3:].any()


def test_a_force_is_in_proportion_to_the_mass_that_the_body_has_in_that_world(arm: Target) -> None:
    channel = ChannelOf(arm, FORCE, force_probability=1.0, force_acceleration=2.0)
    mass = np.tile(arm.model.body_mass, (2, 1))
    mass[1] *= 3.0
    settings = {name: rows.repeat(2, axis=0) for name, rows in _whole(arm).items()}
    channel.channel.load([0, 1], settings | {"body_mass": mass})
    force = _force(channel, normals=1.0, uniforms=0.0)
    assert force[:, 0] == pytest.approx([0.2, 0.6])


def _whole(arm: Target) -> dict[str, np.ndarray]:
    return {
        name: np.full((1, arm.model.nbody), value)
        for name, value in (("force_probability", 1.0), ("force_acceleration", 2.0))
    }


def test_a_force_decays_by_time_and_not_by_steps(arm: Target) -> None:
    left = []
    for period, steps in ((0.08, 10), (0.04, 20)):
        channel = ChannelOf(arm, FORCE, 1, period, force_probability=0.5, force_acceleration=10.0)
        _force(channel, normals=1.0, uniforms=0.0)
        for _ in range(steps):
            force = _force(channel, normals=1.0)
        left.append(force[0, 0])
    assert left == pytest.approx([0.99**10] * 2)


def test_a_restart_ends_the_force_of_that_world_alone(arm: Target) -> None:
    channel = ChannelOf(arm, FORCE, force_probability=0.5, force_acceleration=10.0)
    _force(channel, normals=1.0, uniforms=0.0)
    channel.restart([0], np.zeros((1, 1, 6)))
    assert _force(channel)[:, 0].tolist() == pytest.approx([0.0, 0.99])


def test_arguments_are_not_written_to(arm: Target) -> None:
    for place, width, settings in (
        (ACTION, (2,), {"action_noise": 0.1, "action_delay": 1, "backlash": 0.1}),
        (OBSERVATION, (6,), {"observation_bias": 0.1, "observation_noise": 0.1}),
        (FORCE, (1, 6), {"force_probability": 1.0, "force_acceleration": 1.0}),
    ):
        channel = ChannelOf(arm, place, **settings)
        signal = np.ones((2, *width))
        channel.restart([0, 1], signal)
        first = channel(signal, normals=1.0, uniforms=0.0)
        kept = first.copy()
        channel(3 * signal, normals=2.0)
        assert np.array_equal(first, kept)
        assert (signal == 1).all()


def test_restored_channels_continue_bit_for_bit(arm: Target) -> None:
    for place, width, settings in (
        (ACTION, (2,), {"action_noise": 0.1, "action_delay": 2, "backlash": 0.1}),
        (OBSERVATION, (6,), {"observation_bias": 1.0, "observation_noise": 1.0}),
        (FORCE, (1, 6), {"force_probability": 0.5, "force_acceleration": 1.0}),
    ):
        rng = np.random.default_rng(0)
        channel = ChannelOf(arm, place, **settings)

        def inputs(channel=channel, width=width, rng=rng) -> list:
            normals, uniforms = channel.channel.normals, channel.channel.uniforms
            return [(rng.normal(size=(2, *width)), rng.normal(size=normals), rng.random(uniforms)) for _ in range(6)]

        for one in inputs():
            channel(*one)
        state, more = channel.channel.state(), inputs()
        expected = [channel(*one) for one in more]
        copy = ChannelOf(arm, place, **dict.fromkeys(settings, 0))
        copy.channel.restore(state)
        assert np.array_equal([copy(*one) for one in more], expected)
