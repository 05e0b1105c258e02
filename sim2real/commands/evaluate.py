"""sim2real evaluate."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import tyro
from pydantic import Field

from policies.checkpoint import write_atomically
from randomizers import WorldDistribution, Worlds
from sim2real.cli import Result
from sim2real.commands.tables import table
from sim2real.evaluation import baseline, evaluate, trained_player
from sim2real.evaluation.choice import WorldsKind, choose_worlds, kinds_of, unseen_one_by_one
from sim2real.evaluation.players import Player
from sim2real.runs import RunFolder, load_policy
from sim2real.runs.world_source import WorldSource
from sim2real.tasks import is_task, make_task


class Options(WorldSource):
    """What to evaluate, and in how many worlds of which kinds."""

    run: Annotated[str, tyro.conf.Positional]
    """A run's folder, or the name or file of a task (to measure untrained policies)."""
    baselines: tuple[str, ...] = ("zero", "random")
    """Untrained policies or solvers of the task to compare with, in the same worlds."""
    n: int = Field(128, ge=2)
    """Worlds of each kind; one trial is played in each."""
    beside: tuple[str, ...] = ()
    """Presets to measure in as well, such as unseen-effects: worlds that training never drew, named by the preset."""
    one_by_one: bool = False
    """Measure the first policy, a run's own, also in seen worlds of which one term after the other is unseen: which part of
    the unseen costs how much."""
    sampled: bool = False
    """Sample the trained policy's actions as in training, instead of taking the likeliest."""
    episodes: int | None = Field(None, ge=1)
    """Episodes per trial; the task's own if not given."""
    episode_steps: int | None = Field(None, ge=1)
    """Control steps of an episode, to see whether what was learnt lasts beyond training's; the task's own if not given."""
    seed: int = Field(0, ge=0)
    """Seed of the worlds; equal seeds give every policy the same worlds, starts, noise and pushes."""
    threads: int = Field(0, ge=0)
    """Threads of the simulation; 0 takes one per core."""


def run(options: Options) -> Result:
    """Play every policy in worlds of every kind that the task has: nominal, seen and unseen."""
    players: dict[str, Callable[[], Player]] = {}
    folder = None
    if is_task(options.run):
        task = make_task(options.run)
        distribution = options.worlds_of(task)
    else:
        folder = RunFolder.open(Path(options.run))
        task = folder.task
        distribution = options.worlds_of(task, folder.worlds(task))
        policy = load_policy(folder).policy
        players["trained"] = partial(trained_player, policy, options.seed if options.sampled else None)
    if options.episode_steps is not None:
        task = copy(task)
        task.episode_steps = options.episode_steps
    for name in options.baselines:
        players[name] = partial(baseline, name, task, options.seed)
        players[name]()  # an unknown name is refused before anything is played
    drawn = {kind: choose_worlds(distribution, kind, options.n, options.seed) for kind in kinds_of(distribution)}
    elsewhere: dict[str, tuple[WorldDistribution, Worlds]] = {}
    for name in options.beside:
        published = WorldSource(preset=name, set=options.set).worlds_of(task)
        elsewhere[name] = published, choose_worlds(published, "seen", options.n, options.seed)
    changed = unseen_one_by_one(distribution, options.n, options.seed) if options.one_by_one else {}

    def measure(policy: str, kind: str, source: WorldDistribution, worlds: Worlds) -> dict[str, Any]:
        measured = evaluate(task, players[policy](), worlds, source, options.episodes, options.threads)
        return {"policy": policy, "worlds_kind": kind, **measured.summary()}

    first = next(iter(players), "")
    data: dict[str, Any] = {
        "task": task.name,
        "metrics": task.metrics,
        "seed": options.seed,
        "episode_seconds": task.episode_steps * task.control_period,
        "results": [measure(name, kind, distribution, worlds) for name in players for kind, worlds in drawn.items()],
        "elsewhere": [
            *(measure(name, kind, *there) for name in players for kind, there in elsewhere.items()),
            *(measure(first, f"unseen {term}", distribution, worlds) for term, worlds in changed.items()),
        ],
        "drawn": _parameters(distribution, drawn),
        "command": _command(options),
    }
    if folder is not None:
        write_atomically(folder.path / "evaluation.json", (json.dumps(data) + "\n").encode())
    return Result(data, summary_table(data))


def _command(options: Options) -> str:
    """What makes the same file again, where the worlds are a run's own."""
    words = [f"sim2real evaluate {options.run} --n {options.n} --seed {options.seed}"]
    words += (
        ["--baselines", *options.baselines] if options.baselines != Options.model_fields["baselines"].default else []
    )
    words += ["--beside", *options.beside] if options.beside else []
    words += ["--one-by-one"] if options.one_by_one else []
    words += ["--sampled"] if options.sampled else []
    words += [] if options.episodes is None else [f"--episodes {options.episodes}"]
    words += [] if options.episode_steps is None else [f"--episode-steps {options.episode_steps}"]
    return " ".join(words)


def _parameters(distribution: WorldDistribution, drawn: dict[WorldsKind, Worlds]) -> dict[str, Any] | None:
    """What the report shows of the drawn worlds; nothing where worlds have no parameters."""
    if not distribution.names:
        return None
    rows: dict[str, Any] = {kind: worlds.values.tolist() for kind, worlds in drawn.items() if kind != "nominal"}
    return {"names": list(distribution.names), "units": distribution.units, **rows}


def summary_table(data: dict[str, Any]) -> str:
    """Means with 95 % intervals over worlds, and of the first metric, unless it is a yes or no, the median over episodes."""
    names, results = list(data["metrics"]), [*data["results"], *data["elsewhere"]]
    medians = [result["medians"][names[0]] for result in results]
    shown = not set(medians) <= {0.0, 1.0}
    rows = []
    for result, median in zip(results, medians, strict=True):
        cells = [
            f"{m['mean']:.3g} [{m['low']:.3g}, {m['high']:.3g}]" for m in (result["metrics"][name] for name in names)
        ]
        cells += [f"{median:.3g}"] if shown else []
        rows.append((result["policy"], result["worlds_kind"], *cells, str(result["diverged_episodes"])))
    header = [f"{name} [{unit}]" if unit != "1" else name for name, unit in data["metrics"].items()]
    header += [f"median {names[0]}"] if shown else []
    return table(rows, ("policy", "worlds", *header, "diverged"))
