"""Writes docs/results/classical-solvers.md and .json: the solvers on every bandit and MDP, beside RL^2's published scores.

    python benchmarks/solvers.py

Published scores: Duan et al. 2016, arXiv 1611.02779, tables 1 and 2.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from sim2real.evaluation import baseline, evaluate
from sim2real.evaluation.choice import choose_worlds
from sim2real.tasks import make_task

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "results"
INSTANCES, SEED = 1000, 1

BANDIT_SOLVERS = ("random", "gittins", "thompson", "optimistic_thompson", "ucb1", "epsilon_greedy", "greedy")
BANDITS = {
    "bandit/k5-n10": (5.0, 6.6, 5.7, 6.5, 6.7, 6.6, 6.6),
    "bandit/k10-n10": (5.0, 6.6, 5.5, 6.2, 6.7, 6.6, 6.6),
    "bandit/k50-n10": (5.1, 6.5, 5.2, 5.5, 6.6, 6.5, 6.5),
    "bandit/k5-n100": (49.9, 78.3, 74.7, 77.9, 78.0, 75.4, 74.8),
    "bandit/k10-n100": (49.9, 82.8, 76.7, 81.4, 82.4, 77.4, 77.1),
    "bandit/k50-n100": (49.8, 85.2, 64.5, 67.7, 84.3, 78.3, 78.0),
    "bandit/k5-n500": (249.8, 405.8, 402.0, 406.7, 405.8, 388.2, 380.6),
    "bandit/k10-n500": (249.0, 437.8, 429.5, 438.9, 437.1, 408.0, 395.0),
    "bandit/k50-n500": (249.6, 463.7, 427.2, 437.6, 457.6, 413.6, 402.8),
}
MDP_SOLVERS = ("random", "psrl", "opsrl", "ucrl2", "beb", "epsilon_greedy", "greedy")
MDPS = {
    "mdp/n10": (100.1, 138.1, 144.1, 146.6, 150.2, 132.8, 134.8),
    "mdp/n25": (250.2, 408.8, 425.2, 424.1, 427.8, 377.3, 368.8),
    "mdp/n50": (499.7, 904.4, 930.7, 918.9, 917.8, 823.3, 769.3),
    "mdp/n75": (749.9, 1417.1, 1449.2, 1427.6, 1422.6, 1293.9, 1172.9),
    "mdp/n100": (999.4, 1939.5, 1973.9, 1942.1, 1935.1, 1778.2, 1578.5),
}
EXPLANATION = """\
A cell is bold where ours and the published score differ by more than two standard errors of the difference, the published
score's standard error being taken for ours.

- Parameters are one value for all sizes, where the paper took each solver's best: `ucb1` c = 0.2, `epsilon_greedy` 0.02 on
  bandits and 0.01 on MDPs, `beb` beta = 1, `ucrl2` scale 0.2, `gittins` discount 1 - 1/n.
- On MDPs `greedy`, `epsilon_greedy`, `ucrl2` and `beb` plan here with the posterior mean under the prior that the processes
  are drawn from, and score higher than published.
- `optimistic_thompson` never takes a drawn mean for lower than the posterior mean (May et al. 2012); the published scores are
  of another variant, which has not been found. `opsrl` does the same with rewards.
- The state that an MDP episode's last step leads to is not in RL^2's input, so `psrl` does not learn from one move in ten.
"""


def score(task_name: str, solvers: tuple[str, ...], published: tuple[float, ...]) -> list[dict[str, Any]]:
    """Total reward of a trial by solver: mean over instances and its standard error."""
    task = make_task(task_name)
    worlds = choose_worlds(task.worlds, "seen", INSTANCES, SEED)
    rows = []
    for name, theirs in zip(solvers, published, strict=True):
        totals = evaluate(task, baseline(name, task, SEED), worlds).metrics["total_reward"].sum(axis=1)
        error = float(totals.std(ddof=1) / np.sqrt(len(totals)))
        rows.append({"solver": name, "mean": float(totals.mean()), "standard_error": error, "published": theirs})
        print(task_name, name, f"{totals.mean():.2f} +- {error:.2f} ({theirs})", flush=True)
    return rows


def table(scores: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Markdown lines."""
    solvers = [row["solver"].replace("_", " ") for row in next(iter(scores.values()))]
    lines = [f"| task | {' | '.join(solvers)} |", "|---|" + "---|" * len(solvers)]
    for task, rows in scores.items():
        cells = []
        for row in rows:
            digits = 1 if row["mean"] > 20 else 2
            text = f"{row['mean']:.{digits}f} ± {row['standard_error']:.{digits}f} ({row['published']})"
            apart = abs(row["mean"] - row["published"]) > 2 * np.sqrt(2) * row["standard_error"] + 0.05
            cells.append(f"**{text}**" if apart else text)
        lines.append(f"| {task} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Measure everything and write the page and its data."""
    bandits = {task: score(task, BANDIT_SOLVERS, published) for task, published in BANDITS.items()}
    mdps = {task: score(task, MDP_SOLVERS, published) for task, published in MDPS.items()}
    data = {"instances": INSTANCES, "seed": SEED, "scores": bandits | mdps}
    page = [
        "# Classical solvers on `bandit/...` and `mdp/...`",
        "",
        f"Total reward of a trial, mean over {INSTANCES} new instances ± its standard error; in brackets what RL² publishes",
        "for its own 1000 instances (Duan et al. 2016, arXiv 1611.02779, tables 1 and 2).",
        "",
        *table(bandits),
        "",
        *table(mdps),
        "",
        EXPLANATION,
        "```",
        "python benchmarks/solvers.py",
        "sim2real evaluate bandit/k5-n10 --n 1000 --seed 1 --baselines gittins ucb1   # any one cell, with bootstrap intervals",
        "```",
        "",
    ]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "classical-solvers.json").write_text(json.dumps(data, indent=1) + "\n")
    (FOLDER / "classical-solvers.md").write_text("\n".join(page))


if __name__ == "__main__":
    main()
