"""Writes docs/results/rl2.md and .json: policies trained on the problems of RL^2, beside its published scores.

    python -m benchmarks.rl2 bandit/k5-n10 mdp/n10 --seeds 0 1 2

trains those tasks by their own recipes in runs/rl2 (a run that is there is gone on with, or used if it is finished; some
start from what was learnt in shorter trials), measures the policies on 1000 new instances, actions sampled as in training,
and brings the page up to date. Without tasks it only writes the page. Published scores: Duan et al. 2016, arXiv 1611.02779,
tables 1 and 2.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.trained import finished, minutes
from sim2real.evaluation import TrainedPlayer, evaluate
from sim2real.evaluation.choice import choose_worlds
from sim2real.runs import RunFolder, load_policy
from sim2real.runs.progress_csv import STEPS, read_progress
from sim2real.tasks import TASKS, make_task

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "results"
INSTANCES, SEED = 1000, 1

PUBLISHED = {
    "bandit/k5-n10": 6.7,
    "bandit/k10-n10": 6.7,
    "bandit/k50-n10": 6.8,
    "bandit/k5-n100": 78.7,
    "bandit/k10-n100": 83.5,
    "bandit/k50-n100": 84.9,
    "bandit/k5-n500": 401.6,
    "bandit/k10-n500": 432.5,
    "bandit/k50-n500": 438.9,
    "mdp/n10": 156.2,
    "mdp/n25": 445.7,
    "mdp/n50": 936.1,
    "mdp/n75": 1428.8,
    "mdp/n100": 1913.7,
}

FROM_SHORTER: dict[str, tuple[str, dict[str, Any]]] = {
    "bandit/k50-n500": (
        "bandit/k50-n100",
        {"steps": 4_000_000, "learning_rate": 3e-4, "gae_lambda": 0.3, "entropy": 0.0},
    )
}
"""Tasks that start from the policy of shorter trials: of which task, and what their recipes have changed."""
AS_IT_IS = {f"mdp/n{episodes}": "mdp/n10" for episodes in (25, 50, 75, 100)}
"""Tasks that are given the policy of shorter trials without learning more: of which task."""


def trained(task: str, seed: int, runs: Path) -> RunFolder:
    """The finished run of a task and seed in that folder, and of what it starts from; or the one that it is lent."""
    if task in AS_IT_IS:
        return trained(AS_IT_IS[task], seed, runs)
    if task not in FROM_SHORTER:
        return finished(task, seed, runs)
    shorter, changes = FROM_SHORTER[task]
    return finished(task, seed, runs, start_from=trained(shorter, seed, runs).path, **changes)


def score(run: RunFolder, name: str | None = None) -> dict[str, float]:
    """The trials' total rewards on new instances of the run's task, or of the one named, which looks the same."""
    task, policy = run.task if name is None else make_task(name), load_policy(run).policy
    worlds = choose_worlds(task.worlds, "seen", INSTANCES, SEED)
    totals = evaluate(task, TrainedPlayer(policy, SEED), worlds).metrics["total_reward"].sum(axis=1)
    return {"mean": float(totals.mean()), "standard_error": float(totals.std(ddof=1) / np.sqrt(INSTANCES))}


def measure(run: RunFolder, task: str) -> dict[str, Any]:
    """What the policy scores in a task, and what it cost."""
    steps = int(read_progress(run.progress_path)[-1][STEPS])
    return {"seed": run.config.seed, **score(run, task), "steps": steps, "minutes": minutes(run)}


def holds(result: dict[str, Any], published: float) -> bool:
    """Whether a seed's score reaches the published one, rounded to a tenth: within two standard errors of the difference,
    the published score's being taken for ours; at n = 500, 97 % of it."""
    return bool(result["mean"] + 2 * np.sqrt(2) * result["standard_error"] + 0.05 >= published)


def reached(task: str, result: dict[str, Any]) -> bool:
    """Whether the score is what was set out to be reached."""
    if task.endswith("-n500"):
        return bool(result["mean"] >= 0.97 * PUBLISHED[task])
    return holds(result, PUBLISHED[task])


def page(data: dict[str, Any]) -> str:
    """The results as Markdown."""
    solvers = json.loads((FOLDER / "classical-solvers.json").read_text())["scores"]
    lines = [
        "# RL² on bandits and tabular MDPs",
        "",
        f"Total reward of a trial, mean over {data['instances']} new instances ± its standard error, actions sampled as in",
        "training. RL²: the scores that Duan et al. publish (2016, arXiv 1611.02779, tables 1 and 2). Best solver: the",
        "highest of the classical solvers as run here ([all of them](classical-solvers.md)).",
        "",
        "| task | RL² published | ours, seed by seed | reached | best solver here | steps | minutes |",
        "|---|---|---|---|---|---|---|",
    ]
    for task, published in PUBLISHED.items():
        results = data["tasks"].get(task)
        if not results:
            continue
        places = 1 if published > 20 else 2
        ours = ", ".join(f"{r['mean']:.{places}f} ± {r['standard_error']:.{places}f}" for r in results)
        best = max(solvers[task], key=lambda row: row["mean"])
        number = sum(reached(task, r) for r in results)
        steps = f"{results[0]['steps'] / 1e6:.1f}M"
        taken = sorted({f"{r['minutes']:.0f}" for r in results}, key=float)
        lines.append(
            f"| {task} | {published} | {ours} | {number} of {len(results)} | {best['solver'].replace('_', ' ')} "
            f"{best['mean']:.{places}f} | {steps} | {' to '.join(taken[:1] + taken[1:][-1:])} |"
        )
    missing = [task for task in PUBLISHED if task not in data["tasks"]]
    lines += [
        "",
        "Reached: the published score within two standard errors of the difference, or 97 % of it at n = 500. Minutes are",
        f"those of collecting and learning, on {data['threads']} thread(s) of a machine that was shared with other work.",
        *(
            f"The steps and minutes of {task} come on top of {shorter}'s, from whose policy it starts, with "
            + ", ".join(f"{name} {value}" for name, value in changes.items())
            + " in place of its recipe's."
            for task, (shorter, changes) in FROM_SHORTER.items()
            if task in data["tasks"]
        ),
        *(
            f"The policy of {task} is {shorter}'s as it is, with the steps and minutes of that."
            for task, shorter in AS_IT_IS.items()
            if task in data["tasks"]
        ),
        "",
        "- The policy sees what RL²'s does, on MDPs once more the state before. What differs is what training may know:",
        "  the critic sees the instance (its arms or its process), and actions are rewarded with minus their regret in it",
        "  instead of with the payoff that was drawn, which leaves the best policies the same and takes most of the chance out",
        "  of learning. Scores are of payoffs.",
        "- The memory is an LSTM, on MDPs one that reads means by key of what the trial has shown (`--memory table`), where",
        "  the paper has a GRU.",
        "- What the table tells was decided on seed 0's rows of these very instances",
        "  ([before](../learning.md#remembering-a-trial)); the other seeds ran afterwards, once each.",
        "- The optimizer is PPO, where the paper has TRPO; `sim2real train TASK --help` shows each task's recipe.",
        *([f"- Not trained yet: {', '.join(missing)}."] if missing else []),
        "",
        "```",
        *_commands(data["tasks"]),
        "```",
        "",
    ]
    return "\n".join(lines)


def _commands(tasks: dict[str, list[dict[str, Any]]]) -> list[str]:
    """What makes the rows, one command for all tasks of the same seeds."""
    alike: dict[str, list[str]] = {}
    for task, results in tasks.items():
        alike.setdefault(" ".join(str(r["seed"]) for r in results), []).append(task)
    return [f"python -m benchmarks.rl2 {' '.join(names)} --seeds {seeds}" for seeds, names in alike.items()]


def main() -> None:
    """Train and measure what is asked for, and write the page and its data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"of: {', '.join(PUBLISHED)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="training seeds (default: 0)")
    parser.add_argument(
        "--runs", type=Path, default=ROOT / "runs" / "rl2", help="folder of the runs (default: runs/rl2)"
    )
    options = parser.parse_args()
    for task in options.tasks:
        if task not in PUBLISHED:
            known = ", ".join(name for name in TASKS if name in PUBLISHED)
            parser.error(f"RL^2 publishes no score of {task!r}; tasks: {known}")
    file = FOLDER / "rl2.json"
    for task in options.tasks:
        for seed in options.seeds:
            result = measure(trained(task, seed, options.runs), task)
            print(task, result, flush=True)
            data = (
                json.loads(file.read_text()) if file.is_file() else {"instances": INSTANCES, "seed": SEED, "tasks": {}}
            )
            others = [r for r in data["tasks"].get(task, []) if r["seed"] != seed]
            data["tasks"][task] = sorted([*others, result], key=lambda r: r["seed"])
            data["threads"] = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1))
            file.write_text(json.dumps(data, indent=1) + "\n")
    (FOLDER / "rl2.md").write_text(page(json.loads(file.read_text())))


if __name__ == "__main__":
    main()
