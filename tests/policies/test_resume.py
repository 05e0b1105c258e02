from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.callbacks import BaseCallback

from policies import REINFORCE
from policies.checkpoint import load_checkpoint, save_checkpoint

WORLDS, STEPS = 6, 5
ITERATION = WORLDS * STEPS
"""Control steps of one iteration; a trial is no whole number of rollouts."""


class StopDuring(BaseCallback):
    """Requests a stop in the middle of a rollout."""

    def __init__(self, rollout: int) -> None:
        super().__init__()
        self.rollout = rollout

    def _on_step(self) -> bool:
        if self.n_calls == (self.rollout - 1) * self.model.n_steps + 2:
            self.model.request_stop()
        return True


def _model(recall_env: Any, small_model: Any, seed: int, **settings: Any) -> Any:
    action = spaces.Box(-1.0, 1.0, (2,)) if "bins" in settings.get("network", {}) else None
    env = recall_env(WORLDS, seed, action)
    return small_model(env, **{"n_steps": STEPS, "n_minibatches": 3, "seed": seed, **settings})


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"desired_kl": 0.005},
        {"value_cut": "trial", "n_epochs": 1},
        {"network": {"shared": True}, "segment": 1, "burn_in": 1, "ent_coef": 0.1, "ent_coef_final": 0.0},
        {"network": {"memory": "gru", "bins": 3}, "n_steps": 6, "segment": 3, "burn_in": 2, "anneal": True},
        {"network": {"memory": "table"}, "n_steps": 6, "segment": 3, "burn_in": 2},
        {"network": {"memory": "none"}, "anneal": True, "clip_range_vf": 0.1, "clip_range": None},
        {"algorithm": REINFORCE, "n_steps": 9},
    ],
    ids=str,
)
def test_training_on_from_a_checkpoint_equals_training_without_a_break(
    settings: dict[str, Any], tmp_path: Path, recall_env: Any, small_model: Any, log_lines: Any, differences: Any
) -> None:
    whole = _model(recall_env, small_model, 1, **settings)
    expected = log_lines(whole)
    steps = 8 * WORLDS * whole.n_steps
    whole.learn(steps)

    first = _model(recall_env, small_model, 1, **settings)
    lines = [log_lines(first)]
    first.learn(steps, StopDuring(4))
    assert first.num_timesteps == steps // 2
    save_checkpoint(tmp_path / "checkpoint", {"model": first.training_state(), "env": first.env.state()})

    state = load_checkpoint(tmp_path / "checkpoint")
    second = _model(recall_env, small_model, 2, **settings)
    lines.append(log_lines(second))
    second.env.restore(state["env"])
    second.restore_training_state(state["model"])
    second.learn(steps - second.num_timesteps, reset_num_timesteps=False)

    assert not differences(second.training_state(), whole.training_state())
    assert not differences(second.env.state(), whole.env.state())
    assert lines[0] + lines[1] == expected
    assert len(expected) == 8 and "rollout/ep_rew_mean" in expected[-1]


def test_what_is_restored_over_a_trained_model_leaves_nothing_of_it(
    tmp_path: Path, recall_env: Any, small_model: Any, differences: Any
) -> None:
    first, second = (_model(recall_env, small_model, seed) for seed in (1, 2))
    first.learn(4 * ITERATION)
    second.learn(7 * ITERATION)
    save_checkpoint(tmp_path / "checkpoint", first.training_state())
    second.restore_training_state(load_checkpoint(tmp_path / "checkpoint"))
    assert not differences(second.training_state(), first.training_state())


def test_restoring_does_not_touch_the_environment(recall_env: Any, small_model: Any, differences: Any) -> None:
    first, second = (_model(recall_env, small_model, seed) for seed in (1, 2))
    first.learn(ITERATION)
    before = second.env.state()
    second.restore_training_state(first.training_state())
    assert not differences(second.env.state(), before)


def test_real_trials_go_on_from_a_checkpoint_bit_for_bit(tmp_path: Path, small_model: Any, differences: Any) -> None:
    tasks, trials = pytest.importorskip("sim2real.tasks"), pytest.importorskip("sim2real.trials.trial_env")

    def model(seed: int) -> Any:
        env = trials.TrialEnv(tasks.make_task("leap/rotate-z"), 8, seed=seed, threads=1, stagger=True)
        return small_model(env, n_steps=8, seed=seed, value_cut="trial")

    whole, first, second = model(1), model(1), model(2)
    whole.learn(8 * 64)
    first.learn(4 * 64)
    save_checkpoint(tmp_path / "checkpoint", {"model": first.training_state(), "env": first.env.state()})
    state = load_checkpoint(tmp_path / "checkpoint")
    second.env.restore(state["env"])
    second.restore_training_state(state["model"])
    second.learn(4 * 64, reset_num_timesteps=False)
    assert not differences(second.training_state(), whole.training_state())
    assert not differences(second.env.state(), whole.env.state())


def test_the_seed_decides_everything(recall_env: Any, small_model: Any, differences: Any) -> None:
    states = []
    for seed in (1, 1, 2):
        torch.rand(len(states))
        model = _model(recall_env, small_model, seed)
        model.learn(4 * ITERATION)
        states.append((model.training_state(), model.env.state()))
    assert not differences(states[0], states[1])
    assert differences(states[0][0]["policy"], states[2][0]["policy"])


def test_a_requested_stop_waits_for_the_running_iteration(recall_env: Any, small_model: Any, differences: Any) -> None:
    stopped, whole = (_model(recall_env, small_model, 1) for _ in range(2))
    stopped.learn(8 * ITERATION, StopDuring(3))
    assert (stopped.iteration, stopped.num_timesteps) == (3, 3 * ITERATION)
    stopped.learn(2 * ITERATION, reset_num_timesteps=False)
    whole.learn(5 * ITERATION)
    assert not differences(stopped.training_state(), whole.training_state())
