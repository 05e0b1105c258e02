import dataclasses
import os
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from deploy_robot import BundleError, PolicyRuntime


def test_single_rows_and_batches_agree(bundle):
    runtime = PolicyRuntime(bundle)
    observation = bundle.golden.observation[:5]
    memory = np.random.default_rng(2).normal(size=(5, *bundle.contract.memory_shape)).astype(np.float32)
    actions, memories = runtime.step(observation, memory)
    for row in range(5):
        action, memory_out = runtime.step(observation[row], memory[row])
        assert action == pytest.approx(actions[row], abs=1e-6)
        assert memory_out == pytest.approx(memories[row], abs=1e-6)


def test_the_same_inputs_give_the_same_outputs_whatever_came_between(bundle):
    runtime = PolicyRuntime(bundle)
    observation = bundle.golden.observation
    first, _ = runtime.step(observation[0], runtime.initial_memory())
    for row in observation:
        runtime.step(row, runtime.initial_memory())
    again, _ = runtime.step(observation[0], runtime.initial_memory())
    assert np.array_equal(first, again)


def test_cleared_memory_has_the_contracts_shape(bundle):
    runtime = PolicyRuntime(bundle)
    assert runtime.initial_memory().shape == (2, 4)
    assert runtime.initial_memory(rows=3).shape == (3, 2, 4)
    assert not runtime.initial_memory().any()


def test_memory_matters(bundle):
    runtime = PolicyRuntime(bundle)
    observation = bundle.golden.observation[0]
    fresh, memory = runtime.step(observation, runtime.initial_memory())
    later, _ = runtime.step(observation, memory)
    assert not np.allclose(fresh, later)


def refused(bundle, content):
    with pytest.raises(BundleError) as error:
        PolicyRuntime(dataclasses.replace(bundle, onnx_bytes=content))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_fixed_batch_is_refused(bundle, contract, make_policy):
    assert refused(bundle, make_policy(contract, rows=1)).startswith(
        "policy.onnx: input 'observation': given shape [1, 13], wanted ['n', 13]"
    )


def test_another_number_of_actions_is_refused(bundle, contract, make_policy):
    assert "output 'action': given shape ['n', 5], wanted ['n', 3]" in refused(
        bundle, make_policy(contract, action_size=5)
    )


def renamed(content, old, new):
    model = onnx.load_from_string(content)
    for item in (*model.graph.input, *model.graph.output):
        item.name = new if item.name == old else item.name
    for node in model.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    return model.SerializeToString()


@pytest.mark.parametrize(("old", "direction"), [("memory", "inputs"), ("memory_out", "outputs")])
def test_other_names_are_refused_with_both(bundle, onnx_bytes, old, direction):
    message = refused(bundle, renamed(onnx_bytes, old, "state"))
    assert message.startswith(f"policy.onnx: {direction}: given ")
    assert "state" in message
    assert old in message.split("wanted")[1]


def test_another_type_is_refused(bundle, contract):
    def value(name, kind, *shape):
        return helper.make_tensor_value_info(name, kind, ["n", *shape])

    graph = helper.make_graph(
        [helper.make_node("Identity", ["memory"], ["memory_out"])],
        "policy",
        [value("observation", TensorProto.DOUBLE, 13), value("memory", TensorProto.FLOAT, 2, 4)],
        [value("memory_out", TensorProto.FLOAT, 2, 4)],
    )
    graph.node.append(helper.make_node("Slice", ["observation", "zero", "three", "one"], ["action"]))
    for name, number in (("zero", 0), ("three", 3), ("one", 1)):
        graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, [1], [number]))
    graph.output.append(value("action", TensorProto.DOUBLE, 3))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    assert "input 'observation': given tensor(double), wanted tensor(float)" in refused(
        bundle, model.SerializeToString()
    )


def test_sizes_that_the_graph_hides_are_found_by_running_it(bundle, onnx_bytes):
    model = onnx.load_from_string(onnx_bytes)
    shape = next(item for item in model.graph.initializer if item.name == "shape")
    shape.CopyFrom(helper.make_tensor("shape", TensorProto.INT64, [3], [0, 4, 2]))
    for item in model.graph.output:
        if item.name == "memory_out":
            item.type.tensor_type.shape.dim[1].dim_param = "gates"
            item.type.tensor_type.shape.dim[2].dim_param = "hidden"
    message = refused(bundle, model.SerializeToString())
    assert "memory_out" in message


def test_what_is_no_network_is_refused(bundle):
    assert refused(bundle, b"not a network").startswith("policy.onnx: onnxruntime cannot load it: ")


def test_nobody_is_told_what_runs_on_the_robot(tmp_path):
    """onnxruntime's reports to its maker begin with a file in the temporary folder that holds an identity."""
    code = "import deploy_robot, onnxruntime, time; time.sleep(1.0)"
    environment = {name: value for name, value in os.environ.items() if name not in ("ORT_DISABLE_TELEMETRY", "CI")}
    done = subprocess.run([sys.executable, "-c", code], env=environment | {"TMPDIR": str(tmp_path)}, check=False)
    assert done.returncode == 0
    assert not list(tmp_path.iterdir())
