from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from gymnasium import spaces

from policies.export import export_onnx, golden_run
from policies.lstm_policy import LSTMPolicy

STEPS, INPUTS, ACTIONS, HIDDEN = 200, 5, 3, 24


@pytest.fixture(scope="module")
def policy() -> LSTMPolicy:
    """A policy with statistics as after training, whose actions depend on its memory and fill their range."""
    torch.manual_seed(0)
    space = spaces.Dict({"policy": _box(INPUTS), "critic": _box(INPUTS + 2)})
    policy = LSTMPolicy(space, spaces.Box(-1.0, 1.0, (ACTIONS,)), widths=(16, 12), hidden=HIDDEN)
    policy.policy_normalizer.update(torch.randn(100, INPUTS) * torch.tensor([0.1, 1.0, 3.0, 10.0, 1e-3]) + 4.0)
    with torch.no_grad():
        policy.action_net.weight *= 300.0
    return policy


def _box(size: int) -> spaces.Box:
    return spaces.Box(-np.inf, np.inf, (size,), np.float32)


def _observations(worlds: int) -> np.ndarray:
    rng = np.random.default_rng(worlds)
    walk = np.cumsum(rng.normal(size=(STEPS, worlds, INPUTS)), axis=0) * 0.3
    return (4.0 + walk * np.array([0.1, 1.0, 3.0, 10.0, 1e-3])).astype(np.float32)


@pytest.fixture(scope="module")
def content(policy: LSTMPolicy) -> bytes:
    return export_onnx(policy)


@pytest.fixture(scope="module")
def session(content: bytes) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def test_inputs_and_outputs_have_their_names_shapes_and_types(session: onnxruntime.InferenceSession) -> None:
    def described(values: list[onnxruntime.NodeArg]) -> list[tuple[str, list[int | str], str]]:
        return [(value.name, value.shape, value.type) for value in values]

    assert described(session.get_inputs()) == [
        ("observation", ["n", INPUTS], "tensor(float)"),
        ("memory", ["n", 2, HIDDEN], "tensor(float)"),
    ]
    assert described(session.get_outputs()) == [
        ("action", ["n", ACTIONS], "tensor(float)"),
        ("memory_out", ["n", 2, HIDDEN], "tensor(float)"),
    ]


@pytest.mark.parametrize(
    ("network", "memory_shape"),
    [
        ({"memory": "none", "shared": True}, (1, 1)),
        ({"memory": "gru", "bins": 11}, (1, HIDDEN)),
        ({"memory": "table"}, (18, HIDDEN)),
        ({"encoder": "impala", "image": (7, 6, 2), "memory": "none"}, (1, 1)),
        ({"encoder": "gated"}, (2, HIDDEN)),
    ],
    ids=str,
)
def test_every_kind_of_policy_is_exported_as_it_acts(network: dict[str, Any], memory_shape: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    size = INPUTS + 84 if "image" in network else INPUTS
    policy = LSTMPolicy(_box(size), spaces.Box(-1.0, 1.0, (ACTIONS,)), widths=(16,), hidden=HIDDEN, **network)
    with torch.no_grad():
        policy.action_net.weight *= 30.0 if "image" in network else 300.0
    session = onnxruntime.InferenceSession(export_onnx(policy), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[1].shape == session.get_outputs()[1].shape == ["n", *memory_shape]
    rng = np.random.default_rng(0)
    state, memory, taken = None, np.zeros((3, *memory_shape), dtype=np.float32), []
    for t in range(30):
        observation = rng.normal(size=(3, size)).astype(np.float32)
        start = np.array([t == 10, False, t == 20])
        memory[start] = 0.0
        expected, state = policy.predict(observation, state, start, deterministic=True)
        action, memory = session.run(["action", "memory_out"], {"observation": observation, "memory": memory})
        np.testing.assert_allclose(action, expected, atol=1e-5, rtol=0)
        np.testing.assert_allclose(memory, state, atol=1e-5, rtol=0)
        taken.append(action)
    assert np.std(taken, axis=(0, 1)).max() > 0.3
    if "bins" in network:
        np.testing.assert_allclose(np.unique(taken), np.linspace(-1.0, 1.0, network["bins"]), atol=1e-6)


@pytest.mark.parametrize("worlds", [1, 7])
def test_onnx_acts_as_the_policy_does_over_two_hundred_steps_with_a_reset(
    worlds: int, policy: LSTMPolicy, session: onnxruntime.InferenceSession
) -> None:
    state, memory = None, np.zeros((worlds, 2, HIDDEN), dtype=np.float32)
    taken = []
    for t, observation in enumerate(_observations(worlds)):
        start = np.full(worlds, t == STEPS // 2)
        start[0] |= t == 20
        memory[start] = 0.0
        expected, state = policy.predict({"policy": observation}, state, start, deterministic=True)
        action, memory = session.run(["action", "memory_out"], {"observation": observation, "memory": memory})
        np.testing.assert_allclose(action, expected, atol=1e-5, rtol=0)
        np.testing.assert_allclose(memory, state, atol=1e-5, rtol=0)
        taken.append(action)
    actions = np.stack(taken)
    assert (np.abs(actions) == 1.0).any() and (np.abs(actions) < 0.9).any() and np.abs(actions).max() == 1.0
    assert not np.allclose(actions[0], actions[1], atol=1e-2)


def test_the_normaliser_is_inside_the_graph(policy: LSTMPolicy, session: onnxruntime.InferenceSession) -> None:
    memory = np.zeros((1, 2, HIDDEN), dtype=np.float32)
    mean, scale = policy.policy_normalizer.mean.float().numpy(), policy.policy_normalizer.scale().numpy()

    def act(observation: np.ndarray) -> np.ndarray:
        return session.run(["memory_out"], {"observation": observation[None], "memory": memory})[0]

    assert np.allclose(act(mean + 5.0 * scale), act(mean + 80.0 * scale), atol=1e-5)
    assert not np.allclose(act(mean + 4.0 * scale), act(mean + 5.0 * scale), atol=1e-4)


def test_a_golden_run_is_the_run_of_the_exported_policy(
    policy: LSTMPolicy, session: onnxruntime.InferenceSession
) -> None:
    observation, reset = _observations(1)[:, 0], np.isin(np.arange(STEPS), [0, 30, 31, 100])
    expected = []
    for seen, cleared in zip(observation, reset, strict=True):
        memory = np.zeros((1, 2, HIDDEN), dtype=np.float32) if cleared else memory  # noqa: F821
        action, memory = session.run(["action", "memory_out"], {"observation": seen[None], "memory": memory})
        expected.append(action[0])
    golden = golden_run(policy, observation, reset)
    assert golden.dtype == np.float32 and golden.shape == (STEPS, ACTIONS)
    np.testing.assert_allclose(golden, np.array(expected), atol=1e-5, rtol=0)


def test_the_file_is_valid_the_same_again_and_names_no_file_of_this_computer(
    content: bytes, policy: LSTMPolicy
) -> None:
    model = onnx.load_model_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert [opset.domain for opset in model.opset_import] == [""]
    assert export_onnx(policy) == content
    assert b".py" not in content


def test_exporting_for_the_first_time_prints_and_warns_nothing() -> None:
    script = (
        "from gymnasium.spaces import Box\n"
        "from policies import LSTMPolicy\n"
        "from policies.export import export_onnx\n"
        "assert export_onnx(LSTMPolicy(Box(-1.0, 1.0, (5,)), Box(-1.0, 1.0, (3,)), hidden=8))\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "space",
    [spaces.Discrete(3), spaces.MultiDiscrete([2, 3]), spaces.MultiBinary(2), spaces.Box(-2.0, 2.0, (ACTIONS,))],
    ids=repr,
)
def test_a_policy_whose_actions_are_not_continuous_in_minus_one_to_one_is_refused(space: spaces.Space) -> None:
    policy = LSTMPolicy(_box(INPUTS), space, widths=(8,), hidden=8)
    with pytest.raises(ValueError, match="only continuous actions") as error:
        export_onnx(policy)
    assert str(space) in str(error.value)
