"""Random poses in place of what a tracker sees."""

from __future__ import annotations

from collections.abc import Callable
from math import acos, cos, pi, sin, sqrt

import mujoco
import numpy as np
import pytest

from randomizers import Fixed, PoseInjection, PoseInjectionRange, Target, World, WorldDistribution, WorldsError
from randomizers.channels import OBSERVATION, Channel, Site

TURN, CUBE, PEN = slice(2, 5), slice(5, 8), slice(8, 11)
P = 11
SENSOR_OF = (0, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3)


@pytest.fixture(scope="module")
def target(compile_arm: Callable[..., mujoco.MjModel]) -> Target:
    """Two joints, a cube with its turn to a goal, and a pen whose place is all that is known."""
    sizes = {"angle": 2, "turn": 3, "cube": 3, "pen": 3}
    units = {"angle": "rad", "turn": "rad", "cube": "m", "pen": "m"}
    sensors = {"angle": ("shoulder", "elbow"), "turn": ("block",) * 3, "cube": ("block",) * 3}
    return Target(compile_arm(), "arm", sizes, units, sensors=sensors, markers=("block", "pen"))


def channel_of(target: Target, n: int, chances: object, ranges: object = 0.5) -> Channel:
    settings = {
        "pose_injection": np.broadcast_to(np.array(chances, float), (n, 4)),
        "pose_injection_range": np.broadcast_to(np.array(ranges, float), (n, 4)),
    }
    channel = Channel(OBSERVATION, settings, Site(n, target, 0.05))
    channel.load(slice(None), settings)
    return channel


def slow_turn(u: list[float]) -> list[float]:
    """The rotation vector of a random quaternion, by its angle and axis."""
    w, x = sqrt(u[0]) * cos(2 * pi * u[2]), sqrt(1 - u[0]) * sin(2 * pi * u[1])
    y, z = sqrt(1 - u[0]) * cos(2 * pi * u[1]), sqrt(u[0]) * sin(2 * pi * u[2])
    if w < 0:
        w, x, y, z = -w, -x, -y, -z
    return [2 * acos(w) / sqrt(1 - w * w) * part for part in (x, y, z)]


def test_injection_is_what_a_loop_over_worlds_and_columns_makes_of_it(target: Target) -> None:
    rng, n = np.random.default_rng(0), 5
    chances, ranges = rng.uniform(0, 0.6, (n, 4)) * [0, 0, 1, 1], rng.uniform(0.1, 0.6, (n, 4))
    channel = channel_of(target, n, chances, ranges)
    assert channel.uniforms == 2 * P and channel.normals == 0
    truth = rng.normal(size=(n, P))
    assert np.array_equal(channel.restart(slice(None), truth, np.zeros((n, 0)), np.ones((n, 2 * P))), truth)
    begun, injected = truth.copy(), 0
    for t in range(100):
        if t == 50:
            channel.restart([3], truth[[3]], np.zeros((1, 0)), np.ones((1, 2 * P)))
            begun[3] = truth[3]
        truth = truth + rng.normal(size=(n, P))
        uniforms = rng.random((n, 2 * P), np.float32)
        heard = channel.apply(truth, np.zeros((n, 0)), uniforms)
        for i in range(n):
            u = uniforms[i].reshape(P, 2).astype(float).tolist()
            for c in range(P):
                first = SENSOR_OF.index(SENSOR_OF[c])
                expected = truth[i, c]
                if u[first][1] < chances[i, SENSOR_OF[c]]:
                    expected = begun[i, c] + ranges[i, SENSOR_OF[c]] * (2 * u[c][0] - 1)
                    if TURN.start <= c < TURN.stop:
                        expected = slow_turn([u[k][0] for k in range(TURN.start, TURN.stop)])[c - TURN.start]
                    injected += 1
                assert heard[i, c] == pytest.approx(expected, abs=1e-6)
    assert injected > 500


def test_poses_are_injected_as_often_as_said_whole_and_uniform(target: Target) -> None:
    n = 20_000
    channel = channel_of(target, n, [0, 0, 0.3, 0])
    truth = np.tile(np.arange(1.0, P + 1), (n, 1))
    channel.restart(slice(None), truth, np.zeros((n, 0)), np.ones((n, 2 * P)))
    uniforms = np.random.default_rng(1).random((n, 2 * P), np.float32)
    changed = channel.apply(truth, np.zeros((n, 0)), uniforms) != truth
    heard = channel.apply(truth, np.zeros((n, 0)), uniforms)
    assert changed[:, CUBE].mean() == pytest.approx(0.3, abs=0.01)
    assert np.array_equal(changed[:, CUBE], changed[:, TURN]), "the tracker's whole pose"
    assert not changed[:, :2].any() and not changed[:, PEN].any()
    random = heard[changed[:, CUBE.start]]
    places = random[:, CUBE] - truth[0, CUBE]
    assert np.abs(places).max() == pytest.approx(0.5, abs=1e-3)
    assert places.std(axis=0) == pytest.approx(0.5 / 3**0.5, rel=0.03)
    angle = np.sort(np.linalg.norm(random[:, TURN], axis=1))
    # The angle of a uniform rotation has the density (1 - cos angle) / pi; 1.63 is the 1 % point of the distance's law.
    law = (angle - np.sin(angle)) / np.pi
    assert np.abs(law - (np.arange(len(law)) + 0.5) / len(law)).max() < 1.63 / len(law) ** 0.5
    axes = random[:, TURN] / np.linalg.norm(random[:, TURN], axis=1, keepdims=True)
    assert axes.mean(axis=0) == pytest.approx(0.0, abs=0.03)


def test_an_injected_pose_lasts_a_single_step(target: Target) -> None:
    channel = channel_of(target, 1, [0, 0, 0.5, 0])
    truth = np.ones((1, P))
    channel.restart([0], truth, np.zeros((1, 0)), np.ones((1, 2 * P)))
    hit, miss = np.full((1, 2 * P), 0.25, np.float32), np.full((1, 2 * P), 0.75, np.float32)
    assert not np.array_equal(channel.apply(truth, np.zeros((1, 0)), hit), truth)
    assert np.array_equal(channel.apply(truth, np.zeros((1, 0)), miss), truth)


def test_without_a_range_it_is_that_of_dextreme(target: Target) -> None:
    distribution = WorldDistribution([PoseInjection("chance", Fixed(0.3), on="cube")], target)
    settings = distribution.settings(World({"chance": 0.3}))
    assert settings["pose_injection"].tolist() == [[0.0, 0.0, 0.3, 0.0]]
    channel = Channel(OBSERVATION, distribution.channel_settings, Site(1, target, 0.05))
    channel.load([0], settings)
    uniforms = np.zeros((1, 2 * P), np.float32)
    assert channel.apply(np.zeros((1, P)), np.zeros((1, 0)), uniforms)[0, CUBE].tolist() == [-0.5] * 3


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (lambda: PoseInjection("t", Fixed(0.3), on="elbow"), "'elbow': it is no marker; markers: block, pen"),
        (lambda: PoseInjection("t", Fixed(1.3), on="cube"), "takes values of at least 0 and at most 1"),
        (
            lambda: PoseInjectionRange("t", Fixed(0.3), on="cube"),
            "does nothing without a term of kind 'pose_injection'",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_and_why(term, message: str, target: Target) -> None:
    with pytest.raises(WorldsError, match=message):
        WorldDistribution([term()], target)


def test_a_marker_that_delivers_no_pose_is_refused(compile_arm) -> None:
    target = Target(compile_arm(), "arm", {"speed": 3}, {"speed": "m/s"}, markers=("speed",))
    with pytest.raises(
        WorldsError, match="speed has unit 'm/s': it is neither a place in m nor three numbers of a turn"
    ):
        PoseInjection("t", Fixed(0.3), on="speed").select(target)
