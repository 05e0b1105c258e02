from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from stable_baselines3.common.callbacks import BaseCallback

from policies.rollout import Rollout
from policies.update import HIGHEST_KL, Diverged

TRIALS = ("..e.tE.", ".T.t..D", "...E...", "t.....e")


class Damage(BaseCallback):
    """Changes a rollout before it is learnt from."""

    def __init__(self, damage: Any) -> None:
        super().__init__()
        self.damage = damage

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        self.damage(self.locals["rollout"])


def _state(model: Any) -> dict[str, Any]:
    return copy.deepcopy({"policy": dict(model.policy.state_dict()), "optimizer": model.policy.optimizer.state_dict()})


@pytest.fixture
def model(scripted_env: Any, small_model: Any) -> Any:
    """Trained a little, so that the optimizer has moments too."""
    model = small_model(scripted_env(*TRIALS), n_steps=7, n_minibatches=1)
    model.learn(2 * 28)
    return model


def _reward(rollout: Rollout) -> None:
    rollout.reward[3, 1] = float("inf")


def _log_probability(rollout: Rollout) -> None:
    rollout.log_probability[3, 1] = float("nan")


def _far(rollout: Rollout) -> None:
    rollout.log_probability[:] = -20.0


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_reward, "^the returns of 1 worlds are not finite$"),
        (_log_probability, "^the loss is nan: .*approx_kl nan"),
        (_far, "^the policy moved by .* nats in one update: policy_loss .*clip_fraction 1, value_loss"),
    ],
)
def test_an_update_that_would_spoil_the_policy_is_refused_with_what_was_measured(
    damage: Any, told: str, model: Any, differences: Any
) -> None:
    before = _state(model)
    with pytest.raises(Diverged, match=told) as error:
        model.learn(28, Damage(damage), reset_num_timesteps=False)
    assert "\n" not in str(error.value)
    assert not differences(_state(model), before)


def test_a_gradient_that_is_not_finite_is_refused(model: Any, differences: Any) -> None:
    before = _state(model)
    model.policy.log_std.register_hook(lambda gradient: gradient * float("nan"))
    with pytest.raises(Diverged, match=r"^the gradient's norm is nan: .*value_loss"):
        model.learn(28, reset_num_timesteps=False)
    assert not differences(_state(model), before)


def test_a_policy_that_runs_away_within_an_update_is_brought_back(
    scripted_env: Any, small_model: Any, differences: Any
) -> None:
    model = small_model(scripted_env(*TRIALS), n_steps=7, n_epochs=50, learning_rate=10.0)
    before = _state(model)
    with pytest.raises(Diverged, match=r"^the policy moved by [0-9.e+inf]+ nats in one update") as error:
        model.learn(28)
    assert float(str(error.value).split(" by ")[1].split()[0]) > HIGHEST_KL
    assert not differences(_state(model), before)


def test_training_goes_on_once_rewards_are_numbers_again(scripted_env: Any, small_model: Any, differences: Any) -> None:
    env = scripted_env(*TRIALS)
    model = small_model(env, n_steps=7)
    model.learn(2 * 28)
    before = _state(model)
    env.rewards[[1, 2]] = float("nan")
    with pytest.raises(Diverged, match="2 worlds"):
        model.learn(28, reset_num_timesteps=False)
    assert not differences(_state(model), before)
    env.rewards[[1, 2]] = 1.0
    model.learn(28, reset_num_timesteps=False)
    assert differences(_state(model)["policy"], before["policy"])
    assert all(torch.isfinite(tensor).all() for tensor in model.policy.state_dict().values())


def test_a_few_actions_that_became_very_likely_are_no_explosion(model: Any, log_lines: Any) -> None:
    def one_of_them(rollout: Rollout) -> None:
        rollout.log_probability[0, 0] -= 9.0

    for group in model.policy.optimizer.param_groups:
        group["lr"] = 1e-9
    lines = log_lines(model)
    model.learn(28, Damage(one_of_them), reset_num_timesteps=False)
    assert lines[0]["train/approx_kl"] > HIGHEST_KL > lines[0]["train/quadratic_kl"] > 0.0
