"""From a trained run to a bundle that a robot can run."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from pathlib import Path

import mujoco
import numpy as np

from deploy_robot import Bundle, Contract, Golden
from policies import LSTMPPO, LSTMPolicy
from policies.export import export_onnx, golden_run
from sim2real.errors import UserError
from sim2real.runs import RunFolder, load_policy
from sim2real.runs.run_folder import versions
from sim2real.tasks.robot_task import RobotTask
from sim2real.trials.trial_env import TrialEnv

GOLDEN_STEPS = 200
GOLDEN_RESET = 100
"""The step of the golden run before which memory is cleared once more."""


def export_bundle(run: RunFolder, out: Path) -> Bundle:
    """Write the run's policy as a bundle, with a golden run in one of its own worlds.

    Raises UserError for tasks that no robot can run from joint states and poses alone.
    """
    task = run.task
    if not isinstance(task, RobotTask):
        raise UserError(f"{task.name} has no robot to deploy to")
    if task.poses is None:
        raise UserError(
            f"{task.name} observes {', '.join(task.tracked)}, which bundles cannot carry: joint states and poses only"
        )
    model = load_policy(run)
    if not isinstance(model, LSTMPPO):
        raise UserError(
            f"{run.path} was trained by the baseline {run.config.algo}; bundles are of --algo ppo and its kin"
        )
    policy = model.policy
    observation, reset = _golden_observations(run, task, policy)
    golden = Golden(observation, reset, golden_run(policy, observation, reset))
    contract = Contract(
        task=task.name,
        control_period=task.control_period,
        joints=task.joints,
        observation=task.observation,
        tracked=task.poses.terms,
        kinematics=task.kinematics,
        action=task.action,
        start_pose=tuple(task.start_pose.tolist()),
        memory_shape=policy.initial_memory(1).shape[1:],
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        fingerprints={
            "model": model_fingerprint(task.model),
            "worlds": _sha256(run.worlds_path.read_bytes()),
            "config": _sha256(run.config_path.read_bytes()),
            "policy": _sha256(run.policy_path.read_bytes()),
            "git": run.record.get("git") or "unknown",
        },
        versions=versions(),
    )
    return Bundle.write(out, export_onnx(policy), contract, golden)


def model_fingerprint(model: mujoco.MjModel) -> str:
    """sha256 of the compiled model."""
    buffer = np.empty(mujoco.mj_sizeModel(model), np.uint8)
    mujoco.mj_saveModel(model, None, buffer)
    return _sha256(buffer.tobytes())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _golden_observations(run: RunFolder, task: RobotTask, policy: LSTMPolicy) -> tuple[np.ndarray, np.ndarray]:
    """What the policy sees (T, p) in one trial of a drawn world, and where its memory is cleared (T,)."""
    env = TrialEnv(task, 1, run.worlds(task), seed=0, threads=1)
    seen = []
    reset = np.zeros(GOLDEN_STEPS, dtype=bool)
    observation, memory = env.reset()["policy"], policy.initial_memory(1)
    begins = True
    for step in range(GOLDEN_STEPS):
        if begins or step == GOLDEN_RESET:
            reset[step] = True
            memory = policy.initial_memory(1)
        seen.append(observation[0])
        action, memory = policy.step(observation, memory)
        stepped, _, done, _ = env.step(action)
        observation, begins = stepped["policy"], bool(done[0])
    return np.array(seen, dtype=np.float32), reset
