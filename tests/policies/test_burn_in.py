from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch

TRIALS = ("..e.tE.", ".T.t..D", "...E...", "t.....e")
NETWORKS: list[dict[str, Any]] = [
    {},
    {"memory": "gru"},
    {"memory": "table"},
    {"memory": "none"},
    {"shared": True},
]
LENGTHS = [(12, 12, 0), (12, 4, 0), (12, 4, 4), (12, 12, 12), (3, 1, 1)]
"""Steps of a rollout, a segment and a burn-in."""


def _collect(model: Any, recorder: Any, rollouts: int) -> list[Any]:
    callback = recorder()
    model.learn(rollouts * model.n_steps * model.n_envs, callback)
    return callback.recorded


def _lived(recorded: list[Any], burn_in: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Both memories before every step that was taken, each rollout's steps repeated with the policy that took them."""
    first = recorded[0].rollout
    memory = torch.zeros_like(first.actor_memory[0]), torch.zeros_like(first.critic_memory[0])
    actor, critic = [], []
    with torch.no_grad():
        for policy, rollout in recorded:
            for at in range(burn_in, len(rollout.memory_reset)):
                actor.append(memory[0])
                critic.append(memory[1])
                keep = (~rollout.memory_reset[at]).float()[:, None, None]
                features, after = policy.act(rollout.policy_observation[at][None], memory[0] * keep)
                _, critic_after = policy.value(features, rollout.critic_observation[at][None], memory[1] * keep)
                memory = after, critic_after
    return actor, critic


@pytest.mark.parametrize(
    ("network", "steps", "segment", "burn_in"),
    [(network, 12, 4, 3) for network in NETWORKS] + [({}, *lengths) for lengths in LENGTHS],
    ids=str,
)
def test_stored_memories_are_those_that_collecting_had_there(
    network: dict[str, Any], steps: int, segment: int, burn_in: int, scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    env = scripted_env(*TRIALS)
    model = small_model(env, network=network, n_steps=steps, segment=segment, burn_in=burn_in, learning_rate=0.03)
    recorded = _collect(model, recorder, 3)
    lived = _lived(recorded, burn_in)
    for index, (_, rollout) in enumerate(recorded):
        for stored, memories in zip((rollout.actor_memory, rollout.critic_memory), lived, strict=True):
            assert len(stored) == steps // segment
            for s, memory in enumerate(stored):
                at = index * steps + s * segment - burn_in
                torch.testing.assert_close(memory, memories[at] if at >= 0 else torch.zeros_like(memory))


def test_the_burn_in_is_what_was_seen_before_the_rollout(scripted_env: Any, small_model: Any, recorder: Any) -> None:
    model = small_model(scripted_env(*TRIALS), n_steps=6, segment=3, burn_in=2)
    for (_, before), (_, after) in pairwise(_collect(model, recorder, 4)):
        for name in ("policy_observation", "critic_observation", "memory_reset"):
            assert len(getattr(after, name)) == 8
            assert torch.equal(getattr(after, name)[:2], getattr(before, name)[-2:])


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_burn_in_with_the_collecting_parameters_gives_the_memory_that_there_was(
    network: dict[str, Any], scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    model = small_model(scripted_env(*TRIALS), network=network, n_steps=12, segment=4, burn_in=3)
    recorded = _collect(model, recorder, 3)
    lived = _lived(recorded, 3)
    policy, rollout = recorded[2]
    for s in (1, 2):
        burnt = slice(4 * s, 4 * s + 3)
        reset, at = rollout.memory_reset[burnt], 2 * 12 + 4 * s
        seen = policy.policy_normalizer(rollout.policy_observation[burnt])
        after = policy.actor.memory_after(rollout.actor_memory[s], seen, reset)
        torch.testing.assert_close(after, lived[0][at])
        if policy.critic is not None:
            seen = policy.critic_normalizer(rollout.critic_observation[burnt])
            after = policy.critic.memory_after(rollout.critic_memory[s], seen, reset)
            torch.testing.assert_close(after, lived[1][at])


def test_one_segment_without_burn_in_is_the_plain_case(
    recall_env: Any, small_model: Any, log_lines: Any, differences: Any
) -> None:
    states = []
    for lengths in ({}, {"segment": 5, "burn_in": 0}, {"segment": 1}):
        model = small_model(recall_env(4), **lengths)
        lines = log_lines(model)
        model.learn(5 * 20)
        states.append((model.training_state(), lines))
    assert not differences(states[0], states[1])
    assert differences(states[0], states[2])


@pytest.mark.parametrize("stop_after", [2, 3, 4, 5, 8, 9])
def test_burn_in_goes_on_where_a_callback_stopped_learning(
    stop_after: int, scripted_env: Any, small_model: Any, recorder: Any, differences: Any
) -> None:
    """Whether the next rollout began by itself or because one was broken off, it is the same."""
    stopped, whole = (
        small_model(scripted_env(*TRIALS), n_steps=steps, segment=segment, burn_in=2, learning_rate=1e-9)
        for steps, segment in ((6, 3), (stop_after, stop_after))
    )
    for model in (stopped, whole):
        for normalizer in (model.policy.policy_normalizer, model.policy.critic_normalizer):
            normalizer.update = lambda samples: None
    stopped.learn(1000, recorder(stop_after))
    _, before = _collect(whole, recorder, 2)[1]
    callback = recorder()
    stopped.learn(24, callback, reset_num_timesteps=False)
    _, after = callback.recorded[0]
    assert torch.equal(after.policy_observation[:3], before.policy_observation[:3])
    assert torch.equal(after.memory_reset[:3], before.memory_reset[:3])
    torch.testing.assert_close(after.actor_memory[0], before.actor_memory[0])
    torch.testing.assert_close(after.critic_memory[0], before.critic_memory[0])
