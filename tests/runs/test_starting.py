from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from policies.lstm_policy import PARTS
from sim2real.commands.train import new_run
from sim2real.errors import UserError
from sim2real.runs import RunFolder, TrainConfig, load_policy, train
from sim2real.tasks import ROBOT_FAMILIES, make_task

SMALL = {"worlds": 8, "rollout": 8, "minibatches": 2, "hidden": 8, "threads": 1, "steps": 8 * 8 * 3}
TASK = "maze/grid-5x5"

Make = Callable[..., RunFolder]


@pytest.fixture(scope="module")
def make(tmp_path_factory) -> Make:
    """Makes and trains a small run."""
    folder = tmp_path_factory.mktemp("runs")

    def run(name: str, task: str = TASK, **changes) -> RunFolder:
        made = new_run(task, folder / name, TrainConfig(**SMALL | changes))
        train(made)
        return made

    return run


@pytest.fixture(scope="module")
def first(make) -> RunFolder:
    return make("first")


def parameters(run: RunFolder) -> dict[str, torch.Tensor]:
    return dict(load_policy(run).policy.state_dict())


def changed(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> set[str]:
    return {name for name in one if not torch.equal(one[name], other[name])}


def test_training_starts_from_the_given_runs_policy_and_normalisers(first, make) -> None:
    barely = make("barely", start_from=first.path, learning_rate=1e-12, desired_kl=None, freeze=("critic",))
    before, after = parameters(first), parameters(barely)
    assert changed(before, after) <= {
        name for name in before if "normalizer" in name or name.endswith(("weight", "bias"))
    }
    for name, tensor in before.items():
        if "normalizer" not in name:
            torch.testing.assert_close(after[name], tensor, rtol=0.0, atol=1e-9)
    assert torch.equal(after["policy_normalizer.count"], 2 * before["policy_normalizer.count"])


def test_what_memory_would_begin_with_is_nothing_to_a_run_that_starts_from_another(first, make) -> None:
    plain, reaching = (make(f"span-{span}", start_from=first.path, memory_span=span) for span in (None, 50))
    assert changed(parameters(first), parameters(plain))
    assert not changed(parameters(plain), parameters(reaching))


@pytest.mark.parametrize(
    ("part", "kept"),
    [
        ("encoder", ("actor.encoder.", "policy_normalizer.")),
        ("memory", ("actor.memory.",)),
        ("head", ("action_net.",)),
        ("critic", ("critic.", "value_net.", "critic_normalizer.", "value_normalizer.")),
    ],
)
def test_a_frozen_part_stays_as_it_was_and_the_rest_learns(part, kept, first, make) -> None:
    assert part in PARTS
    before, after = parameters(first), parameters(make(f"frozen-{part}", start_from=first.path, freeze=(part,)))
    assert changed(before, after) == {name for name in before if not name.startswith(kept)}


def test_a_resumed_run_keeps_its_parts_frozen(first, make) -> None:
    run = make("resumed", start_from=first.path, freeze=("encoder", "memory"))
    config = run.config.model_copy(update={"steps": 2 * SMALL["steps"]})
    run.config_path.write_text(config.model_dump_json())
    train(run, resume=True)
    kept = ("actor.encoder.", "actor.memory.", "policy_normalizer.")
    assert not any(name.startswith(kept) for name in changed(parameters(first), parameters(run)))


def test_networks_of_another_make_are_refused_by_what_differs(first, make) -> None:
    with pytest.raises(UserError, match=r"cannot start from .*first: memory is lstm there, gru here"):
        make("gru", start_from=first.path, memory="gru")
    with pytest.raises(
        UserError, match=r"policy is 55 there, 7 here.*; actions are Discrete\(3\) there, Discrete\(5\) here"
    ):
        make("bandit", "bandit/k5-n10", start_from=first.path)


@pytest.fixture(scope="module")
def feeling(make) -> RunFolder:
    return make("feeling", "leap/rotate-z")


def test_a_policy_that_is_told_more_acts_as_it_did_until_it_learns(feeling, make) -> None:
    settled = {"learning_rate": 1e-12, "desired_kl": None}
    seeing = make("seeing", "leap/reorient-z", start_from=feeling.path, freeze=("memory", "head"), **settled)
    before, after = load_policy(feeling).policy, load_policy(seeing).policy
    names = seeing.task.policy_names
    shared = [names.index(name) for name in feeling.task.policy_names]
    assert (len(shared), len(names)) == (33, 39)
    statistics = {name: getattr(after.policy_normalizer, name)[shared] for name in ("mean", "variance", "count")}
    before.policy_normalizer.load_state_dict(statistics)  # which moved on while training
    rng = np.random.default_rng(0)
    told = rng.normal(size=(5, 39)).astype(np.float32)
    for one, other in zip(
        before.step(told[:, shared], before.initial_memory(5)), after.step(told, after.initial_memory(5)), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_what_a_policy_is_told_anew_is_normalised_by_what_it_has_seen_of_it(feeling, make) -> None:
    count = parameters(make("seen", "leap/reorient-z", start_from=feeling.path))["policy_normalizer.count"]
    of_run = SMALL["steps"]
    assert count.tolist() == [2 * of_run] * 33 + [of_run] * 6


def test_what_a_policy_is_told_anew_is_learnt(feeling, make) -> None:
    run = make("learning", "leap/reorient-z", start_from=feeling.path)
    assert parameters(run)["actor.encoder.0.weight"][:, 33:].abs().min() > 0.0


def test_a_policy_is_not_started_from_where_less_is_told(make, feeling) -> None:
    seeing = make("goals", "leap/reorient-z")
    with pytest.raises(UserError, match=r"goals: it sees goal_rotation 0, .*which leap/rotate-z does not tell"):
        make("blind", "leap/rotate-z", start_from=seeing.path)
    with pytest.raises(UserError, match="the critic and encoder must learn what else is seen here"):
        make("kept", "leap/reorient-z", start_from=feeling.path, freeze=("critic", "encoder"))
    with pytest.raises(UserError, match="hidden is 8 there, 16 here"):
        make("wide", "leap/reorient-z", start_from=feeling.path, hidden=16)


def test_a_policy_that_sees_the_same_in_another_order_is_refused(make, monkeypatch: pytest.MonkeyPatch) -> None:
    turned = make("turned", "leap/reorient-z")
    names = turned.task.policy_names
    monkeypatch.setattr(type(turned.task), "policy_names", names[::-1])
    with pytest.raises(UserError, match="turned: it sees what leap/reorient tells in another order"):
        make("ordered", "leap/reorient", start_from=turned.path)


@pytest.mark.parametrize("task", ["leap/rotate-z", "leap/reorient-z"])
def test_a_policy_can_begin_to_search_anew(task, feeling, make) -> None:
    settled = {"learning_rate": 1e-12, "desired_kl": None}
    as_it_was, anew = (
        parameters(make(f"{task[5:]}-{noise}", task, start_from=feeling.path, start_log_std=noise, **settled))
        for noise in (None, -1.5)
    )
    torch.testing.assert_close(as_it_was["log_std"], parameters(feeling)["log_std"], rtol=0.0, atol=1e-9)
    torch.testing.assert_close(anew["log_std"], torch.full((16,), -1.5), rtol=0.0, atol=1e-9)
    torch.testing.assert_close(anew["action_net.weight"], as_it_was["action_net.weight"], rtol=0.0, atol=1e-9)


def test_only_another_runs_gaussian_can_begin_to_search_anew(first, make) -> None:
    with pytest.raises(ValueError, match=r"start_log_std=-1 is for another run's policy: give start_from as well"):
        TrainConfig(start_log_std=-1.0)
    with pytest.raises(UserError, match=r"start_log_std=-1: this policy's actions are chosen among values"):
        make("searching", start_from=first.path, start_log_std=-1.0)


def test_tasks_name_each_value_that_policies_see() -> None:
    for family in ROBOT_FAMILIES:
        task = make_task(ROBOT_FAMILIES[family][0])
        if task.policy_names is not None:
            assert len(set(task.policy_names)) == task.observation_sizes["policy"]


def test_untrained_parts_are_not_frozen() -> None:
    with pytest.raises(ValueError, match=r"freeze=memory: .* give start_from"):
        TrainConfig(freeze=("memory",))


def test_held_out_worlds_to_fine_tune_in_are_not_those_of_training(first, make) -> None:
    tuned = make("tuned", unseen=True, finite=3, start_from=first.path)
    worlds, before = tuned.worlds(), first.worlds()
    assert (worlds.finite, before.finite) == (3, 1000)
    ours = set(worlds._finite_set.seeds.tolist())
    assert len(ours) == 3
    assert not ours & set(before._finite_set.seeds.tolist())


def test_a_finite_set_of_a_robots_worlds_is_trained_in(tmp_path: Path) -> None:
    config = TrainConfig(**SMALL | {"finite": 4, "finite_seed": 2})
    run = new_run("leap/rotate-z", tmp_path / "run", config)
    assert (run.worlds().finite, run.worlds().finite_seed) == (4, 2)
    other = new_run("leap/rotate-z", tmp_path / "other", TrainConfig(**SMALL | {"finite": 4}))
    assert not set(run.worlds()._finite_set.seeds.tolist()) & set(other.worlds()._finite_set.seeds.tolist())


def test_a_finite_seed_without_a_set_is_refused() -> None:
    with pytest.raises(ValueError, match="finite_seed=2 chooses a finite set"):
        TrainConfig(finite_seed=2)
