from __future__ import annotations

import gymnasium
import numpy as np
import pytest

import sim2real  # noqa: F401  registers the tasks
from randomizers import Worlds
from sim2real.errors import UserError
from sim2real.evaluation import baseline, evaluate
from sim2real.evaluation.choice import choose_worlds
from sim2real.tasks import make_task
from sim2real.tasks.mazes.grid import FORWARD, LEFT, RIGHT, TRAINING_MAZES, GridMaze, GridMazeSimulation
from sim2real.tasks.mazes.layout import HEADINGS, passages, start_and_target, walls
from sim2real.tasks.mazes.window import windows
from sim2real.trials import TrialEnv


@pytest.fixture(scope="module")
def task() -> GridMaze:
    return GridMaze(5)


def started(task: GridMaze, worlds: Worlds) -> GridMazeSimulation:
    simulation = task.simulate(len(worlds))
    ids = np.arange(len(worlds))
    simulation.load(ids, worlds, ids)
    simulation.reset(ids, np.zeros_like(ids))
    return simulation


def course(simulation: GridMazeSimulation, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Critic's observations (steps, n, c) and rewards (steps, n) for actions (steps, n)."""
    seen, rewards = [], []
    for row in actions:
        rewards.append(sum(simulation.step(row).rewards.values()))
        seen.append(simulation.observe()[1])
    return np.array(seen), np.array(rewards)


def fewest_actions(seed: int, size: int) -> int:
    """By trying all actions from all places and headings reached, the start first."""
    free, (start, heading, target) = passages(walls(seed, size)), start_and_target(seed, size)
    reached, actions = {(start, heading)}, 0
    while all(cell != target for cell, _ in reached):
        turned = {(cell, (heading + turn) % 4) for cell, heading in reached for turn in (1, -1)}
        moved = {((r + HEADINGS[h][0], c + HEADINGS[h][1]), h) for (r, c), h in reached if free[r, c, h]}
        reached |= turned | moved
        actions += 1
    return actions


def test_a_world_is_the_same_alone_and_among_others_and_another_seed_is_another_world(task) -> None:
    worlds = choose_worlds(task.worlds, "seen", 20, 0)
    actions = np.random.default_rng(0).integers(3, size=(150, 20))
    together, alone = started(task, worlds), started(task, worlds.take([7]))
    first = together.observe()[1]
    for one, other in zip(course(together, actions), course(alone, actions[:, [7]]), strict=True):
        assert np.array_equal(one[:, 7], other[:, 0])
    assert len(np.unique(first, axis=0)) == 20


def test_moving_and_turning_are_what_the_maze_allows(task) -> None:
    world = choose_worlds(task.worlds, "unseen", 1, 0)
    seed = int(world.seeds[0])
    free, ((row, column), heading, target) = passages(walls(seed, 5)), start_and_target(seed, 5)
    view = windows(walls(seed, 5), target)
    simulation = started(task, world)
    moves = bumps = 0
    for action in np.random.default_rng(0).choice(3, 500, p=[0.6, 0.3, 0.1]):
        outcome = simulation.step(np.array([action]))
        bump = action == FORWARD and not free[row, column, heading]
        if action == FORWARD and not bump:
            row, column = row + HEADINGS[heading][0], column + HEADINGS[heading][1]
            moves += 1
        heading = (heading + {FORWARD: 0, LEFT: 3, RIGHT: 1}[int(action)]) % 4
        bumps += bump
        arrived = (row, column) == target
        assert {name: float(term[0]) for name, term in outcome.rewards.items()} == {
            "target": 1.0 if arrived else 0.0,
            "bump": -0.001 if bump else 0.0,
            "step": -0.04,
        }
        assert outcome.success.tolist() == [arrived] and simulation.progress().tolist() == [float(arrived)]
        policy, critic = (group[0] for group in simulation.observe())
        assert np.array_equal(policy[:50], view[row, column, heading].ravel())
        assert policy[50:53].tolist() == np.eye(3)[action].tolist()
        assert policy[53:] == pytest.approx([sum(term[0] for term in outcome.rewards.values()), 0.0])
        assert np.array_equal(critic[:55], policy)
        assert critic[55:59] == pytest.approx(np.array([row, column, target[0] - row, target[1] - column]) / 5)
        assert critic[60:].tolist() == np.eye(4)[heading].tolist()
    assert min(moves, bumps) > 50


def test_the_second_episode_begins_as_the_first_and_remembers_what_ended_it(task) -> None:
    env = TrialEnv(task, 32, seed=0, draw=lambda rng, n: choose_worlds(task.worlds, "seen", n, 3))
    first = env.reset()
    assert not first["policy"][:, 50:54].any() and (first["policy"][:, 54] == 1.0).all()
    begun = np.zeros(32, dtype=bool)
    for _ in range(task.episode_steps):
        action = env.simulation.shortest_way()
        observation, reward, done, infos = env.step(action)
        for i in np.flatnonzero(~begun & [bool(info) for info in infos]):
            begun[i] = True
            assert not done[i] and not infos[i]["TimeLimit.truncated"]
            assert np.array_equal(observation["policy"][i, :50], first["policy"][i, :50])
            assert np.array_equal(observation["critic"][i, 55:], first["critic"][i, 55:])
            assert observation["policy"][i, 50 + action[i]] == 1.0
            assert observation["policy"][i, 53] == reward[i] == pytest.approx(0.96)
            assert observation["policy"][i, 54] == 1.0
        if begun.all():
            return
    pytest.fail("some target was not reached")


def test_an_episode_without_the_target_ends_at_the_time_limit(task) -> None:
    env = TrialEnv(task, 3, seed=0)
    env.reset()
    infos = [env.step(np.full(3, LEFT))[3] for _ in range(task.episode_steps)]
    assert not any(info for step in infos[:-1] for info in step)
    for info in infos[-1]:
        assert info["TimeLimit.truncated"]
        assert info["metrics"] == pytest.approx(
            {"success": 0.0, "steps": 100.0, "return": -0.04 * task.episode_steps, "diverged": 0.0}
        )


@pytest.mark.parametrize("size", [5, 9])
def test_the_shortest_path_takes_as_few_actions_as_there_can_be_in_every_episode(size: int) -> None:
    task = make_task(f"maze/grid-{size}x{size}")
    worlds = choose_worlds(task.worlds, "unseen", 100, 0)
    played = evaluate(task, baseline("shortest_path", task), worlds, episodes_per_trial=3)
    wanted = [fewest_actions(seed, size) for seed in worlds.seeds.tolist()]
    assert played.metrics["steps"].tolist() == [[fewest] * 3 for fewest in wanted]
    assert (played.metrics["success"] == 1.0).all()
    assert played.course.mean(axis=2) == pytest.approx(1 / task.episode_steps), "one arrival in each episode"


def test_random_actions_seldom_find_the_target_and_no_faster_again(task) -> None:
    played = evaluate(task, baseline("random", task), choose_worlds(task.worlds, "unseen", 300, 0))
    success, steps = played.metrics["success"], played.metrics["steps"]
    assert success.shape == steps.shape == (300, 2)
    assert 0.1 < success.mean() < 0.4
    assert (steps[success == 0.0] == task.episode_steps).all()
    difference = steps[:, 1] - steps[:, 0]
    assert abs(difference.mean()) < 3 * difference.std() / np.sqrt(300)


def test_training_knows_a_thousand_mazes_and_tests_are_in_others(task) -> None:
    env = TrialEnv(task, 700, seed=0)
    trained: set[int] = set()
    for _ in range(12):
        env.reset()
        trained |= set(env.worlds.seeds.tolist())
    assert len(trained) == TRAINING_MAZES
    seen, unseen = (set(choose_worlds(task.worlds, kind, 1000, 0).seeds.tolist()) for kind in ("seen", "unseen"))
    assert seen == trained
    assert len(unseen) == 1000 and not unseen & trained
    one, other = ({(walls(s, 5).tobytes(), start_and_target(s, 5)) for s in seeds} for seeds in (trained, unseen))
    assert not one & other


def test_restored_it_goes_on_as_it_would_have(task) -> None:
    worlds = choose_worlds(task.worlds, "seen", 8, 0)
    actions = np.random.default_rng(0).integers(3, size=(130, 8))
    simulation = started(task, worlds)
    course(simulation, actions[:37])
    state = simulation.state()
    wanted = course(simulation, actions[37:])
    other = task.simulate(8)
    other.restore(state)
    for one, two in zip(course(other, actions[37:]), wanted, strict=True):
        assert np.array_equal(one, two)


def test_an_action_that_is_none_is_refused(task) -> None:
    with pytest.raises(ValueError, match="actions are 0 to 2, got 3 to 3"):
        started(task, choose_worlds(task.worlds, "seen", 1, 0)).step(np.array([3]))


def test_worlds_with_terms_are_refused_as_nothing_could_follow_them(task) -> None:
    with pytest.raises(UserError, match=r"worlds of 'maze/grid-5x5' differ by their seed alone and take no terms"):
        task.simulate(1, distribution=make_task("leap/rotate-z").worlds)


def test_gymnasium_makes_it_by_name() -> None:
    env = gymnasium.make("maze/grid-9x9", group="both")
    observation, _ = env.reset(seed=0)
    assert {group: rows.shape for group, rows in observation.items()} == {"policy": (55,), "critic": (64,)}
    ends = [env.step(LEFT)[2:4] for _ in range(800)]
    assert ends == [(False, False)] * 799 + [(False, True)]
    env.close()
