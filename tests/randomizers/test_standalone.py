from __future__ import annotations

import subprocess
import sys


def test_the_package_needs_neither_the_learner_nor_the_robot() -> None:
    code = (
        "import sys, randomizers\n"
        "print(*(name for name in sys.modules if name.split('.')[0] in "
        "('torch', 'gymnasium', 'stable_baselines3', 'pydantic', 'rclpy', 'sim2real', 'policies', 'deploy_robot')))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
