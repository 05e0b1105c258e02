import json

import numpy as np
import pytest

from deploy_robot import Approach, ControlLoop, InProcessRobot, JointMap, JointMapError, MappedRobot

JOINTS = ("thumb", "index", "wrist")
QUICK = Approach(seconds=0.5, speed=2.0)


def loaded(tmp_path, text):
    path = tmp_path / "joints.yaml"
    path.write_text(text)
    return JointMap.load(path, JOINTS)


def test_joints_that_are_not_named_are_as_the_policy_has_them(tmp_path):
    joint_map = loaded(tmp_path, "index: motor_3\nwrist: {sign: -1, offset: 0.5}\n")
    assert joint_map.names == ("thumb", "motor_3", "wrist")
    assert joint_map.to_driver(np.array([1.0, 2.0, 0.3])) == pytest.approx([1.0, 2.0, 0.2])
    assert joint_map.from_driver(np.array([1.0, 2.0, 0.2])) == pytest.approx([1.0, 2.0, 0.3])


def test_two_joints_may_change_their_names(tmp_path):
    assert loaded(tmp_path, "thumb: index\nindex: thumb\n").names == ("index", "thumb", "wrist")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("elbow: motor_1\n", "joint: unknown name 'elbow'; available: thumb, index, wrist"),
        ("thumb: {nam: a}\n", "thumb: unknown name 'nam'; available: name, sign, offset"),
        ("thumb: 3\n", "thumb: given 3, wanted a name or a mapping with name, sign, offset"),
        ("thumb: {sign: 2}\n", "thumb.sign: given 2, wanted 1 or -1"),
        ("thumb: {sign: '-'}\n", "thumb.sign: given '-', wanted a number"),
        ("thumb: {offset: .nan}\n", "thumb.offset: given nan, wanted a finite number"),
        ("thumb: {name: ''}\n", "thumb.name: given '', wanted a non-empty string"),
        ("thumb: wrist\n", "joints 'thumb' and 'wrist' are both called 'wrist' by the driver"),
        ("thumb: a\nindex: b\nthumb: c\n", "line 3: 'thumb' stands there more than once"),
        ("thumb: {sign: 1, sign: -1}\n", "line 1: 'sign' stands there more than once"),
        ("- thumb\n", "given ['thumb'], wanted a mapping from the policy's joints"),
        ("", "given None, wanted a mapping from the policy's joints"),
        ("thumb: [\n", "cannot be read: while parsing"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path, text, reason):
    with pytest.raises(JointMapError) as error:
        loaded(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path / 'joints.yaml'}: {reason}")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path):
    with pytest.raises(JointMapError, match=r"joints\.yaml: cannot be read: .*No such file"):
        JointMap.load(tmp_path / "joints.yaml", JOINTS)


class Elsewhere:
    """A simulation whose driver calls joints otherwise, and counts them as a map says."""

    def __init__(self, simulation, joint_map):
        self.joints, self.map, self.simulation = joint_map.names, joint_map, simulation
        self.control_period, self.pose_names = simulation.control_period, ()

    @property
    def time(self):
        return self.simulation.time

    def state(self):
        position, velocity = self.simulation.state()
        return self.map.to_driver(position), self.map.sign * velocity

    def poses(self):
        return np.zeros((0, 7))

    def step(self, targets):
        self.simulation.step(self.map.from_driver(targets))


def test_a_mapped_robot_moves_as_one_that_needs_no_map(bundle, lag_robot):
    joints = bundle.contract.joints
    joint_map = JointMap(joints, ("m1", "m2", "m3", "m4"), np.array([1, -1, -1, 1.0]), np.array([0.0, 3.0, -1.0, 0.5]))
    mapped = MappedRobot(InProcessRobot(Elsewhere(lag_robot(joints), joint_map)), joint_map)
    one, other = (
        ControlLoop(bundle, robot, pace="lockstep", approach=QUICK).run(5.0)
        for robot in (mapped, InProcessRobot(lag_robot(joints)))
    )
    assert one.ended == other.ended == "completed"
    assert np.ptp(other.targets, axis=0).max() > 0.5, "the robot moved"
    for name in ("targets", "positions", "velocities"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-6), name


def test_a_map_of_other_joints_is_refused(bundle, lag_robot):
    with pytest.raises(ValueError, match="the robot has joints a, the map thumb, index, wrist"):
        MappedRobot(InProcessRobot(lag_robot(("a",))), JointMap.same(JOINTS))


def test_deploy_reads_the_map_and_speaks_the_drivers_names(bundle, start, tmp_path):
    pytest.importorskip("rclpy")
    path = tmp_path / "joints.yaml"
    path.write_text("thumb_1: {name: servo_7, sign: -1, offset: 0.1}\n")
    served = [{"thumb_1": "servo_7"}.get(joint, joint) for joint in bundle.contract.joints]
    client = start("run_client.py", bundle.path, "--pace", "lockstep", "--seconds", 2.0, "--joint-map", path)
    server = start("run_server.py", "--pace", "lockstep", "--joints", *served)
    output, errors = client.communicate(timeout=60.0)
    assert client.returncode == 0, errors
    report, log = json.loads(output), json.loads(server.communicate(timeout=60.0)[0])["log"]
    assert report["ended"] == "completed" and report["joints"] == list(bundle.contract.joints)
    column = bundle.contract.joints.index("thumb_1")
    sent, heard = np.array(report["log"]["targets"])[:, column], np.array(log["targets"])[:, served.index("servo_7")]
    assert heard == pytest.approx(0.1 - sent)
    assert np.ptp(sent) > 0.1
