from __future__ import annotations

import json

import numpy as np
import pytest

from policies import LSTMPolicy
from randomizers import World, Worlds
from sim2real.errors import UserError
from sim2real.evaluation import BASELINES, TrainedPlayer, baseline, bootstrap_mean, evaluate
from sim2real.evaluation.choice import choose_worlds
from sim2real.evaluation.evaluate import TIME_BINS, in_order
from sim2real.simulation.batch_sim import BatchSim
from sim2real.tasks import make_task
from sim2real.tasks.leap_rotate_z import LeapRotateZ
from sim2real.tasks.palm_up_rotate_z import PalmUpRotateZSimulation
from sim2real.trials import TrialEnv


class BriefLeapRotateZ(LeapRotateZ):
    episode_steps = 48


@pytest.fixture(scope="module")
def task() -> LeapRotateZ:
    task = BriefLeapRotateZ()
    task.starts = make_task("leap/rotate-z").starts
    return task


@pytest.fixture(scope="module")
def seen(task) -> Worlds:
    return choose_worlds(task.worlds, "seen", 6, 0)


class Recorder:
    """A random player that keeps what it is shown."""

    def __init__(self, task, seed: int) -> None:
        self._player = baseline("random", task, seed)
        self.seen = []

    def initial_memory(self, worlds: int) -> np.ndarray:
        return np.zeros((worlds, 1))

    def step(self, observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.seen.append((observation.copy(), memory.copy()))
        return self._player.step(observation, memory)[0], memory + 1


def test_the_same_worlds_give_the_same_numbers_twice_and_at_any_number_of_threads(task, seen) -> None:
    first, *others = (evaluate(task, baseline("random", task), seen, threads=threads) for threads in (1, 1, 2))
    for other in others:
        assert first.summary() == other.summary()
        assert np.array_equal(first.course, other.course)
    assert np.abs(first.metrics["rotation_rate"]).min() > 1e-6


def test_a_world_is_played_alike_alone_and_among_others(task, seen) -> None:
    together = evaluate(task, baseline("zero", task), seen, threads=1)
    alone = evaluate(task, baseline("zero", task), seen.take([4]), threads=1)
    for name, values in together.metrics.items():
        assert np.array_equal(values[4], alone.metrics[name][0])


def test_doing_nothing_does_not_rotate_and_drops_nothing() -> None:
    task = make_task("leap/rotate-z")
    evaluation = evaluate(task, baseline("zero", task), choose_worlds(task.worlds, "nominal", 8, 0), threads=2)
    assert np.abs(evaluation.metrics["rotation_rate"]).max() < 0.03
    assert not evaluation.metrics["drop"].any() and not evaluation.diverged.any()
    assert evaluation.metrics["seconds"] == pytest.approx(10.0)
    assert evaluation.seconds_simulated == pytest.approx(8 * 2 * 10.0)


def test_results_have_a_row_per_world_and_a_column_per_episode(task, seen) -> None:
    evaluation = evaluate(task, baseline("random", task), seen, episodes_per_trial=3, threads=1)
    assert set(evaluation.metrics) == {*task.metrics, "return"}
    for values in evaluation.metrics.values():
        assert values.shape == (6, 3)
    assert evaluation.diverged.shape == (6, 3)
    assert evaluation.course.shape == (6, 3, TIME_BINS)
    for name, values in evaluation.metrics.items():
        assert evaluation.over_worlds(name) == bootstrap_mean(values.mean(axis=1))
        assert evaluation.over_episodes(name) == [bootstrap_mean(values[:, k]) for k in range(3)]
    summary = evaluation.summary()
    assert (summary["worlds"], summary["episodes_per_trial"]) == (6, 3)
    assert len(summary["by_episode"]["drop"]) == 3
    assert np.shape(summary["by_world"]["drop"]) == (6,)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_the_course_integrates_to_the_metric_even_where_a_drop_cuts_it_short(task, seen) -> None:
    evaluation = evaluate(task, baseline("random", task), seen, threads=1)
    assert 0 < evaluation.metrics["drop"].mean() < 1, "some cubes were dropped, some not"
    assert evaluation.course.mean(axis=2) == pytest.approx(evaluation.metrics["rotation_rate"], abs=1e-12)
    steps = evaluation.metrics["seconds"] / task.control_period
    over = np.arange(TIME_BINS) * task.episode_steps / TIME_BINS >= steps[..., None]
    assert over.any() and not evaluation.course[over].any(), "nothing moves after the end"
    assert evaluation.seconds_simulated == pytest.approx(evaluation.metrics["seconds"].sum())


def test_all_players_meet_the_same_worlds_and_starts(task, seen, monkeypatch) -> None:
    recorders = [Recorder(task, seed) for seed in (0, 1)]
    starts: list[dict[tuple[int, int], np.ndarray]] = []
    original = PalmUpRotateZSimulation.reset

    def reset(self, ids, episodes):
        original(self, ids, episodes)
        for i, episode in zip(ids, episodes, strict=True):
            fields = [values[i].ravel() for values in self.sim.fields.values()]
            starts[-1].setdefault((int(self._seeds[i]), int(episode)), np.concatenate((self.sim.qpos[i], *fields)))

    monkeypatch.setattr(PalmUpRotateZSimulation, "reset", reset)
    for recorder in recorders:
        starts.append({})
        evaluate(task, recorder, seen, threads=1)
    one, other = starts
    assert {(int(seed), episode) for seed in seen.seeds for episode in (0, 1)} <= one.keys() & other.keys()
    assert all(np.array_equal(one[key], other[key]) for key in one.keys() & other.keys())
    assert np.array_equal(recorders[0].seen[0][0], recorders[1].seen[0][0])
    assert not np.array_equal(recorders[0].seen[5][0], recorders[1].seen[5][0]), "they acted differently"


def test_memory_begins_cleared_and_is_carried_through_the_trial(task, seen) -> None:
    player = Recorder(task, 0)
    evaluate(task, player, seen, threads=1)
    assert all((memory == step).all() for step, (_, memory) in enumerate(player.seen))
    assert len(player.seen) > task.episode_steps


def test_a_world_whose_physics_break_down_counts_as_failed_and_is_not_left_out(
    task, seen, monkeypatch, tmp_path
) -> None:
    monkeypatch.chdir(tmp_path)  # where MuJoCo logs its warning
    steps, step = 0, BatchSim.step

    def poisoned(self: BatchSim, substeps: int) -> np.ndarray:
        nonlocal steps
        steps += 1
        if steps == 10:
            self.qpos[2, 3] = np.nan
        return step(self, substeps)

    healthy = evaluate(task, baseline("zero", task), seen, threads=1)
    monkeypatch.setattr(BatchSim, "step", poisoned)
    evaluation = evaluate(task, baseline("zero", task), seen, threads=1)
    assert np.argwhere(evaluation.diverged).tolist() == [[2, 0]]
    assert evaluation.metrics["drop"][2, 0] == 1.0
    assert all(np.isfinite(values).all() for values in evaluation.metrics.values())
    assert evaluation.summary()["diverged_episodes"] == 1
    others = np.arange(6) != 2
    assert np.array_equal(evaluation.metrics["return"][others], healthy.metrics["return"][others])


def test_unseen_worlds_are_read_with_the_distribution_that_knows_them(task) -> None:
    own = task.worlds.split()[1]
    worlds = own.sample(np.random.default_rng(0), 2)
    assert evaluate(task, baseline("zero", task), worlds, own, 1, 1).diverged.shape == (2, 1)


def test_worlds_are_drawn_in_order_and_again_from_the_first(task, seen) -> None:
    draw, rng = in_order(seen), np.random.default_rng(0)
    drawn = [draw(rng, 4) for _ in range(3)]
    assert np.concatenate([w.seeds for w in drawn]).tolist() == np.resize(seen.seeds, 12).tolist()


def test_a_trained_player_acts_on_the_mean_with_the_policys_memory(task) -> None:
    env = TrialEnv(task, 3, seed=0, threads=1)
    policy = LSTMPolicy(env.observation_space, env.action_space, widths=(8,), hidden=8)
    player = TrainedPlayer(policy)
    memory = player.initial_memory(3)
    assert memory.shape == (3, 2, 8) and not memory.any()
    observation = env.reset()["policy"]
    action, after = player.step(observation, memory)
    wanted, memory_after = policy.predict(observation, memory, deterministic=True)
    assert np.array_equal(after, memory_after) and after.any()
    assert np.array_equal(action, wanted)


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_stay_within_the_action_space(task, name: str) -> None:
    player = baseline(name, task)
    action, _ = player.step(np.zeros((500, 33), np.float32), player.initial_memory(500))
    assert all(task.action_space.contains(row) for row in action)
    assert action.any() == (name == "random")


def test_an_unknown_baseline_is_refused_with_the_names_of_those_there_are(task) -> None:
    with pytest.raises(UserError, match="unknown policy 'best'; give a run's folder or one of: random, zero"):
        baseline("best", task)


def test_worlds_of_other_parameters_are_refused(task) -> None:
    worlds = Worlds.stack([World({"ball_mass": 1.0})])
    with pytest.raises(ValueError, match="no parameter 'ball_mass'"):
        evaluate(task, baseline("zero", task), worlds, threads=1)
