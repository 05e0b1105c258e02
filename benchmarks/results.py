"""Writes docs/results/TASK.md and .json from the evaluations of several runs, and the table in the README.

    python benchmarks/results.py runs/seed0 runs/seed1 runs/seed2

Each run must have been trained with its own seed and measured by `sim2real evaluate`. What a run started from, by
`--start-from`, counts as part of it.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.trained import minutes
from sim2real.runs import RunFolder, TrainConfig
from sim2real.runs.progress_csv import read_progress

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- results: {} -->", "<!-- end of results -->"


def collect(paths: list[Path]) -> dict[str, Any]:
    """What the runs have in common and what each measured. Raises SystemExit where they do not belong together."""
    runs = [RunFolder.open(path) for path in paths]
    evaluations = [json.loads((run.path / "evaluation.json").read_text()) for run in runs]
    tasks = {evaluation["task"] for evaluation in evaluations}
    if len(tasks) != 1:
        raise SystemExit(f"runs of different tasks: {', '.join(sorted(tasks))}")
    if len({run.config.seed for run in runs}) != len(runs):
        raise SystemExit(f"runs must differ in their seeds, got {[run.config.seed for run in runs]}")
    first = evaluations[0]
    measured = [[*evaluation["results"], *evaluation.get("elsewhere", ())] for evaluation in evaluations]
    rows = []
    for index, result in enumerate(measured[0]):
        row: dict[str, Any] = {"policy": result["policy"], "worlds": result["worlds_kind"]}
        for metric in first["metrics"]:
            means = [results[index]["metrics"][metric]["mean"] for results in measured]
            row[metric] = {"mean": float(np.mean(means)), "low": min(means), "high": max(means), "seeds": means}
        medians = [results[index]["medians"][next(iter(first["metrics"]))] for results in measured]
        row["median"] = {"mean": float(np.mean(medians)), "low": min(medians), "high": max(medians), "seeds": medians}
        row["episodes"] = [
            float(
                np.mean([results[index]["by_episode"][next(iter(first["metrics"]))][k]["mean"] for results in measured])
            )
            for k in range(result["episodes_per_trial"])
        ]
        row["diverged_episodes"] = sum(results[index]["diverged_episodes"] for results in measured)
        rows.append(row)
    stages = [_stages(run) for run in runs]
    progress = [[read_progress(stage.progress_path) for stage in of_run] for of_run in stages]
    return {
        "task": first["task"],
        "metrics": first["metrics"],
        "seeds": [run.config.seed for run in runs],
        "worlds": measured[0][0]["worlds"],
        "minutes": [sum(minutes(stage) for stage in of_run) for of_run in stages],
        "commands": [_commands(of_run) for of_run in stages],
        "steps": [sum(int(rows[-1]["time/total_timesteps"]) for rows in of_run) for of_run in progress],
        "git": runs[0].record["git"],
        "versions": runs[0].record["versions"],
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, no GPU",
        "rows": rows,
    }


def _stages(run: RunFolder) -> list[RunFolder]:
    """The run and those it started from, first to last."""
    start = run.config.start_from
    return [*(_stages(RunFolder.open(Path(start))) if start else []), run]


def _commands(stages: list[RunFolder]) -> list[str]:
    """What trains and measures, in runs/ under names of its own."""
    commands, before = [], ""
    for stage in stages:
        task, seed = stage.task.name, stage.config.seed
        out = f"runs/seed{seed}" if stage is stages[-1] else f"runs/{task.replace('/', '-')}-seed{seed}"
        start = f" --start-from {before}" if before else ""
        commands.append(f"sim2real train {task} {_options(stage)} --seed {seed}{start} --out {out}")
        before = out
    measured = json.loads((stages[-1].path / "evaluation.json").read_text())["command"].split()
    # "sim2real evaluate RUN", and what follows but for the defaults.
    options = " ".join(["", *measured[3:]]).replace(" --n 128", "").replace(" --seed 0", "")
    return [*commands[:-1], f"{commands[-1]} && sim2real evaluate {before}{options}"]


def _span(values: list[float], digits: str) -> str:
    """The lowest to the highest, or the one there is."""
    ends = dict.fromkeys(f"{value:{digits}}" for value in (min(values), max(values)))
    return " to ".join(ends)


def _options(run: RunFolder) -> str:
    """What differs from the task's recipe, as given on the command line; neither the seed nor what it started from."""
    usual, words = TrainConfig(**run.task.recipe).model_dump(), []
    for name, value in run.config.model_dump().items():
        flag = name.replace("_", "-")
        if name in ("seed", "start_from") or value == usual[name]:
            continue
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [
                f"--{flag}",
                *(f"{one:g}" if isinstance(one, float) else str(one) for one in np.atleast_1d(value)),
            ]
    return " ".join(words)


def table(data: dict[str, Any]) -> str:
    """Markdown: mean over seeds, and the lowest and highest seed."""
    metrics = data["metrics"]
    head = [f"{name.replace('_', ' ')} [{unit}]" if unit != "1" else name for name, unit in metrics.items()]
    shown = list(metrics)
    if not {value for row in data["rows"] for value in row["median"]["seeds"]} <= {0.0, 1.0}:
        head.append(f"median {head[0]}")
        shown.append("median")
    lines = [f"| policy | worlds | {' | '.join(head)} |", "|---|---|" + "---|" * len(head)]
    for row in data["rows"]:
        figures = [[round(row[m][key], 2) + 0.0 for key in ("mean", "low", "high")] for m in shown]
        cells = [f"{mean:.2f} ({low:.2f} to {high:.2f})" for mean, low, high in figures]
        lines.append(f"| {row['policy']} | {row['worlds']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def page(data: dict[str, Any]) -> str:
    """The whole results page."""
    task, seeds = data["task"], data["seeds"]
    runs = [f"runs/seed{seed}" for seed in seeds]
    episodes = [
        f"| {row['policy']} | {row['worlds']} | " + " | ".join(f"{value:.3f}" for value in row["episodes"]) + " |"
        for row in data["rows"]
        if row["policy"] == "trained"
    ]
    count = len(data["rows"][0]["episodes"])
    one_by_one = any(row["worlds"].startswith("unseen ") for row in data["rows"])
    return "\n".join(
        [
            f"# {task}",
            "",
            f"{len(seeds)} seed{'s' if len(seeds) > 1 else ''}, {_span([n / 1e6 for n in data['steps']], '.1f')} million "
            f"control steps in {_span(data['minutes'], '.0f')} minutes on {data['machine']}, shared with other work; "
            f"{data['worlds']} worlds of each kind, the same for every policy of a seed. "
            "Cells: mean over seeds (lowest to highest seed); a median is over episodes."
            + (" Unseen with a term's name: seen worlds of which that term alone is unseen." if one_by_one else ""),
            "",
            table(data),
            "",
            f"Diverged episodes in all: {sum(row['diverged_episodes'] for row in data['rows'])}.",
            "",
            f"{next(iter(data['metrics'])).replace('_', ' ')} by episode of the trial, memory carried over:",
            "",
            "| policy | worlds | " + " | ".join(f"episode {k + 1}" for k in range(count)) + " |",
            "|---|---|" + "---|" * count,
            *episodes,
            "",
            "```",
            *(command for of_run in data["commands"] for command in of_run),
            f"python benchmarks/results.py {' '.join(runs)}",
            "```",
            "",
            f"Made at {data['git']} with {', '.join(f'{name} {version}' for name, version in data['versions'].items())}.",
            "",
        ]
    )


def main(arguments: list[str]) -> None:
    """Write the page, the data, and the README's table."""
    data = collect([Path(argument) for argument in arguments])
    stem = data["task"].replace("/", "-")
    folder = ROOT / "docs" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.json").write_text(json.dumps(data, indent=1) + "\n")
    (folder / f"{stem}.md").write_text(page(data))
    readme = ROOT / "README.md"
    begin = BEGIN.format(data["task"])
    text = readme.read_text()
    block = re.compile(re.escape(begin) + ".*?" + re.escape(END), re.DOTALL)
    if block.search(text):
        readme.write_text(block.sub(lambda _: f"{begin}\n{table(data)}\n{END}", text))
    print(table(data))


if __name__ == "__main__":
    main(sys.argv[1:])
