from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sim2real.commands.train import new_run
from sim2real.errors import UserError
from sim2real.evaluation import TrainedPlayer
from sim2real.evaluation.choice import choose_worlds
from sim2real.evaluation.evaluate import evaluate
from sim2real.report.progress import Progress
from sim2real.runs import RunFolder, TrainConfig, load_policy, train
from sim2real.runs.held_out import _SEED
from sim2real.runs.progress_csv import read_progress

SMALL = {"worlds": 8, "rollout": 8, "minibatches": 2, "hidden": 8, "threads": 1, "steps": 8 * 8 * 7}


def trained(path: Path, **changes) -> RunFolder:
    run = new_run("maze/grid-5x5", path, TrainConfig(**SMALL | changes))
    train(run)
    return run


def test_seen_and_held_out_worlds_are_measured_every_so_many_updates(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", held_out=16, held_out_every=3)
    rows = read_progress(run.progress_path)
    measured = [row["time/iterations"] for row in rows if "unseen/steps" in row]
    assert measured == [1, 4, 7]
    assert all({"seen/success", "seen/return", "unseen/success", "unseen/return"} <= rows[k].keys() for k in (0, 3, 6))
    assert len(Progress.read(run.progress_path).series("unseen/steps")[0]) == 3


def test_training_goes_on_as_if_nothing_had_been_measured(tmp_path: Path) -> None:
    plain, measured = trained(tmp_path / "plain"), trained(tmp_path / "measured", held_out=8, held_out_every=1)
    ours, theirs = (dict(load_policy(run).policy.state_dict()) for run in (measured, plain))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_what_is_logged_is_what_an_evaluation_of_that_policy_finds(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", held_out=16, held_out_every=1, steps=8 * 8, learning_rate=1e-12, desired_kl=None)
    row = read_progress(run.progress_path)[0]
    policy = load_policy(run).policy
    for normalizer in (policy.policy_normalizer, policy.critic_normalizer):
        normalizer.mean.zero_()
        normalizer.variance.fill_(1.0)
    for kind in ("seen", "unseen"):
        worlds = choose_worlds(run.worlds(), kind, 16, _SEED)
        found = evaluate(run.task, TrainedPlayer(policy), worlds, run.worlds()).metrics
        assert row[f"{kind}/steps"] == pytest.approx(float(np.mean(found["steps"])))


def test_a_task_without_held_out_worlds_refuses_to_measure_them(tmp_path: Path) -> None:
    config = TrainConfig(**SMALL | {"held_out": 4})
    with pytest.raises(UserError, match="bandit/k5-n10 has no worlds held out; give a finite set: --finite"):
        new_run("bandit/k5-n10", tmp_path / "run", config)
    assert not (tmp_path / "run").exists()
