from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from sim2real.cli import main
from sim2real.commands.bench import load_benchmark
from sim2real.runs import TrainConfig
from sim2real.runs.training import make_model
from sim2real.tasks import make_task
from sim2real.trials import TrialEnv

SMALL = TrainConfig(worlds=8, rollout=4, minibatches=2, hidden=8, threads=1)


def small_env() -> TrialEnv:
    return TrialEnv(make_task("leap/rotate-z"), 8, seed=0, threads=1, stagger=True)


def test_the_references_memory_is_cleared_where_a_trial_begins() -> None:
    network = load_benchmark("reference_lstm_ppo").Network(5, 4, 2)
    observation = torch.randn(6, 3, 5)
    done = torch.zeros(6, 3)
    done[2, 1] = 1.0
    start = tuple(torch.randn(1, 3, 4) for _ in range(2))
    whole, _ = network(observation.flatten(0, 1), start, done.flatten())
    whole = whole.reshape(6, 3, 2)
    fused, _ = network.lstm(network.encoder(observation), start)
    others = [0, 2]
    torch.testing.assert_close(whole[:, others], network.head(fused)[:, others])
    anew, _ = network.lstm(network.encoder(observation[2:, 1:2]))
    torch.testing.assert_close(whole[2:, 1:2], network.head(anew))


def test_the_reference_learns_what_gives_reward() -> None:
    class Aiming:
        """Reward for a first action near 0.5, nothing else."""

        num_envs = 16
        observation_space = small_env().observation_space
        action_space = small_env().action_space

        def _observation(self) -> dict[str, np.ndarray]:
            return {g: np.ones((16, box.shape[0]), np.float32) for g, box in self.observation_space.items()}

        def reset(self) -> dict[str, np.ndarray]:
            return self._observation()

        def step(self, actions: np.ndarray) -> tuple:
            self.missed = float(np.abs(actions[:, 0] - 0.5).mean())
            return self._observation(), -np.abs(actions[:, 0] - 0.5), np.zeros(16, bool), [{}] * 16

    torch.manual_seed(0)
    env = Aiming()
    reference = load_benchmark("reference_lstm_ppo").ReferencePPO(env, 16, 4, 4, 16, 3e-3)
    reference.iterate()
    before = env.missed
    for _ in range(30):
        reference.iterate()
    assert env.missed < 0.75 * before


def test_the_repeated_simulation_does_the_same_work(monkeypatch) -> None:
    benchmark, env = load_benchmark("training"), small_env()
    model = make_model(env, SMALL)
    twins = []

    class Kept(TrialEnv):
        def __init__(self, *arguments, **options) -> None:
            super().__init__(*arguments, **options)
            twins.append(self)

    monkeypatch.setattr(benchmark, "TrialEnv", Kept)
    again, learn = benchmark._repeated(env, SMALL), benchmark._iterations(model)
    for _ in range(3):
        learn()
        again()
    assert model.num_timesteps == 3 * 32
    arrays, repeated = env.state()["arrays"], twins[0].state()["arrays"]
    assert all(np.array_equal(arrays[name], repeated[name]) for name in arrays)


@pytest.mark.slow
def test_bench_train_compares_speeds_and_holds_them_to_their_targets(capsys) -> None:
    assert main(["bench", "train", "--worlds", "8", "--seconds", "0.1", "--threads", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    values = {row["name"].removeprefix("leap/rotate-z 8 worlds, "): row["value"] for row in rows}
    for name in ("RecurrentPPO", "RecurrentPPO, SubprocVecEnv", "CleanRL-style"):
        assert values[f"LSTMPPO to {name}"] == pytest.approx(values["LSTMPPO"] / values[name])
    alone = 1 / values["simulation alone"] + 1 / values["passes alone"]
    assert values["share that is neither"] == pytest.approx(1 - alone * values["LSTMPPO"])
    judged = [row for row in rows if row["target"]]
    assert len(judged) == 4
    for row in judged:
        sign, target = row["target"].split()
        held = row["value"] >= float(target) if sign == ">=" else row["value"] <= float(target)
        assert row["holds"] is held
