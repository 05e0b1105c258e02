from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from policies import LSTMPPO, LSTMPolicy
from policies.lstm_policy import group_sizes


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
    "space",
    [
        spaces.Dict({"policy": _box(3)}),
        spaces.Dict({"critic": _box(3), "robot": _box(2)}),
        spaces.Dict({"policy": _box(3), "critic": _box(4, 4)}),
        spaces.Dict({"policy": spaces.Discrete(3), "critic": _box(3)}),
        _box(3, 3),
        _box(),
        spaces.Discrete(5),
    ],
    ids=str,
)
def test_observations_without_the_vector_groups_are_refused_by_name(space: spaces.Space, recall_env: Any) -> None:
    env = recall_env(4)
    env.observation_space = space
    with pytest.raises(ValueError, match="observation space") as error:
        LSTMPPO("LSTMPolicy", env)
    for told in (str(space), "'policy'", "'critic'"):
        assert told in str(error.value)


def test_groups_beside_the_two_are_left_alone() -> None:
    space = spaces.Dict({"camera": _box(8, 8, 3), "policy": _box(3), "critic": _box(4)})
    assert group_sizes(space) == {"policy": 3, "critic": 4}
    assert group_sizes(_box(5)) == {"policy": 5, "critic": 5}


def test_an_unknown_policy_is_refused_and_a_subclass_is_not(recall_env: Any) -> None:
    class Wider(LSTMPolicy):
        pass

    with pytest.raises(ValueError, match="MlpPolicy"):
        LSTMPPO("MlpPolicy", recall_env(4))
    assert isinstance(LSTMPPO(Wider, recall_env(4)).policy, Wider)
