"""Bundle: the directory that leaves the lab, with policy, contract, golden run and checksums."""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from deploy_robot.contract import Contract
from deploy_robot.errors import BundleError
from deploy_robot.golden import Golden
from deploy_robot.runtime import PolicyRuntime

POLICY, CONTRACT, GOLDEN, SUMS = "policy.onnx", "contract.json", "golden.npz", "SHA256SUMS"
GOLDEN_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: one that `load` or `write` returned does what its makers saw it do."""

    path: Path
    """The directory it was read from."""
    contract: Contract
    """What the policy expects of a robot."""
    onnx_bytes: bytes
    """The verified content of `policy.onnx`: what runs is what was checked, whatever happens to the file since."""
    golden: Golden
    """The recorded run."""
    fingerprint: str
    """sha256 of `SHA256SUMS`, and so of everything in the bundle."""

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Bundle":
        """Read and verify the bundle in the directory `path`.

        Checksums come first, because onnxruntime loads a file with flipped bits without a word; then the contract, the
        network's inputs and outputs, and the golden run. Raises `BundleError` naming the file and what differs.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise BundleError(f"{folder}: no such directory")
        try:
            return cls._verified(folder)
        except BundleError as error:
            raise BundleError(f"{folder}: {error}") from error

    @classmethod
    def _verified(cls, folder: Path) -> "Bundle":
        sums = _read(folder, SUMS)
        content = {}
        for name, wanted in _parse_sums(sums).items():
            content[name] = _read(folder, name)
            given = hashlib.sha256(content[name]).hexdigest()
            if given != wanted:
                raise BundleError(
                    f"{name}: given sha256 {given[:12]}..., wanted {wanted[:12]}...: the file was changed"
                )
        contract = Contract.from_bytes(content[CONTRACT])
        golden = Golden.from_bytes(content[GOLDEN])
        golden.check(contract)
        bundle = cls(folder, contract, content[POLICY], golden, hashlib.sha256(sums).hexdigest())
        _replay(bundle)
        return bundle

    @classmethod
    def write(cls, path: str | os.PathLike[str], onnx_bytes: bytes, contract: Contract, golden: Golden) -> "Bundle":
        """Write a bundle to the directory `path` and verify it; nothing is at `path` before it has passed.

        A bundle that is there already is replaced. Raises `BundleError` if the parts do not fit each other, and
        `FileExistsError` if `path` is anything but a bundle or an empty directory.
        """
        folder = Path(path).absolute()
        _check_replaceable(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        content = {POLICY: onnx_bytes, CONTRACT: contract.to_json().encode(), GOLDEN: golden.to_bytes()}
        lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in content.items()]
        content[SUMS] = "".join(lines).encode()
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
            draft = Path(scratch, "new")
            draft.mkdir()
            for name, data in content.items():
                with open(draft / name, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            bundle = replace(cls._verified(draft), path=folder)
            _exchange(draft, folder, Path(scratch, "old"))
        return bundle


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        present = sorted(item.name for item in folder.iterdir())
        raise BundleError(f"{name}: missing; present: {', '.join(present) or 'nothing'}") from None
    except OSError as error:
        raise BundleError(f"{name}: cannot be read: {error}") from error


def _parse_sums(content: bytes) -> dict[str, str]:
    """File name to sha256, from the format of the `sha256sum` command."""
    sums: dict[str, str] = {}
    for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
        match = re.fullmatch(r"([0-9a-f]{64})  ([^/\\]+)", line)
        if match is None or match[2] in (".", "..", SUMS) or match[2] in sums:
            raise BundleError(
                f"{SUMS}: line {number}: given {line[:90]!r}, wanted a sha256 and the name of another file"
            )
        sums[match[2]] = match[1]
    for name in (POLICY, CONTRACT, GOLDEN):
        if name not in sums:
            raise BundleError(f"{SUMS}: {name} is not listed; listed: {', '.join(sums) or 'nothing'}")
    return sums


def _replay(bundle: Bundle) -> None:
    """Run the golden observations through the network, one step after the other, and compare the actions."""
    runtime, golden = PolicyRuntime(bundle), bundle.golden
    memory = runtime.initial_memory()
    for step, (observation, reset, wanted) in enumerate(
        zip(golden.observation, golden.memory_reset, golden.action, strict=True)
    ):
        action, memory = runtime.step(observation, runtime.initial_memory() if reset else memory)
        difference = float(np.abs(action - wanted).max())
        if not difference <= GOLDEN_TOLERANCE:
            raise BundleError(
                f"{POLICY}: action differs from {GOLDEN} by {difference:.2g} at step {step} of {len(golden.action)}, "
                f"wanted at most {GOLDEN_TOLERANCE:g}"
            )
        if np.abs(action).max() > 1.0:
            raise BundleError(f"{POLICY}: action {np.abs(action).max():g} at step {step}, wanted within [-1, 1]")


def _exchange(draft: Path, folder: Path, aside: Path) -> None:
    """Move `draft` to `folder`, and what was there to `aside`; on failure what was there is back."""
    if not folder.exists():
        draft.rename(folder)
        return
    folder.rename(aside)
    try:
        draft.rename(folder)
    except BaseException:
        aside.rename(folder)
        raise


def _check_replaceable(folder: Path) -> None:
    if not folder.exists():
        return
    is_bundle = (folder / SUMS).is_file() and (folder / CONTRACT).is_file()
    is_empty = folder.is_dir() and not any(folder.iterdir())
    if is_bundle or is_empty:
        return
    raise FileExistsError(f"{folder}: exists and is not a bundle; give another path or remove it first")
