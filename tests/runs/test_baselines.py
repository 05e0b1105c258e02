from __future__ import annotations

import math
import signal
import sys
import zipfile

import numpy as np
import pytest
import torch
from gymnasium import spaces

from policies import LSTMPPO
from sim2real.bundle_export import export_bundle
from sim2real.errors import UserError
from sim2real.evaluation import trained_player
from sim2real.runs import RunFolder, TrainConfig, load_policy, train
from sim2real.runs.baseline_limits import BASELINES
from sim2real.runs.baselines import PolicyGroup
from sim2real.runs.display import TrainingDisplay
from sim2real.runs.progress_csv import STEPS, read_progress
from sim2real.runs.training import make_env, make_model
from sim2real.tasks import make_task
from sim2real.tasks.leap_rotate_z import LeapRotateZ
from sim2real.trials import TrialEnv

ITERATION = 64
"""Steps of one iteration of the small runs."""
END = 12 * ITERATION
"""Where the run that others are compared with ends: whole episodes ended by then."""
algos = pytest.mark.parametrize("algo", list(BASELINES))


class BriefLeapRotateZ(LeapRotateZ):
    episode_steps = 3


@pytest.fixture(scope="module", params=list(BASELINES))
def finished(request, new_run, tmp_path_factory) -> RunFolder:
    """A run of each baseline that trained to its end. Not to be written to."""
    run = new_run(tmp_path_factory.mktemp("runs") / "finished", algo=request.param, steps=END)
    trained = train(run)
    assert (trained.steps, trained.interrupted) == (END, False)
    return run


def parameters(run: RunFolder) -> dict[str, torch.Tensor]:
    return load_policy(run).policy.state_dict()


def same(one: RunFolder, other: RunFolder) -> bool:
    ours, theirs = parameters(one), parameters(other)
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_policy_group_is_shown_alone_also_where_a_trial_ends() -> None:
    task = BriefLeapRotateZ()
    task.starts = make_task("leap/rotate-z").starts
    inner, shown = (TrialEnv(task, 2, seed=0, threads=1) for _ in range(2))
    env = PolicyGroup(shown)
    assert env.observation_space == spaces.Box(-np.inf, np.inf, (33,), np.float32)
    assert np.array_equal(env.reset(), inner.reset()["policy"])
    action = np.zeros((2, 16), np.float32)
    for _ in range(6):
        observation, reward, done, infos = env.step(action)
        wanted = inner.step(action)
        assert np.array_equal(observation, wanted[0]["policy"])
        assert np.array_equal(reward, wanted[1]) and np.array_equal(done, wanted[2])
    assert done.all()
    for info, other in zip(infos, wanted[3], strict=True):
        assert np.array_equal(info["terminal_observation"], other["terminal_observation"]["policy"])


def test_a_baseline_leaves_a_policy_and_a_row_for_every_iteration_but_no_checkpoint(finished) -> None:
    rows = read_progress(finished.progress_path)
    assert [row[STEPS] for row in rows] == list(range(ITERATION, END + 1, ITERATION))
    assert {f"reward/{name}" for name in finished.task.reward_terms} <= rows[0].keys()
    assert {f"episode/{name}" for name in finished.task.metrics} <= rows[-1].keys()
    assert all(math.isfinite(value) for row in rows for value in row.values())
    assert list(finished.path.glob("events.out.tfevents.*"))
    assert not finished.checkpoint_path.exists()


def test_its_policy_is_loaded_and_played(finished) -> None:
    model = load_policy(finished)
    assert not isinstance(model, LSTMPPO)
    player = trained_player(model.policy)
    env = PolicyGroup(make_env(finished.task, finished.config, finished))
    action, memory = player.step(env.reset(), player.initial_memory(8))
    assert action.shape == (8, 16) and len(memory) == 8
    assert memory.any() == (finished.config.memory == "lstm")


def test_the_same_configuration_trains_to_the_same_bits_and_another_seed_to_others(finished, new_run, tmp_path) -> None:
    algo = finished.config.algo
    again = new_run(tmp_path / "again", algo=algo, steps=END, threads=2)
    train(again)
    assert same(again, finished)
    other = new_run(tmp_path / "other", algo=algo, steps=END, seed=1)
    train(other)
    assert not same(other, finished)


def test_what_only_the_simulator_knows_does_not_reach_it(finished, new_run, tmp_path, monkeypatch) -> None:
    observe = TrialEnv._observe

    def blinded(self, ids):
        return {**observe(self, ids), "critic": np.full((8 if ids is None else len(ids), 170), np.nan, np.float32)}

    run = new_run(tmp_path / "run", algo=finished.config.algo, steps=END)
    monkeypatch.setattr(TrialEnv, "_observe", blinded)
    train(run)
    assert same(run, finished)


@algos
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_baseline_saves_its_policy_and_returns(algo, number, new_run, tmp_path, monkeypatch) -> None:
    run = new_run(tmp_path / "run", algo=algo, steps=10**6)
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    show = TrainingDisplay.show

    def interrupting(self, model, metrics) -> None:
        show(self, model, metrics)
        if model.num_timesteps == 3 * ITERATION:
            signal.raise_signal(number)

    monkeypatch.setattr(TrainingDisplay, "show", interrupting)
    trained = train(run)
    assert (trained.steps, trained.interrupted) == (3 * ITERATION, True)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    whole = new_run(tmp_path / "whole", algo=algo, steps=3 * ITERATION)
    monkeypatch.undo()
    train(whole)
    assert same(run, whole)


@algos
def test_it_ends_after_the_minutes_that_it_was_given(algo, new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", algo=algo, steps=10**9, minutes=0.3 / 60)
    trained = train(run)
    assert not trained.interrupted and trained.steps % ITERATION == 0
    assert 0.3 <= trained.seconds < 20.0
    load_policy(run)


@algos
def test_its_policy_is_saved_every_so_many_minutes(algo, new_run, tmp_path, monkeypatch) -> None:
    run = new_run(tmp_path / "run", algo=algo, steps=10**9, checkpoint_minutes=1e-9)
    show = TrainingDisplay.show

    def failing(self, model, metrics) -> None:
        show(self, model, metrics)
        if model.num_timesteps == 2 * ITERATION:
            raise RuntimeError("the power fails")

    monkeypatch.setattr(TrainingDisplay, "show", failing)
    with pytest.raises(RuntimeError, match="the power fails"):
        train(run)
    assert load_policy(run).num_timesteps == ITERATION


@algos
def test_every_field_it_shares_is_passed_on(algo, new_run, tmp_path) -> None:
    changes = {
        "rollout": 12,
        "epochs": 3,
        "minibatches": 4,
        "learning_rate": 1e-3,
        "gamma": 0.9,
        "gae_lambda": 0.8,
        "clip_range": 0.3,
        "entropy": 0.01,
        "gradient_clip": 0.7,
        "hidden": 24,
        "log_std": -1.5,
        "seed": 3,
    }
    run = new_run(tmp_path / "run", algo=algo, **changes)
    model = make_model(make_env(run.task, run.config, run), run.config)
    assert (model.n_steps, model.batch_size, model.n_epochs, model.seed) == (12, 24, 3, 3)
    assert (model.gamma, model.gae_lambda, model.ent_coef, model.max_grad_norm) == (0.9, 0.8, 0.01, 0.7)
    assert model.clip_range(1.0) == 0.3 and model.target_kl is None and model.clip_range_vf is None
    assert model.lr_schedule(1.0) == model.lr_schedule(0.0) == 1e-3
    assert model.observation_space.shape == (33,)
    policy = model.policy
    assert policy.log_std.tolist() == [-1.5] * 16
    widths = {module.out_features for module in policy.modules() if isinstance(module, torch.nn.Linear)}
    assert widths == {24, 16, 1}
    memories = [(module.input_size, module.hidden_size) for module in policy.modules() if type(module) is torch.nn.LSTM]
    assert memories == ([(24, 24)] * 2 if algo == "sb3-recurrent-ppo" else [])


def test_annealing_brings_its_learning_rate_to_nothing(new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", algo="sb3-ppo", anneal=True, learning_rate=1e-3)
    schedule = make_model(make_env(run.task, run.config, run), run.config).lr_schedule
    assert [schedule(left) for left in (1.0, 0.5, 0.0)] == pytest.approx([1e-3, 5e-4, 0.0])


@algos
def test_fields_without_a_counterpart_take_its_only_values(algo) -> None:
    config = TrainConfig(algo=algo)
    assert {name: getattr(config, name) for name in BASELINES[algo]} == BASELINES[algo]
    assert config == TrainConfig(**config.model_dump())


@algos
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bins", 11),
        ("burn_in", 4),
        ("segment", 8),
        ("desired_kl", 0.02),
        ("value_clip", 0.2),
        ("value_cut", "episode"),
        ("entropy_final", 0.0),
        ("memory", "gru"),
        ("encoder", "cnn"),
        ("shared", True),
        ("critic_group", "critic"),
        ("held_out", 8),
        ("start_from", "runs/other"),
    ],
)
def test_a_field_that_it_cannot_follow_is_refused_with_what_it_can(algo, field, value) -> None:
    with pytest.raises(ValueError, match=f"{algo} cannot do {field}=.*, only {field}=") as error:
        TrainConfig(algo=algo, rollout=32, **{field: value})
    assert "\n" not in error.value.errors()[0]["msg"]


def test_minibatches_of_one_step_are_refused(new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", algo="sb3-ppo", rollout=1, minibatches=8)
    with pytest.raises(UserError, match="minibatches=8 of sb3-ppo hold one step each"):
        train(run)


def test_without_sb3_contrib_the_recurrent_one_is_refused_with_what_to_install(new_run, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sb3_contrib", None)
    plain = new_run(tmp_path / "plain", algo="sb3-ppo", steps=ITERATION)
    train(plain)
    run = new_run(tmp_path / "run", algo="sb3-recurrent-ppo")
    with pytest.raises(UserError, match=r"sb3-contrib: pip install 'sim2real\[baselines\]'") as error:
        train(run)
    assert "\n" not in str(error.value)


def test_parameters_that_are_no_numbers_end_training_with_one_line(new_run, tmp_path, monkeypatch) -> None:
    run = new_run(tmp_path / "run", algo="sb3-ppo", steps=10 * ITERATION)
    show = TrainingDisplay.show

    def breaking(self, model, metrics) -> None:
        show(self, model, metrics)
        with torch.no_grad():
            model.policy.action_net.weight.fill_(math.nan)

    monkeypatch.setattr(TrainingDisplay, "show", breaking)
    with pytest.raises(UserError, match=r"training diverged at step 64: .* not finite"):
        train(run)


def test_it_cannot_be_resumed_exported_or_started_from(finished, new_run, tmp_path) -> None:
    with pytest.raises(UserError, match=r"cannot be resumed: sb3-.* is a baseline"):
        train(finished, resume=True)
    with pytest.raises(UserError, match="was trained by the baseline sb3-"):
        export_bundle(finished, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
    with pytest.raises(UserError, match=f"cannot start from {finished.path}"):
        train(new_run(tmp_path / "run", start_from=finished.path))


@algos
def test_a_damaged_policy_is_refused_with_its_name(algo, new_run, tmp_path) -> None:
    run = new_run(tmp_path / "run", algo=algo, steps=ITERATION)
    train(run)
    content = run.policy_path.read_bytes()
    run.policy_path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=f"{run.policy_path} is damaged"):
        load_policy(run)


def test_the_policy_file_holds_the_policy_and_not_the_rollout(finished) -> None:
    assert finished.policy_path.stat().st_size < 500_000
    assert "policy.pth" in zipfile.ZipFile(finished.policy_path).namelist()
