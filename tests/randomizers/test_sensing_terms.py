from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np
import pytest

from randomizers import (
    Choice,
    Fixed,
    MarkerLoss,
    MarkerLossTime,
    MarkerOcclusion,
    MissingSensor,
    ObservationDelay,
    ObservationDropout,
    ObservationTrend,
    SensorPeriod,
    SwappedSensors,
    Target,
    Uniform,
    World,
    WorldDistribution,
    WorldsError,
    term_from_config,
)
from randomizers.channels import OBSERVATION, Channel, Site

PERIOD = 0.05
SENSORS = {"angle": ("shoulder", "elbow"), "speed": ("shoulder", "elbow")}


@pytest.fixture(scope="module")
def target(compile_arm: Callable[..., mujoco.MjModel]) -> Target:
    units = {"angle": "rad", "speed": "rad/s", "cube": "m"}
    sizes = {"angle": 2, "speed": 2, "cube": 3}
    return Target(compile_arm(), "arm", sizes, units, sensors=SENSORS, markers=("cube",))


def _columns(target: Target, *terms, **values: float) -> np.ndarray:
    """What the cells 0, 10, 20, ... read as in the world with `values`, through the whole channel."""
    distribution = WorldDistribution(terms, target)
    settings = distribution.settings(World(values))
    channel = Channel(OBSERVATION, distribution.channel_settings, Site(1, target, PERIOD))
    channel.load([0], settings)
    return channel.restart(
        [0], 10.0 * np.arange(target.observed)[None], np.zeros((1, channel.normals)), np.ones((1, channel.uniforms))
    )


def test_the_number_of_a_pair_says_which_two_sensors_are_exchanged(compile_arm) -> None:
    target = Target(
        compile_arm(), "arm", {"angle": 3, "speed": 3, "x": 1}, sensors=dict.fromkeys(("angle", "speed"), "abc")
    )
    swap = SwappedSensors("swap", Choice((0, 1, 2, 3)), on="angle")
    read = [(_columns(target, swap, swap=number)[0] / 10).tolist() for number in range(4)]
    assert read == [
        [0, 1, 2, 3, 4, 5, 6],
        [1, 0, 2, 4, 3, 5, 6],
        [2, 1, 0, 5, 4, 3, 6],
        [0, 2, 1, 3, 5, 4, 6],
    ]


def test_a_term_of_sensors_is_drawn_once_for_each_of_them(target: Target) -> None:
    missing = MissingSensor("gone", Choice((0, 1)), on="*")
    assert missing.parameters(missing.select(target)) == ("gone[shoulder]", "gone[elbow]", "gone[cube]")
    assert _columns(target, missing, **{"gone[elbow]": 1.0})[0].tolist() == [0, 0, 20, 0, 40, 50, 60]


def test_sensors_are_found_by_their_names_and_by_what_they_deliver(target: Target) -> None:
    for on, names in (
        ("s*", ("shoulder", "elbow")),
        ("elbow", ("elbow",)),
        ("cube", ("cube",)),
        ("angle", ("shoulder", "elbow")),
    ):
        term = ObservationDropout("t", Uniform(0.0, 0.1), on=on)
        assert term.select(target).names == names
    with pytest.raises(WorldsError, match="'wrist' matched no sensor of 'arm'; sensors: shoulder, elbow, cube"):
        ObservationDropout("t", Uniform(0.0, 0.1), on="wrist").select(target)


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (lambda: MarkerOcclusion("t", Fixed(0.03), on="elbow"), "'elbow': it is no marker; markers: cube"),
        (
            lambda: SwappedSensors("t", Choice((0, 1)), on=("elbow", "cube")),
            "'cube': it delivers cube, cube, cube and 'elbow'",
        ),
        (lambda: SwappedSensors("t", Choice((0, 2)), on="angle"), "exceeds the 1 pairs of shoulder, elbow"),
        (lambda: SwappedSensors("t", Choice((0, 1)), on="angle", each="element"), "each 'element' is not one"),
        (lambda: SwappedSensors("t", Uniform(0, 1), on="angle"), "must be a Choice of whole numbers"),
        (lambda: MissingSensor("t", Choice((0, 2)), on="angle"), "takes values of at least 0 and at most 1"),
        (lambda: SensorPeriod("t", Choice((0, 1)), on="angle"), "takes values of at least 1"),
        (lambda: ObservationDelay("t", Choice((0.5, 1)), on="angle"), "must be a Choice of whole control steps"),
        (lambda: ObservationDelay("t", Choice((0, 17)), on="angle"), "at most 16"),
        (lambda: ObservationDropout("t", Uniform(0, 1.1), on="angle"), "at most 1"),
        (lambda: MarkerLoss("t", Uniform(-1, 1), on="cube"), "takes values of at least 0"),
        (lambda: ObservationTrend("t", Uniform(0, 1), on=("angle", "cube")), "different units: m, rad"),
    ],
)
def test_what_makes_no_sense_is_refused_and_why(term, message: str, target: Target) -> None:
    with pytest.raises(WorldsError, match=message):
        built = term()
        built.parameter_unit(target, built.select(target))


def test_a_time_of_loss_without_a_loss_is_refused(target: Target) -> None:
    with pytest.raises(WorldsError, match="does nothing without a term of kind 'marker_loss' on cube"):
        WorldDistribution([MarkerLossTime("t", Fixed(2.0), on="cube")], target)


def test_occlusion_is_refused_where_the_simulation_gives_no_clearance(target: Target) -> None:
    with pytest.raises(WorldsError, match="marker_occlusion needs 'clearance', which 'arm' does not give"):
        Channel(OBSERVATION, ["marker_occlusion"], Site(1, target, PERIOD))


@pytest.mark.parametrize(
    ("kind", "on", "unit", "numbers", "wanted"),
    [
        ("observation_drift", "angle", "deg/sqrt(s)", 180.0, np.pi),
        ("observation_drift", "cube", "mm/sqrt(s)", 5.0, 0.005),
        ("observation_trend", "angle", "deg/s", 180.0, np.pi),
        ("observation_trend", "speed", "deg/s^2", 180.0, np.pi),
        ("observation_quantum", "angle", "deg", 180.0, np.pi),
        ("marker_loss", "cube", "1/min", 12.0, 0.2),
        ("marker_loss_time", "cube", "ms", 500.0, 0.5),
        ("marker_occlusion", "cube", "mm", 30.0, 0.03),
    ],
)
def test_numbers_are_given_in_units_of_what_is_observed(kind, on, unit, numbers, wanted, target: Target) -> None:
    config = {"name": "t", "kind": kind, "on": [on], "unit": unit, "distribution": {"fixed": numbers}}
    assert term_from_config(config, target).distribution.bounds[0] == pytest.approx(wanted)
    with pytest.raises(WorldsError, match="unit 'N' does not fit"):
        term_from_config(config | {"unit": "N"}, target)


def test_a_target_says_which_of_its_sensors_do_not_fit(compile_arm) -> None:
    with pytest.raises(WorldsError, match="given 1 for the 2 columns it has in 'arm'"):
        Target(compile_arm(), "arm", {"angle": 2}, sensors={"angle": ("shoulder",)})
    with pytest.raises(WorldsError, match="no sensor 'cube' in 'arm'; sensors: angle"):
        Target(compile_arm(), "arm", {"angle": 2}, markers=("cube",))
