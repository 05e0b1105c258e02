"""Policies in docs/results/policies give the rows that the results pages have of them."""

from __future__ import annotations

import json

import pytest

from benchmarks.rl2 import FOLDER, score
from sim2real.runs import RunFolder


@pytest.mark.parametrize("name", ["bandit-k5-n10", "mdp-n10"])
def test_a_shipped_policy_scores_what_the_page_says(name: str) -> None:
    run = RunFolder.open(FOLDER / "policies" / name)
    row = json.loads((FOLDER / "rl2.json").read_text())["tasks"][run.task.name][0]
    found = score(run)
    # Rounding on another machine may change a sampled action, and with it the rest of that trial.
    assert found["mean"] == pytest.approx(row["mean"], abs=3 * 2**0.5 * row["standard_error"])
    assert found["standard_error"] == pytest.approx(row["standard_error"], rel=0.1)


def test_shipped_policies_are_small() -> None:
    assert sum(file.stat().st_size for file in (FOLDER / "policies").rglob("*") if file.is_file()) < 5e6
