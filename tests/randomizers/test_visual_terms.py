from __future__ import annotations

import re

import mujoco
import numpy as np
import pytest

from randomizers import (
    TERMS,
    Brightness,
    CameraFieldOfView,
    CameraOrientation,
    CameraPosition,
    Choice,
    Colour,
    Fixed,
    Gravity,
    HeadlightIntensity,
    Hue,
    LightColour,
    LightCount,
    LightDirection,
    LightIntensity,
    LightPosition,
    LightShadows,
    MaterialEmission,
    MaterialReflectance,
    MaterialShininess,
    MaterialSpecular,
    Normal,
    PictureBlur,
    PictureContrast,
    PictureExposure,
    PictureFlicker,
    PictureNoise,
    PictureWhiteBalance,
    Saturation,
    Target,
    Term,
    TextureCells,
    TextureColours,
    TexturePattern,
    Uniform,
    World,
    WorldDistribution,
    WorldsError,
    term_from_config,
)
from randomizers.errors import Unfit
from randomizers.fields import nominal_row, nominal_rows
from randomizers.visual.colours import shifted
from randomizers.visual_fields import VISUAL_SETTINGS, is_visual

FACTOR = Uniform(0.5, 0.9)
EVERY_KIND = [
    CameraPosition("t", Normal(0.0, 0.01), on=("front", "side")),
    CameraPosition("t", Uniform(-1, 1), on=("front", "side"), operation="set"),
    CameraOrientation("t", Normal(0.0, 0.1), on=("front", "side")),
    CameraFieldOfView("t", Uniform(-1, 1), on="*"),
    CameraFieldOfView("t", FACTOR, on="*", operation="scale"),
    CameraFieldOfView("t", Uniform(30, 60), on="*", operation="set"),
    LightPosition("t", Normal(0.0, 0.1), on=("key", "fill")),
    LightDirection("t", Normal(0.0, 0.1), on=("key", "fill", "sun")),
    LightColour("t", FACTOR, on="*"),
    LightColour("t", Uniform(0.0, 0.05), on="*", operation="set"),
    LightIntensity("t", FACTOR, on="*"),
    LightCount("t", Choice((0, 1, 2)), on=("key", "fill", "sun", "spare")),
    LightShadows("t", Fixed(1), on="fill"),
    HeadlightIntensity("t", FACTOR),
    Colour("t", FACTOR, on="*"),
    Colour("t", FACTOR, on="@robot", operation="scale"),
    Colour("t", Uniform(-0.2, -0.1), on="@background", operation="add"),
    Hue("t", Uniform(0.5, 1.0), on="*"),
    Saturation("t", FACTOR, on="*"),
    Brightness("t", FACTOR, on="*"),
    MaterialSpecular("t", Uniform(0.7, 1), on="*"),
    MaterialSpecular("t", FACTOR, on="*", operation="scale"),
    MaterialShininess("t", Uniform(0.7, 1), on="*"),
    MaterialReflectance("t", Uniform(0.7, 1), on="*"),
    MaterialEmission("t", Uniform(0.7, 1), on="*"),
    TexturePattern("t", Choice((1, 2, 3, 4, 5)), on="*"),
    TextureColours("t", FACTOR, on="*"),
    TextureCells("t", Uniform(5, 9), on="*"),
    PictureBlur("t", FACTOR, on="*"),
    PictureExposure("t", Uniform(-1, -0.5), on="*"),
    PictureFlicker("t", FACTOR, on="*"),
    PictureWhiteBalance("t", FACTOR, on="*"),
    PictureContrast("t", FACTOR, on="*"),
    PictureNoise("t", FACTOR, on="*", each="element"),
]
EVERYTHING = sorted({field for term in EVERY_KIND for field in term.fields} | set(VISUAL_SETTINGS))

every_term = pytest.mark.parametrize("term", EVERY_KIND, ids=lambda term: f"{term.kind}-{term.operation}")


def drawn(term: Term, target: Target, n: int) -> np.ndarray:
    return term.draw(np.random.default_rng(1), n, len(term.parameters(term.select(target))))


def test_the_terms_below_cover_every_visual_kind() -> None:
    assert {term.kind for term in EVERY_KIND} == {kind for kind, cls in TERMS.items() if is_visual(cls.fields[0])}


@every_term
def test_a_term_changes_the_fields_it_declares_and_no_other(term: Term, scene: Target) -> None:
    rows = nominal_rows(scene, EVERYTHING, 3)
    term.apply(scene, term.select(scene), rows, drawn(term, scene, 3))
    assert {field for field in EVERYTHING if (rows[field] != nominal_row(scene, field)).any()} == set(term.fields)


@pytest.mark.parametrize("term", [term for term in EVERY_KIND if term.selects], ids=lambda term: term.kind)
def test_a_term_changes_what_it_acts_on_and_nothing_else(term: Term, scene: Target) -> None:
    rows, selection = nominal_rows(scene, term.fields, 2), term.select(scene)
    term.apply(scene, selection, rows, drawn(term, scene, 2))
    field = term.fields[0]
    others = np.setdiff1d(np.arange(rows[field].shape[1]), selection.ids)
    assert np.array_equal(rows[field][:, others], np.stack(2 * [nominal_row(scene, field)])[:, others])


@every_term
def test_writing_three_times_equals_writing_once(term: Term, scene: Target) -> None:
    selection, values = term.select(scene), drawn(term, scene, 3)
    rows = nominal_rows(scene, term.fields, 3)
    term.write(scene, selection, rows, values)
    once = {field: array.copy() for field, array in rows.items()}
    for array in rows.values():
        array[:] = 1
    for _ in range(2):
        term.write(scene, selection, rows, values)
    for field in term.fields:
        assert np.array_equal(rows[field], once[field])


@every_term
def test_the_nominal_values_write_the_model_bit_for_bit(term: Term, scene: Target) -> None:
    selection = term.select(scene)
    rows = nominal_rows(scene, term.fields, 2)
    term.write(scene, selection, rows, np.tile(term.nominal(scene, selection), (2, 1)))
    for field in term.fields:
        assert rows[field][1].tobytes() == nominal_row(scene, field).tobytes()


@every_term
def test_a_world_does_not_see_its_neighbours(term: Term, scene: Target) -> None:
    selection, values = term.select(scene), drawn(term, scene, 5)
    together, alone = nominal_rows(scene, term.fields, 5), nominal_rows(scene, term.fields, 1)
    term.write(scene, selection, together, values)
    term.write(scene, selection, alone, values[3:4])
    for field in term.fields:
        assert together[field][3].tobytes() == alone[field][0].tobytes()


@every_term
def test_a_term_survives_its_config(term: Term, scene: Target) -> None:
    assert term_from_config(term.to_config(scene), scene) == term


def test_physics_does_not_know_of_looks(scene: Target) -> None:
    terms = [
        Gravity("gravity", Normal(0.0, 0.4)),
        Colour("colour", FACTOR, on="skin"),
        PictureNoise("n", FACTOR, on="*"),
    ]
    distribution = WorldDistribution(terms, scene)
    worlds = distribution.sample(np.random.default_rng(0), 4)
    assert distribution.fields == ("gravity",) and distribution.channel_settings == ()
    assert distribution.visual_fields == ("mat_rgba", "picture_noise")
    assert list(distribution.settings(worlds)) == ["gravity"]
    looks = distribution.visual_settings(worlds)
    assert looks["mat_rgba"].shape == (4, 4, 4) and looks["picture_noise"].shape == (4, 3)
    # What only a camera could notice is not for a critic that reads worlds.
    assert distribution.vector_names == ("gravity[x]", "gravity[y]", "gravity[z]")
    assert distribution.vector(worlds).shape == (4, 3)
    assert len(distribution.names) == 7


def test_a_visual_model_is_compiled_when_a_term_first_asks(scene_spec: mujoco.MjSpec) -> None:
    asked = []

    def compiled() -> mujoco.MjModel:
        asked.append(True)
        return scene_spec.compile()

    target = Target(scene_spec.compile(), "scene", {}, visual=compiled)
    WorldDistribution([Gravity("gravity", Normal(0.0, 0.4))], target).sample(np.random.default_rng(0), 2)
    assert not asked
    WorldDistribution([Colour("colour", FACTOR, on="*"), LightCount("n", Fixed(1), on="*")], target)
    assert len(asked) == 1


def test_the_listing_of_terms_does_not_matter(scene: Target) -> None:
    terms = [
        Hue("hue", Uniform(-1, 1), on="@robot"),
        Saturation("saturation", Uniform(0.5, 1.5), on="@robot"),
        Brightness("brightness", Uniform(0.5, 1.5), on="@robot"),
        Colour("tint", Uniform(-0.1, 0.1), on="@robot", operation="add"),
        Colour("filter", Uniform(0.5, 1.5), on="@robot", operation="scale"),
    ]
    distribution = WorldDistribution(terms, scene)
    worlds = distribution.sample(np.random.default_rng(0), 3)
    other = WorldDistribution(terms[::-1], scene)
    for field, rows in distribution.visual_settings(worlds).items():
        assert np.array_equal(rows, other.visual_settings(other.complete(worlds))[field])


def test_roles_stand_for_what_their_geoms_wear(scene: Target) -> None:
    assert scene.names_of_role("material", "object") == ("wood",)
    assert scene.names_of_role("material", "robot") == ("skin", "robot")
    assert scene.names_of_role("material", "background") == ("background",)
    assert scene.names_of_role("texture", "background") == ("sky", "background")
    assert scene.names_of_role("camera", "robot") == ("wrist",)
    assert scene.names_of_role("light", "robot") == ("torch",)


def test_a_camera_turns_about_its_own_axes(scene: Target) -> None:
    term = CameraOrientation("t", Normal(0.0, 0.1), on="front")
    rows = nominal_rows(scene, term.fields, 1)
    # A quarter to the left: what was to the right of the picture is in front.
    term.write(scene, term.select(scene), rows, np.array([[0.0, np.pi / 2, 0.0]]))
    w, x, y, z = rows["cam_quat"][0, 0]
    ahead = -np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])
    assert ahead == pytest.approx([-1.0, 0.0, 0.0])


def test_a_light_turns_by_its_rotation_vector(scene: Target) -> None:
    term = LightDirection("t", Normal(0.0, 0.1), on="sun")
    rows = nominal_rows(scene, term.fields, 1)
    term.write(scene, term.select(scene), rows, np.array([[np.pi / 2, 0.0, 0.0]]))
    assert rows["light_dir"][0, scene.id("light", "sun")] == pytest.approx([0.0, 1.0, 0.0])


def test_lights_that_are_on_go_off_last(scene: Target) -> None:
    term = LightCount("t", Choice((0, 1, 2, 3, 4)), on=("spare", "key", "fill", "sun"))
    rows = nominal_rows(scene, term.fields, 5)
    term.write(scene, term.select(scene), rows, np.arange(5.0)[:, None])
    assert rows["light_active"][:, :4].tolist() == [
        [0, 0, 0, 0],
        [1, 0, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 0, 1],
        [1, 1, 1, 1],
    ]


@pytest.mark.parametrize(
    ("hue", "saturation", "expected"),
    [
        (2 * np.pi / 3, 1.0, [0.2, 0.8, 0.4]),
        (-2 * np.pi / 3, 1.0, [0.4, 0.2, 0.8]),
        (2 * np.pi, 1.0, [0.8, 0.4, 0.2]),
        (0.0, 0.5, [0.8, 0.6, 0.5]),
        (0.0, 0.0, [0.8, 0.8, 0.8]),
        (0.0, 9.0, [0.8, 0.8 / 3, 0.0]),
    ],
)
def test_hue_and_saturation_are_those_of_a_painter(hue: float, saturation: float, expected: list[float]) -> None:
    assert shifted(np.array([0.8, 0.4, 0.2]), hue, saturation) == pytest.approx(expected)
    assert shifted(np.full(3, 0.3), hue, saturation) == pytest.approx([0.3, 0.3, 0.3])


def test_what_is_scaled_beyond_full_stops_there(scene: Target) -> None:
    term = MaterialSpecular("t", Uniform(0.5, 9.0), on="skin", operation="scale")
    rows = nominal_rows(scene, term.fields, 2)
    term.write(scene, term.select(scene), rows, np.array([[2.0], [9.0]]))
    assert rows["mat_specular"][:, scene.id("material", "skin")] == pytest.approx([0.8, 1.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Colour("t", Uniform(0, 2), on="*"), "reaches 0 to 2; kind 'colour' takes values of at least 0 and at"),
        (
            lambda: LightCount("t", Uniform(0, 2), on="*"),
            "distribution must be a Choice of whole numbers of lights, got",
        ),
        (
            lambda: LightShadows("t", Choice((0, 2)), on="*"),
            "kind 'light_shadows' takes values of at least 0 and at most 1",
        ),
        (
            lambda: TexturePattern("t", Choice((0.5, 1)), on="*"),
            "must be a Choice of 0 (own), 1 (flat), 2 (checker), 3",
        ),
        (lambda: TexturePattern("t", Choice((7,)), on="*"), "takes values of at least 0 and at most 5"),
        (lambda: CameraOrientation("t", FACTOR, on="*", operation="scale"), "operation 'scale' is not one that kind"),
        (lambda: PictureNoise("t", Uniform(-1, 1), on="*"), "kind 'picture_noise' takes values of at least 0"),
        (lambda: HeadlightIntensity("t", FACTOR, on="*"), "kind 'headlight_intensity' takes no 'on', got ['*']"),
    ],
)
def test_a_term_that_contradicts_itself_is_refused(make, message: str) -> None:
    with pytest.raises(WorldsError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (
            CameraPosition("t", FACTOR, on="rear"),
            "term 't': pattern 'rear' matched no camera of 'scene'; cameras: front, side, wrist",
        ),
        (CameraPosition("t", FACTOR, on="wrist"), "camera_position cannot act on camera 'wrist': it follows its body"),
        (CameraOrientation("t", FACTOR, on="*"), "camera 'wrist': what it looks at is given by a body"),
        (LightPosition("t", FACTOR, on="sun"), "light 'sun': it shines from afar; use light_direction"),
        (LightDirection("t", FACTOR, on="torch"), "light 'torch': what it shines at is given by a body"),
        (LightCount("t", Choice((1, 3)), on=("key", "fill")), "it reaches 3 of the 2 lights of 'scene': key, fill"),
        (LightCount("t", Choice((1, 2)), on="*", each="element"), "it is one number for all lights together"),
        (
            LightShadows("t", Fixed(1), on=("key", "fill"), each="world"),
            "one shared value cannot stand for the nominal",
        ),
        (Colour("t", FACTOR, on="@tool"), "'scene' has no role 'tool'; roles: object, robot, background"),
        (
            MaterialEmission("t", FACTOR, on="steel"),
            "matched no material of 'scene'; materials: skin, wood, background",
        ),
        (TexturePattern("t", Fixed(1), on="stone"), "matched no texture of 'scene'; textures: sky, wood, skin"),
    ],
)
def test_what_the_scene_cannot_take_is_refused(term: Term, message: str, scene: Target) -> None:
    with pytest.raises(Unfit, match=re.escape(message)):
        term.select(scene)


def test_colours_of_geoms_without_a_material_are_asked_to_be_dressed(scene: Target, scene_spec: mujoco.MjSpec) -> None:
    bare = Target(scene.model, "scene", {}, roles=scene.roles, visual=scene_spec.compile())
    with pytest.raises(Unfit, match="geoms of 'robot' of 'scene' have a colour of their own and no material: geom2"):
        Colour("t", FACTOR, on="@robot").select(bare)


def test_a_target_that_is_not_looked_at_has_no_looks(arm: Target) -> None:
    with pytest.raises(Unfit, match="'arm' has no visual model: nothing of it is looked at"):
        LightIntensity("t", FACTOR, on="*").select(arm)


def test_colours_of_a_pattern_want_the_pattern(scene: Target) -> None:
    colours = TextureColours("colours", FACTOR, on="skin")
    with pytest.raises(
        WorldsError, match="texture_colours does nothing without a term of kind 'texture_pattern' on skin"
    ):
        WorldDistribution([colours], scene)
    assert (
        WorldDistribution([colours, TexturePattern("pattern", Fixed(2), on="skin")], scene).names[-1] == "pattern[skin]"
    )


def test_a_world_that_is_named_is_shown_and_the_rest_stays_nominal(scene: Target) -> None:
    distribution = WorldDistribution([LightIntensity("lights", FACTOR, on=("key", "fill"))], scene)
    rows = distribution.visual_settings(World({"lights[fill]": 0.5}))
    assert rows["light_diffuse"][0, 0] == pytest.approx([0.6, 0.6, 0.6])
    assert rows["light_diffuse"][0, 1] == pytest.approx([0.1, 0.1, 0.15])
