from __future__ import annotations

import hashlib
import io
import os
import pickle
import warnings
from collections import OrderedDict, deque
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from policies.checkpoint import MAGIC, CheckpointError, load_checkpoint, save_checkpoint, write_atomically


def _round_trip(value: Any, folder: Path) -> Any:
    save_checkpoint(folder / "checkpoint", {"value": value})
    return load_checkpoint(folder / "checkpoint")["value"]


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.array([np.nan, np.inf, -0.0, 5e-324]),
        np.array([[True], [False]]),
        np.array([0, 2**64 - 1], np.uint64),
        np.array([-(2**63)], np.int64),
        np.arange(3, dtype=np.uint32),
        np.arange(3, dtype=np.int8),
        np.array(2.5),
        np.zeros((0, 3)),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0)[::-2],
        np.broadcast_to(np.float32(7.0), (2, 2)),
        np.frombuffer(bytes(range(8)), dtype=np.uint16),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_come_back_exactly(array: np.ndarray, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = _round_trip(array, tmp_path)
    assert isinstance(again, np.ndarray)
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    assert again.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, None, 0, -1, 2**31, 2**63, 2**127 + 1, -(2**200), 0.1, float("inf"), "", "ångström\n"),
        *([], (), {}, [1, (2, [3.5, {"a": None}])], {"a": {1: "b", "c": [True, 2]}}),
    ],
    ids=repr,
)
def test_numbers_text_and_containers_come_back_exactly(value: Any, tmp_path: Path) -> None:
    again = _round_trip(value, tmp_path)
    assert again == value
    assert repr(again) == repr(value)


@pytest.mark.parametrize(
    ("scalar", "plain"), [(np.float64(0.1), 0.1), (np.float32(0.1), float(np.float32(0.1))), (np.bool_(True), True)]
)
def test_numpys_numbers_come_back_as_pythons(scalar: np.generic, plain: Any, tmp_path: Path) -> None:
    again = _round_trip(scalar, tmp_path)
    assert type(again) is type(plain) and again == plain


def test_tensors_stay_tensors_and_are_copies(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(4.0)[::2], "b": torch.tensor(3), "c": torch.tensor([True]), "d": torch.zeros(0, 2)}
    again = _round_trip(OrderedDict(tensors), tmp_path)
    tensors["a"] += 1.0
    assert again["a"].tolist() == [0.0, 2.0]
    assert all(
        again[name].dtype == tensor.dtype and again[name].shape == tensor.shape for name, tensor in tensors.items()
    )


@pytest.mark.parametrize(
    "kind", [np.random.PCG64, np.random.PCG64DXSM, np.random.Philox, np.random.MT19937, np.random.SFC64]
)
def test_a_restored_generator_draws_the_same_numbers(kind: type[np.random.BitGenerator], tmp_path: Path) -> None:
    rng, other = (np.random.Generator(kind(seed)) for seed in (1, 2))
    rng.integers(0, 9, 3, dtype=np.int32)
    state = _round_trip(rng.bit_generator.state, tmp_path)
    other.bit_generator.state = state
    assert np.array_equal(rng.standard_normal(9), other.standard_normal(9))
    assert np.array_equal(rng.integers(0, 9, 9, dtype=np.int32), other.integers(0, 9, 9, dtype=np.int32))


def test_a_restored_torch_generator_draws_the_same_numbers(tmp_path: Path) -> None:
    generator, other = torch.Generator().manual_seed(1), torch.Generator().manual_seed(2)
    torch.randn(5, generator=generator)
    other.set_state(_round_trip(generator.get_state(), tmp_path))
    assert torch.equal(torch.randn(9, generator=generator), torch.randn(9, generator=other))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("written") / "checkpoint"
    save_checkpoint(path, {"a": 1})
    return path.read_bytes()


def test_one_flipped_bit_anywhere_is_refused(written: bytes, tmp_path: Path) -> None:
    path = tmp_path / "flipped"
    for at in range(len(written)):
        damaged = bytearray(written)
        damaged[at] ^= 1 << at % 8
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="flipped"):
            load_checkpoint(path)


def test_a_file_cut_short_anywhere_is_refused(written: bytes, tmp_path: Path) -> None:
    path = tmp_path / "short"
    for size in {*range(0, len(written), 7), *range(60), len(written) - 1}:
        path.write_bytes(written[:size])
        with pytest.raises(CheckpointError, match="short"):
            load_checkpoint(path)


def test_what_was_appended_is_noticed(written: bytes, tmp_path: Path) -> None:
    path = tmp_path / "longer"
    path.write_bytes(written + b"\0")
    with pytest.raises(CheckpointError, match="longer is damaged"):
        load_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", pickle.dumps({"a": 1}), MAGIC[:-1]])
def test_a_file_of_another_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "policy.zip"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"policy\.zip is not a checkpoint"):
        load_checkpoint(path)


@pytest.mark.parametrize("header", [False, True])
def test_a_file_that_would_run_code_is_refused_and_runs_none(header: bool, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "exploded",))

    buffer, path = io.BytesIO(), tmp_path / "checkpoint"
    torch.save({"bomb": Bomb()}, buffer)
    payload = buffer.getvalue()
    path.write_bytes(MAGIC + hashlib.sha256(payload).digest() + payload if header else payload)
    with pytest.raises(CheckpointError, match="checkpoint"):
        load_checkpoint(path)
    assert not (tmp_path / "exploded").exists()


def test_a_missing_file_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere/checkpoint: No such file"):
        load_checkpoint(tmp_path / "nowhere" / "checkpoint")
    with pytest.raises(CheckpointError, match=tmp_path.name):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("value", [deque([1]), {1, 2}, Path("x"), b"x", 1j, torch.float32, np.array(["x"])], ids=repr)
def test_what_cannot_be_read_back_is_not_written(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    save_checkpoint(path, {"iteration": 1})
    with pytest.raises(TypeError):
        save_checkpoint(path, {"iteration": 2, "odd": [value]})
    assert load_checkpoint(path) == {"iteration": 1}


class Crash(BaseException):
    """Ends everything, as a signal would."""


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), Crash()], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(("owner", "name"), [(os, "fsync"), (Path, "replace")], ids=["fsync", "replace"])
def test_a_crash_while_writing_leaves_the_old_file_whole(
    owner: Any, name: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint"
    save_checkpoint(path, {"iteration": 1})

    def crash(*args: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, crash)
        with pytest.raises(type(error)):
            save_checkpoint(path, {"iteration": 2})
    assert load_checkpoint(path) == {"iteration": 1}
    assert os.listdir(tmp_path) == ["checkpoint"]
    save_checkpoint(path, {"iteration": 2})
    assert load_checkpoint(path) == {"iteration": 2}


def test_the_file_is_on_the_disk_before_it_takes_the_old_ones_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, content = tmp_path / "file", b"x" * 100_000
    path.write_bytes(b"old")
    synced: list[int] = []
    fsync, replace = os.fsync, Path.replace

    def sync(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    def swap(source: Path, target: Path) -> Path:
        assert synced == [len(content)] and path.read_bytes() == b"old" and source.parent == target.parent
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", swap)
    write_atomically(path, content)
    assert path.read_bytes() == content
    assert synced == [len(content)]
