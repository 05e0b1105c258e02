"""Progress: what training logged, column by column."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim2real.errors import UserError
from sim2real.runs.progress_csv import STEPS, read_progress

POINTS = 400
"""Curves of more points than this are averaged over neighbours."""


@dataclass(frozen=True)
class Progress:
    """Rows of `progress.csv`; a row may lack columns."""

    rows: list[dict[str, float]]

    @classmethod
    def read(cls, path: Path) -> Progress:
        """The file's rows. Raises UserError where it is missing, damaged or empty."""
        try:
            rows = read_progress(path)
        except (OSError, ValueError, TypeError, csv.Error) as error:
            raise UserError(f"cannot read {path}: {' '.join(str(error).split())}") from error
        if not any(np.isfinite(row.get(STEPS, np.nan)) for row in rows):
            raise UserError(f"{path} holds no iteration: no row has the column {STEPS!r}; has training begun?")
        return cls(rows)

    @property
    def steps(self) -> int:
        """Control steps over all worlds so far."""
        return int(max(row[STEPS] for row in self.rows if np.isfinite(row.get(STEPS, np.nan))))

    def names(self, group: str) -> list[str]:
        """The columns of a group such as "episode", without its name, in alphabetical order."""
        found = {key for row in self.rows for key in row if key.startswith(f"{group}/")}
        return sorted(key.removeprefix(f"{group}/") for key in found)

    def series(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Steps and values (n,) of a column, n at most POINTS; left out is what was not logged or is not finite."""
        pairs = np.array([(row.get(STEPS, np.nan), row.get(name, np.nan)) for row in self.rows])
        pairs = pairs[np.isfinite(pairs).all(axis=1)]
        if len(pairs) > POINTS:
            pairs = np.array([part.mean(axis=0) for part in np.array_split(pairs, POINTS)])
        return pairs[:, 0], pairs[:, 1]
