"""Writes docs/results/mazes.md and .json: policies trained in mazes, measured in new ones, beside RL^2's published figures.

    python -m benchmarks.mazes maze/grid-5x5 --seeds 0 1 2

trains those tasks by their own recipes in runs/mazes (a run that is there is gone on with, or used if it is finished), lets
the policies and the baselines play five episodes in each of 1000 new mazes, actions sampled as in training, and brings the
page up to date. Without tasks it only writes the page. Published: Duan et al. 2016, arXiv 1611.02779, table 3 and section 3.3.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.trained import finished, minutes
from sim2real.evaluation import TrainedPlayer, baseline, evaluate
from sim2real.evaluation.choice import choose_worlds
from sim2real.evaluation.players import Player
from sim2real.runs import load_policy
from sim2real.runs.progress_csv import STEPS, read_progress
from sim2real.tasks import TASKS, make_task
from sim2real.tasks.task import Task

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "results"
MAZES, EPISODES, SEED = 1000, 5, 1
NAMES = tuple(name for name in TASKS if name.startswith("maze/"))
BASELINES = ("random", "shortest_path")

PUBLISHED: dict[str, dict[str, Any]] = {
    "5x5": {
        "steps": [52.4, 39.1, 42.6, 43.5, 43.9],
        "success": [0.993, 0.996, 0.997, 0.994, 0.996],
        "no_longer": 0.917,
    },
    "9x9": {
        "steps": [180.1, 151.8, 169.3, 162.3, 169.3],
        "success": [0.971, 0.967, 0.958, 0.956, 0.961],
        "no_longer": 0.714,
    },
}


def measure(task: Task, player: Player, mazes: int) -> dict[str, Any]:
    """By episode: share of successes, steps of the successful ones; and how often the second was no longer than the first."""
    worlds = choose_worlds(task.worlds, "unseen", mazes, SEED)
    metrics = evaluate(task, player, worlds, episodes_per_trial=EPISODES).metrics
    success, steps = metrics["success"] > 0.5, metrics["steps"]
    both = success[:, 0] & success[:, 1]
    gain = (steps[:, 0] - steps[:, 1])[both]
    return {
        "success": success.mean(axis=0).tolist(),
        "steps": [float(s[k].mean()) if k.any() else None for s, k in zip(steps.T, success.T, strict=True)],
        "no_longer": float((gain >= 0).mean()) if both.any() else None,
        "gain": float(gain.mean()) if both.any() else None,
        "gain_error": float(gain.std(ddof=1) / np.sqrt(both.sum())) if both.sum() > 1 else None,
    }


def line(name: str, found: dict[str, Any]) -> str:
    """One row of the table."""
    steps = ", ".join("-" if s is None else f"{s:.1f}" for s in found["steps"])
    success = ", ".join(f"{100 * s:.1f}" for s in found["success"])
    share = "" if found["no_longer"] is None else f"{100 * found['no_longer']:.1f} %"
    gain = f"{found['gain']:.1f} ± {found['gain_error']:.1f}" if found.get("gain_error") is not None else ""
    return f"| {name} | {steps} | {success} | {share} | {gain} |"


def page(data: dict[str, Any]) -> str:
    """The results as Markdown."""
    lines = [
        "# Mazes",
        "",
        f"Five episodes in each of {data['mazes']} mazes that training never drew, memory carried through, actions sampled as",
        "in training, which had two episodes a trial in 1000 mazes. Steps are those of successful episodes; the gain is how",
        "many steps fewer the second episode takes than the first where both succeed, with its standard error.",
    ]
    for task, found in data["tasks"].items():
        published = PUBLISHED[task.rpartition("-")[2]] if "view" in task else None
        lines += [
            "",
            f"## {task}",
            "",
            "| policy | steps, episodes 1 to 5 | success [%] | second no longer than first | gain |",
            "|---|---|---|---|---|",
            *([line("RL² (Duan et al. 2016)", published)] if published else []),
            *(
                line(f"ours, seed {r['seed']}, {r['steps_trained'] / 1e6:.1f}M steps, {r['minutes']:.0f} min", r)
                for r in found["trained"]
            ),
            *(line(name.replace("_", " "), found["baselines"][name]) for name in found["baselines"]),
        ]
    missing = [name for name in NAMES if name not in data["tasks"]]
    lines += [
        "",
        "Minutes are those of collecting and learning, on a machine that was shared with other work. In the grid mazes a step",
        "is a whole cell or a quarter turn, so that their numbers cannot be held against the published ones.",
        *([f"Not trained yet: {', '.join(missing)}."] if missing else []),
        "",
        "```",
        f"python -m benchmarks.mazes {' '.join(data['tasks'])}",
        "```",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Train and measure what is asked for, and write the page and its data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"of: {', '.join(NAMES)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="training seeds (default: 0)")
    parser.add_argument("--mazes", type=int, default=MAZES, help=f"new mazes to play in (default: {MAZES})")
    parser.add_argument(
        "--runs", type=Path, default=ROOT / "runs" / "mazes", help="folder of runs (default: runs/mazes)"
    )
    options = parser.parse_args()
    for name in options.tasks:
        if name not in NAMES:
            parser.error(f"{name!r} is no maze; mazes: {', '.join(NAMES)}")
    file = FOLDER / "mazes.json"
    for name in options.tasks:
        task = make_task(name)
        for seed in options.seeds:
            run = finished(name, seed, options.runs)
            data = json.loads(file.read_text()) if file.is_file() else {"tasks": {}}
            data["mazes"] = options.mazes
            found = data["tasks"].setdefault(name, {"trained": [], "baselines": {}})
            for other in BASELINES:
                if other not in found["baselines"]:
                    found["baselines"][other] = measure(task, baseline(other, task, SEED), options.mazes)
            result = measure(task, TrainedPlayer(load_policy(run).policy, SEED), options.mazes)
            trained = int(read_progress(run.progress_path)[-1][STEPS])
            result |= {"seed": seed, "steps_trained": trained, "minutes": minutes(run)}
            print(name, result, flush=True)
            others = [r for r in found["trained"] if r["seed"] != seed]
            found["trained"] = sorted([*others, result], key=lambda r: r["seed"])
            file.write_text(json.dumps(data, indent=1) + "\n")
    (FOLDER / "mazes.md").write_text(page(json.loads(file.read_text())))


if __name__ == "__main__":
    main()
