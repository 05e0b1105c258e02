import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from deploy_robot import BundleError, Chain, Contract, Link, PoseTerm, PoseTerms

TERMS = (
    PoseTerm("place", "offset", (0.1, 0.2, 0.3), "object"),
    PoseTerm("way", "offset", "object", "goal", goal=True),
    PoseTerm("turn", "rotation", "object", "goal", goal=True),
    PoseTerm("tip", "axis_rotation", "object", "goal", goal=True),
    PoseTerm("relative", "quaternion", "object", "goal", goal=True),
    PoseTerm("reach", "offset", "hand", "object"),
)


def drawn(seed, rows):
    """Poses (rows, 3, 7), w first, and their rotations as SciPy has them."""
    rng = np.random.default_rng(seed)
    rotations = [Rotation.random(3, random_state=rng) for _ in range(rows)]
    quaternions = np.array([rotation.as_quat()[:, [3, 0, 1, 2]] for rotation in rotations])
    return np.concatenate((rng.normal(size=(rows, 3, 3)), quaternions), axis=2), rotations


def test_poses_are_named_in_the_order_in_which_terms_need_them():
    terms = PoseTerms(TERMS)
    assert terms.names == ("object", "goal", "hand")
    assert (terms.goals, terms.turned) == ({"goal"}, {"object", "goal"})
    assert terms.size == 3 + 3 + 3 + 3 + 4 + 3


def test_terms_are_what_scipy_makes_of_the_poses():
    poses, rotations = drawn(0, 40)
    place, way, turn, tip, relative, reach = np.split(PoseTerms(TERMS).read(poses), [3, 6, 9, 12, 16], axis=1)
    assert place == pytest.approx(poses[:, 0, :3] - [0.1, 0.2, 0.3])
    assert way == pytest.approx(poses[:, 1, :3] - poses[:, 0, :3])
    assert reach == pytest.approx(poses[:, 0, :3] - poses[:, 2, :3])
    for row, rotation in enumerate(rotations):
        between = rotation[1] * rotation[0].inv()
        assert turn[row] == pytest.approx(between.as_rotvec(), abs=1e-9)
        assert relative[row, [1, 2, 3, 0]] == pytest.approx(between.as_quat(canonical=True), abs=1e-9)
        tipped = Rotation.from_rotvec(tip[row]).apply(rotation[0].apply([0, 0, 1]))
        assert tipped == pytest.approx(rotation[1].apply([0, 0, 1]), abs=1e-9)
        assert np.dot(tip[row], rotation[0].apply([0, 0, 1])) == pytest.approx(0.0, abs=1e-9), "the shortest way"


def test_one_robots_poses_are_read_like_many():
    poses, _ = drawn(1, 3)
    terms = PoseTerms(TERMS)
    assert np.array_equal(terms.read(poses[0]), terms.read(poses)[0])
    assert PoseTerms(()).read(np.zeros((0, 7))).shape == (0,)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": ""}, "tracked.name: given '', wanted a non-empty string"),
        ({"measure": "angle"}, "tracked 'way'.measure: given 'angle', wanted one of 'offset', 'rotation'"),
        ({"end": 3}, "tracked 'way'.end: given 3, wanted a non-empty string"),
        ({"goal": 1}, "tracked 'way'.goal: given 1, wanted true or false"),
        ({"start": (0.0, 1.0)}, "tracked 'way'.start: given 2 numbers, wanted 3"),
        (
            {"measure": "rotation", "start": (0.0, 1.0, 2.0)},
            "tracked 'way'.start: given (0.0, 1.0, 2.0), wanted a non-empty",
        ),
        ({"start": "goal"}, "tracked 'way'.end: given 'goal', where it starts, wanted another pose"),
    ],
)
def test_a_bad_field_is_named_in_one_line(change, reason):
    with pytest.raises(BundleError) as error:
        dataclasses.replace(TERMS[1], **change)
    assert reason in str(error.value) and "\n" not in str(error.value)


def test_contracts_carry_them_as_json_both_ways(contract):
    tracked = dataclasses.replace(contract, tracked=TERMS)
    assert Contract.from_json(tracked.to_json()) == tracked
    assert tracked.observation_size == contract.observation_size + 19
    assert dataclasses.replace(tracked, observation=()).observation_size == 19
    with pytest.raises(BundleError, match=r"observation: 'target' stands there more than once"):
        dataclasses.replace(contract, tracked=(dataclasses.replace(TERMS[0], name="target"),))
    with pytest.raises(BundleError, match=r"tracked: given 'all', wanted a list of terms"):
        dataclasses.replace(contract, tracked="all")
    with pytest.raises(BundleError, match=r"tracked\[0\]: field 'measure' is missing"):
        Contract.from_json(contract.to_json().replace('"tracked": []', '"tracked": [{"name": "way"}]'))


CHAIN = Chain("hand", (Link((0.0, 0.0, 0.1)), Link(joint="thumb_1", axis=(0.0, 1.0, 0.0)), Link((0.2, 0.0, 0.0))))


def test_poses_of_tools_are_computed_from_joints_and_need_no_tracker(contract):
    with_tool = dataclasses.replace(contract, tracked=TERMS, kinematics=(CHAIN,))
    assert Contract.from_json(with_tool.to_json()) == with_tool
    assert with_tool.poses.names == ("object", "goal", "hand") and with_tool.poses.tracked == ("object", "goal")
    position = np.array([np.pi / 2, 9.0, 9.0, 9.0])
    assert CHAIN.pose(contract.joints, position)[:3] == pytest.approx([0.0, 0.0, -0.1])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Link(axis=(0.0, 0.0, 2.0)), "link.axis: given length 2, wanted 1"),
        (lambda: Link(motion="ball"), "link.motion: given 'ball', wanted one of 'hinge', 'slide'"),
        (lambda: Link(position=(0.0, 1.0)), "link.position: given 2 numbers, wanted 3"),
        (lambda: Chain("hand", (1,)), "chain 'hand'.links: given (1,), wanted a list of links"),
    ],
)
def test_a_bad_chain_is_named_in_one_line(make, reason):
    with pytest.raises(BundleError) as error:
        make()
    assert str(error.value) == reason


def test_chains_must_fit_their_contract(contract):
    with pytest.raises(BundleError, match=r"kinematics: unknown name 'hand'"):
        dataclasses.replace(contract, kinematics=(CHAIN,))
    elsewhere = Chain("hand", (Link(joint="elbow"),))
    with pytest.raises(BundleError, match=r"chain 'hand'\.joints: unknown name 'elbow'; available: thumb_1"):
        dataclasses.replace(contract, tracked=TERMS, kinematics=(elsewhere,))


def test_a_contract_whose_links_are_no_list_is_refused(contract):
    text = contract.to_json().replace('"kinematics": []', '"kinematics": [{"name": "hand", "links": {}}]')
    with pytest.raises(BundleError, match=r"kinematics\[0\]\.links: given {}, wanted a list of links"):
        Contract.from_json(text)


def test_contracts_from_before_there_were_any_are_read(contract):
    text = contract.to_json().replace('  "tracked": [],\n', "").replace('  "kinematics": [],\n', "")
    assert "tracked" not in text and "kinematics" not in text
    assert Contract.from_json(text) == contract
