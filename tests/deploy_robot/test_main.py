import subprocess
import sys
from pathlib import Path

import pytest

BUNDLE = Path(__file__).resolve().parents[2] / "docs" / "results" / "bundles" / "leap-rotate-z"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy_robot", *arguments], capture_output=True, text=True, check=False
    )


def test_a_folder_that_is_no_bundle_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "SHA256SUMS" in done.stderr


def test_a_domain_that_cannot_be_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run(str(tmp_path), "--domain-id", "300")
    assert done.returncode == 2
    assert "given 300, wanted 0 to 232" in done.stderr


def test_the_help_names_units_and_defaults() -> None:
    shown = " ".join(run("--help").stdout.split())
    for said in ("[s], the approach to the start pose not counted (default: 30.0)", "(default: /{name}_pose)"):
        assert said in shown
    assert "None" not in shown


@pytest.mark.parametrize("out", ["", "file/report.json"], ids=["a folder", "in a file"])
def test_a_report_that_could_not_be_written_is_refused_before_a_robot_is_looked_for(tmp_path: Path, out: str) -> None:
    pytest.importorskip("rclpy")
    (tmp_path / "file").touch()
    done = run(str(BUNDLE), "--match-timeout", "60", "--out", str(tmp_path / out))
    assert done.returncode == 2
    assert f"deploy_robot: out: cannot write {tmp_path / out}: " in done.stderr


def test_a_topic_of_poses_that_names_none_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run(str(tmp_path), "--pose-topic", "/pose")
    assert done.returncode == 2
    assert "given '/pose', wanted one with {name} in it" in done.stderr
