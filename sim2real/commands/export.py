"""sim2real export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro
from pydantic import BaseModel, ConfigDict

from sim2real.bundle_export import export_bundle
from sim2real.cli import Result
from sim2real.runs import RunFolder


class Options(BaseModel):
    """Which run to export, and where to."""

    model_config = ConfigDict(frozen=True)

    run: Annotated[Path, tyro.conf.Positional]
    """The run's folder."""
    out: Path | None = None
    """The bundle's folder; RUN/bundle if not given. A bundle that is there is replaced, nothing else is."""


def run(options: Options) -> Result:
    """Write the bundle and verify it."""
    folder = RunFolder.open(options.run)
    bundle = export_bundle(folder, options.out or folder.path / "bundle")
    contract = bundle.contract
    data = {
        "bundle": str(options.out or folder.path / "bundle"),
        "fingerprint": bundle.fingerprint,
        "task": contract.task,
        "joints": list(contract.joints),
        "control_period": contract.control_period,
        "observation_size": contract.observation_size,
        "memory_shape": list(contract.memory_shape),
        "onnx_bytes": len(bundle.onnx_bytes),
    }
    text = (
        f"{data['bundle']}: {contract.task}, {len(contract.joints)} joints at {1 / contract.control_period:.0f} Hz, "
        f"{len(bundle.onnx_bytes) / 1e3:.0f} kB, verified; fingerprint {bundle.fingerprint[:12]}"
    )
    return Result(data, text)
