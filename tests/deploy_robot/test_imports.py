import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_importing_the_package_loads_neither_a_simulator_nor_a_learner_nor_ros():
    heavy = [
        "torch",
        "mujoco",
        "mjbatch",
        "rclpy",
        "sensor_msgs",
        "gymnasium",
        "onnx",
        "pydantic",
        "sim2real",
        "policies",
    ]
    result = run(f"import deploy_robot, sys; print([name for name in {heavy} if name in sys.modules])")
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.parametrize("module", ["client", "server", "session", "clock"])
@pytest.mark.parametrize("missing", ["rclpy", "sensor_msgs"])
def test_without_ros_one_line_says_what_to_install(module, missing):
    code = f"""
import sys
sys.modules[{missing!r}] = None
from deploy_robot import MissingRos
try:
    import deploy_robot.ros2.{module}
except MissingRos as error:
    print(error)
"""
    result = run(code)
    assert result.stdout.count("\n") == 1, result.stderr
    # Of the extra `ros`, pip would bring all that training wants to the robot as well.
    assert "pip install ros-rclpy ros-sensor-msgs ros-geometry-msgs ros-rmw-fastrtps-cpp" in result.stdout
    assert missing in result.stdout
