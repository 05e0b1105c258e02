"""A small policy with memory, its contract and bundle, and simulated robots to run it on."""

import contextlib
import dataclasses
import fcntl
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from deploy_robot import ActionMapping, Bundle, Contract, Golden, InProcessRobot, ObservationTerm, PoseTerm, RosSettings

PROCESSES = Path(__file__).with_name("processes")
ROOT = Path(__file__).resolve().parents[2]
JOINTS = ("thumb_1", "thumb_2", "index_1", "index_2")
ACTED = ("index_1", "thumb_1", "thumb_2")
MEMORY_SHAPE = (2, 4)


@pytest.fixture(scope="session")
def contract() -> Contract:
    """Four joints of which the policy moves three, in another order."""
    return Contract(
        task="reach",
        control_period=0.05,
        joints=JOINTS,
        observation=(
            ObservationTerm("position", "joint_position", JOINTS, "rad", (0.1, 0.2, 0.3, 0.4), 2.0),
            ObservationTerm("velocity", "joint_velocity", ("index_2", "thumb_1"), "rad/s", 0.0, 0.1),
            ObservationTerm("target", "previous_target", ACTED, "rad", 0.0, 1.0),
            ObservationTerm("action", "previous_action", ACTED, "1", 0.0, 1.0),
            ObservationTerm("start", "episode_start", (), "1", 0.0, 1.0),
        ),
        action=ActionMapping(
            joints=ACTED,
            kind="relative",
            center=0.0,
            scale=(0.1, 0.2, 0.3),
            lower=(-1.0, -0.8, -0.6),
            upper=(1.0, 0.8, 0.6),
            max_velocity=(2.0, 2.0, 3.0),
            smoothing=0.2,
        ),
        start_pose=(0.3, -0.2, 0.5, 0.0),
        memory_shape=MEMORY_SHAPE,
        created="2024-05-06T07:08:09+00:00",
        fingerprints={"model": "abc", "worlds": "def"},
        versions={"sim2real": "0.1.0"},
    )


def policy_bytes(contract: Contract, rows: str | int = "n", action_size: int | None = None, gain: float = 3.0) -> bytes:
    """A recurrent policy: memory <- tanh(W observation + U memory), action = tanh(V memory)."""
    rng = np.random.default_rng(7)
    size, action_size = int(np.prod(MEMORY_SHAPE)), action_size or contract.action_size
    weights = {
        "W": rng.normal(size=(contract.observation_size, size), scale=0.5),
        "U": rng.normal(size=(size, size), scale=0.5),
        "V": rng.normal(size=(size, action_size), scale=gain),
    }
    initializers = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()]
    initializers.append(numpy_helper.from_array(np.array([0, *MEMORY_SHAPE], dtype=np.int64), "shape"))
    nodes = [
        helper.make_node("MatMul", ["observation", "W"], ["seen"]),
        helper.make_node("Flatten", ["memory"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "U"], ["kept"]),
        helper.make_node("Add", ["seen", "kept"], ["sum"]),
        helper.make_node("Tanh", ["sum"], ["hidden"]),
        helper.make_node("Reshape", ["hidden", "shape"], ["memory_out"]),
        helper.make_node("MatMul", ["hidden", "V"], ["raw"]),
        helper.make_node("Tanh", ["raw"], ["action"]),
    ]

    def value(name, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [rows, *shape])

    graph = helper.make_graph(
        nodes,
        "policy",
        [value("observation", contract.observation_size), value("memory", *MEMORY_SHAPE)],
        [value("action", action_size), value("memory_out", *MEMORY_SHAPE)],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture(scope="session")
def make_policy():
    return policy_bytes


@pytest.fixture(scope="session")
def onnx_bytes(contract) -> bytes:
    return policy_bytes(contract)


@pytest.fixture(scope="session")
def golden(contract) -> Golden:
    return golden_of(contract)


def golden_of(contract: Contract) -> Golden:
    """Twelve random observations with a reset before the eighth, run without this package's help."""
    session = onnxruntime.InferenceSession(policy_bytes(contract), providers=["CPUExecutionProvider"])
    observation = np.random.default_rng(3).normal(size=(12, contract.observation_size)).astype(np.float32)
    reset = np.isin(np.arange(12), [0, 7])
    actions = []
    for row, cleared in zip(observation, reset, strict=True):
        memory = np.zeros((1, *MEMORY_SHAPE), dtype=np.float32) if cleared else memory  # noqa: F821
        action, memory = session.run(["action", "memory_out"], {"observation": row[None], "memory": memory})
        actions.append(action[0])
    return Golden(observation, reset, np.array(actions))


@pytest.fixture(scope="session")
def tracking_bundle(tmp_path_factory, contract) -> Bundle:
    """One whose policy also sees where an object is, and how it is turned from its goal."""
    tracked = (
        PoseTerm("place", "offset", (0.0, 0.0, 0.2), "object"),
        PoseTerm("turn", "rotation", "object", "goal", goal=True),
    )
    contract = dataclasses.replace(contract, tracked=tracked)
    path = tmp_path_factory.mktemp("tracking") / "bundle"
    return Bundle.write(path, policy_bytes(contract), contract, golden_of(contract))


@pytest.fixture
def bundle_path(tmp_path, contract, onnx_bytes, golden) -> Path:
    """A bundle that a test may damage."""
    return Bundle.write(tmp_path / "bundle", onnx_bytes, contract, golden).path


@pytest.fixture(scope="session")
def bundle(tmp_path_factory, contract, onnx_bytes, golden) -> Bundle:
    return Bundle.write(tmp_path_factory.mktemp("shared") / "bundle", onnx_bytes, contract, golden)


@pytest.fixture(scope="session")
def lag_robot():
    """The class LagRobot, which the tests' processes use too."""
    spec = importlib.util.spec_from_file_location("lag_robot", PROCESSES / "lag_robot.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.LagRobot


class FakeRobot(InProcessRobot):
    """An InProcessRobot that counts stops, keeps commands and can be made to misbehave at a given read."""

    def __init__(self, simulation, fault_at=None, fault=None):
        super().__init__(simulation)
        self.commands, self.stops, self.reads = [], 0, 0
        self.fault_at, self.fault = fault_at, fault

    def read(self, timeout):
        self.reads += 1
        state = super().read(timeout)
        return self.fault(self, state) if self.reads == self.fault_at else state

    def command(self, targets, stamp):
        self.commands.append((np.array(targets), stamp))
        super().command(targets, stamp)

    def stop(self):
        self.stops += 1


@pytest.fixture
def make_robot(lag_robot):
    """Makes FakeRobots with the contract's joints in another order."""

    def make(joints=("index_2", "thumb_2", "index_1", "thumb_1"), begin=None, fault_at=None, fault=None, **options):
        return FakeRobot(lag_robot(joints, begin=begin, **options), fault_at, fault)

    return make


@contextlib.contextmanager
def claimed_domain():
    """A ROS domain that no other test on this computer uses meanwhile."""
    for number in range(1, 102):
        with open(Path(tempfile.gettempdir(), f"deploy_robot_test_domain_{number}.lock"), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield number
            return
    raise RuntimeError("every ROS domain is in use by a test")


@pytest.fixture
def domain():
    with claimed_domain() as number:
        yield number


@pytest.fixture
def other_domain(domain):
    with claimed_domain() as number:
        yield number


@pytest.fixture
def ros(domain) -> RosSettings:
    """Settings that keep a test to itself."""
    return RosSettings(domain_id=domain, localhost=True, match_timeout=30.0)


@pytest.fixture
def start(domain):
    """Starts one of the scripts in `processes`; whatever still runs at the end is killed."""
    started = []

    def run(script, *arguments):
        command = [sys.executable, PROCESSES / script, *map(str, arguments), "--domain", str(domain)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


class Wire:
    """A node that hears every command and may publish states, as hardware would."""

    def __init__(self, settings, publish=True, qos=None):
        from deploy_robot.ros2.session import JointState, RosSession, quality, stamp_of

        self._message, self._stamp = JointState, stamp_of
        self.session = RosSession("wire", settings)
        self.commands = []
        self.arrivals = []
        self.session.node.create_subscription(JointState, settings.command_topic, self._receive, quality(100))
        self._poses = {}
        if publish:
            self._publisher = self.session.node.create_publisher(JointState, settings.state_topic, qos or quality(1))

    def _receive(self, message):
        self.commands.append(message)
        self.arrivals.append(time.monotonic())

    def publish(self, name, position, velocity=(), nanoseconds=10**9):
        message = self._message(name=list(name), position=list(position), velocity=list(velocity))
        message.header.stamp = self._stamp(nanoseconds)
        self._publisher.publish(message)

    def track(self, name, pose, frame="world", nanoseconds=10**9):
        """Publish a pose (7,), w first, as a tracker would."""
        from deploy_robot.ros2.pose_message import pose_message

        self._poses[name].publish(pose_message(np.array(pose), frame, self._stamp(nanoseconds)))

    def begin_tracking(self, *names, qos=None):
        """Offer the topics of these poses."""
        from deploy_robot.ros2.session import PoseStamped, quality

        for name, topic in self.session.settings.pose_topics(names).items():
            self._poses[name] = self.session.node.create_publisher(PoseStamped, topic, qos or quality(1))

    def wait_for_reader(self):
        """States are published from now on, not before: what nobody was there to read is lost."""
        publishers = (self._publisher, *self._poses.values())
        self.wait(lambda: all(publisher.get_subscription_count() >= 1 for publisher in publishers))

    def wait(self, condition, seconds=30.0):
        """Listen until `condition()`; fails after `seconds`."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds} s in vain; {len(self.commands)} commands heard"
            self.session.spin_once(0.01)


@pytest.fixture
def wire(ros):
    """Makes `Wire`s that are closed at the end."""
    made = []

    def make(**options):
        made.append(Wire(ros, **options))
        return made[-1]

    yield make
    for one in made:
        one.session.close()
