from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from sim2real.cli import main
from sim2real.runs import RunFolder

SMALL = ["--worlds", "8", "--rollout", "8", "--minibatches", "2", "--hidden", "16", "--steps", "64"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "run"
    assert main(["train", "leap/rotate-z", "--algo", "sb3-recurrent-ppo", *SMALL, "--out", str(run)]) == 0
    return run


def test_training_says_where_it_cannot_follow_the_recipe_and_records_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["train", "leap/rotate-z", "--algo=sb3-ppo", *SMALL, "--out", str(run), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["steps"] == 64
    said = captured.err.splitlines()[0]
    assert said.startswith("sim2real: sb3-ppo learns with ")
    assert "desired_kl=None (recipe: 0.02)" in said and "memory='none' (recipe: 'lstm')" in said
    config = RunFolder.open(run).config
    assert (config.desired_kl, config.memory, config.value_cut) == (None, "none", "trial")


def test_a_baseline_is_evaluated_played_and_reported(run, tmp_path, capsys) -> None:
    def evaluated(*options: str) -> str:
        assert main(["evaluate", str(run), "--n", "2", "--episodes", "1", "--baselines", "zero", *options]) == 0
        return capsys.readouterr().out

    first = evaluated()
    assert "trained" in first and evaluated() == first
    assert evaluated("--sampled") != first
    assert main(["play", str(run), "--seconds", "0.2", "--video", str(tmp_path / "film.mp4")]) == 0
    assert main(["report", str(run)]) == 0
    assert "sb3-recurrent-ppo" in (run / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["resume", "{run}"], "cannot be resumed"),
        (["export", "{run}"], "was trained by the baseline sb3-recurrent-ppo"),
        (["train", "leap/rotate-z", "--start-from", "{run}", "--out", "{out}"], "cannot start from"),
        (
            ["train", "leap/rotate-z", "--algo", "sb3-ppo", "--bins", "11", "--out", "{out}"],
            "sb3-ppo cannot do bins=11",
        ),
        (["train", "leap/rotate-z", "--algo", "sb3-dqn", "--out", "{out}"], "sb3-recurrent-ppo"),
    ],
)
def test_what_a_baseline_cannot_do_is_refused_in_one_line(run, tmp_path, capsys, arguments, wanted) -> None:
    out = tmp_path / "out"
    assert main([argument.format(run=run, out=out) for argument in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and wanted in said.err
    assert not out.exists()


def test_without_its_package_the_recurrent_one_is_refused_in_one_line(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sb3_contrib", None)
    out = tmp_path / "out"
    assert main(["train", "leap/rotate-z", "--algo", "sb3-recurrent-ppo", *SMALL, "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and "pip install 'sim2real[baselines]'" in said.err
    assert not out.exists()
