from __future__ import annotations

from typing import Any

import pytest
import torch

TRIALS = ("..e.tE.", ".T.t..D", "...E...", "t.....e")


def _learnt(clip: float | None, scripted_env: Any, small_model: Any, recorder: Any, **settings: Any) -> Any:
    """A model after one update, on rewards in whose units values were not given, and what it was an update of."""
    env = scripted_env(*TRIALS, rewards=(49.0, 50.0, 51.0, 52.0))
    model = small_model(env, n_steps=7, n_minibatches=1, clip_range_vf=clip, **settings)
    callback = recorder()
    model.learn(28, callback)
    return model, callback.recorded[0]


def _outputs(policy: Any, recorded: Any) -> torch.Tensor:
    """What the critic's network says (T, n) of a rollout whose observations it takes as it did when they were seen."""
    rollout, memory, values = recorded.rollout, recorded.rollout.critic_memory[0], []
    policy.critic_normalizer.load_state_dict(recorded.policy.critic_normalizer.state_dict())
    with torch.no_grad():
        for seen, cleared in zip(rollout.critic_observation, rollout.memory_reset, strict=True):
            keep = (~cleared).float()[:, None, None]
            value, memory = policy.value(torch.zeros(0), seen[None], memory * keep)
            values.append(value[0])
    return torch.stack(values)


def test_a_value_clip_does_not_bite_before_the_values_have_moved(
    scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    moved = []
    for clip in (None, 0.01):
        model, recorded = _learnt(clip, scripted_env, small_model, recorder, n_epochs=1)
        moved.append(_outputs(model.policy, recorded) - _outputs(recorded.policy, recorded))
    assert moved[0].abs().max() > 1e-3
    torch.testing.assert_close(moved[0], moved[1])


@pytest.mark.parametrize(("clip", "at_most"), [(0.05, 0.2), (0.2, 0.4)])
def test_a_value_clip_holds_values_near_the_old_ones(
    clip: float, at_most: float, scripted_env: Any, small_model: Any, recorder: Any
) -> None:
    settings = {"n_epochs": 40, "learning_rate": 3e-3}
    (free, seen), (held, same) = (_learnt(c, scripted_env, small_model, recorder, **settings) for c in (None, clip))
    far = (_outputs(free.policy, seen) - _outputs(seen.policy, seen)).abs()
    near = (_outputs(held.policy, same) - _outputs(same.policy, same)).abs()
    assert far.mean() > 0.5
    assert near.mean() < at_most
