from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from policies import A2C, LSTMPPO, REINFORCE


def _moved(first: Any, second: Any) -> list[bool]:
    pairs = zip(first.policy.parameters(), second.policy.parameters(), strict=True)
    return [not torch.equal(one, other) for one, other in pairs]


@pytest.mark.parametrize("algorithm", [A2C, REINFORCE])
def test_each_rollout_is_one_step_over_the_whole_batch_at_the_collecting_policy(
    algorithm: type[LSTMPPO], scripted_env: Any, small_model: Any, log_lines: Any
) -> None:
    model = small_model(scripted_env("..E", ".E."), algorithm, n_steps=6)
    lines, steps = log_lines(model), []
    model.policy.optimizer.register_step_post_hook(lambda *_: steps.append(1))
    model.learn(4 * 12)
    assert len(steps) == len(lines) == 4
    assert max(abs(line["train/approx_kl"]) for line in lines) < 1e-6
    assert all("train/clip_fraction" not in line for line in lines)


def test_reinforce_never_asks_the_critic(scripted_env: Any, small_model: Any, recorder: Any) -> None:
    """Its actions learn the same whatever the values are, also where a time limit ends an episode."""
    models = [small_model(scripted_env("..t..E", ".T...."), REINFORCE, n_steps=6) for _ in range(2)]
    critic = ("critic.", "value_net.")
    with torch.no_grad():
        for name, parameter in models[1].policy.named_parameters():
            if name.startswith(critic):
                parameter += 1.0
    before = {name: p.detach().clone() for name, p in models[0].policy.named_parameters()}
    callback = recorder()
    models[0].learn(3 * 12, callback)
    models[1].learn(3 * 12)
    assert all((recorded.rollout.reward == 1.0).all() for recorded in callback.recorded)
    for name, parameter in models[0].policy.named_parameters():
        if name.startswith(critic):
            assert torch.equal(parameter, before[name])
        else:
            assert torch.equal(parameter, dict(models[1].policy.named_parameters())[name])
            assert not torch.equal(parameter, before[name])


def test_reinforce_learns_from_the_steps_of_finished_episodes_alone(scripted_env: Any, small_model: Any) -> None:
    """What is seen after a rollout's last end of an episode changes nothing."""
    envs = [scripted_env("..E...", "...E..") for _ in range(2)]
    for name in ("policy", "critic"):
        envs[1].seen[name][4:] += 1.0
    models = [small_model(env, REINFORCE, n_steps=6) for env in envs]
    for model in models:
        model.learn(12)
    assert not any(_moved(*models))
    envs = [scripted_env("..E...", "...E..") for _ in range(2)]
    envs[1].seen["policy"][2] += 1.0
    models = [small_model(env, REINFORCE, n_steps=6) for env in envs]
    for model in models:
        model.learn(12)
    assert any(_moved(*models))


def test_reinforce_refuses_a_rollout_in_which_no_episode_ends(scripted_env: Any, small_model: Any) -> None:
    model = small_model(scripted_env("." * 10 + "E", "." * 10 + "E"), REINFORCE, n_steps=5)
    with pytest.raises(
        ValueError, match=r"^no episode ended within the 5 steps of a rollout: .* longer than an episode$"
    ):
        model.learn(10)


@pytest.mark.parametrize("algorithm", [LSTMPPO, A2C, REINFORCE])
def test_a_reward_for_the_right_action_is_learnt_without_memory(
    algorithm: type[LSTMPPO], small_env: Any, small_model: Any
) -> None:
    """One-step episodes that pay 1 for the action which the observation names: learnt to above 0.95."""
    model = small_model(
        _echo(small_env)(64),
        algorithm,
        network={"memory": "none"},
        n_steps=8,
        learning_rate=5e-3 if algorithm is LSTMPPO else 3e-2,
    )
    model.learn(64 * 8 * 40)
    env = _echo(small_env)(1000)
    action, _ = model.predict(env.reset(), deterministic=False)
    assert (action == env.cue).mean() > 0.95


def _echo(small_env: Any) -> Any:
    from gymnasium import spaces

    class EchoEnv(small_env):
        """Four cues, each the number of the action that pays."""

        def __init__(self, worlds: int) -> None:
            self.render_mode = None
            super().__init__(worlds, spaces.Box(0.0, 1.0, (4,), np.float32), spaces.Discrete(4))
            self.rng = np.random.default_rng(worlds)

        def reset(self) -> np.ndarray:
            self.cue = self.rng.integers(0, 4, self.num_envs)
            return np.eye(4, dtype=np.float32)[self.cue]

        def step_wait(self) -> Any:
            reward = (self.actions == self.cue).astype(float)
            return self.reset(), reward, np.ones(self.num_envs, dtype=bool), [{} for _ in range(self.num_envs)]

    return EchoEnv
