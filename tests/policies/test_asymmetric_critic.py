from __future__ import annotations

from typing import Any

import pytest
import torch

TRIALS = ("..e.tE.", ".T.t..D")


def _collect(group: str | None, scripted_env: Any, small_model: Any, recorder: Any) -> Any:
    """A first rollout where the observations of one group are others."""
    env = scripted_env(*TRIALS)
    if group:
        env.seen[group] += 1.0
    callback = recorder()
    small_model(env, n_steps=7).learn(14, callback)
    return callback.recorded[0]


def test_only_the_values_depend_on_what_only_the_simulator_knows(
    scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    (_, rollout, last), (_, other, other_last) = (
        _collect(group, scripted_env, small_model, recorder) for group in (None, "critic")
    )
    assert torch.equal(other.action, rollout.action)
    assert torch.equal(other.log_probability, rollout.log_probability)
    assert (other.value != rollout.value).all() and (other_last != last).all()


def test_the_values_do_not_depend_on_what_the_robot_has(scripted_env: Any, small_model: Any, recorder: Any) -> None:
    (_, rollout, last), (_, other, other_last) = (
        _collect(group, scripted_env, small_model, recorder) for group in (None, "policy")
    )
    assert torch.equal(other.value, rollout.value) and torch.equal(other_last, last)
    assert (other.action != rollout.action).any()


@pytest.mark.parametrize("deterministic", [True, False])
def test_a_policy_acts_without_the_privileged_observation(
    deterministic: bool, scripted_env: Any, small_model: Any
) -> None:
    env = scripted_env(*TRIALS)
    with_it, without_it = (small_model(env) for _ in range(2))
    observation = env.reset()
    action, memory = with_it.predict(observation, deterministic=deterministic)
    same, kept = without_it.predict({"policy": observation["policy"]}, deterministic=deterministic)
    assert (action == same).all() and (memory == kept).all()


def test_actor_and_critic_share_no_weights(scripted_env: Any, small_model: Any) -> None:
    policy = small_model(scripted_env(*TRIALS)).policy
    distribution, _ = policy.act(torch.ones(3, 2, 2), torch.zeros(2, 2, 16))
    value, _ = policy.value(torch.ones(3, 2, 3), torch.zeros(2, 2, 16))
    moved = []
    for output in (distribution.log_prob(torch.ones(6, 2)).sum(), value.sum()):
        gradients = torch.autograd.grad(output, list(policy.parameters()), allow_unused=True)
        moved.append({name for (name, _), g in zip(policy.named_parameters(), gradients, strict=True) if g is not None})
    assert not moved[0] & moved[1]
    assert moved[0] | moved[1] == {name for name, _ in policy.named_parameters()}


def test_a_plain_observation_serves_both_groups(recall_env: Any, small_model: Any, recorder: Any) -> None:
    callback = recorder()
    small_model(recall_env(4, groups=False)).learn(20, callback)
    rollout = callback.recorded[0].rollout
    assert torch.equal(rollout.policy_observation, rollout.critic_observation)
    assert rollout.policy_observation.any()
