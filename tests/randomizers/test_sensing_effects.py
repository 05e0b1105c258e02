from __future__ import annotations

from collections.abc import Callable
from math import ceil, exp, floor, sqrt

import mujoco
import numpy as np
import pytest

from randomizers import SETTINGS, Target
from randomizers.channels import OBSERVATION, Channel, Site

PERIOD = 0.05
SENSORS = {"angle": ("shoulder", "elbow"), "speed": ("shoulder", "elbow")}
SENSOR_OF = (0, 1, 0, 1, 2, 2, 2)
"""The sensor of each column: two joints measured twice, and a cube's marker."""
P, S = 7, 3


@pytest.fixture(scope="module")
def target(compile_arm: Callable[..., mujoco.MjModel]) -> Target:
    units = {"angle": "rad", "speed": "rad/s", "cube": "m"}
    sizes = {"angle": 2, "speed": 2, "cube": 3}
    return Target(compile_arm(), "arm", sizes, units, sensors=SENSORS, markers=("cube",))


class Sensed:
    """A channel of the effects that read given settings, fed with one generator; clearances (n, 1) may be set."""

    def __init__(self, target: Target, n: int, settings: dict[str, object], seed: int = 0) -> None:
        self.n, self.clearance = n, np.full((n, 1), np.inf)
        site = Site(n, target, PERIOD, sources={"clearance": lambda: self.clearance})
        self.target, self.channel = target, Channel(OBSERVATION, settings, site)
        self.rng = np.random.default_rng(seed)
        self.set(range(n), settings)
        self.channel.begin(list(range(n)))

    def set(self, ids, settings: dict[str, object]) -> None:
        rows = {}
        for name, value in settings.items():
            setting = SETTINGS[name]
            rows[name] = np.empty((len(ids), *setting.shape(self.target)), setting.dtype)
            rows[name][:] = value
        self.channel.load(list(ids), rows)

    def restart(self, ids, truth: np.ndarray) -> np.ndarray:
        quiet = np.zeros((len(ids), self.channel.normals)), np.ones((len(ids), self.channel.uniforms))
        return self.channel.restart(list(ids), truth, *quiet)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        normals = self.rng.standard_normal((self.n, self.channel.normals), np.float32)
        return normals, self.rng.random((self.n, self.channel.uniforms), np.float32)

    def step(self, truth: np.ndarray) -> np.ndarray:
        return self.channel.apply(truth, *self.draw())


class Slowly:
    """One effect in one world, number by number. `set` are its settings (each a list), `x` the P values that come in."""

    def __init__(self, settings: dict[str, list]) -> None:
        self.set = settings
        self.begin()

    def begin(self) -> None:
        pass

    def restart(self, x: list) -> list:
        return self.step(x, [0.0] * P, [1.0] * P)


class Scale(Slowly):
    def step(self, x, normals, uniforms):
        return [x[c] * self.set["observation_scale"][c] for c in range(P)]


class Drift(Slowly):
    def begin(self):
        self.offset = [0.0] * P

    def restart(self, x):
        return [x[c] + self.offset[c] for c in range(P)]

    def step(self, x, normals, uniforms):
        for c in range(P):
            self.offset[c] += self.set["observation_drift"][c] * sqrt(PERIOD) * normals[c]
            self.offset[c] += self.set["observation_trend"][c] * PERIOD
        return [x[c] + self.offset[c] for c in range(P)]


class Quantum(Slowly):
    def step(self, x, normals, uniforms):
        quanta = self.set["observation_quantum"]
        return [round(v / q) * q if q else v for v, q in zip(x, quanta, strict=True)]


class Missing(Slowly):
    def step(self, x, normals, uniforms):
        return [0.0 if self.set["missing_sensor"][SENSOR_OF[c]] else x[c] for c in range(P)]


class Holding(Slowly):
    def restart(self, x):
        self.last = list(x)
        return list(x)

    def step(self, x, normals, uniforms):
        lost = self.lost(uniforms)
        self.last = [self.last[c] if lost[SENSOR_OF[c]] else x[c] for c in range(P)]
        return list(self.last)


class Loss(Holding):
    def restart(self, x):
        self.now, self.seen_again = 0, [0] * S
        return super().restart(x)

    def lost(self, uniforms):
        for s in range(S):
            if self.now >= self.seen_again[s] and uniforms[s] < 1 - exp(-self.set["marker_loss"][s] * PERIOD):
                self.seen_again[s] = self.now + ceil(round(self.set["marker_loss_time"][s] / PERIOD, 4))
        lost = [self.now < again for again in self.seen_again]
        self.now += 1
        return lost


class Period(Holding):
    def restart(self, x):
        self.steps = 0
        return super().restart(x)

    def lost(self, uniforms):
        periods = self.set["sensor_period"]
        if self.steps == 0:
            self.phase = [floor(uniforms[s] * periods[s]) for s in range(S)]
        lost = [(self.steps - self.phase[s]) % periods[s] != 0 for s in range(S)]
        self.steps += 1
        return lost


class Dropout(Holding):
    def lost(self, uniforms):
        return [uniforms[s] < self.set["observation_dropout"][s] for s in range(S)]


class HeldFrame(Holding):
    def lost(self, uniforms):
        return [uniforms[0] < self.set["held_frame"][0]] * S


class Delay(Slowly):
    def restart(self, x):
        self.past = [list(x)] * 20
        return list(x)

    def step(self, x, normals, uniforms):
        self.past.append(list(x))
        return [self.past[-1 - self.set["observation_delay"][c]][c] for c in range(P)]


def _some(rng, size, high):
    """Numbers of which about a third is 0."""
    return rng.uniform(0, high, size) * (rng.random(size) < 0.67)


DRAWS = {
    Scale: lambda rng: {"observation_scale": rng.uniform(0.5, 2.0, P)},
    Drift: lambda rng: {"observation_drift": _some(rng, P, 1.0), "observation_trend": _some(rng, P, 1.0)},
    Quantum: lambda rng: {"observation_quantum": _some(rng, P, 0.5)},
    Missing: lambda rng: {"missing_sensor": rng.integers(2, size=S)},
    Loss: lambda rng: {"marker_loss": _some(rng, S, 4.0), "marker_loss_time": rng.integers(1, 9, S) * PERIOD * 0.9},
    Period: lambda rng: {"sensor_period": rng.integers(1, 6, S)},
    Delay: lambda rng: {"observation_delay": rng.integers(17, size=P)},
    Dropout: lambda rng: {"observation_dropout": _some(rng, S, 1.0)},
    HeldFrame: lambda rng: {"held_frame": _some(rng, 1, 1.0)},
}


def _rows(draws: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.array([draw[name] for draw in draws]).reshape(len(draws), -1) for name in draws[0]}


def _load(sensed: Sensed, ids: list[int], draws: list[dict[str, np.ndarray]]) -> None:
    rows = _rows(draws)
    worlds_own = [name for name in rows if SETTINGS[name].per == "world"]
    sensed.set(ids, rows | {name: rows[name][:, 0] for name in worlds_own})


@pytest.mark.parametrize("reference", DRAWS, ids=lambda reference: reference.__name__)
def test_an_effect_is_what_a_loop_over_worlds_and_columns_makes_of_it(reference: type[Slowly], target: Target) -> None:
    rng = np.random.default_rng(1)
    n = 6
    drawn = [DRAWS[reference](rng) for _ in range(n)]
    sensed = Sensed(target, n, dict.fromkeys(drawn[0], 0 if reference is not Period else 1), seed=2)
    _load(sensed, list(range(n)), drawn)
    slow = [reference({name: values.tolist() for name, values in draw.items()}) for draw in drawn]
    truth = rng.normal(size=(n, P))
    expected = [world.restart(x) for world, x in zip(slow, truth.tolist(), strict=True)]
    assert sensed.restart(range(n), truth) == pytest.approx(np.array(expected), abs=1e-12)
    changed = 0
    for t in range(120):
        if t in (40, 80):
            # Another trial begins in two worlds, another episode in a third.
            for i in (1, 4):
                drawn[i] = DRAWS[reference](rng)
                slow[i] = reference({name: values.tolist() for name, values in drawn[i].items()})
            _load(sensed, [1, 4], [drawn[1], drawn[4]])
            sensed.channel.begin([1, 4])
            again = sensed.restart([1, 3, 4], truth[[1, 3, 4]])
            expected = [slow[i].restart(truth[i].tolist()) for i in (1, 3, 4)]
            assert again == pytest.approx(np.array(expected), abs=1e-12)
        truth = truth + rng.normal(size=(n, P))
        normals, uniforms = sensed.draw()
        kept = truth.copy()
        heard = sensed.channel.apply(truth, normals, uniforms)
        assert np.array_equal(truth, kept), "the argument is not written to"
        expected = [
            world.step(x, a, b)
            for world, x, a, b in zip(slow, truth.tolist(), normals.tolist(), uniforms.tolist(), strict=True)
        ]
        assert heard == pytest.approx(np.array(expected), abs=1e-9)
        changed += not np.array_equal(heard, truth)
    assert changed > 100, "the effect was at work"


ALL = {
    "observation_scale": 1.1,
    "observation_bias": 0.1,
    "observation_drift": 0.2,
    "observation_trend": 0.3,
    "observation_noise": 0.05,
    "observation_quantum": 0.01,
    "swapped_sensors": [[1, -1, 1, -1, 0, 0, 0]],
    "missing_sensor": [[0, 1, 0]],
    "marker_occlusion": 0.04,
    "marker_loss": 3.0,
    "marker_loss_time": 0.2,
    "sensor_period": 3,
    "observation_delay": 2,
    "observation_dropout": 0.3,
    "pose_injection": [[0, 0, 0.3]],
    "pose_injection_range": 0.2,
    "held_frame": 0.2,
}
NOMINAL = {name: SETTINGS[name].nominal for name in ALL}


def test_every_effect_of_sensing_is_among_those_tested_here() -> None:
    assert set(ALL) == {name for effect in OBSERVATION for name in effect.settings}


def test_nominal_settings_hand_back_the_argument(target: Target) -> None:
    sensed = Sensed(target, 2, NOMINAL)
    truth = np.ones((2, P))
    assert np.array_equal(sensed.restart([0, 1], truth), truth)
    assert sensed.step(truth) is truth


@pytest.mark.parametrize("name", ALL)
def test_each_setting_alone_changes_what_comes_out(name: str, target: Target) -> None:
    partners = {"marker_loss_time": {"marker_loss": 3.0}, "marker_loss": {"marker_loss_time": 0.2}}
    partners["pose_injection_range"] = {"pose_injection": [[0, 0, 0.3]]}
    partner = partners.get(name, {})
    sensed = Sensed(target, 1, {name: ALL[name]} | partner)
    sensed.clearance[:] = 0.03
    truth = np.random.default_rng(0).normal(size=(20, 1, P))
    sensed.restart([0], truth[0])
    assert not np.array_equal([sensed.step(x) for x in truth], truth)


def test_a_world_senses_the_same_whatever_the_others_do(target: Target) -> None:
    rng = np.random.default_rng(3)
    crowd, alone = Sensed(target, 3, NOMINAL, seed=5), Sensed(target, 1, NOMINAL)
    truth = rng.normal(size=(90, 3, P))
    crowd.set([1, 2], ALL)
    crowd.restart([1, 2], truth[0, 1:])
    for t, x in enumerate(truth):
        if t % 15 == 0:
            settings = ALL if t in (15, 60) else NOMINAL
            for sensed in (crowd, alone):
                sensed.set([0], settings)
                if t != 30:
                    sensed.channel.begin([0])
            # At 30 the trial goes on, with what has drifted.
            first = alone.restart([0], x[:1])
            assert np.array_equal(crowd.restart([0], x[:1]), first)
            assert np.array_equal(first, x[:1]) == (settings is NOMINAL and t != 30)
        if t == 50:
            crowd.set([1, 2], NOMINAL)
            crowd.restart([1, 2], x[1:])
        crowd.clearance[:] = alone.clearance[:] = 0.03 if t % 7 < 2 else 1.0
        normals, uniforms = crowd.draw()
        together = crowd.channel.apply(x, normals, uniforms)
        assert np.array_equal(together[:1], alone.channel.apply(x[:1], normals[:1], uniforms[:1])), t


def test_a_restored_channel_continues_bit_for_bit(target: Target) -> None:
    sensed, copy = Sensed(target, 4, ALL, seed=6), Sensed(target, 4, NOMINAL | {"swapped_sensors": 0})
    truth = np.random.default_rng(0).normal(size=(40, 4, P))
    sensed.restart(range(4), truth[0])
    for x in truth[:20]:
        sensed.step(x)
    state = sensed.channel.state()
    for attempt in range(2):
        rng = np.random.default_rng(7)
        sensed.rng, copy.rng = rng, np.random.default_rng(7)
        copy.channel.restore(state)
        if attempt == 0:
            expected = [sensed.step(x) for x in truth[20:]]
        assert np.array_equal([copy.step(x) for x in truth[20:]], expected), "a state can be used twice"


def test_what_is_held_is_held_with_its_noise_and_rounding_comes_after_noise(target: Target) -> None:
    settings = {"observation_noise": 0.1, "observation_quantum": 0.25, "held_frame": 0.5, "observation_delay": 1}
    sensed = Sensed(target, 1, settings, seed=8)
    sensed.restart([0], np.zeros((1, P)))
    heard = np.concatenate([sensed.step(np.full((1, P), 1.0 + t)) for t in range(200)])
    assert np.array_equal(heard, np.round(heard / 0.25) * 0.25)
    stood = (heard[1:] == heard[:-1]).all(axis=1)
    assert stood.mean() == pytest.approx(0.5, abs=0.12)
    assert not np.array_equal(heard[50], np.round(heard[50])), "with noise"


def test_a_sensor_that_is_missing_reads_nothing_but_zero_and_the_others_are_as_they_were(target: Target) -> None:
    sensed = Sensed(target, 1, {"observation_noise": 0.1, "observation_bias": 1.0, "missing_sensor": [[0, 1, 0]]})
    sensed.restart([0], np.ones((1, P)))
    heard = sensed.step(np.ones((1, P)))[0]
    assert heard[[1, 3]].tolist() == [0.0, 0.0], "all that the elbow's encoder delivers"
    assert (heard[[0, 2, 4, 5, 6]] > 1.5).all()


def test_drift_walks_with_the_root_of_time_and_outlasts_an_episode_but_not_a_trial(target: Target) -> None:
    n = 3000
    sensed = Sensed(target, n, {"observation_drift": 0.2, "observation_trend": [0.5, 0, 0, 0, 0, 0, 0]})
    zero = np.zeros((n, P))
    sensed.restart(range(n), zero)
    after = [sensed.step(zero) for _ in range(80)]
    assert after[19].std(axis=0) == pytest.approx(0.2, rel=0.05), "after 1 s"
    assert after[79].std(axis=0) == pytest.approx(0.4, rel=0.05), "after 4 s"
    assert after[79].mean(axis=0) == pytest.approx([2.0] + [0.0] * 6, abs=0.03)
    assert np.array_equal(sensed.restart(range(n), zero), after[79])
    sensed.channel.begin([1])
    assert np.array_equal(sensed.restart(range(3), zero[:3]), [after[79][0], zero[0], after[79][2]])


def test_sensors_drop_out_as_often_as_said_each_by_itself_with_all_it_delivers(target: Target) -> None:
    n, steps = 50, 400
    sensed = Sensed(target, n, {"observation_dropout": [0.1, 0.3, 0.6]})
    sensed.restart(range(n), np.zeros((n, P)))
    held = (
        np.array([sensed.step(np.full((n, P), 1.0 + t)) for t in range(steps)]) != (1 + np.arange(steps))[:, None, None]
    )
    assert held.mean(axis=(0, 1)) == pytest.approx([0.1, 0.3, 0.1, 0.3, 0.6, 0.6, 0.6], abs=0.015)
    assert np.array_equal(held[..., [0, 1, 4, 4]], held[..., [2, 3, 5, 6]])
    together = (held[..., 0] & held[..., 1]).mean()
    assert together == pytest.approx(0.1 * 0.3, abs=0.01)


def test_a_marker_is_lost_as_often_as_said_while_seen_and_comes_back_when_its_time_is_over(target: Target) -> None:
    n, steps = 100, 2000
    sensed = Sensed(target, n, {"marker_loss": [[0, 0, 0.2]]})
    sensed.restart(range(n), np.zeros((n, P)))
    heard = np.array([sensed.step(np.full((n, P), 1.0 + t)) for t in range(steps)])
    time = (1 + np.arange(steps))[:, None]
    assert (heard[..., :4] == time[..., None]).all()
    lost = heard[..., 4] != time
    assert np.array_equal(lost, heard[..., 6] != time)
    begun = lost[1:] & ~lost[:-1]
    seen = (~lost[:-1]).sum() * PERIOD
    # Dactyl: with a probability of 0.2 per second, for 1 s.
    assert begun.sum() / seen == pytest.approx(0.2, rel=0.05)
    runs = np.diff(np.flatnonzero(np.diff(lost[:, 0].astype(int), prepend=0, append=0)).reshape(-1, 2), axis=1)
    assert runs.size > 10
    assert set(runs[:-1].ravel()) <= {20, 40}, "1 s at 20 Hz, or twice that where it was lost again at once"


def test_a_slow_sensor_starts_at_any_phase_and_all_its_columns_change_together(target: Target) -> None:
    n = 2000
    sensed = Sensed(target, n, {"sensor_period": [1, 1, 4]})
    sensed.restart(range(n), np.zeros((n, P)))
    heard = np.array([sensed.step(np.full((n, P), 1.0 + t)) for t in range(12)])
    first = (heard[:, :, 4] > 0).argmax(axis=0)
    assert np.bincount(first) / n == pytest.approx([0.25] * 4, abs=0.04)
    assert np.array_equal(heard[..., 4], heard[..., 6])
    late = (1 + np.arange(12))[:, None] - heard[..., 4]
    assert late[4:].max() == 3.0
    assert late[4:].min() == 0.0


def test_a_marker_freezes_while_something_is_close_and_only_there(target: Target) -> None:
    sensed = Sensed(target, 2, {"marker_occlusion": [[0, 0, 0.04]]})
    sensed.restart([0, 1], np.zeros((2, P)))
    seen = []
    for t, near in enumerate((0.05, 0.03, 0.0, 0.04, 0.05)):
        sensed.clearance[0] = near
        seen.append(sensed.step(np.full((2, P), 1.0 + t)))
    assert [x[0, 4] for x in seen] == [1.0, 1.0, 1.0, 4.0, 5.0]
    assert [x[0, 0] for x in seen] == [x[1, 4] for x in seen] == [1.0, 2.0, 3.0, 4.0, 5.0]
