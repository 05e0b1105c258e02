"""What is wrong with a user's MJCF is told all at once, with the line to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim2real.errors import UserError
from sim2real.tasks.own.draft import Asked, NotYet, draft
from sim2real.tasks.own.mjcf import Problem

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
HAND = (EXAMPLES / "three_finger_hand.xml").read_text()
ARM = (EXAMPLES / "four_joint_arm.xml").read_text()

HAND_EDITS: dict[str, tuple[str, str, str, str]] = {
    "unnamed joint": (
        '<joint name="two_bend" class="bend"/>',
        '<joint class="bend"/>',
        "wants a name",
        "two_end_joint",
    ),
    "unlimited joint": (
        '<joint name="one_spread" class="spread"/>',
        '<joint name="one_spread" axis="1 0 0"/>',
        "joint 'one_spread' has no limits",
        'range="-90 90"',
    ),
    "ball": (
        '<joint name="two_spread" class="spread"/>',
        '<joint name="two_spread" type="ball"/>',
        "is a ball",
        "three hinges",
    ),
    "unnamed actuator": (
        '<position name="one_curl" joint="one_curl"/>',
        '<position joint="one_curl"/>',
        "actuator of joint 'one_curl' has no name",
        'name="one_curl"',
    ),
    "torque motor": (
        '<position name="one_curl" joint="one_curl"/>',
        '<motor name="one_curl" joint="one_curl" ctrlrange="-0.6 0.6"/>',
        "no position servo",
        '<position name="one_curl" joint="one_curl" kp="2" forcerange="-0.6 0.6" inheritrange="1"/>',
    ),
    "servo with a state": (
        '<position name="one_curl" joint="one_curl"/>',
        '<position name="one_curl" joint="one_curl" timeconst="0.05"/>',
        "state of its own",
        "remove timeconst",
    ),
    "geared servo": (
        '<position name="one_curl" joint="one_curl"/>',
        '<position name="one_curl" joint="one_curl" gear="2"/>',
        "gear 2",
        'kp="10"',
    ),
    "servo of nothing": (
        '<position name="one_curl" joint="one_curl"/>',
        '<position name="one_curl" joint="one_curl"/><position name="ghost" joint="seven"/>',
        "joint 'seven'",
        "joints: one_bend",
    ),
    "range of a servo": (
        '<position name="one_bend" joint="one_bend"/>',
        '<position name="one_bend" joint="one_bend" inheritrange="0" ctrlrange="-0.1 0.2"/>',
        "its servo's ctrlrange [-0.1, 0.2] leaves out",
        'inheritrange="1"',
    ),
    "object that is fixed": (
        '<body name="cube" pos="0 0 0.24">\n      <freejoint name="cube"/>',
        '<body name="cube" pos="0 0 0.24">\n',
        "object 'cube' has no free joint",
        "<freejoint/>",
    ),
    "object in penetration": (
        'qpos="0 -0.1 0.4 0 -0.1 0.4 0 -0.1 0.4  0 0 0.24 1 0 0 0"',
        'qpos="0 -0.1 0.4 0 -0.1 0.4 0 -0.1 0.4  0 0 0.22 1 0 0 0"',
        "starts 17.0 mm inside of palm",
        "0 0 0.237 as numbers 10 to 12 of qpos",
    ),
    "start outside limits": (
        'qpos="0 -0.1 0.4 ',
        'qpos="0 2.0 0.4 ',
        "joint 'one_curl' at 2, outside of its range [-0.698132, 1.5708]",
        "1.5708 as number 2 of qpos",
    ),
    "finger without a site": (
        '<site name="one_tip" pos="0 0 0.035"/>',
        "",
        "link 'one_end' ends a finger",
        '<site name="one_end_tip" pos="0 0 0.03"/>',
    ),
    "unnamed link": ('<body name="one_end" pos="0 0 0.04">', '<body pos="0 0 0.04">', "a body that moves", "name="),
    "floating base": ('<geom name="palm" ', '<freejoint/><geom name="palm" ', "base 'palm' moves freely", "remove its"),
}
"""By what is wrong: what to replace in the example and by what, what is said of it, and what to write."""
ELSEWHERE = {
    "object in penetration": '<key name="home"',
    "start outside limits": '<key name="home"',
    "finger without a site": '<body name="one_end"',
    "floating base": '<body name="palm"',
}
"""What stands in the line to change where that is not the one that was edited."""


def problems_of(path: Path, kind: str = "rotate-z", object_body: str | None = "cube") -> list[Problem]:
    with pytest.raises(NotYet) as found:
        draft(Asked(path, kind, object_body), path, path)
    assert str(found.value).splitlines() == [str(problem) for problem in found.value.problems]
    return found.value.problems


@pytest.mark.parametrize("case", HAND_EDITS)
def test_a_wrong_part_is_told_with_its_line_and_what_to_write(case: str, tmp_path: Path) -> None:
    old, new, message, write = HAND_EDITS[case]
    assert HAND.count(old) == 1
    path = tmp_path / "hand.xml"
    content = HAND.replace(old, new)
    if case == "unnamed link":
        content = content.replace('<exclude body1="one_base" body2="one_end"/>', "")
    path.write_text(content)
    found = [problem for problem in problems_of(path) if message in problem.message]
    assert len(found) == 1
    assert write in found[0].write
    assert ELSEWHERE.get(case, new.splitlines()[0] if new else "") in content.splitlines()[found[0].line - 1]


def test_a_model_without_actuators_is_told_once_with_all_servos_to_write(tmp_path: Path) -> None:
    head, _, rest = ARM.partition("  <actuator>")
    path = tmp_path / "arm.xml"
    path.write_text(head + rest.partition("</actuator>\n")[2])
    (problem,) = problems_of(path, "reach", None)
    assert "no actuators" in problem.message
    assert all(f'joint="{name}"' in problem.write for name in ("turn", "lift", "elbow", "wrist"))
    assert path.read_text().splitlines()[problem.line - 1] == "</mujoco>"


def test_a_joint_without_an_actuator_is_told_unless_it_follows_another(tmp_path: Path) -> None:
    path = tmp_path / "arm.xml"
    path.write_text(ARM.replace('    <position name="wrist" joint="wrist"/>\n', ""))
    (problem,) = problems_of(path, "reach", None)
    assert "joint 'wrist' has no actuator" in problem.message
    assert path.read_text().splitlines()[problem.line - 1] == "  </actuator>"
    coupled = '<equality><joint joint1="wrist" joint2="elbow"/></equality>\n  <actuator>'
    path.write_text(path.read_text().replace("<actuator>", coupled))
    assert tuple(draft(Asked(path), path, path).joints) == ("turn", "lift", "elbow")


def test_no_object_is_told_where_one_is_asked_for(tmp_path: Path) -> None:
    (problem,) = problems_of(EXAMPLES / "four_joint_arm.xml", "rotate-z", None)
    assert "no body moves freely" in problem.message and "<freejoint/>" in problem.write
    assert ARM.splitlines()[problem.line - 1] == "  </worldbody>"


def test_an_object_that_falls_off_is_told(tmp_path: Path) -> None:
    path = tmp_path / "hand.xml"
    path.write_text(HAND.replace("0 0 0.24 1 0 0 0", "0.3 0 0.24 1 0 0 0"))
    (problem,) = problems_of(path)
    assert "does not come to rest on the robot" in problem.message
    assert path.read_text().splitlines()[problem.line - 1].strip().startswith('<body name="cube"')


def test_missing_files_are_told_beside_all_else(tmp_path: Path) -> None:
    path = tmp_path / "arm.xml"
    path.write_text(
        ARM.replace("  <asset>\n", '  <asset>\n    <mesh name="link" file="link.stl"/>\n')
        .replace('<site name="gripper"', '<geom type="mesh" mesh="link" mass="0.1"/><site name="gripper"')
        .replace('<joint name="lift" range="-1.2 1.6"/>', '<joint name="lift"/>')
    )
    mesh, limits = problems_of(path, "reach", None)
    assert "link.stl" in mesh.message and "has no limits" in limits.message
    lines = path.read_text().splitlines()
    assert "<mesh" in lines[mesh.line - 1] and 'name="lift"' in lines[limits.line - 1]


def test_several_wrong_parts_are_told_in_the_order_of_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "hand.xml"
    content = HAND
    for case in ("unnamed joint", "unlimited joint", "torque motor", "object that is fixed"):
        content = content.replace(*HAND_EDITS[case][:2])
    path.write_text(content)
    found = problems_of(path)
    assert [problem.line for problem in found] == sorted(problem.line for problem in found)
    said = "\n".join(problem.message for problem in found)
    for case in ("unnamed joint", "unlimited joint", "torque motor", "object that is fixed"):
        assert HAND_EDITS[case][2] in said


def test_lines_are_those_of_the_included_file(tmp_path: Path) -> None:
    (tmp_path / "servos.xml").write_text(
        '<mujocoinclude>\n  <actuator>\n    <motor name="turn" joint="turn"/>\n  </actuator>\n</mujocoinclude>\n'
    )
    path = tmp_path / "arm.xml"
    without = ARM.replace('    <position name="turn" joint="turn"/>\n', "")
    path.write_text(without.replace("</mujoco>", '  <include file="servos.xml"/>\n</mujoco>'))
    (problem,) = problems_of(path, "reach", None)
    assert (problem.file.name, problem.line) == ("servos.xml", 3)
    path.write_text(path.read_text().replace("servos.xml", "gone.xml"))
    with pytest.raises(UserError, match=r"arm\.xml:\d+: included file 'gone\.xml' is missing"):
        draft(Asked(path), path, path)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("<mujoco>\n<worldbody>\n</mujoco>", ":3: no XML: mismatched tag"),
        ('<robot name="arm">\n</robot>', ":1: given <robot>: a URDF"),
        ('<mujoco>\n<worldbody>\n<geom colour="1"/></worldbody></mujoco>', ":3: MuJoCo cannot compile this"),
        (
            '<mujoco>\n<worldbody>\n<body name="a"><joint/></body></worldbody></mujoco>',
            ":3: MuJoCo cannot compile this",
        ),
    ],
)
def test_what_is_no_model_is_one_line(content: str, wanted: str, tmp_path: Path) -> None:
    path = tmp_path / "model.xml"
    path.write_text(content)
    with pytest.raises(UserError) as error:
        draft(Asked(path), path, path)
    assert str(error.value).startswith(f"{path}{wanted}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"tips": ("thumb",)}, "sites: one_tip, two_tip, three_tip"),
        ({"keyframe": "start"}, "keyframes: home"),
        ({"without": ("table",)}, "bodies: palm"),
        ({"kind": "reach", "object_body": "cube"}, "reach has no object"),
    ],
)
def test_names_that_a_model_does_not_have_are_refused(asked: dict[str, object], wanted: str) -> None:
    path = EXAMPLES / "three_finger_hand.xml"
    with pytest.raises(UserError, match=wanted) as error:
        draft(Asked(path, **asked), path, path)  # type: ignore[arg-type]
    assert not isinstance(error.value, NotYet)
