"""The random network adversary."""

from __future__ import annotations

import numpy as np
import pytest

from randomizers import AdversaryAction, AdversaryForce, Fixed, Target, WorldDistribution, WorldsError, WorldStreams
from randomizers.channels import ACTION, FORCE, Channel, Site
from randomizers.channels.adversary import LEVELS, RandomNetworks

JOINTS = 4


class Ring:
    """An adversary in some worlds, whose joints and object are where the test puts them."""

    def __init__(self, arm: Target, place, seeds, **settings) -> None:
        self.n = len(seeds)
        self.joint_position = np.zeros((self.n, JOINTS))
        self.object_pose = np.tile([0.1, 0.2, 0.3, 1.0, 0.0, 0.0, 0.0], (self.n, 1))
        sources = {name: lambda name=name: getattr(self, name) for name in ("joint_position", "object_pose")}
        site = Site(self.n, arm, 0.08, np.array([arm.id("body", "cube")]), sources)
        rows = {name: np.asarray(values, np.float64) for name, values in settings.items()}
        self.channel = Channel(place, rows, site)
        self.channel.load(np.arange(self.n), rows)
        self.streams = WorldStreams(self.n, self.channel.normals, self.channel.uniforms)
        self.streams.load(np.arange(self.n), np.asarray(seeds, np.uint64))

    def restart(self, rows, signal: np.ndarray) -> None:
        empty, ones = np.zeros((len(rows), self.channel.normals)), np.ones((len(rows), self.channel.uniforms))
        self.channel.restart(rows, signal, empty, ones)

    def wander(self, rng: np.random.Generator) -> None:
        """Somewhere else, all worlds the same."""
        self.joint_position[:] = rng.uniform(-1, 1, JOINTS)
        self.object_pose[:] = rng.uniform(-0.1, 0.1, 7)

    def act(self, signal: np.ndarray) -> np.ndarray:
        return self.channel.apply(signal, *self.streams.next())


def mixing(arm: Target, seeds, share: float = 1.0) -> Ring:
    ring = Ring(arm, ACTION, seeds, adversary_action=np.full((len(seeds), 2), share))
    ring.restart(np.arange(len(seeds)), np.zeros((len(seeds), 2)))
    return ring


def walk(ring: Ring, steps: int = 60, seed: int = 0) -> np.ndarray:
    """What becomes of actions of 0 while the world moves (steps, n, 2)."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(steps):
        ring.wander(rng)
        out.append(ring.act(np.zeros((ring.n, 2))))
    return np.array(out)


def test_a_network_is_decided_by_its_seed_alone_wherever_it_stands() -> None:
    few, many = RandomNetworks(1, 5, 3), RandomNetworks(7, 5, 3)
    for row in range(7):
        many.draw(row, row)
    few.draw(0, 4)
    rng = np.random.default_rng(0)
    for _ in range(200):
        inputs = rng.normal(size=(7, 5))
        assert np.array_equal(many.answer(inputs)[4:5], few.answer(inputs[4:5]))


def test_a_network_is_what_plain_python_makes_of_its_weights() -> None:
    networks = RandomNetworks(2, 3, 2)
    networks.draw(1, 5)
    inputs = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    first, second = networks._in[1].tolist(), networks._out[1].tolist()
    given = [*inputs[1].tolist(), 1.0]
    hidden = [max(sum(x * w[h] for x, w in zip(given, first, strict=True)), 0.0) for h in range(len(second))]
    logits = [sum(x * w[k] for x, w in zip(hidden, second, strict=True)) for k in range(2 * LEVELS)]
    levels = [max(range(LEVELS), key=lambda k, start=start: logits[start + k]) for start in (0, LEVELS)]
    assert networks.answer(inputs)[1].tolist() == pytest.approx([2 * level / (LEVELS - 1) - 1 for level in levels])


def test_over_many_networks_every_level_is_as_likely() -> None:
    networks = RandomNetworks(2000, 11, 2)
    for row in range(2000):
        networks.draw(row, row)
    answers = networks.answer(np.random.default_rng(0).normal(size=(2000, 11)))
    counts = np.bincount(np.rint((answers.ravel() + 1) * (LEVELS - 1) / 2).astype(int), minlength=LEVELS)
    expected = answers.size / LEVELS
    # The 0.1 % point of chi-square with ten degrees of freedom.
    assert ((counts - expected) ** 2 / expected).sum() < 29.6


def test_what_the_adversary_does_follows_from_where_things_are(arm: Target) -> None:
    ring = mixing(arm, [1])
    moved = walk(ring)
    assert len(np.unique(moved)) > 3
    rng = np.random.default_rng(0)
    ring.wander(rng)
    assert np.array_equal(ring.act(np.zeros((1, 2)))[0], moved[0, 0])
    assert np.array_equal(ring.act(np.zeros((1, 2)))[0], moved[0, 0])


def test_the_object_counts_by_how_far_it_has_come_and_how_it_is_turned(arm: Target) -> None:
    here, there = mixing(arm, [1]), mixing(arm, [1])
    there.object_pose[:, :3] += 5.0
    rng = np.random.default_rng(0)
    for _ in range(30):
        way, turn = rng.uniform(-0.05, 0.05, 3), rng.normal(size=4)
        for ring, sign in ((here, 1), (there, -1)):
            ring.act(np.zeros((1, 2)))
            ring.object_pose[:, :3] += way
            ring.object_pose[:, 3:] = sign * turn
        assert np.array_equal(here.act(np.zeros((1, 2))), there.act(np.zeros((1, 2))))


def test_every_world_and_every_episode_has_an_adversary_of_its_own(arm: Target) -> None:
    ring = mixing(arm, [1, 2, 1])
    first = walk(ring)
    assert np.array_equal(first[:, 0], first[:, 2])
    assert not np.array_equal(first[:, 0], first[:, 1])
    ring.restart([0], np.zeros((1, 2)))
    second = walk(ring)
    assert not np.array_equal(second[:, 0], first[:, 0])
    assert np.array_equal(second[:, 1], walk_on(arm, [1, 2, 1])[:, 1])


def walk_on(arm: Target, seeds) -> np.ndarray:
    """A second walk of worlds whose first episode goes on."""
    ring = mixing(arm, seeds)
    walk(ring)
    return walk(ring)


def test_a_world_is_the_same_whatever_the_others_are(arm: Target) -> None:
    assert np.array_equal(walk(mixing(arm, [5, 6, 7, 8]))[:, 2], walk(mixing(arm, [7]))[:, 0])


def test_actions_are_mixed_by_the_share_and_stay_in_the_controls_range(arm: Target) -> None:
    low, high = arm.model.actuator_ctrlrange.T
    whole = walk(mixing(arm, [1, 2]))
    assert (whole >= low).all()
    assert (whole <= high).all()
    assert walk(mixing(arm, [1, 2], share=0.3)) == pytest.approx(0.3 * whole, abs=1e-15)
    ring = mixing(arm, [1, 2], share=0.25)
    ring.wander(np.random.default_rng(0))
    assert ring.act(np.full((2, 2), 0.5)) == pytest.approx(0.375 + 0.25 * whole[0], abs=1e-15)


def test_worlds_without_an_adversary_are_left_alone(arm: Target) -> None:
    signal = np.random.default_rng(0).normal(size=(2, 2))
    assert mixing(arm, [1, 2], share=0.0).act(signal) is signal
    ring = Ring(arm, ACTION, [1, 2], adversary_action=[[0.0, 0.0], [0.5, 0.5]])
    ring.restart([0, 1], np.zeros((2, 2)))
    assert np.array_equal(ring.act(signal)[0], signal[0])


def test_its_force_goes_with_the_mass_and_not_beyond_its_strength(arm: Target) -> None:
    settings = {"adversary_force": np.zeros((3, arm.model.nbody)), "body_mass": np.tile(arm.model.body_mass, (3, 1))}
    cube = arm.id("body", "cube")
    settings["adversary_force"][:, cube] = [2.0, 2.0, 0.0]
    settings["body_mass"][:, cube] = [0.1, 0.3, 0.1]
    ring = Ring(arm, FORCE, [4, 4, 4], **settings)
    unpushed = np.zeros((3, 1, 6))
    ring.restart([0, 1, 2], unpushed)
    rng = np.random.default_rng(0)
    felt = []
    for _ in range(200):
        ring.wander(rng)
        felt.append(ring.act(unpushed)[:, 0])
    forces = np.array(felt)
    assert not unpushed.any()
    assert not forces[..., 3:].any()
    assert not forces[:, 2].any()
    assert forces[:, 1] == pytest.approx(3 * forces[:, 0])
    assert np.abs(forces[:, 0]).max() == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("place", "settings", "shape"),
    [
        (ACTION, {"adversary_action": np.full((3, 2), 0.5)}, (3, 2)),
        (FORCE, {"adversary_force": np.full((3, 4), 0.5)}, (3, 1, 6)),
    ],
)
def test_a_restored_adversary_goes_on_bit_for_bit(place, settings, shape, arm: Target) -> None:
    original, copy = (Ring(arm, place, seeds, **settings) for seeds in ([1, 2, 3], [7, 8, 9]))
    for ring in (original, copy):
        ring.restart([0, 1, 2], np.zeros(shape))
    rng = np.random.default_rng(0)
    for _ in range(5):
        original.wander(rng)
        original.act(np.zeros(shape))
    copy.channel.restore(original.channel.state())
    copy.streams.restore(original.streams.state())
    for step in range(40):
        for ring in (original, copy):
            ring.wander(np.random.default_rng(step))
        assert np.array_equal(original.act(np.zeros(shape)), copy.act(np.zeros(shape)))
        if step == 20:
            for ring in (original, copy):
                ring.restart([1], np.zeros(shape)[:1])


def test_what_an_adversary_cannot_act_on_is_refused(arm: Target, table: Target) -> None:
    with pytest.raises(WorldsError, match="'motor': its control has no range for the adversary to act in"):
        WorldDistribution([AdversaryAction("adversary", Fixed(0.1), "motor")], table)
    with pytest.raises(WorldsError, match="'anchor': it has no mass"):
        WorldDistribution([AdversaryForce("adversary", Fixed(0.1), "anchor")], table)
    with pytest.raises(WorldsError, match="takes values of at least 0 and at most 1"):
        AdversaryAction("adversary", Fixed(1.5), "*")
    with pytest.raises(WorldsError, match="adversary_action needs 'joint_position', which 'arm' does not give"):
        Channel(ACTION, ["adversary_action"], Site(1, arm, 0.08))
