"""The rooms of the project and which way imports may point between them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("sim2real", "randomizers", "policies", "deploy_robot")

FORBIDDEN = {
    "sim2real": (),
    "randomizers": (
        *("sim2real", "policies", "deploy_robot"),
        *("torch", "gymnasium", "stable_baselines3", "sb3_contrib"),
    ),
    "policies": (
        *("sim2real", "randomizers", "deploy_robot"),
        *("mujoco", "mjbatch"),
    ),
    "deploy_robot": (
        *("sim2real", "randomizers", "policies"),
        *("torch", "mujoco", "mjbatch", "gymnasium", "gymnasium_robotics", "stable_baselines3", "sb3_contrib"),
    ),
}
ONE_MODULE_ONLY = ("mjbatch", "sb3_contrib", "stable_retro", "vizdoom", "ray")
ROS_ROOM = "deploy_robot.ros2"
ROS_MODULES = ("rclpy", "std_srvs", "tf2_ros", "ament_index_python", "rosidl_runtime_py", "launch", "launch_ros")
ROS_SUFFIXES = ("_msgs", "_interfaces")


def module_name(path: Path) -> str:
    """The dotted name of a file below the project's root."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source: str) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a file imports from outside its own package, wherever in the file it does.

    Relative imports stay inside their package. `import_module` and `__import__` count when the name is written out.
    """
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(name), level=0):
                yield node.lineno, name
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def is_ros(top: str) -> bool:
    return top in ROS_MODULES or top.endswith(ROS_SUFFIXES)


def violations(module: str, source: str) -> list[str]:
    """What one module imports although its room does not allow it."""
    room = module.partition(".")[0]
    in_ros_room = module == ROS_ROOM or module.startswith(ROS_ROOM + ".")
    found = []
    for line, name in imported(source):
        top = name.partition(".")[0]
        if top in FORBIDDEN[room]:
            found.append(f"{module}:{line} imports {name}; {room} may not import {top}")
        elif is_ros(top) and not in_ros_room:
            found.append(f"{module}:{line} imports {name}; only {ROS_ROOM} may import ROS")
    return found


def shared(sources: dict[str, str]) -> list[str]:
    """The libraries that belong to one module but are imported in several."""
    found = []
    for library in ONE_MODULE_ONLY:
        users = sorted(m for m, s in sources.items() if any(n.partition(".")[0] == library for _, n in imported(s)))
        if len(users) > 1:
            found.append(f"{library} belongs to one module, is imported in {', '.join(users)}")
    return found


def sources() -> dict[str, str]:
    return {
        module_name(path): path.read_text(encoding="utf-8")
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def is_public(module: str) -> bool:
    return all(not part.startswith("_") or part == "__main__" for part in module.split("."))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_its_room_allows(package: str) -> None:
    assert (ROOT / package / "__init__.py").is_file()
    assert not [
        line
        for module, source in sources().items()
        if module.partition(".")[0] == package
        for line in violations(module, source)
    ]


def test_an_optional_simulator_is_imported_in_one_module() -> None:
    assert not shared(sources())


def test_every_public_module_has_a_docstring() -> None:
    assert not [m for m, s in sources().items() if is_public(m) and not ast.get_docstring(ast.parse(s))]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("randomizers.terms", "import torch"),
        ("randomizers.terms", "from policies.lstm import LSTM"),
        ("randomizers.terms", "def f():\n    import gymnasium.spaces"),
        ("randomizers.terms", "import rclpy"),
        ("policies.export", "import numpy, mujoco"),
        ("policies.export", "from sim2real import tasks"),
        ("policies.export", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from randomizers import World"),
        ("deploy_robot.runtime", "try:\n    import torch\nexcept ImportError:\n    torch = None"),
        ("deploy_robot.runtime", "import importlib\nimportlib.import_module('mujoco')"),
        ("deploy_robot.runtime", "from sensor_msgs.msg import JointState"),
        ("deploy_robot.ros2.node", "from stable_baselines3.common import utils"),
        ("deploy_robot.ros2_tools", "import rclpy"),
        ("sim2real.twin", "from rosgraph_msgs.msg import Clock"),
    ],
)
def test_the_check_reports_a_forbidden_import(module: str, source: str) -> None:
    assert len(violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("sim2real.train", "import torch, mujoco\nfrom randomizers import World\nfrom policies import LSTMPPO"),
        ("randomizers.terms", "import numpy as np\nimport mujoco\nfrom .distributions import Uniform"),
        ("deploy_robot.ros2.node", "import rclpy\nfrom std_msgs.msg import Float64MultiArray"),
        ("deploy_robot.runtime", "import torchlike\nfrom . import torch"),
    ],
)
def test_the_check_accepts_an_allowed_import(module: str, source: str) -> None:
    assert violations(module, source) == []


def test_the_check_reports_a_library_shared_by_two_modules() -> None:
    users = {"sim2real.games": "import stable_retro", "sim2real.cli": "import stable_retro as retro", "sim2real.a": ""}
    assert shared(users) == ["stable_retro belongs to one module, is imported in sim2real.cli, sim2real.games"]
    assert shared({"sim2real.games": "import stable_retro"}) == []


def test_deploy_robot_imports_on_a_computer_without_torch_mujoco_and_ros() -> None:
    modules = [m for m in sources() if m.startswith("deploy_robot") and not m.startswith(ROS_ROOM)]
    modules = [m for m in modules if not m.endswith("__main__")]
    script = (
        "import importlib, sys\n"
        f"for name in {(*FORBIDDEN['deploy_robot'], 'rclpy')!r}: sys.modules[name] = None\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
