from __future__ import annotations

import importlib
import json

import numpy as np
import pytest

from sim2real.cli import main
from sim2real.errors import UserError
from sim2real.evaluation import baseline, evaluate
from sim2real.evaluation.choice import choose_worlds, kinds_of
from sim2real.evaluation.solvers.gittins import gittins_indices
from sim2real.evaluation.solvers.mdp import _most_promising, action_values, optimum
from sim2real.evaluation.solvers.ties import argmax
from sim2real.tasks import TASKS, make_task

INSTANCES = 2000
PUBLISHED = {"random": 5.0, "greedy": 6.6, "epsilon_greedy": 6.6, "ucb1": 6.7, "thompson": 5.7, "gittins": 6.6}
"""Duan et al. 2016, table 1: k = 5, n = 10, means over 1000 instances, rounded to a tenth."""
SOLVED = [name for name in TASKS if make_task(name).solvers]


def totals(task_name: str, player_name: str, instances: int) -> np.ndarray:
    task = make_task(task_name)
    worlds = choose_worlds(task.worlds, "seen", instances, 0)
    return evaluate(task, baseline(player_name, task), worlds).metrics["total_reward"].sum(axis=1)


@pytest.mark.parametrize("name", PUBLISHED)
def test_scores_on_bandits_are_the_published_ones(name: str) -> None:
    total = totals("bandit/k5-n10", name, INSTANCES)
    error = total.std() * np.sqrt(1 / INSTANCES + 1 / 1000)
    assert total.mean() == pytest.approx(PUBLISHED[name], abs=3 * error + 0.05)


@pytest.mark.parametrize(("name", "published"), [("random", 250.2), ("psrl", 408.8)])
def test_scores_on_mdps_are_the_published_ones(name: str, published: float) -> None:
    total = totals("mdp/n25", name, 500)
    assert total.mean() == pytest.approx(published, abs=3 * total.std() * np.sqrt(1 / 500 + 1 / 1000))


@pytest.mark.parametrize("name", SOLVED)
def test_a_task_offers_the_solvers_there_are(name: str) -> None:
    module = importlib.import_module(f"sim2real.evaluation.solvers.{name.partition('/')[0]}")
    assert make_task(name).solvers == tuple(module.SOLVERS)


@pytest.mark.parametrize(
    ("task_name", "name"), [(task, name) for task in ("bandit/k5-n10", "mdp/n10") for name in make_task(task).solvers]
)
def test_everything_a_solver_knows_is_in_its_memory(task_name: str, name: str) -> None:
    """A new one that is given the memory and the generator of another goes on as that does; no memory is changed in
    place."""
    task = make_task(task_name)
    one, other = baseline(name, task, 3), baseline(name, task, 4)
    rng = np.random.default_rng(0)
    seen = rng.integers(2, size=(6, task.observation_sizes["policy"])).astype(np.float32)
    memory = start = one.initial_memory(6)
    untouched = start.copy()
    seen[:, -1] = 1.0
    _, memory = one.step(seen, memory)
    other._rng.bit_generator.state = one._rng.bit_generator.state
    assert np.array_equal(start, untouched)
    seen[:, -1] = 0.0
    assert np.array_equal(one.step(seen, memory)[0], other.step(seen, memory.copy())[0])


@pytest.mark.parametrize("name", ["ucb1", "gittins"])
def test_exploring_earns_more_than_greed_over_many_pulls(name: str) -> None:
    gain = totals("bandit/k10-n100", name, 500) - totals("bandit/k10-n100", "greedy", 500)
    assert gain.mean() > 2 * gain.std() / np.sqrt(500)


@pytest.mark.parametrize("name", make_task("mdp/n10").solvers)
def test_solvers_of_mdps_learn_within_the_trial_and_stay_below_the_optimum(name: str) -> None:
    task = make_task("mdp/n25")
    worlds = choose_worlds(task.worlds, "seen", 200, 0)
    reward = evaluate(task, baseline(name, task), worlds).metrics["total_reward"]
    assert reward[:, -5:].mean() > reward[:, :1].mean() + 3.0
    assert reward[:, -5:].mean() < optimum(worlds).mean()


def test_gittins_indices_are_those_of_the_tables() -> None:
    """Gittins, Glazebrook and Weber 2011, discount 0.9: Beta parameters (1, 1), (2, 1) and (1, 2)."""
    table = gittins_indices(40, 0.9)
    assert [table[0, 0], table[1, 0], table[0, 1]] == pytest.approx([0.7029, 0.8001, 0.5001], abs=5e-4)


def test_backward_induction_finds_what_every_plan_tried_finds() -> None:
    """A process of two states and two actions, against the expectation of all plans, step by step."""
    rng = np.random.default_rng(0)
    rewards, transitions = rng.normal(size=(1, 2, 2)), rng.dirichlet([1.0, 1.0], size=(1, 2, 2))
    plans = [np.array(plan) for plan in np.ndindex(2, 2)]
    best = np.zeros(2)
    for _ in range(10):
        states = np.arange(2)
        best = np.max([rewards[0, states, plan] + transitions[0, states, plan] @ best for plan in plans], axis=0)
    assert action_values(rewards, transitions)[0, 0].max(axis=1) == pytest.approx(best)


def test_the_most_promising_process_is_no_worse_than_any_within_the_distance() -> None:
    rng = np.random.default_rng(0)
    center = rng.dirichlet(np.ones(10))
    following = rng.normal(size=(1, 10))
    transitions = np.broadcast_to(center, (1, 10, 5, 10))
    for radius in (0.0, 0.3, 3.0):
        best = _most_promising(transitions, np.full((1, 10, 5), radius), following)[0, 0, 0]
        others = rng.dirichlet(np.ones(10), size=5000)
        towards = center + np.minimum(1.0, radius / np.abs(others - center).sum(axis=1))[:, None] * (others - center)
        assert best >= (towards @ following[0]).max() - 1e-12
        assert best <= following.max() + 1e-12
    assert best == pytest.approx(following.max())


def test_ties_are_broken_at_random_and_nothing_else_is() -> None:
    values = np.tile([0.0, 1.0, 1.0], (2000, 1))
    chosen = np.bincount(argmax(values, np.random.default_rng(0)), minlength=3) / 2000
    assert chosen[0] == 0.0 and chosen[1] == pytest.approx(0.5, abs=0.05)


def test_an_unknown_solver_is_refused_with_those_that_the_task_has() -> None:
    with pytest.raises(UserError, match="one of: random, zero, greedy, epsilon_greedy, psrl, opsrl, ucrl2, beb"):
        baseline("ucb1", make_task("mdp/n10"))


def test_worlds_without_parameters_are_of_one_kind() -> None:
    assert kinds_of(make_task("mdp/n10").worlds) == ("seen",)
    assert kinds_of(make_task("leap/rotate-z").worlds) == ("nominal", "seen", "unseen")


def test_the_command_compares_solvers(capsys: pytest.CaptureFixture[str]) -> None:
    players = ("random", "ucb1", "gittins", "thompson")
    assert main(["evaluate", "bandit/k5-n10", "--n", "100", "--baselines", *players, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [(r["policy"], r["worlds_kind"]) for r in results] == [(name, "seen") for name in players]
    assert results[0]["metrics"]["total_reward"]["mean"] < results[2]["metrics"]["total_reward"]["mean"]
