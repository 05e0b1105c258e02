from __future__ import annotations

import json
import re

import pytest
import yaml

from policies.checkpoint import write_atomically
from randomizers import Uniform, WorldsError
from sim2real.errors import UserError
from sim2real.runs import RunFolder, TrainConfig
from sim2real.runs.run_folder import PACKAGES
from sim2real.tasks import make_task


def test_what_decided_a_run_is_read_back_as_it_was(tmp_path) -> None:
    task = make_task("leap/rotate-z")
    config = TrainConfig(steps=123, minutes=4.5, seed=6, desired_kl=None, nominal=True, value_cut="trial")
    worlds = task.worlds.replace_distribution("cube_mass", Uniform(0.9, 1.1))
    RunFolder.create(tmp_path / "a" / "run", task, config, worlds)
    run = RunFolder.open(tmp_path / "a" / "run")
    assert run.config == config
    assert run.task is task
    assert run.worlds().terms == worlds.terms
    assert run.worlds(task).names == worlds.names


def test_the_record_names_task_seed_and_every_version_that_results_depend_on(new_run, tmp_path) -> None:
    record = new_run(tmp_path / "run", seed=6).record
    assert (record["task"], record["seed"]) == ("leap/rotate-z", 6)
    assert set(record["versions"]) == set(PACKAGES)
    assert all(re.match(r"\d+\.\d+", version) for version in record["versions"].values())
    assert record["git"] is None or re.fullmatch(r"[0-9a-f]{40}(\+changes)?", record["git"])
    assert re.match(r"\d{4}-\d\d-\d\dT", record["started"])


def test_an_empty_folder_can_be_used(new_run, tmp_path) -> None:
    (tmp_path / "run").mkdir()
    assert new_run(tmp_path / "run").record["task"] == "leap/rotate-z"


def test_a_folder_or_file_in_use_is_refused_and_left_alone(new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    (tmp_path / "file").write_text("mine")
    for path in (run.path, tmp_path / "file"):
        with pytest.raises(UserError, match=f"{path} exists already") as error:
            new_run(path)
        assert "\n" not in str(error.value)
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before
    assert (tmp_path / "file").read_text() == "mine"


def test_what_is_not_a_run_is_not_opened(tmp_path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path, tmp_path / "none", tmp_path / "file"):
        with pytest.raises(UserError, match=f"{path} is not a run's folder: it has no run.json"):
            RunFolder.open(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'"leap"', b'{"task": 3}', b"\xff\xfe\x00"])
def test_a_damaged_record_is_refused_with_the_files_name(new_run, tmp_path, content: bytes) -> None:
    run = new_run(tmp_path / "run")
    run.record_path.write_bytes(content)
    for ask in (lambda: run.record, lambda: run.task):
        with pytest.raises(UserError, match=f"cannot read {run.record_path}") as error:
            ask()
        assert "\n" not in str(error.value)


def test_a_record_of_a_task_that_is_not_here_is_refused_with_those_that_are(new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run")
    run.record_path.write_text(json.dumps(run.record | {"task": "leap/juggle"}))
    with pytest.raises(UserError, match=r"unknown task 'leap/juggle'; tasks: leap/rotate-z"):
        _ = run.task


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "must be a mapping"),
        (b"- steps", "must be a mapping"),
        (b"1: 2", "keywords must be strings"),
        (b"steps: [", "while parsing"),
        (b"steps: 0", "steps"),
        (b"paces: 3", "paces"),
        (b"gamma: 1.5", "gamma"),
        (b"\xff\xfe\x00", "can't decode"),
    ],
)
def test_a_damaged_configuration_is_refused_with_the_files_name(new_run, tmp_path, content: bytes, reason: str) -> None:
    run = new_run(tmp_path / "run")
    run.config_path.write_bytes(content)
    with pytest.raises(UserError, match=f"cannot read {run.config_path}") as error:
        _ = run.config
    assert reason in str(error.value) and "\n" not in str(error.value)


def test_damaged_worlds_are_refused_with_the_files_name(new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run")
    text = run.worlds_path.read_text()
    for content in (
        b"\xff\xfe\x00",
        text.replace("cube_mass", "'").encode(),
        text.replace("[cube]", "[ball]").encode(),
    ):
        run.worlds_path.write_bytes(content)
        with pytest.raises((UserError, WorldsError), match=re.escape(str(run.worlds_path))):
            run.worlds()
    run.worlds_path.unlink()
    with pytest.raises(UserError, match=f"cannot read {run.worlds_path}"):
        run.worlds()


@pytest.mark.parametrize(
    "setting",
    [
        *({"steps": 0}, {"worlds": 0}, {"minutes": 0.0}, {"seed": -1}, {"value_cut": "step"}, {"paces": 3}),
        *({"gamma": 0.0}, {"gamma": 1.1}, {"minibatches": 3, "worlds": 8}),
    ],
)
def test_settings_that_cannot_be_are_refused(setting: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        TrainConfig(**setting)


def test_the_files_are_for_people_too(new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", seed=3)
    assert yaml.safe_load(run.config_path.read_text())["seed"] == 3
    assert "name: cube_mass" in run.worlds_path.read_text()


def test_a_file_is_replaced_in_one_piece_or_not_at_all(tmp_path, monkeypatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", lambda file: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path], "nothing is left behind"
