from __future__ import annotations

import numpy as np
import pytest

from randomizers import WorldStreams, episode_generator


def _run(streams: WorldStreams, steps: int) -> tuple[np.ndarray, np.ndarray]:
    normals, uniforms = zip(*(streams.next() for _ in range(steps)), strict=True)
    return np.stack(normals), np.stack(uniforms)


def test_a_worlds_numbers_depend_on_its_seed_alone() -> None:
    many, one = WorldStreams(5, 3, 2, block=4), WorldStreams(1, 3, 2, block=4)
    many.load(np.arange(5), np.array([9, 8, 7, 6, 5], np.uint64))
    one.load([0], np.array([7], np.uint64))
    for together, alone in zip(_run(many, 10), _run(one, 10), strict=True):
        assert np.array_equal(together[:, 2], alone[:, 0])


def test_a_world_loaded_later_starts_at_its_own_beginning() -> None:
    streams = WorldStreams(2, 3, 1, block=4)
    streams.load([0, 1], np.array([1, 2], np.uint64))
    first, _ = _run(streams, 6)
    streams.load([1], np.array([1], np.uint64))
    second, _ = _run(streams, 6)
    assert np.array_equal(second[:, 1], first[:, 0])
    assert not np.array_equal(second[:, 0], first[:, 0])


@pytest.mark.parametrize("steps", [0, 3, 4, 9])
def test_a_restored_stream_continues_bit_for_bit(steps: int) -> None:
    streams, other = (WorldStreams(2, 3, 1, block=4) for _ in range(2))
    streams.load([0, 1], np.array([1, 2**64 - 1], np.uint64))
    for _ in range(steps):
        streams.next()
    state = streams.state()
    expected = _run(streams, 7)
    other.restore(state)
    for a, b in zip(_run(other, 7), expected, strict=True):
        assert np.array_equal(a, b)


def test_no_number_comes_twice() -> None:
    streams = WorldStreams(3, 4, 0, block=8)
    streams.load([0, 1, 2], np.array([0, 1, 2], np.uint64))
    normals, _ = _run(streams, 100)
    assert len(np.unique(normals)) > 0.999 * normals.size


def test_normals_and_uniforms_follow_their_laws() -> None:
    streams = WorldStreams(50, 4, 4)
    streams.load(np.arange(50), np.arange(50, dtype=np.uint64))
    normals, uniforms = _run(streams, 200)
    assert normals.dtype == uniforms.dtype == np.float32
    assert normals.mean() == pytest.approx(0.0, abs=0.02)
    assert normals.std() == pytest.approx(1.0, abs=0.02)
    assert 0.0 <= uniforms.min() and uniforms.max() < 1.0
    assert uniforms.mean() == pytest.approx(0.5, abs=0.01)


def test_episodes_have_generators_of_their_own() -> None:
    streams = WorldStreams(1, 4, 0)
    streams.load([0], np.array([3], np.uint64))
    step, _ = streams.next()
    drawn = [episode_generator(3, episode).standard_normal(4, np.float32) for episode in (0, np.int64(1))]
    assert np.array_equal(drawn[0], episode_generator(3, 0).standard_normal(4, np.float32))
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], step[0])
