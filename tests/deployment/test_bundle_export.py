from __future__ import annotations

import hashlib

import numpy as np
import pytest

from deploy_robot import (
    Bundle,
    ControlLoop,
    InProcessRobot,
    RobotState,
    SafetyFilter,
    SafetyLimits,
    SafetySettings,
    map_action,
)
from deploy_robot.policy_controller import PolicyController
from randomizers import Worlds
from sim2real.bundle_export import export_bundle, model_fingerprint
from sim2real.errors import UserError
from sim2real.evaluation import TrainedPlayer
from sim2real.evaluation.choice import choose_worlds
from sim2real.evaluation.evaluate import in_order
from sim2real.runs import RunFolder, TrainConfig, load_policy
from sim2real.tasks import make_task
from sim2real.tasks.robot_task import RobotTask
from sim2real.trials import TrialEnv
from sim2real.twin import Twin


@pytest.fixture(scope="module")
def task() -> RobotTask:
    task = make_task("leap/rotate-z")
    assert isinstance(task, RobotTask)
    return task


def world(task: RobotTask, seed: int) -> Worlds:
    return choose_worlds(task.worlds, "unseen", 1, seed)


def test_what_was_written_passes_every_check_of_a_bundle(bundle) -> None:
    loaded = Bundle.load(bundle.path)
    assert loaded.fingerprint == bundle.fingerprint
    assert loaded.contract == bundle.contract


def test_the_contract_is_the_tasks(bundle, task, run) -> None:
    contract = bundle.contract
    assert (contract.task, contract.joints, contract.control_period) == (task.name, task.joints, task.control_period)
    assert contract.observation == task.observation
    assert contract.action == task.action
    assert contract.start_pose == pytest.approx(task.start_pose)
    assert contract.memory_shape == (2, 16)
    assert contract.fingerprints["policy"] == hashlib.sha256(run.policy_path.read_bytes()).hexdigest()
    assert contract.fingerprints["model"] == model_fingerprint(task.model)
    assert set(contract.versions) >= {"sim2real", "torch", "mujoco"}


def test_models_that_differ_have_other_fingerprints(task) -> None:
    again, other = task.spec.copy(), task.spec.copy()
    other.geom("cube").mass = 0.081
    assert model_fingerprint(again.compile()) == model_fingerprint(task.spec.compile())
    assert model_fingerprint(other.compile()) != model_fingerprint(task.spec.compile())


def test_the_golden_run_is_the_policy_in_a_trial_with_its_memory_cleared_on_the_way(bundle, run, task) -> None:
    golden = bundle.golden
    assert {0, 100} <= set(np.flatnonzero(golden.memory_reset).tolist())
    policy = load_policy(run).policy
    for step, (seen, reset, action) in enumerate(
        zip(golden.observation, golden.memory_reset, golden.action, strict=True)
    ):
        memory = policy.initial_memory(1) if reset else memory  # noqa: F821
        wanted, memory = policy.step(seen[None], memory)
        assert action == pytest.approx(wanted[0].clip(-1, 1), abs=1e-6), step
    assert np.ptp(golden.action, axis=0).min() > 0.1, "it has something to say"
    env = TrialEnv(task, 1, run.worlds(), seed=0, threads=1)
    assert np.array_equal(golden.observation[0], env.reset()["policy"][0])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_control_loop_drives_the_twin_for_five_seconds_without_a_fault(bundle, task, seed: int) -> None:
    twin = Twin(task, world(task, seed))
    report = ControlLoop(bundle, InProcessRobot(twin), pace="lockstep").run(5.0)
    assert (report.ended, report.fault, report.policy_ticks) == ("completed", None, 100)
    assert (report.position_clamps, report.velocity_clamps) == (0, 0), "the policy stays within what it was trained in"
    assert np.ptp(report.targets[report.approach_ticks :], axis=0).max() > 0.5, "the hand moved"
    assert twin.time == pytest.approx(0.05 * report.ticks)


class WatchedTwin(Twin):
    """Keeps what the simulation's own policy group was at every reading."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.groups: list[np.ndarray] = []
        self.targets: list[np.ndarray] = []

    def state(self) -> tuple[np.ndarray, np.ndarray]:
        self.groups.append(self.simulation.observe()[0])
        self.targets.append(self.simulation.target_angle.copy())
        return super().state()


def test_the_loop_acts_as_the_policy_does_on_the_simulators_own_observations(bundle, task, run) -> None:
    twin = WatchedTwin(task, world(task, 3))
    # A policy that has learnt nothing flings fingers about.
    limits = SafetyLimits.from_contract(bundle.contract, SafetySettings(max_joint_speed=60.0), lockstep=True)
    report = ControlLoop(bundle, InProcessRobot(twin), SafetyFilter(limits), pace="lockstep").run(5.0)
    policy = load_policy(run).policy
    memory = policy.initial_memory(1)
    differences = []
    for tick in range(report.approach_ticks, report.ticks):
        seen = twin.groups[tick]
        seen[:, -1] = tick == report.approach_ticks  # the loop's trial begins after its approach
        action, memory = policy.step(seen, memory)
        target = map_action(task.action, task.control_period, action, twin.targets[tick])[0]
        differences.append(np.abs(target - report.targets[tick]))
    assert (report.fault, len(differences)) == (None, 100)
    assert np.max(differences) < 1e-5
    assert np.abs(np.diff(report.targets[report.approach_ticks :], axis=0)).max() > 0.1, "of actions that are not small"


def test_a_trial_on_the_robot_begins_as_it_does_in_the_simulator(bundle, task, run) -> None:
    """From the same start, without an approach; later the two part, as contacts magnify the last bit."""
    one = world(task, 4)
    env = TrialEnv(task, 1, draw=in_order(one), threads=1)
    player = TrainedPlayer(load_policy(run).policy)
    observation, memory = env.reset()["policy"], player.initial_memory(1)
    twin, controller = Twin(task, one), PolicyController(bundle)
    target = twin.simulation.target_angle[0]
    for _ in range(10):
        action, memory = player.step(observation, memory)
        observation = env.step(action)[0]["policy"]
        target = controller.step(RobotState(twin.time, 0.0, *twin.state()), target)
        twin.step(target)
        assert target == pytest.approx(env.simulation.target_angle[0], abs=1e-5)
    assert twin.simulation.joint_position == pytest.approx(env.simulation.joint_position, abs=1e-5)


def refused(run: RunFolder, out) -> str:
    with pytest.raises(UserError) as error:
        export_bundle(run, out)
    assert "\n" not in str(error.value)
    assert not out.exists()
    return str(error.value)


def test_a_task_that_needs_more_than_joint_states_and_poses_is_refused_in_one_line(tmp_path) -> None:
    task = make_task("shadow/block-rotate-z-touch")
    run = RunFolder.create(tmp_path / "run", task, TrainConfig(), task.worlds)
    message = refused(run, tmp_path / "bundle")
    assert "shadow/block-rotate-z-touch observes object_position, goal_rotation, touch" in message
    assert "joint states and poses only" in message


def test_a_run_without_a_policy_is_refused_in_one_line(task, tmp_path) -> None:
    run = RunFolder.create(tmp_path / "run", task, TrainConfig(), task.worlds)
    assert f"{run.path} holds no policy yet" in refused(run, tmp_path / "bundle")
