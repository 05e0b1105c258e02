from __future__ import annotations

import numpy as np
import pytest

from randomizers import ActionChannel, ForceChannel, ObservationChannel, WorldsError


def _action_settings(n: int, nu: int, noise=0.0, delay=0, play=0.0) -> dict[str, np.ndarray]:
    return {
        "action_noise": np.full((n, nu), noise),
        "action_delay": np.full((n, nu), delay),
        "backlash": np.full((n, nu), play),
    }


def _action_channel(n: int, nu: int, **settings) -> ActionChannel:
    channel = ActionChannel(n, nu)
    channel.load(np.arange(n), _action_settings(n, nu, **settings))
    channel.reset(np.arange(n), np.zeros((n, nu)))
    return channel


def test_without_amplitudes_channels_hand_back_their_argument() -> None:
    ctrl, obs = np.ones((2, 3)), np.ones((2, 4), np.float32)
    assert _action_channel(2, 3).apply(ctrl, np.ones((2, 3))) is ctrl
    assert ObservationChannel(2, 4).apply(obs, np.ones((2, 4), np.float32)) is obs


@pytest.mark.parametrize("delay", [0, 1, 2, 8])
def test_an_action_arrives_exactly_so_many_steps_late(delay: int) -> None:
    channel = _action_channel(2, 3, delay=delay)
    channel.load([1], _action_settings(1, 3, delay=1))
    channel.reset([0, 1], np.full((2, 3), -1.0))
    sent = [np.full((2, 3), float(step)) for step in range(20)]
    arrived = [channel.apply(ctrl, np.zeros((2, 3)))[0, 0] for ctrl in sent]
    assert arrived == [-1.0] * delay + list(range(20 - delay))


def test_every_actuator_has_its_own_delay() -> None:
    channel = _action_channel(1, 3)
    channel.load([0], _action_settings(1, 3) | {"action_delay": np.array([[0, 1, 2]])})
    channel.reset([0], np.zeros((1, 3)))
    arrived = [channel.apply(np.full((1, 3), float(step)), np.zeros((1, 3)))[0].tolist() for step in range(1, 4)]
    assert arrived == [[1, 0, 0], [2, 1, 0], [3, 2, 1]]


def test_a_delay_longer_than_the_line_is_refused() -> None:
    with pytest.raises(WorldsError, match="action_delay must be 0 to 8 control steps, got 9 to 9"):
        ActionChannel(1, 1).load([0], _action_settings(1, 1, delay=9))


def test_backlash_holds_until_the_play_is_taken_up() -> None:
    channel = _action_channel(1, 1, play=0.5)
    path = [0.4, 0.5, 1.0, 2.0, 1.5, 1.0, 0.5, -1.0, 0.0]
    out = [channel.apply(np.array([[x]]), np.zeros((1, 1)))[0, 0] for x in path]
    assert out == [0.0, 0.0, 0.5, 1.5, 1.5, 1.5, 1.0, -0.5, -0.5]


def test_action_noise_has_its_sd_and_comes_before_the_delay() -> None:
    channel = _action_channel(1, 2, noise=0.1, delay=1)
    channel.apply(np.array([[1.0, 2.0]]), np.array([[3.0, -3.0]]))
    assert channel.apply(np.zeros((1, 2)), np.zeros((1, 2)))[0] == pytest.approx([1.3, 1.7])


def test_a_reset_world_forgets_and_the_others_do_not() -> None:
    channel = _action_channel(2, 1, delay=2, play=0.1)
    for _ in range(3):
        channel.apply(np.ones((2, 1)), np.zeros((2, 1)))
    channel.reset([0], np.full((1, 1), 5.0))
    assert channel.apply(np.ones((2, 1)), np.zeros((2, 1)))[:, 0].tolist() == [5.0, 0.9]


def test_arguments_are_not_written_to() -> None:
    ctrl, obs, normals = np.ones((1, 2)), np.ones((1, 2), np.float32), np.ones((1, 2), np.float32)
    channel = _action_channel(1, 2, noise=0.1, delay=1, play=0.1)
    first = channel.apply(ctrl, normals)
    kept = first.copy()
    channel.apply(3 * ctrl, normals)
    assert np.array_equal(first, kept)
    observation = ObservationChannel(1, 2)
    observation.load([0], {"observation_bias": normals, "observation_noise": normals})
    observation.apply(obs, normals)
    for array in (ctrl, obs, normals):
        assert (array == 1).all()


def test_a_world_is_the_same_whatever_the_others_are() -> None:
    rng = np.random.default_rng(0)
    noisy, quiet = _action_channel(2, 2, noise=0.1, delay=3, play=0.2), _action_channel(2, 2)
    for channel in (noisy, quiet):
        channel.load([0], _action_settings(1, 2))
        channel.reset([0], np.zeros((1, 2)))
    for _ in range(20):
        ctrl, normals = rng.normal(size=(2, 2)), rng.normal(size=(2, 2))
        assert np.array_equal(noisy.apply(ctrl, normals)[0], quiet.apply(ctrl, normals)[0])


def test_observations_get_bias_and_noise_and_keep_their_type() -> None:
    channel = ObservationChannel(2, 2)
    channel.load([1], {"observation_bias": np.array([[1.0, 0.0]]), "observation_noise": np.array([[0.0, 0.5]])})
    for dtype in (np.float32, np.float64):
        out = channel.apply(np.zeros((2, 2), dtype), np.full((2, 2), 2.0, np.float32))
        assert out.dtype == dtype
        assert out.tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_a_random_force_comes_as_often_and_as_strong_as_said() -> None:
    n, steps = 200, 200
    rng = np.random.default_rng(0)
    channel = ForceChannel(n, control_period=0.08)
    settings = {"force_probability": np.full(n, 0.1), "force_scale": np.full(n, 2.0)}
    channel.load(np.arange(n), settings, masses=np.full(n, 0.3))
    before, new = np.zeros((n, 3)), []
    for _ in range(steps):
        force = channel.apply(rng.standard_normal((n, 3)), rng.random((n, 1)))
        jumped = ~np.isclose(force, 0.99 * before).all(axis=1)
        new.append(force[jumped])
        before = force
    jumps = np.concatenate(new)
    assert len(jumps) / (n * steps) == pytest.approx(0.1, abs=0.005)
    assert jumps.std() == pytest.approx(0.6, rel=0.03)


def test_a_force_decays_by_time_and_not_by_steps() -> None:
    left = []
    for period, steps in ((0.08, 10), (0.04, 20)):
        channel = ForceChannel(1, period)
        channel.load([0], {"force_probability": np.array([0.5]), "force_scale": np.array([1.0])}, np.ones(1))
        channel.apply(np.ones((1, 3)), np.zeros((1, 1)))
        for _ in range(steps):
            force = channel.apply(np.ones((1, 3)), np.ones((1, 1)))
        left.append(force[0, 0])
    assert left == pytest.approx([0.99**10] * 2)


def test_a_reset_ends_the_force_of_that_world_alone() -> None:
    channel = ForceChannel(2, 0.08)
    channel.load([0, 1], {"force_probability": np.full(2, 0.5), "force_scale": np.ones(2)}, np.ones(2))
    channel.apply(np.ones((2, 3)), np.zeros((2, 1)))
    channel.reset([0])
    assert channel.apply(np.ones((2, 3)), np.ones((2, 1)))[:, 0].tolist() == [0.0, 0.99]


def test_without_a_force_there_is_none() -> None:
    assert not ForceChannel(2, 0.08).apply(np.ones((2, 3)), np.zeros((2, 1))).any()


def test_restored_channels_continue_bit_for_bit() -> None:
    rng = np.random.default_rng(0)
    settings = _action_settings(2, 3, noise=0.1, delay=2, play=0.1) | {
        "observation_bias": np.ones((2, 3)),
        "observation_noise": np.ones((2, 3)),
        "force_probability": np.full(2, 0.5),
        "force_scale": np.ones(2),
    }
    action, observation, force = ActionChannel(2, 3), ObservationChannel(2, 3), ForceChannel(2, 0.05)
    action.load([0, 1], settings)
    observation.load([0, 1], settings)
    force.load([0, 1], settings, np.ones(2))

    def run(channels: tuple, inputs: list) -> np.ndarray:
        act, observe, push = channels
        return np.stack([[act.apply(a, b), observe.apply(a, b), push.apply(a, c)] for a, b, c in inputs])

    def inputs() -> list:
        return [(rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), rng.random((2, 1))) for _ in range(6)]

    originals = (action, observation, force)
    run(originals, inputs())
    states = [channel.state() for channel in originals]
    more = inputs()
    expected = run(originals, more)
    copies = (ActionChannel(2, 3), ObservationChannel(2, 3), ForceChannel(2, 0.05))
    for channel, state in zip(copies, states, strict=True):
        channel.restore(state)
    assert np.array_equal(run(copies, more), expected)
