"""Dressing, painting and showing: what the visual model holds, without OpenGL."""

from __future__ import annotations

import copy

import mujoco
import numpy as np
import pytest

from randomizers import (
    PATTERNS,
    Appearance,
    Choice,
    Colour,
    Fixed,
    HeadlightIntensity,
    Hue,
    LightCount,
    Target,
    TextureCells,
    TextureColours,
    TexturePattern,
    Uniform,
    WorldDistribution,
    dressed,
)
from randomizers.visual.painting import paint

PAINTED = (
    TexturePattern("pattern", Choice((1, 2, 3, 4, 5)), on="*"),
    TextureColours("colours", Uniform(0, 1), on="*"),
    TextureCells("cells", Uniform(1, 12), on="*"),
)
COLOURS = np.array([[0.0, 0.2, 1.0], [1.0, 0.6, 0.0]])


def arrays(model: mujoco.MjModel) -> dict[str, np.ndarray]:
    """Copies of every array of a model and of its headlight."""
    owners = (("", model), ("headlight_", model.vis.headlight))
    found = {prefix + name: getattr(owner, name) for prefix, owner in owners for name in dir(owner)}
    return {name: value.copy() for name, value in found.items() if isinstance(value, np.ndarray)}


def changed(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    return {name for name in before if not np.array_equal(before[name], after[name])}


def texels(model: mujoco.MjModel, texture: int) -> np.ndarray:
    start = int(model.tex_adr[texture])
    return model.tex_data[start : start + int(model.tex_width[texture] * model.tex_height[texture]) * 3].copy()


def test_a_world_changes_exactly_the_declared_fields_of_the_visual_model(scene: Target) -> None:
    terms = (
        Colour("colour", Fixed(0.9), on="*"),
        HeadlightIntensity("head", Fixed(0.3)),
        LightCount("n", Fixed(1), on="*"),
    )
    distribution = WorldDistribution(terms, scene)
    model = copy.copy(scene.visual_model)
    before = arrays(model)
    Appearance(scene, model).show(distribution.visual_settings(distribution.sample(np.random.default_rng(0), 1)), 0, 1)
    assert changed(before, arrays(model)) == set(distribution.visual_fields)
    assert not changed(before, arrays(scene.visual_model))


def test_a_nominal_world_leaves_the_visual_model_bit_for_bit(scene: Target) -> None:
    distribution = WorldDistribution((*PAINTED, Hue("hue", Uniform(-1, 1), on="*")), scene)
    model = copy.copy(scene.visual_model)
    appearance = Appearance(scene, model)
    drawn = distribution.visual_settings(distribution.sample(np.random.default_rng(0), 1))
    assert appearance.show(drawn, 0, 1)
    appearance.show(distribution.visual_settings(distribution.nominal()), 0, 1)
    assert not changed(arrays(scene.visual_model), arrays(model))


def test_what_a_world_looks_like_does_not_depend_on_those_before(scene: Target) -> None:
    distribution = WorldDistribution(PAINTED, scene)
    worlds = distribution.sample(np.random.default_rng(0), 3)
    rows = distribution.visual_settings(worlds)
    one, other = (Appearance(scene, copy.copy(scene.visual_model)) for _ in range(2))
    for row in (0, 1, 2, 2, 1):
        one.show(rows, row, int(worlds.seeds[row]))
    other.show(rows, 1, int(worlds.seeds[1]))
    assert np.array_equal(one.model.tex_data, other.model.tex_data)


def test_textures_are_painted_anew_only_where_they_change(scene: Target) -> None:
    distribution = WorldDistribution([TexturePattern("pattern", Fixed(4), on="skin")], scene)
    rows = distribution.visual_settings(distribution.sample(np.random.default_rng(0), 1))
    appearance = Appearance(scene, copy.copy(scene.visual_model))
    skin = scene.id("texture", "skin")
    assert appearance.show(rows, 0, 5) == (skin,)
    assert appearance.show(rows, 0, 5) == ()
    assert appearance.show(rows, 0, 6) == (skin,)


def test_a_texture_differs_by_world_and_repeats_by_seed(scene: Target) -> None:
    distribution = WorldDistribution([TexturePattern("pattern", Fixed(4), on="*")], scene)
    rows = distribution.visual_settings(distribution.nominal().take([0]))
    rows["texture_pattern"][:] = 4
    painted = []
    for seed in (1, 2, 1):
        appearance = Appearance(scene, copy.copy(scene.visual_model))
        appearance.show(rows, 0, seed)
        painted.append(texels(appearance.model, scene.id("texture", "skin")))
    assert np.array_equal(painted[0], painted[2])
    assert not np.array_equal(painted[0], painted[1])
    # Two textures of one world are no copies of each other.
    assert not np.array_equal(painted[2], texels(appearance.model, scene.id("texture", "robot")))


def test_the_hue_of_a_texture_turns_with_its_material(scene: Target) -> None:
    distribution = WorldDistribution([Hue("hue", Uniform(-4, 4), on="*", each="world")], scene)
    rows = distribution.visual_settings(distribution.complete(distribution.nominal()))
    rows["texture_hue"][:] = 2 * np.pi / 3
    appearance = Appearance(scene, copy.copy(scene.visual_model))
    # Those without a colour stay, and cost nothing.
    assert set(appearance.show(rows, 0, 1)) == {scene.id("texture", "sky"), scene.id("texture", "wood")}
    wood = scene.id("texture", "wood")
    own, turned = (texels(model, wood).reshape(-1, 3) for model in (scene.visual_model, appearance.model))
    assert np.abs(turned - np.roll(own, 1, axis=1).astype(int)).max() <= 1


@pytest.mark.parametrize("pattern", range(1, len(PATTERNS)), ids=PATTERNS[1:])
@pytest.mark.parametrize("faces", [1, 6])
def test_a_pattern_is_made_of_its_two_colours(pattern: int, faces: int) -> None:
    painted = paint(pattern, COLOURS, 5.0, 96, faces, np.random.default_rng(0))
    assert painted.shape == (faces, 96, 96, 3) and painted.dtype == np.uint8
    low, high = 255 * COLOURS.min(axis=0), 255 * COLOURS.max(axis=0)
    assert ((painted >= np.floor(low)) & (painted <= np.ceil(high))).all()
    shades = len(np.unique(painted[..., 0]))
    assert {"flat": shades == 1, "checker": shades == 2, "stripes": shades == 2}.get(PATTERNS[pattern], shades > 20)
    assert np.array_equal(painted, paint(pattern, COLOURS, 5.0, 96, faces, np.random.default_rng(0)))


def test_a_chessboard_has_as_many_squares_as_asked_for() -> None:
    line = paint(2, COLOURS, 8.0, 64, 1, np.random.default_rng(0))[0, 10, :, 0]
    edges = np.flatnonzero(np.diff(line.astype(int)))
    assert np.diff(edges).tolist() == [64 // 8] * 6


def test_faces_of_a_cube_fit_together() -> None:
    right, left, up, _, front, back = paint(3, COLOURS, 1.0, 64, 6, np.random.default_rng(3)).astype(int)
    for here, there in (
        (front[:, -1], right[:, 0]),
        (right[:, -1], back[:, 0]),
        (back[:, -1], left[:, 0]),
        (left[:, -1], front[:, 0]),
        (up[-1], front[0]),
    ):
        assert np.abs(here - there).max() <= 8
    assert np.abs(front - back).max() > 30


def test_every_geom_is_dressed_and_keeps_its_colour(scene_spec: mujoco.MjSpec, scene: Target) -> None:
    model, plain = scene.visual_model, scene_spec.compile()
    assert (model.geom_matid >= 0).all()
    for geom in range(plain.ngeom):
        worn = plain.geom_matid[geom]
        colour = plain.mat_rgba[worn] if worn >= 0 else plain.geom_rgba[geom]
        assert np.array_equal(model.mat_rgba[model.geom_matid[geom]], colour)
    assert (model.mat_texid[:, int(mujoco.mjtTextureRole.mjTEXROLE_RGB)] >= 0).all()
    assert model.tex_type[scene.id("texture", "background")] == int(mujoco.mjtTexture.mjTEXTURE_2D)


def test_a_material_worn_in_two_roles_becomes_one_for_each() -> None:
    spec = mujoco.MjSpec.from_string("""
    <mujoco>
      <asset><material name="steel" rgba=".4 .4 .5 1" specular=".9"/></asset>
      <worldbody>
        <body name="arm"><geom material="steel" size=".1"/><geom material="steel" size=".1" rgba="1 0 0 1"/></body>
        <body name="cube"><geom material="steel" size=".1"/><geom size=".1" rgba="0 0 1 1" group="4"/></body>
      </worldbody>
    </mujoco>""")
    model = dressed(spec, {"robot": ("arm",), "object": ("cube",)}).compile()
    assert [model.mat(int(i)).name if i >= 0 else None for i in model.geom_matid] == [
        "steel",
        "steel_2",
        "steel_3",
        None,
    ]
    assert (
        model.mat_rgba.round(6).tolist()
        == np.float32([[0.4, 0.4, 0.5, 1], [1, 0, 0, 1], [0.4, 0.4, 0.5, 1]]).round(6).tolist()
    )
    assert model.mat_specular == pytest.approx([0.9, 0.9, 0.9])
    assert spec.compile().nmat == 1
