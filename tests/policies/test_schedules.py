from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies import lstm_ppo

WORLDS, STEPS = 4, 5
ITERATION = WORLDS * STEPS


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The settings of each update from now on."""
    seen: list[Any] = []

    def spy(policy: Any, optimizer: Any, rollout: Any, settings: Any, rng: Any, threads: int) -> dict[str, float]:
        seen.append(settings)
        return update(policy, optimizer, rollout, settings, rng, threads)

    update = lstm_ppo.update
    monkeypatch.setattr(lstm_ppo, "update", spy)
    return seen


def _rates(lines: list[dict[str, Any]]) -> list[float]:
    return [line["train/learning_rate"] for line in lines]


def test_an_annealed_learning_rate_falls_linearly_to_zero(recall_env: Any, small_model: Any, log_lines: Any) -> None:
    model = small_model(recall_env(WORLDS), learning_rate=1e-3, anneal=True)
    lines = log_lines(model)
    model.learn(5 * ITERATION)
    assert _rates(lines) == pytest.approx([1e-3, 8e-4, 6e-4, 4e-4, 2e-4])


def test_without_annealing_it_stays(recall_env: Any, small_model: Any, log_lines: Any) -> None:
    model = small_model(recall_env(WORLDS), learning_rate=1e-3)
    lines = log_lines(model)
    model.learn(3 * ITERATION)
    assert _rates(lines) == [1e-3] * 3


def test_training_anew_begins_at_the_whole_learning_rate(recall_env: Any, small_model: Any, log_lines: Any) -> None:
    model = small_model(recall_env(WORLDS), learning_rate=1e-3, anneal=True)
    model.learn(2 * ITERATION)
    lines = log_lines(model)
    model.learn(2 * ITERATION)
    assert _rates(lines) == pytest.approx([1e-3, 5e-4])


def test_training_that_goes_on_goes_on_with_the_part_that_is_left(
    recall_env: Any, small_model: Any, log_lines: Any
) -> None:
    model = small_model(recall_env(WORLDS), learning_rate=1e-3, anneal=True)
    model.learn(2 * ITERATION)
    lines = log_lines(model)
    model.learn(3 * ITERATION, reset_num_timesteps=False)
    assert _rates(lines) == pytest.approx([6e-4, 4e-4, 2e-4])


def test_steps_are_as_large_as_the_annealed_rate_says(recall_env: Any, small_model: Any, recorder: Any) -> None:
    """Adam's first step moves a parameter by the learning rate, whatever its gradient."""
    model, callback = (
        small_model(recall_env(WORLDS), learning_rate=1e-3, anneal=True, n_epochs=1, n_minibatches=1),
        None,
    )
    callback = recorder()
    model.learn(4 * ITERATION, callback)
    biases = [recorded.policy.value_net.bias.item() for recorded in callback.recorded] + [
        model.policy.value_net.bias.item()
    ]
    assert abs(biases[1] - biases[0]) == pytest.approx(1e-3, rel=0.02)
    assert 0.0 < abs(biases[4] - biases[3]) < 0.5e-3


@pytest.mark.parametrize(
    ("start", "final", "expected"),
    [(0.1, 0.0, [0.1, 0.075, 0.05, 0.025]), (0.0, 0.4, [0.0, 0.1, 0.2, 0.3]), (0.1, None, [0.1] * 4)],
)
def test_the_weight_of_the_entropy_bonus_goes_linearly_to_its_last_value(
    start: float, final: float | None, expected: list[float], settings: Any, recall_env: Any, small_model: Any
) -> None:
    model = small_model(recall_env(WORLDS), ent_coef=start, ent_coef_final=final)
    model.learn(4 * ITERATION)
    assert [setting.ent_coef for setting in settings] == pytest.approx(expected)
    assert model.update_settings == replace(model.update_settings, ent_coef=start), "the setting itself stays"


def test_the_horizon_grows_geometrically_in_returns_and_behind_time_limits_alike(
    settings: Any, recall_env: Any, small_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small_model(recall_env(WORLDS), gamma=0.5, gamma_final=0.98)
    bootstrapped, collect = [], model._collector.collect

    def spy(*arguments: Any) -> Any:
        bootstrapped.append(model._collector.gamma)
        return collect(*arguments)

    monkeypatch.setattr(model._collector, "collect", spy)
    model.learn(2 * ITERATION)
    model.learn(2 * ITERATION, reset_num_timesteps=False)
    expected = [1 - 0.5, 1 - (0.5 * 0.02) ** 0.5, 1 - 0.5**0.5 * 0.02**0.5, 1 - 0.5**0.25 * 0.02**0.75]
    assert [setting.gamma for setting in settings] == pytest.approx(expected)
    assert bootstrapped == [setting.gamma for setting in settings]


@pytest.mark.parametrize(("gamma", "final"), [(1.0, 0.9), (0.9, 1.0)])
def test_a_horizon_without_end_does_not_grow(gamma: float, final: float, small_model: Any) -> None:
    with pytest.raises(ValueError, match=f"gamma={gamma} to gamma_final={final}: wanted both below 1"):
        small_model(None, gamma=gamma, gamma_final=final)
