from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

TRIALS = ("..e.tE.", ".T.t..D")


def _collect(group: str | None, scripted_env: Any, small_model: Any, recorder: Any, **network: Any) -> Any:
    """A first rollout where the observations of one group are others."""
    env = scripted_env(*TRIALS)
    if group:
        env.seen[group] += 1.0
    callback = recorder()
    small_model(env, network=network, n_steps=7).learn(14, callback)
    return callback.recorded[0].rollout


@pytest.mark.parametrize("shared", [False, True])
def test_only_the_values_depend_on_what_only_the_simulator_knows(
    shared: bool, scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    rollout, other = (_collect(group, scripted_env, small_model, recorder, shared=shared) for group in (None, "critic"))
    assert torch.equal(other.action, rollout.action)
    assert torch.equal(other.log_probability, rollout.log_probability)
    assert (other.value != rollout.value).all() and (other.last_value != rollout.last_value).all()


def test_the_values_do_not_depend_on_what_the_robot_has(scripted_env: Any, small_model: Any, recorder: Any) -> None:
    rollout, other = (_collect(group, scripted_env, small_model, recorder) for group in (None, "policy"))
    assert torch.equal(other.value, rollout.value) and torch.equal(other.last_value, rollout.last_value)
    assert (other.action != rollout.action).any()


def test_a_shared_critics_values_depend_on_both_groups(scripted_env: Any, small_model: Any, recorder: Any) -> None:
    rollout, other = (_collect(group, scripted_env, small_model, recorder, shared=True) for group in (None, "policy"))
    assert (other.value != rollout.value).all() and (other.last_value != rollout.last_value).all()


@pytest.mark.parametrize("shared", [False, True])
def test_the_critic_sees_the_group_that_it_is_told_to(
    shared: bool, scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    rollout, other = (
        _collect(group, scripted_env, small_model, recorder, shared=shared, critic_group="policy")
        for group in (None, "critic")
    )
    assert torch.equal(rollout.critic_observation, rollout.policy_observation)
    assert torch.equal(other.value, rollout.value) and torch.equal(other.last_value, rollout.last_value)
    assert np.array_equal(other.reward, rollout.reward)


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


def _moved(policy: Any) -> list[set[str]]:
    """The parameters on which actions depend, and those on which values do."""
    features, _ = policy.act(torch.ones(3, 2, 2), torch.zeros(2, 2, 16))
    value, _ = policy.value(features, torch.ones(3, 2, 3), torch.zeros(2, 2, 16))
    moved = []
    for output in (policy.distribution(features).log_prob(torch.ones(6, 2)).sum(), value.sum()):
        gradients = torch.autograd.grad(output, list(policy.parameters()), allow_unused=True, retain_graph=True)
        moved.append({name for (name, _), g in zip(policy.named_parameters(), gradients, strict=True) if g is not None})
    return moved


def test_actor_and_critic_share_no_weights(scripted_env: Any, small_model: Any) -> None:
    policy = small_model(scripted_env(*TRIALS)).policy
    moved = _moved(policy)
    assert not moved[0] & moved[1]
    assert moved[0] | moved[1] == {name for name, _ in policy.named_parameters()}


def test_a_shared_critic_moves_the_actors_memory_and_not_its_actions(scripted_env: Any, small_model: Any) -> None:
    acting, valuing = _moved(small_model(scripted_env(*TRIALS), network={"shared": True}).policy)
    assert {name for name in acting & valuing} == {name for name in acting if name.startswith("actor.")}
    assert {name.split(".")[0] for name in valuing - acting} == {"value_encoder", "value_net"}


def test_a_plain_observation_serves_both_groups(recall_env: Any, small_model: Any, recorder: Any) -> None:
    callback = recorder()
    small_model(recall_env(4, groups=False)).learn(20, callback)
    rollout = callback.recorded[0].rollout
    assert torch.equal(rollout.policy_observation, rollout.critic_observation)
    assert rollout.policy_observation.any()
