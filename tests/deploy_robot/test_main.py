import subprocess
import sys
from pathlib import Path


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


def test_the_help_names_units(tmp_path: Path) -> None:
    assert "[s]" in run("--help").stdout


def test_a_topic_of_poses_that_names_none_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run(str(tmp_path), "--pose-topic", "/pose")
    assert done.returncode == 2
    assert "given '/pose', wanted one with {name} in it" in done.stderr
