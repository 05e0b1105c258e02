"""Automatic domain randomization: how ranges begin, how worlds are drawn from them, and what moves them."""

from __future__ import annotations

import json
from math import log

import numpy as np
import pytest

from randomizers import (
    ADR,
    ActuatorGain,
    ADRSettings,
    Choice,
    Fixed,
    Friction,
    Gravity,
    JointDamping,
    LogUniform,
    Mass,
    Normal,
    ObservationBias,
    ObservationNoise,
    Size,
    Target,
    Term,
    TruncatedNormal,
    Uniform,
    Widening,
    WorldDistribution,
    WorldsError,
)
from randomizers.adr import NOWHERE
from randomizers.channels import JitterPersistence, TimestepJitterRate, TwoSidedJitterRate

QUICK = ADRSettings(boundary=0.5, queue=4, low=1.0, high=2.0, step=0.1)
MASS = Mass("mass", Uniform(0.5, 2.5), on="cube")
JOINTS = ("shoulder", "elbow")


def adr_of(arm: Target, *terms: Term, settings: ADRSettings = QUICK) -> ADR:
    return ADR(WorldDistribution(terms, arm), settings)


def on_end(adr: ADR, name: str, side: int, element: int = 0) -> int:
    """The pin of worlds on one end of a range."""
    wanted = next(r for r in adr.ranges if r.name == name), side, element
    return adr.ends.index(wanted)


def measure(adr: ADR, name: str, side: int, *performances: float) -> None:
    """Trials on one end of a range, one after the other."""
    pin = on_end(adr, name, side)
    for performance in performances:
        values = adr.widest.nominal().values[0].copy()
        columns, ends = adr.place(pin)
        values[columns] = ends
        adr.record(values, pin, performance)


def test_ranges_begin_at_the_nominal_world(arm: Target) -> None:
    damping = JointDamping("damping", LogUniform(0.01, 1.0), on=JOINTS, operation="set", each="element")
    gravity = Gravity("gravity", Normal(0.0, 0.4))
    noise = ObservationNoise("noise", Uniform(0.05, 0.2), on="cube")
    steps = ObservationNoise("steps", Choice((0.3, 0.0, 0.1)), on="joints")
    adr = adr_of(arm, MASS, damping, gravity, noise, steps)
    assert adr.bounds["mass"] == (1.0, 1.0)
    assert adr.bounds["damping"] == pytest.approx((0.1, 0.2)), "two joints of the model differ"
    assert adr.bounds["gravity"] == (0.0, 0.0)
    assert adr.bounds["noise"] == (0.05, 0.05), "the nearest to 0 that the term has"
    assert adr.bounds["steps"] == (0.0, 0.0)
    assert adr.widened == 0.0
    worlds, _ = adr.sample(np.random.default_rng(0), 100)
    assert set(worlds.column("mass")) == {1.0} and set(worlds.column("gravity[y]")) == {0.0}
    assert worlds.column("damping[elbow]").std() > 0.01


def test_a_rate_whose_nominal_zero_is_for_none_begins_at_the_end_that_changes_least(arm: Target) -> None:
    rate = TimestepJitterRate("rate", Uniform(1250.0, 10000.0))
    both = TwoSidedJitterRate("both", LogUniform(1250.0, 10000.0))
    persistence = JitterPersistence("persistence", Uniform(0.1, 0.9))
    adr = adr_of(arm, rate, both, persistence)
    assert adr.bounds["rate"] == adr.bounds["both"] == pytest.approx((10000.0, 10000.0))
    assert adr.bounds["persistence"] == (0.1, 0.1)
    measure(adr, "rate", 0, 2, 2, 2, 2)
    assert adr.bounds["rate"] == pytest.approx((10000.0 - 875.0, 10000.0))


def test_a_term_may_say_where_its_range_begins_how_far_it_steps_and_that_it_stays(arm: Target) -> None:
    mass = Mass("mass", Uniform(0.5, 2.5), on="cube", adr=Widening(start=(0.9, 1.2), step=0.2))
    gain = ActuatorGain("gain", LogUniform(0.5, 2.0), on="*", adr=Widening(moves=False))
    size = Size("size", Uniform(0.9, 1.1), on="cube")
    adr = adr_of(arm, mass, gain, size)
    assert adr.bounds == {"mass": (0.9, 1.2), "size": (1.0, 1.0)}
    measure(adr, "mass", 1, 2, 2, 2, 2)
    measure(adr, "size", 0, 2, 2, 2, 2)
    assert adr.bounds["mass"] == pytest.approx((0.9, 1.6))
    assert adr.bounds["size"] == pytest.approx((0.98, 1.0))
    drawn = adr.sample(np.random.default_rng(0), 500)[0].column("gain")
    assert drawn.min() < 0.52 and drawn.max() > 1.9, "drawn whole from the beginning"


def test_a_full_queue_moves_its_end_by_its_mean_and_is_emptied(arm: Target) -> None:
    adr = adr_of(arm, MASS)
    measure(adr, "mass", 1, 3, 3, 3)
    assert adr.bounds["mass"] == (1.0, 1.0), "not yet full"
    measure(adr, "mass", 1, -1)
    assert adr.bounds["mass"] == pytest.approx((1.0, 1.2)), "a mean of 2"
    measure(adr, "mass", 1, 1.5, 1.5, 1.5, 1.5)
    assert adr.bounds["mass"] == pytest.approx((1.0, 1.2)), "between the thresholds it stays"
    measure(adr, "mass", 1, 2, 2, 2)
    assert adr.bounds["mass"] == pytest.approx((1.0, 1.2)), "and the queue begins anew"
    measure(adr, "mass", 1, -2)
    assert adr.bounds["mass"] == (1.0, 1.0), "a mean of 1"


def test_the_two_ends_move_apart(arm: Target) -> None:
    adr = adr_of(arm, MASS)
    measure(adr, "mass", 0, 2, 2, 2, 2)
    measure(adr, "mass", 1, 2, 2, 2)
    assert adr.bounds["mass"] == pytest.approx((0.8, 1.0))


def test_a_range_never_leaves_the_widest_nor_falls_short_of_its_beginning(arm: Target) -> None:
    adr = adr_of(arm, MASS)
    for _ in range(20):
        measure(adr, "mass", 0, 2, 2, 2, 2)
        measure(adr, "mass", 1, 2, 2, 2, 2)
    assert adr.bounds["mass"] == (0.5, 2.5)
    assert adr.widened == 1.0
    for _ in range(20):
        measure(adr, "mass", 0, 1, 1, 1, 1)
        measure(adr, "mass", 1, 1, 1, 1, 1)
    assert adr.bounds["mass"] == (1.0, 1.0)
    assert adr.widened == 0.0


def test_a_sliding_queue_forgets_its_oldest_trial_until_its_end_moves(arm: Target) -> None:
    adr = adr_of(arm, MASS, settings=ADRSettings(0.5, 4, 1.0, 2.0, 0.1, sliding=True))
    measure(adr, "mass", 1, 0, 2, 2, 2)
    assert adr.bounds["mass"] == (1.0, 1.0)
    measure(adr, "mass", 1, 2)
    assert adr.bounds["mass"] == pytest.approx((1.0, 1.2))
    measure(adr, "mass", 1, 2, 2, 2)
    assert adr.bounds["mass"] == pytest.approx((1.0, 1.2)), "it was emptied"


def test_trials_drawn_before_their_end_moved_tell_nothing(arm: Target) -> None:
    adr = adr_of(arm, MASS)
    pin = on_end(adr, "mass", 1)
    before = adr.widest.nominal().values[0].copy()
    measure(adr, "mass", 1, 2, 2, 2, 2)
    for _ in range(10):
        adr.record(before, pin, 5.0)
    assert adr.bounds["mass"] == pytest.approx((1.0, 1.2))
    measure(adr, "mass", 1, 2, 2, 2)
    assert adr.bounds["mass"] == pytest.approx((1.0, 1.2)), "nothing was queued"


def test_worlds_on_no_end_tell_nothing(arm: Target) -> None:
    adr = adr_of(arm, MASS)
    state = adr.state()
    for _ in range(10):
        adr.record(adr.widest.nominal().values[0], NOWHERE, 5.0)
    assert adr.state() == state


def test_so_many_worlds_stand_on_an_end_each_as_often_as_another(arm: Target) -> None:
    damping = JointDamping("damping", LogUniform(0.5, 2.0), on=JOINTS, each="element")
    adr = adr_of(arm, MASS, damping, fixed_noise(), settings=ADRSettings(0.4, 240, 10.0, 20.0, 0.1))
    for name in ("mass", "damping"):
        for side in (0, 1):
            measure(adr, name, side, *[20.0] * 240)
    worlds, pins = adr.sample(np.random.default_rng(0), 20_000)
    assert (pins != NOWHERE).mean() == pytest.approx(0.4, abs=0.015)
    (low_mass, high_mass), (low, high) = adr.bounds["mass"], adr.bounds["damping"]
    chances = {
        ("mass", 0, 0): (low_mass, "mass", 0.1),
        ("mass", 1, 0): (high_mass, "mass", 0.1),
        ("damping", 0, 0): (low, "damping[shoulder]", 0.05),
        ("damping", 0, 1): (low, "damping[elbow]", 0.05),
        ("damping", 1, 0): (high, "damping[shoulder]", 0.05),
        ("damping", 1, 1): (high, "damping[elbow]", 0.05),
    }
    for end, (value, column, chance) in chances.items():
        there = pins == on_end(adr, *end)
        assert there.mean() == pytest.approx(chance, abs=0.01)
        assert (worlds.column(column)[there] == value).all()
        for other in {"mass", "damping[shoulder]", "damping[elbow]"} - {column}:
            assert len(set(worlds.column(other)[there])) == there.sum(), "all else is drawn as usual"
    assert len(set(worlds.column("mass")[pins == NOWHERE])) == (pins == NOWHERE).sum()


def test_no_world_stands_on_an_end_that_begins_where_it_can_go_no_further(arm: Target) -> None:
    adr = adr_of(arm, MASS, ObservationNoise("noise", Uniform(0.0, 1.0), on="cube"))
    ends = {(moving.name, side) for moving, side, _ in adr.ends}
    assert ends == {("mass", 0), ("mass", 1), ("noise", 1)}
    _, pins = adr.sample(np.random.default_rng(0), 6000)
    for pin in range(3):
        assert (pins == pin).mean() == pytest.approx(1 / 6, abs=0.02)


def fixed_noise() -> ObservationNoise:
    return ObservationNoise("noise", Fixed(0.1), on="cube")


def test_draws_stay_between_the_ends(arm: Target) -> None:
    terms = [
        MASS,
        ActuatorGain("gain", LogUniform(0.5, 2.0), on="*"),
        Gravity("gravity", Normal(0.0, 0.4)),
        ObservationNoise("noise", Choice((0.0, 0.1, 0.2, 0.3)), on="cube"),
    ]
    adr = adr_of(arm, *terms)
    for name in ("mass", "gain", "gravity", "noise"):
        measure(adr, name, 1, *[2] * 8)
    measure(adr, "gravity", 0, *[2] * 4)
    worlds, _ = adr.sample(np.random.default_rng(0), 4000)
    for name, (low, high) in adr.bounds.items():
        drawn = worlds.values[:, adr.widest.drawing.columns[name]]
        assert low == drawn.min() and drawn.max() == high, name
    assert adr.distribution.terms[2].distribution == TruncatedNormal(0.0, 0.4, *adr.bounds["gravity"])
    assert set(worlds.column("noise")) == {0.0, 0.1, 0.2}


def test_the_critics_vector_stays_as_it_is_while_ranges_move(arm: Target) -> None:
    adr = adr_of(arm, MASS, Gravity("gravity", Normal(0.0, 0.4)))
    worlds = adr.widest.sample(np.random.default_rng(0), 10)
    before = adr.distribution.vector(worlds)
    measure(adr, "mass", 1, *[2] * 12)
    assert np.array_equal(adr.distribution.vector(worlds), before)
    assert np.array_equal(adr.distribution.vector(worlds), adr.widest.vector(worlds))


def test_terms_that_share_a_draw_share_a_range(arm: Target) -> None:
    friction = Friction("friction", LogUniform(0.25, 4.0), on="cube", follows="mass", correlation=-1)
    loose = Size("size", Uniform(0.9, 1.1), on="cube", follows="mass", correlation=0.5)
    adr = adr_of(arm, friction, MASS, loose)
    assert [(r.name, [m.term.name for m in r.members]) for r in adr.ranges] == [
        ("mass", ["mass", "friction"]),
        ("size", ["size"]),
    ]
    measure(adr, "mass", 1, 2, 2, 2, 2)
    assert adr.bounds["mass"] == pytest.approx((1.0, 1.2))
    assert adr.bounds["friction"] == pytest.approx((4.0**-0.2, 1.0))
    worlds, pins = adr.sample(np.random.default_rng(0), 500)
    there = pins == on_end(adr, "mass", 1)
    assert (worlds.column("mass")[there] == adr.bounds["mass"][1]).all()
    assert (worlds.column("friction")[there] == adr.bounds["friction"][0]).all(), "on the end together"
    share = (worlds.column("mass") - 1) / 0.2
    np.testing.assert_allclose(np.log(worlds.column("friction")), -0.2 * log(4.0) * share, atol=1e-9)
    for _ in range(20):
        measure(adr, "mass", 1, 2, 2, 2, 2)
    assert adr.bounds["friction"] == (0.25, 1.0) and adr.bounds["mass"] == (1.0, 2.5), "each as far as it goes"


def test_one_number_that_leads_many_puts_all_of_them_on_the_end(arm: Target) -> None:
    damping = JointDamping("damping", Uniform(0.5, 2.0), on=JOINTS, each="element", follows="mass")
    adr = adr_of(arm, MASS, damping)
    measure(adr, "mass", 1, 2, 2, 2, 2)
    worlds, pins = adr.sample(np.random.default_rng(0), 200)
    there = pins == on_end(adr, "mass", 1)
    for column in ("damping[shoulder]", "damping[elbow]"):
        assert (worlds.column(column)[there] == adr.bounds["damping"][1]).all()


def test_a_world_stays_on_its_end_through_its_episodes(arm: Target) -> None:
    bias = ObservationBias("bias", Uniform(-1.0, 1.0), on="cube", when="episode")
    adr = adr_of(arm, MASS, bias)
    for side in (0, 1):
        measure(adr, "bias", side, 2, 2, 2, 2)
    worlds, pins = adr.sample(np.random.default_rng(0), 200)
    measure(adr, "bias", 1, 2, 2, 2, 2)
    later = adr.redraw_episode(worlds, pins, np.full(200, 3))
    there = pins == on_end(adr, "bias", 1, element=2)
    assert there.sum() > 3
    assert (later.values[there, 3] == 0.2).all(), "where the end was, though it has moved"
    assert (later.values[there, 1] != worlds.values[there, 1]).all()
    free = pins == NOWHERE
    assert (later.values[free, 1:] != worlds.values[free, 1:]).all()
    assert np.array_equal(later.column("mass"), worlds.column("mass"))
    assert np.array_equal(later.seeds, worlds.seeds)


def test_entropy_is_the_mean_logarithm_of_widths(arm: Target) -> None:
    adr = adr_of(arm, MASS, Gravity("gravity", Normal(0.0, 0.5)), fixed_noise())
    assert adr.entropy == pytest.approx((log(0.2) + log(0.3)) / 2), "what has no width yet counts as a step"
    measure(adr, "mass", 1, *[2] * 12)
    measure(adr, "gravity", 1, *[2] * 8)
    measure(adr, "gravity", 0, *[2] * 4)
    assert adr.entropy == pytest.approx((log(0.6) + log(0.9)) / 2)


def test_a_state_of_plain_data_goes_on_to_the_same_bits(arm: Target) -> None:
    terms = [MASS, ActuatorGain("gain", LogUniform(0.5, 2.0), on="*"), Gravity("gravity", Normal(0.0, 0.4))]
    one, other = adr_of(arm, *terms), adr_of(arm, *terms)

    def go_on(adr: ADR, rng: np.random.Generator, rounds: int) -> None:
        for _ in range(rounds):
            worlds, pins = adr.sample(rng, 64)
            for values, pin in zip(worlds.values, pins.tolist(), strict=True):
                adr.record(values, pin, 3.0 * (values[0] < 1.6) * (values[1] > 0.7))

    rng = np.random.default_rng(0)
    go_on(one, rng, 7)
    other.restore(json.loads(json.dumps(one.state())))
    again = np.random.default_rng(0)
    again.bit_generator.state = rng.bit_generator.state
    go_on(one, rng, 8)
    go_on(other, again, 8)
    assert one.bounds == other.bounds and one.state() == other.state()
    assert one.widened > 0.1
    assert one.distribution.sample(rng, 5) == other.distribution.sample(again, 5)


def test_the_state_of_other_ranges_is_refused(arm: Target) -> None:
    state = adr_of(arm, MASS).state()
    with pytest.raises(WorldsError, match="a state of the ranges mass does not fit; ranges: gravity"):
        adr_of(arm, Gravity("gravity", Normal(0.0, 0.4))).restore(state)
