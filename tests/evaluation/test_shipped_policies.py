from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sim2real.cli import main
from sim2real.tasks import make_task

RESULTS = Path(__file__).parents[2] / "docs" / "results"
POLICIES = sorted((RESULTS / "policies").iterdir())


def test_all_shipped_policies_together_are_small() -> None:
    assert 0 < sum(file.stat().st_size for folder in POLICIES for file in folder.iterdir()) < 5e6


@pytest.mark.slow
@pytest.mark.parametrize("folder", POLICIES, ids=lambda folder: folder.name)
def test_a_shipped_policy_reproduces_its_row_of_the_published_results(folder: Path, tmp_path: Path, capsys) -> None:
    """The very numbers, on the machine that made them; elsewhere torch may round otherwise, so a tenth of an error is left."""
    run = shutil.copytree(folder, tmp_path / folder.name)
    task = json.loads((run / "run.json").read_text())["task"]
    if task.startswith("maze/"):
        told = json.loads((RESULTS / "mazes.json").read_text())
        row = told["tasks"][task]["trained"][0]
        more, metric, mean, error = ["--episodes", "5"], "success", sum(row["success"]) / 5, 0.005
        count, kind = told["mazes"], "unseen"
    else:
        told = json.loads((RESULTS / "rl2.json").read_text())
        row = told["tasks"][task][0]
        trials = make_task(task).episodes_per_trial
        more, metric, mean, error = [], "total_reward", row["mean"] / trials, row["standard_error"] / trials
        count, kind = told["instances"], "seen"
    code = main(["evaluate", str(run), "--n", str(count), "--seed", "1", "--sampled", "--baselines", *more, "--json"])
    assert code == 0
    results = json.loads(capsys.readouterr().out)["results"]
    found = next(r for r in results if r["worlds_kind"] == kind)
    assert found["metrics"][metric]["mean"] == pytest.approx(mean, abs=error / 10)
