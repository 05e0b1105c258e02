from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from policies import LSTMPPO, LSTMPolicy
from policies.observation_groups import group_sizes


def _box(*shape: int) -> spaces.Box:
    return spaces.Box(-1.0, 1.0, shape, np.float32)


@pytest.mark.parametrize(("worlds", "minibatches"), [(6, 4), (2, 3), (1, 2), (4, 0)])
def test_minibatches_that_do_not_divide_the_worlds_are_refused(
    worlds: int, minibatches: int, recall_env: Any, small_model: Any
) -> None:
    with pytest.raises(ValueError, match=f"^n_minibatches={minibatches} does not divide the {worlds} worlds$"):
        small_model(recall_env(worlds), n_minibatches=minibatches)


@pytest.mark.parametrize("value_cut", ["step", "Episode", "", None])
def test_a_value_cut_that_is_none_is_refused_with_those_that_are(
    value_cut: Any, recall_env: Any, small_model: Any
) -> None:
    with pytest.raises(ValueError, match=f"^value_cut={value_cut!r}: wanted 'episode' or 'trial'$"):
        small_model(recall_env(4), value_cut=value_cut)


@pytest.mark.parametrize(
    ("space", "group", "there_are"),
    [
        (spaces.Dict({"policy": _box(3)}), "critic", "policy"),
        (spaces.Dict({"critic": _box(3), "robot": _box(2)}), "policy", "critic, robot"),
        (spaces.Dict({"critic": _box(3), "policy": _box(2)}), "privileged", "critic, policy"),
        (_box(3), "privileged", "policy, critic"),
    ],
    ids=str,
)
def test_an_observation_group_that_does_not_exist_is_refused_with_those_that_do(
    space: spaces.Space, group: str, there_are: str
) -> None:
    critic = "critic" if group == "policy" else group
    with pytest.raises(ValueError, match=f"^unknown observation group '{group}'; there are: {there_are}$"):
        LSTMPolicy(space, spaces.Discrete(2), critic_group=critic)


@pytest.mark.parametrize(
    ("space", "group"),
    [
        (spaces.Dict({"policy": _box(3), "critic": _box(4, 4)}), "critic"),
        (spaces.Dict({"policy": spaces.Discrete(3), "critic": _box(3)}), "policy"),
    ],
    ids=str,
)
def test_an_observation_group_that_is_no_vector_is_refused(space: spaces.Dict, group: str) -> None:
    with pytest.raises(ValueError, match=r"wanted a vector$") as error:
        LSTMPolicy(space, spaces.Discrete(2))
    assert str(error.value).startswith(f"observation group {group!r} is {space[group]}")


@pytest.mark.parametrize("space", [_box(3, 3), _box(), spaces.Discrete(5)], ids=str)
def test_observations_that_are_no_vectors_are_refused(space: spaces.Space, recall_env: Any) -> None:
    env = recall_env(4)
    env.observation_space = space
    with pytest.raises(ValueError, match=r"^observation space .* wanted a vector Box, or a Dict of vectors") as error:
        LSTMPPO("LSTMPolicy", env)
    assert str(space) in str(error.value)


def test_groups_beside_the_two_are_left_alone() -> None:
    space = spaces.Dict({"camera": _box(8, 8, 3), "policy": _box(3), "critic": _box(4), "pose": _box(7)})
    assert group_sizes(space) == {"policy": 3, "critic": 4}
    assert group_sizes(space, "pose") == {"policy": 3, "critic": 7}
    assert group_sizes(space, "policy") == {"policy": 3, "critic": 3}
    assert group_sizes(_box(5)) == group_sizes(_box(5), "policy") == {"policy": 5, "critic": 5}


@pytest.mark.parametrize(("steps", "segment"), [(32, 5), (32, 64), (32, 0), (32, -1), (0, None)])
def test_segments_that_do_not_divide_the_rollout_are_refused(
    steps: int, segment: int | None, recall_env: Any, small_model: Any
) -> None:
    given = steps if segment is None else segment
    with pytest.raises(ValueError, match=f"^segment={given} does not divide n_steps={steps}$"):
        small_model(recall_env(4), n_steps=steps, segment=segment)


@pytest.mark.parametrize(("segment", "burn_in"), [(8, 9), (None, 33), (8, -1)])
def test_a_burn_in_longer_than_a_segment_is_refused(
    segment: int | None, burn_in: int, recall_env: Any, small_model: Any
) -> None:
    told = f"^burn_in={burn_in}: wanted 0 to the segment's {segment or 32} steps$"
    with pytest.raises(ValueError, match=told):
        small_model(recall_env(4), n_steps=32, segment=segment, burn_in=burn_in)


def test_two_masters_of_the_learning_rate_are_refused(recall_env: Any, small_model: Any) -> None:
    with pytest.raises(ValueError, match=r"^anneal and desired_kl=0.01 both set the learning rate: give one of them$"):
        small_model(recall_env(4), anneal=True, desired_kl=0.01)


def test_a_learning_rate_that_is_a_function_is_refused(recall_env: Any, small_model: Any) -> None:
    with pytest.raises(ValueError, match=r"wanted a number; anneal and desired_kl change it$"):
        small_model(recall_env(4), learning_rate=lambda left: left)


def test_an_unknown_policy_is_refused_and_a_subclass_is_not(recall_env: Any) -> None:
    class Wider(LSTMPolicy):
        pass

    with pytest.raises(ValueError, match="MlpPolicy"):
        LSTMPPO("MlpPolicy", recall_env(4))
    assert isinstance(LSTMPPO(Wider, recall_env(4)).policy, Wider)
