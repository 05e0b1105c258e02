from __future__ import annotations

import importlib
import json

import numpy as np
import pytest

from sim2real.cli import main
from sim2real.errors import UserError
from sim2real.evaluation import baseline, evaluate
from sim2real.evaluation.choice import choose_worlds, kinds_of
from sim2real.evaluation.solvers import bandit, mdp
from sim2real.evaluation.solvers.gittins import gittins_indices
from sim2real.evaluation.solvers.mdp import _most_promising, action_values
from sim2real.evaluation.solvers.ties import argmax
from sim2real.tasks import TASKS, make_task, task_class

INSTANCES = 2000
PUBLISHED_BANDIT = {"random": 5.0, "greedy": 6.6, "epsilon_greedy": 6.6, "ucb1": 6.7, "thompson": 5.7, "gittins": 6.6}
PUBLISHED_BANDIT["optimistic_thompson"] = 6.5
"""Duan et al. 2016, table 1: k = 5, n = 10, means over 1000 instances, rounded to a tenth."""
PUBLISHED_MDP = {"random": 100.1, "psrl": 138.1, "opsrl": 144.1, "ucrl2": 146.6, "beb": 150.2}
PUBLISHED_MDP |= {"epsilon_greedy": 132.8, "greedy": 134.8}
"""Table 2: n = 10."""
SOLVED = [name for name in TASKS if task_class(name).solvers]
LEARNERS = {name: [s for s in make_task(name).solvers if s != "optimum"] for name in ("bandit/k5-n10", "mdp/n10")}
"""Solvers that are told nothing of their worlds."""


def totals(task_name: str, player_name: str, instances: int) -> np.ndarray:
    task = make_task(task_name)
    worlds = choose_worlds(task.worlds, "seen", instances, 0)
    return evaluate(task, baseline(player_name, task), worlds).metrics["total_reward"].sum(axis=1)


@pytest.mark.parametrize("name", PUBLISHED_BANDIT)
def test_scores_on_bandits_are_the_published_ones(name: str) -> None:
    total = totals("bandit/k5-n10", name, INSTANCES)
    error = total.std() * np.sqrt(1 / INSTANCES + 1 / 1000)
    assert total.mean() == pytest.approx(PUBLISHED_BANDIT[name], abs=3 * error + 0.05)


@pytest.mark.parametrize("name", PUBLISHED_MDP)
def test_scores_on_mdps_are_the_published_ones(name: str) -> None:
    total = totals("mdp/n10", name, 500)
    assert total.mean() == pytest.approx(PUBLISHED_MDP[name], abs=3 * total.std() * np.sqrt(1 / 500 + 1 / 1000))


@pytest.mark.parametrize("name", SOLVED)
def test_a_task_offers_the_solvers_there_are(name: str) -> None:
    module = importlib.import_module(f"sim2real.evaluation.solvers.{name.partition('/')[0]}")
    assert make_task(name).solvers == tuple(module.SOLVERS)


@pytest.mark.parametrize(("task_name", "name"), [(task, name) for task, names in LEARNERS.items() for name in names])
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


@pytest.mark.parametrize("name", ["greedy", "ucb1", "gittins"])
def test_of_several_best_arms_the_first_is_pulled(name: str) -> None:
    task = make_task("bandit/k5-n10")
    solver = baseline(name, task)
    seen = np.zeros((3, 7), dtype=np.float32)
    seen[:, -1] = 1.0
    assert solver.step(seen, solver.initial_memory(3))[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(("task_name", "share"), [("bandit/k5-n100", 0.0), ("bandit/k5-n500", 0.1 * 4 / 5)])
def test_epsilon_greedy_explores_where_there_is_time(task_name: str, share: float) -> None:
    solver = baseline("epsilon_greedy", make_task(task_name))
    memory = solver.initial_memory(5000)
    memory[:, 0, 2] = 90.0
    action, _ = solver.step(np.zeros((5000, 7), dtype=np.float32), memory)
    assert (action != 2).mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1.0 - share) / 5000))


def test_the_most_probable_of_many_draws_is_nearer_the_mode_than_one() -> None:
    alpha, beta = np.tile([31.0, 11.0, 21.0, 5.0, 9.0], (500, 1)), np.tile([11.0, 31.0, 21.0, 9.0, 5.0], (500, 1))
    mode = (alpha - 1.0) / (alpha + beta - 2.0)
    one, many = (
        np.abs(bandit.Thompson(make_task("bandit/k5-n10"), 0, draws).index(alpha, beta) - mode).mean()
        for draws in (1, 200)
    )
    assert many < 0.5 * one


@pytest.mark.parametrize("name", ["ucb1", "gittins"])
def test_exploring_earns_more_than_greed_over_many_pulls(name: str) -> None:
    gain = totals("bandit/k10-n100", name, 500) - totals("bandit/k10-n100", "greedy", 500)
    assert gain.mean() > 2 * gain.std() / np.sqrt(500)


@pytest.mark.parametrize("name", LEARNERS["mdp/n10"])
def test_solvers_of_mdps_learn_within_the_trial_and_stay_below_the_optimum(name: str) -> None:
    task = make_task("mdp/n25")
    worlds = choose_worlds(task.worlds, "seen", 200, 0)
    reward = evaluate(task, baseline(name, task), worlds).metrics["total_reward"]
    optimum = evaluate(task, baseline("optimum", task), worlds).metrics["total_reward"]
    assert reward[:, -5:].mean() > reward[:, :1].mean() + 3.0
    assert reward[:, -5:].mean() < optimum.mean()


def test_the_optimum_earns_what_the_true_process_promises_from_the_first_episode_on() -> None:
    task = make_task("mdp/n25")
    worlds = choose_worlds(task.worlds, "seen", 300, 0)
    simulation, ids = task.simulate(300), np.arange(300)
    simulation.load(ids, worlds, ids)
    promised = action_values(simulation.means, simulation.transitions)[:, 0, 0].max(axis=1)
    error = evaluate(task, baseline("optimum", task), worlds).metrics["total_reward"] - promised[:, None]
    assert np.abs(error.mean(axis=0)).max() < 4 * error.std() / np.sqrt(300)
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(error.size)


@pytest.mark.parametrize(("name", "worth"), [("greedy", 0.0), ("beb", 1 / 2 - 1 / 102), ("ucrl2", 0.9 * 2.837)])
def test_what_was_never_tried_is_worth_nothing_and_the_bonus(name: str, worth: float) -> None:
    """In an episode's last step, where action 0 has been tried 100 times everywhere; 2.837 is the scaled bound of what was
    never tried after 1000 steps."""
    solver = baseline(name, make_task("mdp/n10"))
    memory = solver.initial_memory(1)
    memory["tried"][:, :, 0], memory["moves"][:, :, 0] = 100.0, 10.0
    for reward, preferred in ((worth - 0.05, 1), (worth + 0.05, 0)):
        memory["earned"][:, :, 0] = 100.0 * reward
        assert (solver.plan(memory)[0, -1].argmax(axis=1) == preferred).all()


def test_solvers_believe_unknown_rewards_to_be_0_unless_they_are_told_the_prior() -> None:
    task = make_task("mdp/n10")
    believing_0 = [baseline(name, task) for name in LEARNERS["mdp/n10"]]
    for mean, solvers in ((0.0, believing_0), (1.0, [mdp.Greedy(task, 0, mdp.DRAWN)])):
        for solver in solvers:
            rewards, transitions = solver.means(solver.initial_memory(1))
            assert rewards == pytest.approx(mean) and transitions == pytest.approx(0.1)


def test_the_more_draws_the_more_optimistic_is_the_plan() -> None:
    task = make_task("mdp/n10")
    memory = mdp.PSRL(task, 0).initial_memory(50)
    promised = [mdp.PSRL(task, 0, draws=draws).plan(memory).mean() for draws in (1, 5, 20)]
    assert promised[0] + 1.0 < promised[1] < promised[2] - 1.0


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
    rising = np.arange(10.0)[:, None, None] + rewards[:, None]
    assert action_values(rising, transitions)[0, 0].max(axis=1) == pytest.approx(best + 45.0)


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
    assert kinds_of(make_task("maze/grid-5x5").worlds) == ("seen", "unseen"), "those of training and others"
    assert kinds_of(make_task("leap/rotate-z").worlds) == ("nominal", "seen", "unseen")


def test_the_command_tells_solvers_the_worlds_they_may_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "mdp/n10", "--n", "50", "--baselines", "psrl", "optimum", "--json"]) == 0
    psrl, optimum = json.loads(capsys.readouterr().out)["results"]
    assert psrl["metrics"]["total_reward"]["high"] < optimum["metrics"]["total_reward"]["low"]
    maze = ["evaluate", "maze/grid-5x5", "--n", "50", "--episodes", "3", "--baselines", "shortest_path", "--json"]
    assert main(maze) == 0
    seen, unseen = json.loads(capsys.readouterr().out)["results"]
    assert (seen["worlds_kind"], unseen["worlds_kind"]) == ("seen", "unseen")
    assert all(result["metrics"]["success"]["mean"] == 1.0 for result in (seen, unseen))
    assert seen["episodes_per_trial"] == 3


def test_the_command_compares_solvers(capsys: pytest.CaptureFixture[str]) -> None:
    players = ("random", "ucb1", "gittins", "thompson")
    assert main(["evaluate", "bandit/k5-n10", "--n", "100", "--baselines", *players, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [(r["policy"], r["worlds_kind"]) for r in results] == [(name, "seen") for name in players]
    assert results[0]["metrics"]["total_reward"]["mean"] < results[2]["metrics"]["total_reward"]["mean"]
