"""Writing a run's report."""

from __future__ import annotations

from pathlib import Path

from policies.checkpoint import write_atomically
from sim2real.errors import UserError
from sim2real.report.page import page
from sim2real.report.run_files import RunFiles


def write_report(run: Path, out: Path | None = None) -> Path:
    """Write what is known of a run as one HTML file, which needs nothing else, and return where it is.

    It is written to `out`, or as `report.html` into the run's folder. The same files give the same report, to the byte.
    Raises UserError naming the file that is missing, damaged or cannot be written.
    """
    files = RunFiles.read(run)
    out = run / "report.html" if out is None else out
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, page(files).encode("utf-8", "replace"))
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror}") from error
    return out
