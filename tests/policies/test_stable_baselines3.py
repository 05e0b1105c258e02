from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.callbacks import StopTrainingOnMaxEpisodes
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import SubprocVecEnv

from policies import A2C, LSTMPPO, REINFORCE, LSTMPolicy

ACTIONS = {
    "discrete": spaces.Discrete(2),
    "multi_discrete": spaces.MultiDiscrete([2, 2, 2]),
    "multi_binary": spaces.MultiBinary(3),
    "box": spaces.Box(np.array([-1.0, -0.5], np.float32), np.array([2.0, 1.0], np.float32)),
}


@pytest.fixture(params=[(action, groups) for action in ACTIONS for groups in (True, False)], ids=str)
def env(request: pytest.FixtureRequest, recall_env: Any) -> Any:
    """An environment for every kind of action, with observation groups and without."""
    action, groups = request.param
    return recall_env(4, action=ACTIONS[action], groups=groups)


def _play(model: LSTMPPO | LSTMPolicy, env: Any, steps: int = 12, deterministic: bool = True) -> np.ndarray:
    """The actions (steps, n) taken from a reset."""
    observation, state, start, actions = env.reset(), None, np.ones(env.num_envs, dtype=bool), []
    for _ in range(steps):
        action, state = model.predict(observation, state, start, deterministic)
        observation, _, start, _ = env.step(action)
        actions.append(action)
    return np.stack(actions)


def test_a_loaded_model_predicts_as_the_saved_one(env: Any, tmp_path: Path, small_model: Any, differences: Any) -> None:
    model = small_model(env)
    model.learn(60)
    model.save(tmp_path / "model.zip")
    loaded = LSTMPPO.load(tmp_path / "model.zip")
    assert not differences(dict(loaded.policy.state_dict()), dict(model.policy.state_dict()))
    assert not differences(loaded.policy.optimizer.state_dict(), model.policy.optimizer.state_dict())
    env.seed(1)
    actions = _play(model, env)
    env.seed(1)
    assert np.array_equal(_play(loaded, env), actions)


def test_a_loaded_model_learns_on(env: Any, tmp_path: Path, small_model: Any, differences: Any) -> None:
    model = small_model(env, n_steps=6, n_epochs=3, n_minibatches=4, gamma=0.5, value_cut="trial", desired_kl=0.01)
    model.learn(48)
    model.save(tmp_path / "model.zip")
    loaded = LSTMPPO.load(tmp_path / "model.zip", env=env)
    assert loaded.update_settings == model.update_settings
    assert (loaded.n_steps, loaded.value_cut, loaded.iteration) == (6, "trial", 2)
    loaded.learn(48, reset_num_timesteps=False)
    assert (loaded.num_timesteps, loaded.iteration) == (96, 4)
    assert differences(dict(loaded.policy.state_dict()), dict(model.policy.state_dict()))


@pytest.mark.parametrize(
    ("network", "settings"),
    [
        ({"memory": "gru", "bins": 3, "shared": True}, {"segment": 3, "burn_in": 2, "ent_coef_final": 0.1}),
        ({"memory": "none", "critic_group": "policy"}, {"anneal": True, "clip_range": None, "clip_range_vf": 0.3}),
        ({"encoder": "impala", "image": (1, 2, 1)}, {"baseline": False}),
    ],
    ids=str,
)
def test_a_loaded_model_has_every_option_of_the_saved_one(
    network: dict[str, Any], settings: dict[str, Any], tmp_path: Path, recall_env: Any, small_model: Any
) -> None:
    env = recall_env(4, action=ACTIONS["box"])
    model = small_model(env, network=network, n_steps=6, **settings)
    model.learn(48)
    model.save(tmp_path / "model.zip")
    loaded = LSTMPPO.load(tmp_path / "model.zip", env=env)
    for name in ("update_settings", "lengths", "anneal", "ent_coef_final", "value_cut", "learning_rate"):
        assert getattr(loaded, name) == getattr(model, name), name
    assert repr(loaded.policy) == repr(model.policy)
    assert (loaded.policy.critic_group, loaded.policy.shared) == (model.policy.critic_group, model.policy.shared)
    assert loaded.lengths.burn_in == settings.get("burn_in", 0)
    model.policy.save(tmp_path / "policy.pt")
    policy = LSTMPolicy.load(tmp_path / "policy.pt")
    env.seed(1)
    actions = _play(policy, env)
    env.seed(1)
    assert np.array_equal(_play(loaded, env), actions)
    assert repr(policy) == repr(model.policy) and policy.critic_group == model.policy.critic_group
    loaded.learn(24, reset_num_timesteps=False)
    assert loaded.iteration == 3


@pytest.mark.parametrize("algorithm", [A2C, REINFORCE])
def test_the_plain_algorithms_are_saved_and_loaded_too(
    algorithm: type[LSTMPPO], tmp_path: Path, recall_env: Any, small_model: Any
) -> None:
    model = small_model(recall_env(4), algorithm, n_steps=8)
    model.learn(64)
    model.save(tmp_path / "model.zip")
    for cls in (algorithm, LSTMPPO):
        loaded = cls.load(tmp_path / "model.zip", env=recall_env(4))
        assert loaded.update_settings == model.update_settings
        loaded.learn(32)


def test_callbacks_of_stable_baselines3_find_what_they_look_for(scripted_env: Any, small_model: Any) -> None:
    model = small_model(scripted_env("..E", ".E."), n_steps=3)
    model.learn(1000, StopTrainingOnMaxEpisodes(max_episodes=3, verbose=0))
    assert model.num_timesteps == 3 * 3 * 2


def test_a_loaded_policy_acts_as_the_saved_one(env: Any, tmp_path: Path, small_model: Any) -> None:
    model = small_model(env)
    model.learn(40)
    model.policy.save(tmp_path / "policy.pt")
    policy = LSTMPolicy.load(tmp_path / "policy.pt")
    env.seed(1)
    actions = _play(model, env)
    env.seed(1)
    assert np.array_equal(_play(policy, env), actions)


def test_a_loaded_model_learns_in_another_number_of_worlds(tmp_path: Path, recall_env: Any, small_model: Any) -> None:
    model = small_model(recall_env(3), n_minibatches=3)
    model.learn(30)
    model.save(tmp_path / "model.zip")
    for worlds in (3, 6):
        LSTMPPO.load(tmp_path / "model.zip", env=recall_env(worlds)).learn(60)
    with pytest.raises(ValueError, match="n_minibatches=3 does not divide the 4 worlds"):
        LSTMPPO.load(tmp_path / "model.zip", env=recall_env(4))


def test_actions_lie_in_their_space(env: Any, small_model: Any) -> None:
    model = small_model(env, network={"widths": (), "hidden": 4, "log_std_init": 1.0})
    for deterministic in (True, False):
        for action in _play(model, env, deterministic=deterministic).reshape(-1, *env.action_space.shape):
            assert env.action_space.contains(action)
    single = env.reset()
    single = {name: rows[0] for name, rows in single.items()} if isinstance(single, dict) else single[0]
    action, state = model.predict(single)
    assert env.action_space.contains(action) and state.shape == (1, 2, 4)


def test_deterministic_actions_repeat_and_stochastic_ones_do_not(env: Any, small_model: Any) -> None:
    model = small_model(env)
    observation = env.reset()
    sure, drawn = (
        np.stack([model.predict(observation, deterministic=deterministic)[0] for _ in range(20)])
        for deterministic in (True, False)
    )
    assert (sure == sure[0]).all()
    assert (drawn != drawn[0]).any()


def test_the_same_generator_draws_the_same_actions(env: Any, small_model: Any) -> None:
    policy, observation = small_model(env).policy, env.reset()

    def draw(seed: int) -> np.ndarray:
        generator = torch.Generator().manual_seed(seed)
        return np.stack([policy.predict(observation, generator=generator)[0] for _ in range(20)])

    assert np.array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))


@pytest.mark.parametrize(
    ("space", "bias", "mean"),
    [
        (spaces.Discrete(2), np.log([0.2, 0.8]), [0.8]),
        (spaces.MultiDiscrete([2, 2]), np.log([0.2, 0.8, 0.9, 0.1]), [0.8, 0.1]),
        (spaces.MultiBinary(2), np.log([0.3 / 0.7, 0.9 / 0.1]), [0.3, 0.9]),
        (spaces.Box(-9.0, 9.0, (2,)), np.array([-0.4, 1.5]), [-0.4, 1.5]),
    ],
    ids=repr,
)
def test_stochastic_actions_follow_their_distribution(space: spaces.Space, bias: np.ndarray, mean: list[float]) -> None:
    policy = LSTMPolicy(spaces.Box(-1.0, 1.0, (2,)), space, hidden=4, widths=(4,), log_std_init=np.log(0.5))
    with torch.no_grad():
        policy.action_net.weight.zero_()
        policy.action_net.bias.copy_(torch.from_numpy(bias))
    generator = torch.Generator().manual_seed(0)
    action, _ = policy.predict(np.zeros((20_000, 2), np.float32), generator=generator)
    action = action.reshape(20_000, -1)
    np.testing.assert_allclose(action.mean(axis=0), mean, atol=0.02)
    if isinstance(space, spaces.Box):
        np.testing.assert_allclose(action.std(axis=0), 0.5, atol=0.02)


def test_memory_is_cleared_where_an_episode_starts(recall_env: Any, small_model: Any) -> None:
    model, observation = small_model(recall_env(4)), {"policy": np.eye(3, 2, dtype=np.float32) + 1.0}
    _, memory = model.predict(observation)
    kept = memory.copy()
    _, cleared = model.predict(observation, memory, np.array([True, False, True]), deterministic=True)
    _, untouched = model.predict(observation, memory, deterministic=True)
    _, fresh = model.predict(observation, None, deterministic=True)
    assert np.array_equal(cleared[[0, 2]], fresh[[0, 2]]) and np.array_equal(cleared[1], untouched[1])
    assert (untouched != fresh).any(axis=(1, 2)).all()
    assert np.array_equal(memory, kept)
    _, ones = model.predict(observation, memory, np.ones(3), deterministic=True)
    assert np.array_equal(ones, fresh)


def test_each_row_of_a_batch_is_predicted_as_alone(recall_env: Any, small_model: Any) -> None:
    model = small_model(recall_env(4, action=ACTIONS["box"]))
    rng = np.random.default_rng(0)
    memory, alone = None, [None] * 3
    for _ in range(5):
        batch = rng.normal(size=(3, 2)).astype(np.float32)
        action, memory = model.predict(batch, memory, deterministic=True)
        assert action.shape == (3, 2) and memory.shape == (3, 2, 16)
        for i in range(3):
            single, alone[i] = model.predict(batch[i], alone[i], deterministic=True)
            np.testing.assert_allclose(single, action[i], atol=1e-6)
            np.testing.assert_allclose(alone[i][0], memory[i], atol=1e-6)


def test_predict_remembers(recall_env: Any, small_model: Any) -> None:
    model = small_model(recall_env(4, action=ACTIONS["box"]))
    first, second = np.array([[1.0, 0.0]], np.float32), np.array([[0.0, 1.0]], np.float32)
    _, memory = model.predict(first, deterministic=True)
    _, other = model.predict(-first, deterministic=True)
    assert (
        model.predict(second, memory, deterministic=True)[0] != model.predict(second, other, deterministic=True)[0]
    ).all()


def test_the_policy_refuses_to_be_used_without_memory(recall_env: Any, small_model: Any) -> None:
    with pytest.raises(TypeError, match="recurrent"):
        small_model(recall_env(4)).policy._predict(torch.zeros(1, 2))


def test_cartpole_is_learnt(small_model: Any) -> None:
    env = make_vec_env("CartPole-v1", n_envs=16, seed=0)
    model = small_model(env, n_steps=32, n_epochs=8, learning_rate=3e-3, gamma=0.98, seed=0)
    before, _ = evaluate_policy(model, env, 16)
    model.learn(16 * 32 * 20)
    after, _ = evaluate_policy(model, env, 16)
    assert before < 100.0
    assert after > 150.0


@pytest.mark.parametrize("name", ["Pendulum-v1", "CartPole-v1"])
def test_the_time_limit_of_a_plain_environment_cuts_trials_and_bootstraps(
    name: str, small_model: Any, recorder: Any
) -> None:
    env = make_vec_env(name, n_envs=2, seed=0, env_kwargs={"max_episode_steps": 4})
    model, callback = small_model(env, n_steps=10), recorder()
    model.policy.value_normalizer.update(torch.tensor([[900.0], [1100.0]]))
    model.learn(20, callback)
    rollout = callback.recorded[0].rollout
    ends, starts = np.isin(np.arange(10), [3, 7]), np.isin(np.arange(10), [0, 4, 8])
    assert np.array_equal(rollout.value_cut, np.stack((ends, ends), axis=1))
    assert np.array_equal(rollout.memory_reset, np.stack((starts, starts), axis=1))
    assert np.array_equal(rollout.reward > 500.0, rollout.value_cut)
    assert model.ep_info_buffer is not None and [info["l"] for info in model.ep_info_buffer] == [4] * 4


def test_one_plain_environment_is_wrapped_and_trained(tmp_path: Path, small_model: Any) -> None:
    model = small_model("CartPole-v1", n_minibatches=1)
    model.learn(20)
    model.save(tmp_path / "model.zip")
    LSTMPPO.load(tmp_path / "model.zip", env=make_vec_env("CartPole-v1", 1)).learn(20)


def test_worlds_in_other_processes_are_trained_in(small_model: Any) -> None:
    env = make_vec_env("CartPole-v1", n_envs=2, seed=0, vec_env_cls=SubprocVecEnv)
    try:
        model = small_model(env)
        model.learn(20)
        assert model.iteration == 2
    finally:
        env.close()
