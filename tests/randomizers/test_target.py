from __future__ import annotations

import re

import mujoco
import pytest

from randomizers import Target, WorldsError, select


def test_patterns_select_by_name_in_the_models_order(arm: Target) -> None:
    selection = select(arm, "joint", ("elbow", "s*", "shoulder"))
    assert selection.names == ("shoulder", "elbow")
    assert selection.ids.tolist() == [0, 1]


def test_a_single_pattern_needs_no_tuple(arm: Target) -> None:
    assert select(arm, "geom", "*e").names == select(arm, "geom", ("*e",)).names == ("fore", "cube")


def test_the_world_body_is_not_selected(arm: Target) -> None:
    assert select(arm, "body", "*").names == ("upper", "fore", "cube")


def test_what_has_no_name_is_selected_by_its_number() -> None:
    model = mujoco.MjModel.from_xml_string("""
      <mujoco><worldbody><geom name="geom1" type="plane" size="1 1 1"/>
        <body name="cube"><freejoint/><geom size=".1"/><geom size=".2" name="tip"/></body>
        <body><joint/><geom size=".1"/></body></worldbody>
        <actuator><adhesion body="cube" ctrlrange="0 1"/></actuator></mujoco>""")
    target = Target(model, "unnamed", roles={"object": ["cube"]})
    assert target.names("geom") == ("geom1", "geom1_", "tip", "geom3")
    assert target.names("body") == ("cube", "body2") and target.names("joint") == ("joint0", "joint1")
    assert target.names("actuator") == ("actuator0",)
    assert select(target, "geom", "@object").names == ("geom1_", "tip")
    assert select(target, "geom", "*").ids.tolist() == [0, 1, 2, 3]


def test_observation_terms_select_their_columns(arm: Target) -> None:
    selection = select(arm, "observation", ("phase", "cube"))
    assert selection.ids.tolist() == [2, 3, 4, 5]
    assert selection.names == ("cube.0", "cube.1", "cube.2", "phase")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("joint", "pattern 'thumb.*' matched no joint of 'arm'; joints: shoulder, elbow, cube"),
        ("body", "pattern 'thumb.*' matched no body of 'arm'; bodies: upper, fore, cube"),
        ("geom", "pattern 'thumb.*' matched no geom of 'arm'; geoms: floor, upper, fore, tip, cube"),
        ("actuator", "pattern 'thumb.*' matched no actuator of 'arm'; actuators: shoulder, elbow"),
        ("observation", "pattern 'thumb.*' matched no observation of 'arm'; observations: joints, cube, phase"),
    ],
)
def test_a_pattern_without_a_match_is_refused_with_the_names_there_are(arm: Target, kind: str, message: str) -> None:
    with pytest.raises(WorldsError, match=re.escape(message)):
        select(arm, kind, ("*", "thumb.*"))


def test_an_empty_observation_term_is_refused(arm: Target) -> None:
    with pytest.raises(WorldsError, match="observation term 'x' of 'arm' must have a size of at least 1, got 0"):
        Target(arm.model, "arm", {"x": 0})
