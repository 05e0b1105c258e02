import dataclasses
import hashlib
import json
import os

import numpy as np
import pytest

from deploy_robot import Bundle, BundleError, Golden


def sign(path):
    """Make SHA256SUMS right for what is in the bundle now, as whoever edits a bundle by hand might."""
    names = ("policy.onnx", "contract.json", "golden.npz")
    lines = [f"{hashlib.sha256((path / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (path / "SHA256SUMS").write_text("".join(lines))


def refusal(path):
    with pytest.raises(BundleError) as error:
        Bundle.load(path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value).removeprefix(f"{path}: ")


def test_what_was_written_is_read_back(bundle_path, contract, onnx_bytes, golden):
    bundle = Bundle.load(bundle_path)
    assert bundle.contract == contract
    assert bundle.onnx_bytes == onnx_bytes
    assert np.array_equal(bundle.golden.action, golden.action)
    assert Bundle.load(str(bundle_path)).fingerprint == bundle.fingerprint


def test_sums_are_those_of_the_sha256sum_command(bundle_path):
    for line in (bundle_path / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((bundle_path / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("name", ["policy.onnx", "contract.json", "golden.npz"])
def test_one_flipped_bit_anywhere_is_refused(bundle_path, name):
    content = bytearray((bundle_path / name).read_bytes())
    for position in np.random.default_rng(1).integers(len(content), size=20):
        flipped = content.copy()
        flipped[position] ^= 1 << (int(position) % 8)
        (bundle_path / name).write_bytes(flipped)
        assert refusal(bundle_path).startswith(f"{name}: given sha256")


@pytest.mark.parametrize("name", ["policy.onnx", "contract.json", "golden.npz"])
@pytest.mark.parametrize("kept", [0, 100])
def test_a_truncated_file_is_refused_even_if_signed_again(bundle_path, name, kept):
    content = (bundle_path / name).read_bytes()
    (bundle_path / name).write_bytes(content[:kept])
    assert refusal(bundle_path).startswith(f"{name}: given sha256")
    sign(bundle_path)
    assert refusal(bundle_path).startswith(f"{name}: ")


@pytest.mark.parametrize("name", ["policy.onnx", "contract.json", "golden.npz", "SHA256SUMS"])
def test_a_missing_file_is_named_with_what_is_there(bundle_path, name):
    (bundle_path / name).unlink()
    message = refusal(bundle_path)
    assert message.startswith(f"{name}: missing; present: ")


def test_no_directory_is_refused(tmp_path):
    with pytest.raises(BundleError, match="no such directory"):
        Bundle.load(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="no such directory"):
        Bundle.load(tmp_path / "file")


def test_a_directory_in_the_place_of_a_file_is_refused(bundle_path):
    (bundle_path / "policy.onnx").unlink()
    (bundle_path / "policy.onnx").mkdir()
    assert refusal(bundle_path).startswith("policy.onnx: cannot be read")


@pytest.mark.parametrize(
    "line",
    ["", "policy.onnx", "0" * 64 + "  ../policy.onnx", "0" * 64 + " policy.onnx", "g" * 64 + "  x", "0" * 64 + "  .."],
)
def test_a_line_of_sums_that_is_none_is_refused(bundle_path, line):
    with open(bundle_path / "SHA256SUMS", "a") as file:
        file.write(line + "\n")
    assert refusal(bundle_path).startswith("SHA256SUMS: line 4: given ")


def test_a_file_that_is_not_listed_is_refused(bundle_path):
    lines = (bundle_path / "SHA256SUMS").read_text().splitlines(keepends=True)
    (bundle_path / "SHA256SUMS").write_text("".join(lines[1:]))
    assert refusal(bundle_path).startswith("SHA256SUMS: policy.onnx is not listed")


def test_further_files_do_no_harm(bundle_path):
    (bundle_path / "report.html").write_text("hello")
    Bundle.load(bundle_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"joints": ["thumb_1"]}, "contract.json: "),
        ({"memory_shape": [2, 5]}, "policy.onnx: input 'memory': given shape ['n', 2, 4], wanted ['n', 2, 5]"),
        ({"memory_shape": [8]}, "policy.onnx: input 'memory': given shape"),
    ],
)
def test_an_edited_contract_is_refused_even_if_signed_again(bundle_path, change, message):
    data = json.loads((bundle_path / "contract.json").read_text())
    (bundle_path / "contract.json").write_text(json.dumps(data | change))
    assert refusal(bundle_path).startswith("contract.json: given sha256")
    sign(bundle_path)
    assert refusal(bundle_path).startswith(message)


def test_another_policy_is_caught_by_the_golden_run(bundle_path, contract, make_policy):
    (bundle_path / "policy.onnx").write_bytes(make_policy(contract, gain=3.5))
    sign(bundle_path)
    message = refusal(bundle_path)
    assert message.startswith("policy.onnx: action differs from golden.npz by ")
    assert "of 12, wanted at most 0.0001" in message


def test_memory_that_is_not_cleared_is_caught_by_the_golden_run(bundle_path, golden):
    (bundle_path / "golden.npz").write_bytes(
        dataclasses.replace(golden, memory_reset=np.isin(np.arange(12), [0, 9])).to_bytes()
    )
    sign(bundle_path)
    assert "at step 7 of 12" in refusal(bundle_path)


GOLDEN_REFUSALS = {
    "no reset in the middle": (lambda g: {"memory_reset": np.arange(12) == 0}, "memory_reset: given resets at [0]"),
    "no reset at the start": (lambda g: {"memory_reset": np.arange(12) == 3}, "memory_reset: given resets at [3]"),
    "no steps": (
        lambda g: {name: getattr(g, name)[:0] for name in ("observation", "action", "memory_reset")},
        "memory_",
    ),
    "fewer actions": (lambda g: {"action": g.action[:5]}, "action: given shape (5, 3)"),
    "wider observation": (
        lambda g: {"observation": np.hstack([g.observation] * 2)},
        "observation: given shape (12, 26)",
    ),
    "other type": (lambda g: {"action": g.action.astype(np.float64)}, "action: given shape (12, 3) float64"),
    "not finite": (
        lambda g: {"action": np.where(np.arange(12)[:, None] == 4, np.nan, g.action)},
        "action: not finite at",
    ),
    "resets as a number": (lambda g: {"memory_reset": np.array(True)}, "observation: given shape"),
}


@pytest.mark.parametrize("name", GOLDEN_REFUSALS)
def test_a_golden_run_that_proves_nothing_is_refused(tmp_path, contract, onnx_bytes, golden, name):
    change, message = GOLDEN_REFUSALS[name]
    with pytest.raises(BundleError) as error:
        Bundle.write(tmp_path / "b", onnx_bytes, contract, dataclasses.replace(golden, **change(golden)))
    assert str(error.value).startswith(f"golden.npz: {message}")
    assert os.listdir(tmp_path) == []


def test_a_golden_file_that_would_run_code_is_refused(tmp_path, bundle_path):
    np.savez(bundle_path / "golden.npz", observation=np.array([print]), memory_reset=[True], action=[1.0])
    sign(bundle_path)
    assert refusal(bundle_path).startswith("golden.npz: cannot be read")


def test_a_refused_bundle_leaves_nothing_and_replaces_nothing(bundle_path, contract, onnx_bytes, golden):
    before = {name: (bundle_path / name).read_bytes() for name in os.listdir(bundle_path)}
    with pytest.raises(BundleError):
        Bundle.write(bundle_path, onnx_bytes[:-10], contract, golden)
    assert {name: (bundle_path / name).read_bytes() for name in os.listdir(bundle_path)} == before
    assert os.listdir(bundle_path.parent) == [bundle_path.name]


def test_a_bundle_is_replaced_by_a_newer_one(bundle_path, contract, onnx_bytes, golden):
    newer = dataclasses.replace(contract, task="reach further")
    assert Bundle.write(bundle_path, onnx_bytes, newer, golden).path == bundle_path
    assert Bundle.load(bundle_path).contract.task == "reach further"
    assert os.listdir(bundle_path.parent) == [bundle_path.name]


def test_a_failed_replacement_leaves_the_old_bundle(bundle_path, contract, onnx_bytes, golden, monkeypatch):
    rename = type(bundle_path).rename

    def refuse_new(self, target):
        if self.name == "new":
            raise OSError("no space left")
        return rename(self, target)

    monkeypatch.setattr(type(bundle_path), "rename", refuse_new)
    with pytest.raises(OSError, match="no space left"):
        Bundle.write(bundle_path, onnx_bytes, dataclasses.replace(contract, task="newer"), golden)
    assert Bundle.load(bundle_path).contract.task == "reach"


def test_nothing_but_a_bundle_is_overwritten(tmp_path, contract, onnx_bytes, golden):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("words")
    (tmp_path / "file").write_text("words")
    for name in ("thesis", "file"):
        with pytest.raises(FileExistsError, match="is not a bundle"):
            Bundle.write(tmp_path / name, onnx_bytes, contract, golden)
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "words"
    assert (tmp_path / "file").read_text() == "words"


def test_an_empty_directory_is_filled_and_parents_are_made(tmp_path, contract, onnx_bytes, golden):
    (tmp_path / "empty").mkdir()
    Bundle.write(tmp_path / "empty", onnx_bytes, contract, golden)
    Bundle.write(tmp_path / "deep" / "er", onnx_bytes, contract, golden)
    Bundle.load(tmp_path / "empty")
    Bundle.load(tmp_path / "deep" / "er")


def test_a_golden_run_survives_its_file(golden):
    again = Golden.from_bytes(golden.to_bytes())
    assert np.array_equal(again.observation, golden.observation)
    assert np.array_equal(again.memory_reset, golden.memory_reset)
