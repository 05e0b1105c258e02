import json
import subprocess
import sys

import pytest

from sim2real.cli import COMMANDS, main


def test_no_command_lists_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name}" in shown for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_every_option(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code in (0, None)
    shown = capsys.readouterr().out
    options = [line for line in shown.splitlines() if line.startswith("│ --")]
    assert shown.startswith(f"usage: sim2real {name}")
    assert all("(default:" in shown or "(required)" in shown for _ in options)


def test_list_json_is_one_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    captured = capsys.readouterr()
    data = json.loads(captured.out)
    assert captured.err == ""
    assert {task["name"] for task in data["tasks"]} >= {"leap/rotate-z", "shadow/block-rotate-z"}
    assert any(term["kind"] == "mass" and term["unit"] == "kg" for term in data["terms"])


def test_worlds_json_holds_every_world_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worlds", "leap/rotate-z", "--n", "3", "--seed", "5", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert len(data["worlds"]) == 3
    assert set(data["worlds"][0]["values"]) == set(data["units"])


def test_worlds_are_the_same_for_the_same_seed_only(capsys: pytest.CaptureFixture[str]) -> None:
    def drawn(seed: str) -> str:
        assert main(["worlds", "leap/rotate-z", "--n", "2", "--seed", seed, "--json"]) == 0
        return capsys.readouterr().out

    assert drawn("1") == drawn("1")
    assert drawn("1") != drawn("2")


def test_doctor_tests_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    checks = {check["capability"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["simulate"]["ok"] and checks["talk ROS 2"]["ok"] and checks["render pictures"]["ok"]
    assert checks["play mazes in the first person"]["ok"]
    assert checks["train the baseline sb3-recurrent-ppo"]["ok"]
    assert all(check["mend"] for check in checks.values() if not check["ok"])


def test_a_reader_that_stops_early_is_no_error() -> None:
    command = f"{sys.executable} -m sim2real.cli worlds leap/rotate-z --n 500 --json | head -c 10"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
