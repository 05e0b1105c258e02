"""progress.csv, which a resumed run goes on with."""

from __future__ import annotations

import csv
from pathlib import Path

from stable_baselines3.common.logger import CSVOutputFormat

STEPS = "time/total_timesteps"


class ProgressCSV(CSVOutputFormat):
    """stable-baselines3's CSV output, kept when a run is resumed: rows past the checkpoint are dropped, as they are made
    anew."""

    def __init__(self, path: Path, steps: int) -> None:
        rows = read_progress(path) if path.exists() else []
        super().__init__(str(path))
        for row in rows:
            if row.get(STEPS, float("inf")) <= steps:
                self.write(row, {key: () for key in row})


def read_progress(path: Path) -> list[dict[str, float]]:
    """The rows of a progress file; cells that were not written are left out, and so is a last line that was cut off."""
    lines = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [{key: float(cell) for key, cell in row.items() if cell} for row in csv.DictReader(lines)]
