import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from deploy_robot import ActionMapping, BundleError, Contract, ObservationTerm


def test_json_both_ways_loses_nothing(contract):
    awkward = dataclasses.replace(contract, start_pose=(0.1 + 0.2, -1 / 7, 1e-17, 0.0), control_period=1 / 30)
    assert Contract.from_json(awkward.to_json()) == awkward
    assert Contract.from_json(awkward.to_json()).to_json() == awkward.to_json()


def test_sizes_are_those_of_the_terms(contract):
    assert contract.observation_size == 4 + 2 + 3 + 3 + 1
    assert contract.action_size == 3
    assert [contract.joints[column] for column in contract.action_columns] == list(contract.action.joints)


def test_a_single_number_stands_for_every_joint(contract):
    assert contract.action.center == (0.0, 0.0, 0.0)
    assert contract.observation[1].scale == (0.1, 0.1)


def test_arrays_and_lists_are_taken_for_numbers_and_names():
    mapping = ActionMapping(["a", "b"], "absolute", np.zeros(2), np.float32(0.5), [-1, -1], [1, 1], np.ones(2))
    assert mapping == ActionMapping(("a", "b"), "absolute", (0.0, 0.0), 0.5, (-1.0, -1.0), (1.0, 1.0), (1.0, 1.0))


def edited(contract, *path, value):
    """The contract's JSON with the item at `path` replaced, or removed if `value` is None."""
    data = json.loads(contract.to_json())
    *way, last = path
    inner = data
    for key in way:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(data)


REFUSALS = {
    "other schema": (("schema",), "sim2real-bundle/2", "schema: given 'sim2real-bundle/2', wanted 'sim2real-bundle/1'"),
    "no schema": (("schema",), None, "schema: given None"),
    "missing field": (("joints",), None, "contract: field 'joints' is missing"),
    "unknown field": (("speed",), 1.0, "contract: unknown field 'speed'; available: task"),
    "empty task": (("task",), "", "task: given ''"),
    "number for a task": (("task",), 3, "task: given 3"),
    "zero period": (("control_period",), 0.0, "control_period: given 0.0, wanted a finite number in"),
    "period as text": (("control_period",), "0.05", "control_period: given '0.05', wanted a number"),
    "period not finite": (("control_period",), math.nan, "control_period: given nan"),
    "true for a period": (("control_period",), True, "control_period: given True, wanted a number"),
    "no joints": (("joints",), [], "joints: given no name"),
    "joints as text": (("joints",), "thumb_1", "joints: given 'thumb_1', wanted a list of names"),
    "repeated joint": (("joints", 1), "thumb_1", "joints: 'thumb_1' stands there more than once"),
    "number for a joint": (("joints", 0), 7, "joints[0]: given 7"),
    "no observation": (("observation",), [], "observation: given no term, wanted at least one here or in tracked"),
    "observation as object": (("observation",), {}, "observation: given {}, wanted a list"),
    "number for a term": (("observation", 0), 3, "observation[0]: given 3, wanted an object"),
    "term without unit": (("observation", 0, "unit"), None, "observation[0]: field 'unit' is missing"),
    "unknown field of a term": (("observation", 0, "noise"), 1, "observation[0]: unknown field 'noise'"),
    "two terms of one name": (("observation", 1, "name"), "position", "observation: 'position' stands there more than"),
    "unknown source": (("observation", 0, "source"), "camera", "observation 'position'.source: given 'camera', wanted"),
    "wrong unit": (("observation", 0, "unit"), "deg", "observation 'position'.unit: given 'deg', wanted one of 'rad'"),
    "unknown joint in a term": (
        ("observation", 0, "joints", 2),
        "toe",
        "observation 'position'.joints: unknown name 'toe'; available: thumb_1, thumb_2, index_1, index_2",
    ),
    "target of a joint that is not moved": (
        ("observation", 2, "joints", 0),
        "index_2",
        "observation 'target'.joints: unknown name 'index_2'; available: index_1, thumb_1, thumb_2",
    ),
    "term without joints": (("observation", 0, "joints"), [], "observation 'position'.joints: given no name"),
    "joints for episode start": (
        ("observation", 4, "joints"),
        ["thumb_1"],
        "observation 'start'.joints: given 1 names",
    ),
    "short offset": (("observation", 0, "offset"), [0.0], "observation 'position'.offset: given 1 numbers, wanted 4"),
    "scale not finite": (("observation", 0, "scale", 3), math.inf, "observation 'position'.scale[3]: given inf"),
    "action as list": (("action",), [], "action: given [], wanted an object"),
    "action without kind": (("action", "kind"), None, "action: field 'kind' is missing"),
    "unknown kind": (("action", "kind"), "torque", "action.kind: given 'torque', wanted one of 'absolute', 'relative'"),
    "unknown joint in the action": (("action", "joints", 0), "toe", "action.joints: unknown name 'toe'"),
    "long scale": (("action", "scale"), [1, 2, 3, 4], "action.scale: given 4 numbers, wanted 3"),
    "text among numbers": (("action", "center", 1), "x", "action.center[1]: given 'x', wanted a number"),
    "text for numbers": (("action", "center"), "x", "action.center: given 'x', wanted 3 numbers"),
    "lower not below upper": (("action", "lower", 2), 0.6, "action.lower: joint 'thumb_2' has lower 0.6, wanted below"),
    "no velocity": (("action", "max_velocity"), 0.0, "action.max_velocity: given 0, wanted every number above 0"),
    "smoothing of one": (("action", "smoothing"), 1.0, "action.smoothing: given 1"),
    "smoothing below zero": (("action", "smoothing"), -0.1, "action.smoothing: given -0.1"),
    "short start pose": (("start_pose",), [0.0], "start_pose: given 1 numbers, wanted 4"),
    "start pose outside": (("start_pose", 0), 0.9, "start_pose: joint 'thumb_1' starts at 0.9, wanted in [-0.8, 0.8]"),
    "memory as number": (("memory_shape",), 8, "memory_shape: given 8"),
    "empty memory": (("memory_shape",), [2, 0], "memory_shape: given [2, 0], wanted whole numbers"),
    "half a memory": (("memory_shape",), [2, 1.5], "memory_shape: given [2, 1.5]"),
    "fingerprint not text": (("fingerprints", "model"), 5, "fingerprints: given 'model': 5"),
    "versions as list": (("versions",), [], "versions: given [], wanted a mapping"),
    "no date": (("created",), "", "created: given ''"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refuses_in_one_line_that_names_the_field(contract, name):
    path, value, message = REFUSALS[name]
    with pytest.raises(BundleError) as refusal:
        Contract.from_json(edited(contract, *path, value=value))
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "null", "[" * 100_000, "9" * 10_000])
def test_refuses_what_is_not_a_contract_at_all(content):
    with pytest.raises(BundleError):
        Contract.from_json(content)


def places(value, path=()):
    """The paths to everything inside a JSON value."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_whatever_is_changed_the_contract_is_read_or_refused_in_one_line(contract, data):
    path = data.draw(st.sampled_from(list(places(json.loads(contract.to_json())))))
    try:
        again = Contract.from_json(edited(contract, *path, value=data.draw(anything)))
    except BundleError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert Contract.from_json(again.to_json()) == again


def test_construction_checks_as_reading_does(contract):
    with pytest.raises(BundleError, match=r"observation: given 'position', wanted each to be of ObservationTerm"):
        dataclasses.replace(contract, observation=("position",))
    with pytest.raises(BundleError, match="action: given None, wanted an ActionMapping"):
        dataclasses.replace(contract, action=None)
    with pytest.raises(BundleError, match=r"observation 'q'\.offset: given 3 numbers, wanted 1"):
        ObservationTerm("q", "joint_position", ("thumb_1",), "rad", (0.0, 0.0, 0.0), 1.0)
