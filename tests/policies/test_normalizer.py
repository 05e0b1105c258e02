from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from policies.normalizer import RunningNormalizer


def _samples(seed: int = 0) -> list[np.ndarray]:
    """Batches of different sizes and laws, one of a single sample, far from zero."""
    rng = np.random.default_rng(seed)
    shapes = [(3, 4, 2), (1, 2), (50, 2), (7, 1, 2), *[(5, 2)] * 40]
    return [rng.normal(rng.normal(1e3, 30.0), rng.uniform(0.1, 20.0), shape).astype(np.float32) for shape in shapes]


def test_statistics_are_those_of_all_samples_together() -> None:
    normalizer = RunningNormalizer(2)
    for batch in _samples():
        normalizer.update(torch.from_numpy(batch))
    everything = np.concatenate([batch.reshape(-1, 2) for batch in _samples()]).astype(np.float64)
    assert normalizer.count.tolist() == [len(everything)] * 2
    np.testing.assert_allclose(normalizer.mean, everything.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(normalizer.variance, everything.var(axis=0), rtol=1e-9)


def test_normalised_samples_have_mean_zero_and_deviation_one() -> None:
    normalizer = RunningNormalizer(3)
    samples = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([0.1, 1.0, 9.0]) - 4.0
    normalizer.update(samples)
    normalized = normalizer(samples)
    torch.testing.assert_close(normalized.mean(0), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(normalized.std(0), torch.ones(3), atol=1e-2, rtol=0)
    assert normalized.dtype == torch.float32


def test_before_any_sample_values_pass_unchanged() -> None:
    values = torch.tensor([[-4.5, 0.0, 3.0]])
    assert torch.equal(RunningNormalizer(3)(values), values)


def test_normalised_samples_are_clipped_at_five_deviations() -> None:
    normalizer = RunningNormalizer(1)
    normalizer.update(torch.tensor([[-1.0], [3.0]]))
    values = torch.tensor([[-1000.0], [-9.0], [10.8], [11.2]])
    torch.testing.assert_close(normalizer(values), torch.tensor([[-5.0], [-5.0], [4.9], [5.0]]))


def test_denormalizing_undoes_normalising() -> None:
    normalizer = RunningNormalizer(2)
    normalizer.update(torch.from_numpy(_samples()[2]))
    values = torch.from_numpy(_samples()[2])
    torch.testing.assert_close(normalizer.denormalize(normalizer(values)), values)
    torch.testing.assert_close(normalizer(normalizer.denormalize(torch.full((1, 2), -2.0))), torch.full((1, 2), -2.0))


def test_a_constant_input_stays_finite() -> None:
    normalizer = RunningNormalizer(2)
    normalizer.update(torch.full((10, 2), 3.0))
    assert torch.equal(normalizer(torch.full((1, 2), 3.0)), torch.zeros(1, 2))
    assert torch.isfinite(normalizer(torch.full((1, 2), 4.0))).all()


def test_the_state_dict_holds_the_statistics_in_double_precision() -> None:
    normalizer, other = RunningNormalizer(2), RunningNormalizer(2)
    *first, last = (torch.from_numpy(batch) for batch in _samples())
    for batch in first:
        normalizer.update(batch)
    other.load_state_dict(normalizer.state_dict())
    for one in (normalizer, other):
        one.update(last)
    assert torch.equal(normalizer(last), other(last))
    assert torch.equal(normalizer.variance, other.variance)
    assert normalizer.variance.dtype == torch.float64


def test_a_value_that_is_given_later_has_the_statistics_of_its_own_samples() -> None:
    early, both = RunningNormalizer(1), RunningNormalizer(2)
    first, *rest = (torch.from_numpy(batch) for batch in _samples())
    early.update(first[..., :1])
    for name, statistics in early.state_dict().items():
        getattr(both, name)[:1] = statistics
    for batch in rest:
        both.update(batch)
    columns = [np.concatenate([batch[..., k].ravel() for batch in _samples()[k:]]).astype(np.float64) for k in (0, 1)]
    assert both.count.tolist() == [len(column) for column in columns]
    np.testing.assert_allclose(both.mean, [column.mean() for column in columns], rtol=1e-12)
    np.testing.assert_allclose(both.variance, [column.var() for column in columns], rtol=1e-9)


@pytest.mark.parametrize("training", [True, False])
def test_statistics_move_only_when_told(training: bool) -> None:
    normalizer = RunningNormalizer(2).train(training)
    before = {name: tensor.clone() for name, tensor in normalizer.state_dict().items()}
    normalizer(torch.randn(10, 2))
    assert all(torch.equal(tensor, before[name]) for name, tensor in normalizer.state_dict().items())


def test_training_takes_in_every_observation_once(recall_env: Any, small_model: Any, recorder: Any) -> None:
    model, callback = small_model(recall_env(4)), recorder()
    model.learn(3 * 20, callback)
    for group in ("policy", "critic"):
        normalizer = getattr(model.policy, f"{group}_normalizer")
        seen = torch.cat([getattr(recorded.rollout, f"{group}_observation") for recorded in callback.recorded])
        assert set(normalizer.count.tolist()) == {60}
        torch.testing.assert_close(normalizer.mean, seen.double().mean((0, 1)))
        torch.testing.assert_close(normalizer.variance, seen.double().var((0, 1), correction=0))
