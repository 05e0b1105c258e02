from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from gymnasium import spaces

from policies import gradients
from policies.loss import UpdateSettings
from policies.lstm_policy import LSTMPolicy
from policies.rollout import Rollout
from policies.update import update

TRIALS = ("..e.tE.", ".T.t..D", "...E...", "t.....e")
SETTINGS = UpdateSettings(
    n_epochs=1,
    n_minibatches=1,
    gamma=0.9,
    gae_lambda=0.8,
    clip_range=0.2,
    clip_range_vf=None,
    ent_coef=0.3,
    vf_coef=0.7,
    max_grad_norm=1e9,
    desired_kl=None,
    baseline=True,
)
STEPS = 12
ACTIONS = {
    "gaussian": (spaces.Box(-1.0, 1.0, (2,)), None),
    "categorical": (spaces.Discrete(3), None),
    "bins": (spaces.Box(-1.0, 1.0, (2,)), 5),
}


@dataclass(frozen=True)
class Case:
    """How a rollout is collected and cut."""

    memory: str = "lstm"
    shared: bool = False
    action: str = "gaussian"
    segment: int = 4
    burn_in: int = 3


@pytest.fixture
def collect(scripted_env: Any, small_model: Any, recorder: Any) -> Callable[[Case], tuple[LSTMPolicy, Rollout]]:
    """A policy and its second rollout, made one to move away from; stored memories are partly of earlier parameters."""

    def collect(case: Case) -> tuple[LSTMPolicy, Rollout]:
        space, bins = ACTIONS[case.action]
        network = {"memory": case.memory, "shared": case.shared, "bins": bins, "widths": (8,), "hidden": 8}
        lengths = {"n_steps": STEPS, "segment": case.segment, "burn_in": case.burn_in}
        model = small_model(scripted_env(*TRIALS, action=space), network=network, learning_rate=3e-2, **lengths)
        callback = recorder()
        model.learn(2 * 4 * STEPS, callback)
        policy, rollout = callback.recorded[1]
        generator = torch.Generator().manual_seed(0)
        for values, scale in ((rollout.reward, 1.0), (rollout.log_probability, 0.5), (rollout.value, 0.3)):
            values += scale * torch.randn(values.shape, generator=generator)
        return policy, rollout

    return collect


def _returns(rollout: Rollout, gamma: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Sums of discounted rewards up to the cut, and where there is a cut to come."""
    returns, known = torch.zeros(rollout.reward.shape), torch.zeros(rollout.reward.shape, dtype=torch.bool)
    for i in range(rollout.reward.shape[1]):
        for t in range(STEPS):
            for k in range(t, STEPS):
                returns[t, i] += gamma ** (k - t) * rollout.reward[k, i]
                if rollout.value_cut[k, i]:
                    known[t, i] = True
                    break
    return returns, known


def _loss(policy: LSTMPolicy, rollout: Rollout, case: Case, settings: UpdateSettings) -> torch.Tensor:
    """The loss on all worlds, from steps taken one by one, segment after segment."""
    normalizer = copy.deepcopy(policy.value_normalizer)
    old = normalizer(rollout.value[..., None])[..., 0]
    if settings.baseline:
        advantage = rollout.advantages(settings.gamma, settings.gae_lambda)
        target, used = advantage + rollout.value, torch.ones(rollout.reward.shape, dtype=torch.bool)
    else:
        target, used = _returns(rollout, settings.gamma)
        advantage = target
    normalizer.update(target[used][:, None])
    wanted = normalizer(target[..., None])[..., 0]
    gains = (advantage - advantage[used].mean()) / advantage[used].std()
    losses, value_losses = [], []
    for s in range(STEPS // case.segment):
        memory = rollout.actor_memory[s], rollout.critic_memory[s]
        start = s * case.segment
        for at in range(start, start + case.burn_in + case.segment):
            keep = (~rollout.memory_reset[at]).float()[:, None, None]
            with torch.set_grad_enabled(at >= start + case.burn_in):
                features, actor_memory = policy.act(rollout.policy_observation[at][None], memory[0] * keep)
                value, critic_memory = policy.value(features, rollout.critic_observation[at][None], memory[1] * keep)
                memory = actor_memory, critic_memory
            t = at - case.burn_in
            if at < start + case.burn_in:
                continue
            distribution = policy.distribution(features)
            ratio = torch.exp(distribution.log_prob(rollout.action[t]) - rollout.log_probability[t])
            gain = gains[t] * ratio
            if settings.clip_range is not None:
                low, high = 1 - settings.clip_range, 1 + settings.clip_range
                gain = torch.minimum(gain, gains[t] * ratio.clamp(low, high))
            losses.append((-gain - settings.ent_coef * distribution.entropy())[used[t]])
            error = (value[0] - wanted[t]) ** 2
            if settings.clip_range_vf is not None:
                held = old[t] + (value[0] - old[t]).clamp(-settings.clip_range_vf, settings.clip_range_vf)
                error = torch.maximum(error, (held - wanted[t]) ** 2)
            value_losses.append(error)
    loss = torch.cat(losses).mean()
    return loss + settings.vf_coef * torch.stack(value_losses).mean() if settings.baseline else loss


def _check(policy: LSTMPolicy, rollout: Rollout, case: Case, settings: UpdateSettings, rng: Any) -> dict[str, float]:
    """One step of gradient descent follows the gradient of the loss computed step by step."""
    names, parameters = zip(*policy.named_parameters(), strict=True)
    gradients = torch.autograd.grad(
        _loss(policy, rollout, case, settings), parameters, allow_unused=True, materialize_grads=True
    )
    scale = min(1.0, settings.max_grad_norm / torch.stack([gradient.norm() for gradient in gradients]).norm().item())
    before = [parameter.detach().clone() for parameter in parameters]
    measured = update(policy, torch.optim.SGD(parameters, lr=1.0), rollout, settings, rng)
    assert sum(gradient.abs().sum() for gradient in gradients) > 0.1
    for name, parameter, old, gradient in zip(names, parameters, before, gradients, strict=True):
        torch.testing.assert_close(
            old - parameter, scale * gradient, rtol=1e-3, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}"
        )
    return measured


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("shared", [False, True], ids=["separate", "shared"])
@pytest.mark.parametrize("memory", ["lstm", "gru", "table", "none"])
def test_a_step_follows_the_gradient_of_the_loss_computed_step_by_step(
    memory: str, shared: bool, action: str, collect: Any, rng: Any
) -> None:
    case = Case(memory, shared, action)
    policy, rollout = collect(case)
    assert rollout.memory_reset[case.burn_in :: case.segment].any(), "some segments begin a trial"
    assert rollout.memory_reset[: case.burn_in].any(), "and some burn-ins"
    measured = _check(policy, rollout, case, SETTINGS, rng)
    assert 0.0 < measured["clip_fraction"] < 1.0


@pytest.mark.parametrize(("segment", "burn_in"), [(12, 0), (12, 12), (6, 0), (6, 2), (3, 3), (1, 1), (1, 0)])
@pytest.mark.parametrize("memory", ["lstm", "gru", "table"])
def test_it_does_so_whatever_the_segments_and_the_burn_in(
    memory: str, segment: int, burn_in: int, collect: Any, rng: Any
) -> None:
    case = Case(memory, segment=segment, burn_in=burn_in)
    _check(*collect(case), case, SETTINGS, rng)


@pytest.mark.parametrize("shared", [False, True], ids=["separate", "shared"])
@pytest.mark.parametrize(
    "change",
    [
        {"max_grad_norm": 0.1},
        {"clip_range_vf": 0.1},
        {"clip_range": None},
        {"clip_range": None, "baseline": False},
        {"baseline": False, "gamma": 1.0},
    ],
    ids=str,
)
def test_it_does_so_with_every_variant_of_the_loss(
    change: dict[str, Any], shared: bool, collect: Any, rng: Any
) -> None:
    case = Case("gru", shared, "categorical")
    policy, rollout = collect(case)
    used = rollout.returns(1.0)[1]
    assert used.any() and not used.all()
    _check(policy, rollout, case, replace(SETTINGS, **change), rng)


@pytest.mark.parametrize("baseline", [True, False], ids=["baseline", "returns"])
@pytest.mark.parametrize("shared", [False, True], ids=["separate", "shared"])
def test_it_does_so_when_worlds_are_differentiated_in_blocks(
    shared: bool, baseline: bool, collect: Any, rng: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case("lstm", shared)
    policy, rollout = collect(case)
    monkeypatch.setattr(gradients, "LEAST_STEPS", 1)
    _check(policy, rollout, case, replace(SETTINGS, baseline=baseline), rng)


def test_minibatches_without_a_finished_episode_are_passed_over(collect: Any, rng: Any) -> None:
    policy, rollout = collect(Case())
    rollout.value_cut[:, 1:] = False
    settings = replace(SETTINGS, n_minibatches=4, baseline=False)
    measured = update(policy, torch.optim.SGD(policy.parameters(), lr=1e-3), rollout, settings, rng)
    assert all(torch.isfinite(torch.tensor(value)) for value in measured.values())
    rollout.value_cut[:] = False
    with pytest.raises(ValueError, match=f"^no episode ended within the {STEPS} steps of a rollout"):
        update(policy, torch.optim.SGD(policy.parameters(), lr=1e-3), rollout, settings, rng)
