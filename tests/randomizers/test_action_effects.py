"""Effects on actions, each against plain Python that follows one number at a time."""

from __future__ import annotations

from collections.abc import Mapping
from math import copysign, floor

import numpy as np
import pytest

from randomizers import (
    ActionDelay,
    ActionDelayTime,
    ActionNoise,
    ActionNoiseShare,
    ActionOffsetShare,
    Choice,
    Fixed,
    Normal,
    Target,
    World,
    WorldDistribution,
    WorldsError,
)
from randomizers.channels import ACTION, DRIVE, Channel, Site
from randomizers.settings import SETTINGS

WORLDS, STEPS, PERIOD, SUBSTEPS = 5, 60, 0.02, 10
TIMESTEP = PERIOD / SUBSTEPS


class Rig:
    """A channel of two actuators in some worlds, whose joints are where the test puts them."""

    def __init__(self, arm: Target, place, settings: Mapping[str, np.ndarray]) -> None:
        self.n = len(next(iter(settings.values())))
        self.qpos = np.zeros((self.n, arm.model.nq))
        self.timestep = np.full(self.n, TIMESTEP)
        sources = {name: lambda name=name: getattr(self, name) for name in ("qpos", "timestep")}
        self.channel = Channel(place, settings, Site(self.n, arm, PERIOD, sources=sources))
        self.load(np.arange(self.n), settings)

    def load(self, rows, settings: Mapping[str, np.ndarray]) -> None:
        self.channel.load(rows, {name: np.asarray(values) for name, values in settings.items()})

    def restart(self, rows, signal) -> np.ndarray:
        normals, uniforms = np.zeros((len(rows), self.channel.normals)), np.ones((len(rows), self.channel.uniforms))
        return self.channel.restart(rows, np.asarray(signal), normals, uniforms)

    def __call__(self, signal, rng: np.random.Generator | None = None) -> np.ndarray:
        rng = rng or np.random.default_rng(0)
        normals = rng.standard_normal((self.n, self.channel.normals))
        return self.channel.apply(np.asarray(signal), normals, rng.random((self.n, self.channel.uniforms)))


def drawn(name: str, rng: np.random.Generator, n: int = WORLDS) -> np.ndarray:
    """A setting of n worlds, drawn from where it does something."""
    setting = SETTINGS[name]
    shape = {"world": (n,), "action": (n, 2)}[setting.per] + ((setting.parts,) if setting.parts > 1 else ())
    if name == "action_delay":
        return rng.integers(0, 4, shape)
    high = {
        "action_factor": 2.0,
        "action_delay_time": 2.5 * PERIOD,
        "tendon_slack": 0.01,
    }.get(name, 0.5)
    return rng.uniform(0.0, high, shape)


ALONE = [effect for effect in (*ACTION, *DRIVE) if "adversary_action" not in effect.settings]
"""Those that `Rig` gives all they ask for."""


def settings_of(effects, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: drawn(name, rng) for name in dict.fromkeys(name for effect in effects for name in effect.settings)}


class Scalar:
    """One actuator of one world, as plain Python: `settings` by name, `step` from one number to the next."""

    def __init__(self, settings: Mapping[str, float], start: float) -> None:
        self.settings = settings
        self.sent = [start] * 20
        self.last = start
        self.slack = 0.0
        self.physics_step = 0

    def ScaleActions(self, x: float, z: float, **_) -> float:
        factor = self.settings["action_factor"] + self.settings["action_factor_noise"] * z
        out = self.last + factor * (x - self.last)
        self.last = x
        return out

    def AddActionOffset(self, x: float, **_) -> float:
        return x + self.settings["action_offset"]

    def AddActionNoise(self, x: float, z: float, **_) -> float:
        return x + self.settings["action_noise"] * z

    def SkipTicks(self, x: float, u: float, **_) -> float:
        if u >= self.settings["skipped_tick"]:
            self.last = x
        return self.last

    def SmoothActions(self, x: float, **_) -> float:
        share = self.settings["action_smoothing"]
        self.last = share * self.last + (1 - share) * x
        return self.last

    def DelayActions(self, x: float, **_) -> float:
        self.sent.append(x)
        late = int(self.settings["action_delay"]) + floor(self.settings["action_delay_time"] / PERIOD + 1e-9)
        return self.sent[-1 - late]

    def Play(self, x: float, **_) -> float:
        half = self.settings["backlash"]
        if self.last < x - half:
            self.last = x - half
        elif self.last > x + half:
            self.last = x + half
        return self.last

    def TakeUpSlack(self, x: float, q: float, dt: float, **_) -> float:
        a = x - q
        if a == 0:
            return x
        half = self.settings["tendon_slack"][0 if a < 0 else 1]
        if half == 0:
            self.slack = copysign(1.0, a)
            return x
        change = a * (SUBSTEPS * dt) / half
        alpha = 1 - min(max(abs(copysign(1.0, a) - self.slack) / abs(change), 0.0), 1.0)
        self.slack = min(max(self.slack + change, -1.0), 1.0)
        return q + alpha * a

    def ArriveLate(self, x: float, dt: float, **_) -> float:
        time = self.settings["action_delay_time"]
        rest = max(time - PERIOD * floor(time / PERIOD + 1e-9), 0.0)
        begins, ends = self.physics_step * dt, (self.physics_step + 1) * dt
        if rest >= ends:
            out = self.last
        elif rest <= begins:
            out = x
        else:
            share = (rest - begins) / dt
            out = share * self.last + (1 - share) * x
        self.physics_step += 1
        if self.physics_step == SUBSTEPS:
            self.physics_step, self.last = 0, x
        return out


@pytest.mark.parametrize("effect", ALONE, ids=lambda effect: effect.__name__)
def test_an_effect_does_what_plain_python_does(effect, arm: Target) -> None:
    rng = np.random.default_rng(1)
    settings = settings_of([effect])
    rig = Rig(arm, [effect], settings)
    start = rng.uniform(-1, 1, (WORLDS, 2))
    rig.restart(np.arange(WORLDS), start)
    per_world = {name for name in settings if SETTINGS[name].per == "world"}
    scalars = [
        [Scalar({k: v[i] if k in per_world else v[i, j] for k, v in settings.items()}, start[i, j]) for j in range(2)]
        for i in range(WORLDS)
    ]
    signal, acted = start, False
    for step in range(STEPS):
        if not step % SUBSTEPS or effect not in DRIVE:
            signal = rng.uniform(-1, 1, (WORLDS, 2))
            rig.timestep[:] = TIMESTEP * rng.uniform(1, 1.5, WORLDS)
        rig.qpos[:, :2] = signal + rng.uniform(-1, 1, (WORLDS, 2))
        normals = rng.standard_normal((WORLDS, rig.channel.normals))
        uniforms = rng.random((WORLDS, rig.channel.uniforms))
        out = rig.channel.apply(signal, normals, uniforms)
        for i in range(WORLDS):
            for j in range(2):
                expected = getattr(scalars[i][j], effect.__name__)(
                    float(signal[i, j]),
                    z=normals[i, j] if normals.size else 0.0,
                    u=uniforms[i, 0] if uniforms.size else 1.0,
                    q=float(rig.qpos[i, j]),
                    dt=float(rig.timestep[i]),
                )
                assert out[i, j] == pytest.approx(expected, abs=1e-12)
        acted |= not np.array_equal(out, signal)
    assert acted


@pytest.mark.parametrize("place", [ACTION, DRIVE])
def test_a_world_is_the_same_whatever_the_others_are(place, arm: Target) -> None:
    effects = [effect for effect in place if effect in ALONE]
    settings = settings_of(effects)
    together, alone = Rig(arm, effects, settings), Rig(arm, effects, {k: v[2:3] for k, v in settings.items()})
    rng = np.random.default_rng(1)
    for rig in (together, alone):
        rig.restart(np.arange(rig.n), np.zeros((rig.n, 2)))
    for _ in range(STEPS):
        signal, normals = rng.normal(size=(WORLDS, 2)), rng.normal(size=(WORLDS, together.channel.normals))
        uniforms = rng.random((WORLDS, together.channel.uniforms))
        together.qpos[:] = rng.normal(size=together.qpos.shape)
        alone.qpos[:] = together.qpos[2:3]
        one = alone.channel.apply(signal[2:3], normals[2:3], uniforms[2:3])
        assert np.array_equal(one, together.channel.apply(signal, normals, uniforms)[2:3])


@pytest.mark.parametrize("place", [ACTION, DRIVE])
def test_what_is_nominal_in_a_world_leaves_its_actions_as_they_are_beside_worlds_where_nothing_is(
    place, arm: Target
) -> None:
    effects = [effect for effect in place if effect in ALONE]
    settings = settings_of(effects)
    for name, values in settings.items():
        values[3] = SETTINGS[name].nominal
    rig = Rig(arm, effects, settings)
    rng = np.random.default_rng(1)
    rig.restart(np.arange(WORLDS), np.zeros((WORLDS, 2)))
    for _ in range(STEPS):
        rig.qpos[:] = rng.normal(size=rig.qpos.shape)
        signal = rng.normal(size=(WORLDS, 2))
        out = rig(signal, rng)
        assert np.array_equal(out[3], signal[3])
    nominal = Rig(
        arm, effects, {name: np.full_like(values, SETTINGS[name].nominal) for name, values in settings.items()}
    )
    assert nominal(signal) is signal


@pytest.mark.parametrize("place", [ACTION, DRIVE])
def test_a_restored_channel_goes_on_bit_for_bit(place, arm: Target) -> None:
    effects = [effect for effect in place if effect in ALONE]
    settings = settings_of(effects)
    original, copy = Rig(arm, effects, settings), Rig(arm, effects, settings_of(effects, seed=9))
    original.restart(np.arange(WORLDS), np.ones((WORLDS, 2)))
    rng = np.random.default_rng(1)
    for _ in range(7):
        original(rng.normal(size=(WORLDS, 2)), rng)
    copy.channel.restore(original.channel.state())
    for _ in range(STEPS):
        signal, seed = rng.normal(size=(WORLDS, 2)), int(rng.integers(1000))
        numbers = [np.random.default_rng(seed) for _ in range(2)]
        assert np.array_equal(original(signal, numbers[0]), copy(signal, numbers[1]))


@pytest.mark.parametrize("place", [ACTION, DRIVE])
def test_a_restarted_world_forgets_and_the_others_do_not(place, arm: Target) -> None:
    effects = [effect for effect in place if effect in ALONE]
    settings = settings_of(effects)
    used, undisturbed = Rig(arm, effects, settings), Rig(arm, effects, settings)
    rng = np.random.default_rng(1)
    for rig in (used, undisturbed):
        rig.restart(np.arange(WORLDS), np.zeros((WORLDS, 2)))
    for _ in range(SUBSTEPS):
        signal, seed = rng.normal(size=(WORLDS, 2)), int(rng.integers(1000))
        for rig in (used, undisturbed):
            rig(signal, np.random.default_rng(seed))
    fresh = Rig(arm, effects, settings)
    for rig in (used, fresh):
        rig.restart([1], np.full((1, 2), 5.0))
    differed = False
    for _ in range(STEPS):
        signal, seed = rng.normal(size=(WORLDS, 2)), int(rng.integers(1000))
        outs = [rig(signal, np.random.default_rng(seed)) for rig in (used, fresh, undisturbed)]
        assert np.array_equal(outs[0][1], outs[1][1])
        assert np.array_equal(np.delete(outs[0], 1, axis=0), np.delete(outs[2], 1, axis=0))
        differed |= not np.array_equal(outs[0][1], outs[2][1])
    assert differed


def test_arguments_are_not_written_to_nor_results_later(arm: Target) -> None:
    for place in (ACTION, DRIVE):
        effects = [effect for effect in place if effect in ALONE]
        rig = Rig(arm, effects, settings_of(effects))
        signal = np.ones((WORLDS, 2))
        rig.restart(np.arange(WORLDS), np.zeros((WORLDS, 2)))
        first = rig(signal)
        kept = first.copy()
        rig(3 * signal)
        assert np.array_equal(first, kept)
        assert (signal == 1).all()


def test_a_factor_of_the_change_does_not_make_targets_drift(arm: Target) -> None:
    rig = Rig(arm, ACTION, {"action_factor": np.full((1, 2), 1.5)})
    rig.restart([0], np.zeros((1, 2)))
    out = [rig([[x, -x]])[0].tolist() for x in (1.0, 2.0, 2.0, 2.0)]
    assert out == [[1.5, -1.5], [2.5, -2.5], [2.0, -2.0], [2.0, -2.0]]


@pytest.mark.parametrize("share", [0.0, 0.37, 1.0])
def test_a_delay_in_time_gives_a_linear_servo_the_mean_command_of_its_share(share: float, arm: Target) -> None:
    settings = {"action_delay_time": np.full((1, 2), share * PERIOD)}
    whole, within = Rig(arm, ACTION, settings), Rig(arm, DRIVE, settings)
    for rig in (whole, within):
        rig.restart([0], np.zeros((1, 2)))
    means = []
    for command in (1.0, 5.0):
        sent = whole([[command, command]])
        means.append(np.mean([within(sent)[0, 0] for _ in range(SUBSTEPS)]))
    assert means == pytest.approx([(1 - share), share + 5 * (1 - share)], abs=1e-12)


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_delay_of_whole_control_steps_is_the_same_in_steps_and_in_time(steps: int, arm: Target) -> None:
    in_time = {"action_delay_time": np.full((1, 2), steps * PERIOD)}
    line, within = Rig(arm, ACTION, in_time), Rig(arm, DRIVE, in_time)
    counted = Rig(arm, ACTION, {"action_delay": np.full((1, 2), steps)})
    for rig in (line, within, counted):
        rig.restart([0], np.zeros((1, 2)))
    for command in range(1, 8):
        signal = np.full((1, 2), float(command))
        sent = line(signal)
        assert np.array_equal(sent, counted(signal))
        for _ in range(SUBSTEPS):
            assert within(sent) is sent


def test_an_action_later_than_the_line_is_long_is_refused(arm: Target) -> None:
    settings = {"action_delay": np.full((1, 2), 6), "action_delay_time": np.full((1, 2), 3 * PERIOD)}
    with pytest.raises(WorldsError, match=r"9 control steps of 0.02 s late, .*; at most 8"):
        Rig(arm, ACTION, settings)
    with pytest.raises(WorldsError, match="takes values of at least 0 and at most 8"):
        ActionDelay("delay", Choice((9,)), "*")


def test_slack_lets_nothing_through_until_it_is_taken_up_and_all_after_that(arm: Target) -> None:
    # An error of 1 held for one control step takes up the whole of a slack of half of that.
    rig = Rig(arm, ACTION, {"tendon_slack": np.full((1, 2, 2), PERIOD / 2)})
    rig.restart([0], np.zeros((1, 2)))
    path = [0.25, 0.5, 0.5, -0.5, -0.5, -0.5]
    out = [rig(np.full((1, 2), x))[0, 0] for x in path]
    assert out == pytest.approx([0.0, 0.25, 0.5, 0.0, 0.0, -0.5])


def test_tendons_that_pull_up_and_down_have_slack_of_their_own(arm: Target) -> None:
    rig = Rig(arm, ACTION, {"tendon_slack": np.tile([0.0, 0.5 * PERIOD], (1, 2, 1))})
    rig.restart([0], np.zeros((1, 2)))
    assert [rig(np.full((1, 2), x))[0, 0] for x in (-0.3, 0.6, 0.6)] == pytest.approx([-0.3, 0.0, 0.2])


def test_a_share_of_the_range_is_the_same_number_for_any_actuator(arm: Target) -> None:
    noise = ActionNoiseShare("noise", Fixed(0.05), "*")
    offset = ActionOffsetShare("offset", Normal(0.0, 0.015), "elbow")
    distribution = WorldDistribution([noise, offset], arm)
    settings = distribution.settings(World({"noise": 0.05, "offset[elbow]": -0.01}))
    assert settings["action_noise"] == pytest.approx(np.array([[0.1, 0.1]]))
    assert settings["action_offset"] == pytest.approx(np.array([[0.0, -0.02]]))


def test_one_noise_cannot_be_set_in_two_ways(arm: Target) -> None:
    terms = [ActionNoise("noise", Fixed(0.1), "*"), ActionNoiseShare("share", Fixed(0.05), "elbow")]
    with pytest.raises(WorldsError, match="it sets action_noise_share of 'elbow', as term 'noise' does"):
        WorldDistribution(terms, arm)


def test_a_delay_in_time_may_be_given_in_milliseconds(arm: Target) -> None:
    term = ActionDelayTime("lag", Fixed(0.004), "*", each="world")
    distribution = WorldDistribution([term], arm)
    assert distribution.units == {"lag": "s"}
    assert distribution.settings(distribution.sample(np.random.default_rng(0), 1))["action_delay_time"].tolist() == [
        [0.004, 0.004]
    ]
