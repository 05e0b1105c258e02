"""Presets draw what the tables that they cite say."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import numpy as np
import pytest

from randomizers import PRESETS, Target, WorldDistribution, WorldsError, preset
from randomizers.presets import preset_source
from randomizers.visual import dressed

HAND = """
<mujoco>
  <compiler angle="radian" autolimits="true"/>
  <default>
    <joint range="-0.5 1.5" damping="0.1" frictionloss="0.01" armature="0.001"/>
    <position kp="2" ctrlrange="-0.5 1.5" forcerange="-1 1"/>
  </default>
  <worldbody>
    <body name="palm" pos="0 0 .2">
      <geom name="palm" type="box" size=".05 .05 .01"/>
      <body name="left_base" pos=".05 .03 0"><joint name="left_base" axis="0 -1 0"/>
        <geom name="left_base" type="capsule" fromto="0 0 0 .04 0 0" size=".01"/>
        <body name="left_tip" pos=".04 0 0"><joint name="left_tip" axis="0 -1 0"/>
          <geom name="left_tip" type="capsule" fromto="0 0 0 .03 0 0" size=".01"/></body></body>
      <body name="right_base" pos=".05 -.03 0"><joint name="right_base" axis="0 -1 0"/>
        <geom name="right_base" type="capsule" fromto="0 0 0 .04 0 0" size=".01"/>
        <body name="right_tip" pos=".04 0 0"><joint name="right_tip" axis="0 -1 0"/>
          <geom name="right_tip" type="capsule" fromto="0 0 0 .03 0 0" size=".01"/></body></body>
    </body>
    <body name="block" pos="0 0 .3" simple="false"><freejoint/><geom name="block" type="box" size=".02 .02 .02"/></body>
  </worldbody>
  <actuator>
    <position name="left_base" joint="left_base"/><position name="left_tip" joint="left_tip"/>
    <position name="right_base" joint="right_base"/><position name="right_tip" joint="right_tip"/>
  </actuator>
</mujoco>
"""
ROLES = {"object": ("block",), "robot": ("palm",), "fingertip": ("left_tip", "right_tip")}
OBSERVED = {
    "joint_position": (4, "rad"),
    "fingertip_position": (6, "m"),
    "object_position": (3, "m"),
    "object_orientation": (3, "rad"),
    "goal_rotation": (3, "rad"),
}
TRAINING = tuple(name for name in PRESETS if not name.startswith("unseen-"))
DRAWS = 2000

Check = Callable[[np.ndarray], None]


@pytest.fixture(scope="module")
def hand() -> Target:
    """A hand that has something for every term of the presets."""
    tips = ("left",) * 3 + ("right",) * 3
    looks = mujoco.MjSpec.from_string(HAND)
    looks.worldbody.add_camera(name="front")
    looks.add_texture(
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT, width=8, height=48
    )
    for light in range(5):
        looks.worldbody.add_light(name=f"light{light}")
    return Target(
        mujoco.MjModel.from_xml_string(HAND),
        "hand",
        {name: size for name, (size, _) in OBSERVED.items()},
        {name: unit for name, (_, unit) in OBSERVED.items()},
        ROLES,
        sensors={"fingertip_position": tips, **{name: ("block",) * 3 for name in tuple(OBSERVED)[2:]}},
        markers=("left", "right", "block"),
        visual=lambda: dressed(looks, ROLES).compile(),
    )


def uniform(low: float, high: float) -> Check:
    def check(drawn: np.ndarray) -> None:
        width = high - low
        assert low <= drawn.min() < low + 0.02 * width
        assert high - 0.02 * width < drawn.max() <= high
        assert drawn.mean() == pytest.approx((low + high) / 2, abs=0.03 * width)

    return check


def log_uniform(low: float, high: float) -> Check:
    return lambda drawn: uniform(np.log(low) - 1e-9, np.log(high) + 1e-9)(np.log(drawn))


def normal(mean: float, sd: float) -> Check:
    def check(drawn: np.ndarray) -> None:
        assert drawn.mean() == pytest.approx(mean, abs=0.1 * sd)
        assert drawn.std() == pytest.approx(sd, rel=0.08)

    return check


def fixed(value: float) -> Check:
    # Files give four digits.
    return lambda drawn: np.testing.assert_allclose(drawn, value, rtol=1e-3)


def choice(chances: dict[float, float]) -> Check:
    def check(drawn: np.ndarray) -> None:
        nearest = np.array(list(chances))[np.abs(drawn[:, None] - np.array(list(chances))).argmin(axis=1)]
        np.testing.assert_allclose(drawn, nearest, rtol=1e-3)
        for value, chance in chances.items():
            assert (nearest == value).mean() == pytest.approx(chance, abs=0.045)

    return check


def nine_scales(drawn: np.ndarray) -> None:
    """Scales 0.70, 0.72, ..., 0.86, each +-0.025, of the usual 0.8."""
    scales = 0.8 * drawn
    assert 0.675 <= scales.min() < 0.685
    assert 0.875 < scales.max() <= 0.885
    assert scales.mean() == pytest.approx(0.78, abs=0.01)
    assert scales.std() == pytest.approx((np.var(np.arange(0.70, 0.861, 0.02)) + 0.05**2 / 12) ** 0.5, rel=0.05)


# Logarithms of the coefficients of backlash of openai/robogym, BacklashWrapper: pulling down, pulling up; the rest is 4.25.
BACKLASH = (2.93, 1.92, 3.35, 3.87, 1.39, 1.25, 1.86, 1.44, 2.98, 2.07, 2.94, 1.41, 2.82, 1.53, 2.86, 2.10)
SLACK = choice({np.exp(-4.25): 24 / 40, **{np.exp(-coefficient): 1 / 40 for coefficient in BACKLASH}})
DACTYL = {
    "object_size": uniform(0.95, 1.05),
    "object_mass": uniform(0.5, 1.5),
    "link_mass": uniform(0.5, 1.5),
    "friction": uniform(0.7, 1.3),
    "joint_damping": log_uniform(0.3, 3.0),
    "servo_gain": log_uniform(0.75, 1.5),
    "joint_limits": normal(0.0, 0.15),
    "gravity": normal(0.0, 0.4),
    "fingertip_offset": normal(0.0, 0.001),
    "fingertip_noise": fixed(0.002),
    "object_position_offset": normal(0.0, 0.005),
    "object_position_noise": fixed(0.001),
    "object_orientation_offset": normal(0.0, 0.1),
    "object_orientation_noise": fixed(0.1),
    "goal_rotation_offset": normal(0.0, 0.1),
    "goal_rotation_noise": fixed(0.1),
    "fingertip_marker": normal(0.0, 0.003),
    "base_marker": normal(0.0, 0.001),
    "fingertip_loss": fixed(-np.log(0.8)),
    "object_loss": fixed(-np.log(0.8)),
    "marker_occlusion": fixed(0.008),
    "action_factor": normal(1.0, 0.015),
    "action_offset": normal(0.0, 0.015),
    "action_noise": fixed(0.05),
    "action_delay": choice({0.0: 0.5, 1.0: 0.5}),
    "timestep_jitter": uniform(1250.0, 10000.0),
    "tendon_slack": SLACK,
    "push_probability": log_uniform(0.001, 0.1),
    "push_acceleration": fixed(1.0),
}
ROBOGYM = {name: check for name, check in DACTYL.items() if name not in ("object_mass", "link_mass", "friction")} | {
    "object_inertia": uniform(0.5, 1.5),
    "link_inertia": uniform(0.5, 1.5),
    "robot_sliding_friction": uniform(0.7, 1.3),
    "robot_spinning_friction": uniform(0.5, 1.5),
    "robot_rolling_friction": uniform(0.5, 1.5),
    "object_sliding_friction": uniform(0.5, 1.5),
    "object_spinning_friction": uniform(0.2, 5.0),
    "object_rolling_friction": uniform(0.2, 5.0),
    "joint_damping": log_uniform(0.66666, 1.5),
    "servo_gain": log_uniform(0.5, 2.0),
    "joint_limits": normal(0.0, 0.15 * 1.275),
    "joint_offset": normal(0.0, 0.1),
    "joint_noise": fixed(0.1),
    "object_orientation_noise": fixed(0.09),
    "goal_rotation_noise": fixed(0.09),
    "fingertip_marker": uniform(-0.003, 0.003),
    "base_marker": uniform(-0.001, 0.001),
    "object_loss": fixed(-np.log(0.98)),
    "action_factor": normal(1.0, 0.03),
    "action_offset": normal(0.0, 0.03 / 2),
    "action_noise": fixed(0.1 / 2),
    "jitter_persistence": uniform(0.0, 1.0),
    "push_probability": log_uniform(0.01 * 0.08 / 0.8, 0.08 / 0.8),
}
DEXTREME = {
    "object_size": uniform(0.95, 1.05),
    "object_mass": uniform(0.5, 1.5),
    "link_mass": uniform(0.5, 2.0),
    "friction": uniform(0.2, 1.2),
    "joint_damping": log_uniform(0.3, 3.0),
    "servo_gain": log_uniform(0.75, 1.5),
    "joint_limits": normal(0.0, 0.01),
    "gravity": normal(0.0, 0.5),
    "joint_offset": normal(0.0, 0.8 * 0.01),
    "joint_noise": choice({0.0: 0.5, 0.8 * 0.005: 0.5}),
    "object_position_offset": normal(0.0, 0.01),
    "object_position_noise": choice({0.0: 0.5, 0.005: 0.5}),
    "object_orientation_offset": normal(0.0, 2 * 0.01),
    "object_orientation_noise": choice({0.0: 0.5, 2 * 0.005: 0.5}),
    "goal_rotation_offset": normal(0.0, 2 * 0.01),
    "goal_rotation_noise": choice({0.0: 0.5, 2 * 0.005: 0.5}),
    "object_period": choice({1.0: 0.5, 2.0: 0.5}),
    "object_missed": fixed(0.3),
    "object_injection": fixed(0.3),
    "action_offset": normal(0.0, 0.02 / 2),
    "action_noise": choice({0.0: 0.5, 0.05 / 2: 0.5}),
    "action_delay": choice({0.0: 0.5, 2 / 60: 0.5}),
    "skipped_tick": uniform(0.0, 0.3),
    "adversary": fixed(0.15 / 2),
    "push_probability": log_uniform(0.001, 0.1),
    "push_acceleration": fixed(2.0),
}
PLAYGROUND = {
    "fingertip_friction": uniform(0.5, 1.0),
    "object_friction": fixed(0.3),
    "object_inertia": uniform(0.8, 1.2),
    "object_center_of_mass": uniform(-0.005, 0.005),
    "link_mass": uniform(0.9, 1.1),
    "friction_loss": uniform(0.5, 2.0),
    "armature": uniform(1.0, 1.05),
    "joint_damping": uniform(0.8, 1.2),
    "servo_gain": uniform(0.8, 1.2),
    "joint_noise": fixed(0.05 / 3**0.5),
    "object_position_noise": fixed(0.02 / 3**0.5),
    "object_orientation_noise": fixed(2 * 0.1),
    "goal_rotation_noise": fixed(2 * 0.1),
}
HORA = {
    "object_mass": uniform(0.01, 0.25),
    "object_center_of_mass": uniform(-0.01, 0.01),
    "object_size": nine_scales,
    "friction": uniform(0.3, 3.0),
    "hand_friction": fixed(0.3),
    "servo_gain": uniform(2.89999 / 3, 3.10001 / 3),
    "joint_damping": uniform(0.09 / 0.1, 0.11 / 0.1),
    "joint_noise": fixed(0.02 / 3**0.5),
    "push_probability": fixed(0.25),
    "push_acceleration": fixed(2.0),
}
LOOKS = {
    "camera_position": uniform(-0.0015, 0.0015),
    "camera_rotation": uniform(-1.73 * np.pi / 180, 1.73 * np.pi / 180),
    "camera_view": uniform(-1.0, 1.0),
    "robot_colour": uniform(0.0, 1.0),
    "robot_specular": uniform(0.05, 0.25),
    "robot_gloss": uniform(0.0, 1.0),
    "object_hue": uniform(-0.02 * np.pi, 0.02 * np.pi),
    "object_saturation": uniform(0.85, 1.15),
    "object_value": uniform(0.85, 1.15),
    "object_specular": uniform(0.05, 0.15),
    "object_gloss": uniform(0.05, 0.15),
    "lights": choice({4.0: 0.5, 5.0: 0.5}),
    "light_direction": normal(0.0, np.pi / 12),
    "light_strength": log_uniform(0.4472, 2.236),
    "contrast": uniform(0.5, 1.5),
    "pixel_noise": fixed(0.1),
}
TABLES: dict[str, dict[str, Check]] = {
    "nominal": {},
    "dactyl2018": DACTYL,
    "dactyl2018-looks": LOOKS,
    "robogym": ROBOGYM,
    "dextreme": DEXTREME,
    "playground-leap": PLAYGROUND,
    "hora": HORA,
}


def columns(distribution: WorldDistribution, values: np.ndarray, term: str) -> np.ndarray:
    """The drawn numbers (n, width) of a term."""
    return values[:, [name.partition("[")[0] == term for name in distribution.names]]


@pytest.mark.parametrize("name", TABLES)
def test_every_number_is_drawn_as_the_cited_table_has_it(hand, name) -> None:
    distribution = preset(name, hand)
    assert distribution.left_out == {}
    assert {term.name for term in distribution.terms} == set(TABLES[name])
    values = distribution.sample(np.random.default_rng(0), DRAWS).values
    for term, check in TABLES[name].items():
        for drawn in columns(distribution, values, term).T:
            check(drawn)


def test_every_preset_for_training_is_held_against_its_table() -> None:
    assert set(TRAINING) == set(TABLES)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_says_where_its_numbers_are_from(name) -> None:
    assert len(preset_source(name)) > 20


@pytest.mark.parametrize("name", ["dactyl2018", "robogym"])
def test_worlds_of_dactyl_are_drawn_anew_at_every_episode(hand, name) -> None:
    distribution = preset(name, hand)
    worlds = distribution.sample(np.random.default_rng(0), 2)
    again = distribution.redraw_episode(worlds, np.array([0, 1]))
    np.testing.assert_array_equal(again.values[0], worlds.values[0])
    constant = [term.name for term in distribution.terms if term.distribution.atoms is not None]
    moved = again.values[1] != worlds.values[1]
    assert {n.partition("[")[0] for n, m in zip(distribution.names, moved, strict=True) if not m} <= set(constant)


def test_unseen_ranges_are_those_of_dactyl_and_beyond_them(hand) -> None:
    seen, unseen = ({term.name: term for term in preset(name, hand).terms} for name in ("dactyl2018", "unseen-ranges"))
    assert set(seen) == set(unseen)
    for name, term in unseen.items():
        assert (term.kind, term.on, term.operation, term.each) == (
            seen[name].kind,
            seen[name].on,
            seen[name].operation,
            seen[name].each,
        )
        assert term.distribution.overlaps(seen[name].distribution) == (name == "joint_limits"), name


@pytest.mark.parametrize("name", ["unseen-effects", "unseen-looks", "unseen-simulator"])
def test_no_preset_for_training_has_what_the_held_out_families_do(hand, name) -> None:
    trained = {(term.kind, element) for other in TRAINING for term in preset(other, hand).terms for element in term.on}
    trained |= {(term.kind, "") for other in TRAINING for term in preset(other, hand).terms if not term.on}
    held_out = {(term.kind, element) for term in preset(name, hand).terms for element in term.on or ("",)}
    assert not held_out & trained


def test_another_simulator_is_never_the_one_that_the_models_are_written_for(hand) -> None:
    distribution = preset("unseen-simulator", hand)
    fields = distribution.settings(distribution.sample(np.random.default_rng(0), 64))
    assert mujoco.mjtIntegrator.mjINT_IMPLICITFAST not in fields["integrator"]
    assert set(fields["cone"].tolist()) == {0, 1}
    assert len(np.unique(fields["timestep"])) == len(np.unique(fields["geom_solref"][:, 0, 0])) == 64


def test_only_what_a_target_may_lack_is_left_out(hand) -> None:
    bare = Target(hand.model, "bare", {}, roles={"object": (), "robot": ("palm",), "fingertip": ("left_tip",)})
    for name in PRESETS:
        if name.endswith("looks"):
            continue
        kept = preset(name, bare)
        missing = {term.name for term in preset(name, hand).terms} - {term.name for term in kept.terms}
        assert missing == set(kept.left_out)
        assert all(
            "@object" in term.on or set(term.on) <= set(OBSERVED)
            for term in preset(name, hand).terms
            if term.name in missing
        )


def test_a_target_without_a_robot_is_refused_with_the_line_that_needs_one(hand) -> None:
    with pytest.raises(WorldsError, match=r"dactyl2018\.yaml:\d+: term 'link_mass': 'block' has no role 'robot'"):
        preset("dactyl2018", Target(hand.model, "block", {}, roles={"object": ("block",)}))


def test_an_unknown_preset_is_refused_with_those_that_there_are(hand) -> None:
    with pytest.raises(
        WorldsError, match="unknown preset 'dactyl'; presets: dactyl2018, dactyl2018-looks, dextreme, hora"
    ):
        preset("dactyl", hand)
