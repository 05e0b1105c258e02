"""Worlds as they look: rendered, pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace

import mujoco
import numpy as np
import pytest

from randomizers import (
    Brightness,
    CameraFieldOfView,
    CameraOrientation,
    CameraPosition,
    Choice,
    Colour,
    HeadlightIntensity,
    Hue,
    LightColour,
    LightCount,
    LightDirection,
    LightIntensity,
    LightPosition,
    LightShadows,
    Mass,
    MaterialEmission,
    MaterialReflectance,
    MaterialShininess,
    MaterialSpecular,
    PictureBlur,
    PictureContrast,
    PictureExposure,
    PictureFlicker,
    PictureNoise,
    PictureWhiteBalance,
    Saturation,
    Size,
    Target,
    Term,
    TextureCells,
    TextureColours,
    TexturePattern,
    Uniform,
    World,
    WorldDistribution,
    Worlds,
    dressed,
)
from sim2real.simulation.camera import Camera
from sim2real.simulation.pictures import Pictures
from sim2real.simulation.stage import Stage
from sim2real.tasks import ROBOT_FAMILIES, make_task
from sim2real.tasks.robot_task import RobotTask
from sim2real.trials.trial_env import TrialEnv

WIDE = Uniform(0.5, 1.5)
SMALL = Uniform(-0.02, 0.02)
SHARE = Uniform(0.0, 1.0)
EVERY_TERM: tuple[Term, ...] = (
    CameraPosition("camera_position", SMALL, on="*"),
    CameraOrientation("camera_orientation", SMALL, on="*"),
    CameraFieldOfView("field_of_view", Uniform(-2, 2), on="*"),
    LightPosition("light_position", SMALL, on="left"),
    LightDirection("light_direction", SMALL, on="*"),
    LightColour("light_colour", WIDE, on="*"),
    LightIntensity("light_intensity", WIDE, on="*"),
    LightCount("lights", Choice((2, 3, 4)), on="*"),
    LightShadows("shadows", Choice((0, 1)), on="*"),
    HeadlightIntensity("headlight", WIDE),
    Colour("colour", SHARE, on="@robot"),
    Hue("hue", SMALL, on="@object", each="world"),
    Saturation("saturation", WIDE, on="@object", each="world"),
    Brightness("brightness", WIDE, on="@object", each="world"),
    MaterialSpecular("specular", SHARE, on="@robot"),
    MaterialShininess("shininess", SHARE, on="@robot"),
    MaterialReflectance("reflectance", SHARE, on="@object"),
    MaterialEmission("emission", SHARE, on="@robot"),
    TexturePattern("pattern", Choice((0, 1, 2, 3, 4, 5)), on=("@robot", "@background")),
    TextureColours("colours", SHARE, on=("@robot", "@background")),
    TextureCells("cells", Uniform(1, 8), on=("@robot", "@background")),
    PictureBlur("blur", SHARE, on="*"),
    PictureExposure("exposure", SMALL, on="*"),
    PictureFlicker("flicker", SHARE, on="*"),
    PictureWhiteBalance("balance", WIDE, on="*"),
    PictureContrast("contrast", WIDE, on="*"),
    PictureNoise("noise", Uniform(0.0, 0.05), on="*"),
)


@pytest.fixture(scope="module")
def leap() -> RobotTask:
    return make_task("leap/rotate-z")


@pytest.fixture(params=[names[0] for names in ROBOT_FAMILIES.values() if make_task(names[0]).object_body])
def task(request: pytest.FixtureRequest) -> RobotTask:
    return make_task(request.param)


def rendered(task: RobotTask, terms: Iterable[Term], worlds: Worlds | None = None, **settings) -> np.ndarray:
    """Pictures (n, cameras, h, w, 3) of worlds drawn from terms, or of given ones, in the first start states."""
    distribution = WorldDistribution(tuple(terms), task.target)
    worlds = distribution.sample(np.random.default_rng(0), 2) if worlds is None else distribution.complete(worlds)
    with closing(Pictures(task, distribution, **settings)) as pictures:
        return pictures.render(worlds, task.starts[: len(worlds)])


def one(task: RobotTask, term: Term, values: Mapping[str, float], seed: int = 0, **settings) -> np.ndarray:
    """The first camera's picture (h, w, 3) of one world."""
    settings = {"cameras": task.target.names("camera")[:1], "width": 160, "height": 120} | settings
    return rendered(task, [term], Worlds.stack([World(values, seed)]), **settings)[0, 0]


def reddish(picture: np.ndarray) -> np.ndarray:
    """Which pixels have the cube's own colour."""
    red, green, blue = picture.astype(int).transpose(2, 0, 1)
    return (red > green + 60) & (red > blue + 60)


def photograph(target: Target, qpos: np.ndarray) -> np.ndarray:
    with closing(Stage(target, 160, 120)) as stage:
        stage.show({}, {}, 0, 0)
        stage.pose(qpos)
        picture = np.empty((120, 160, 3), np.uint8)
        stage.draw(0, picture)
        return picture


def test_a_dressed_model_looks_like_the_one_described_pixel_by_pixel(task: RobotTask) -> None:
    plain = replace(task.target, visual=task.spec.copy().compile())
    assert np.array_equal(photograph(task.target, task.starts[0]), photograph(plain, task.starts[0]))


def test_a_model_can_be_looked_at_from_three_sides_and_shows_its_object(task: RobotTask) -> None:
    assert len(task.target.names("camera")) >= 3 and len(task.target.names("light")) >= 3
    shown = rendered(task, [], WorldDistribution([], task.target).nominal(1), width=100, height=100)[0]
    without = task.starts[:1].copy()
    free = int(task.model.jnt_qposadr[task.model.body_jntadr[task.model.body(task.object_body).id]])
    without[0, free + 2] -= 5.0
    with closing(Pictures(task, WorldDistribution([], task.target), width=100, height=100)) as pictures:
        bare = pictures.render(pictures.distribution.nominal(1), without)[0]
    for camera, (picture, empty) in enumerate(zip(shown, bare, strict=True)):
        # A block on an arm's table is small beside the arm, and a pen thin.
        least = 0.002 if task.name.startswith("arm/") else 0.01 if "pen" in task.name else 0.02
        assert (picture != empty).any(axis=-1).mean() > least, task.target.names("camera")[camera]
        # Neither black nor drowned in light.
        assert 20 < picture.mean() < 235 and (picture == 255).all(axis=-1).mean() < 0.1


def test_nominal_worlds_look_like_the_model_pixel_by_pixel(task: RobotTask) -> None:
    distribution = WorldDistribution(EVERY_TERM, task.target)
    plain = rendered(task, [], WorldDistribution([], task.target).nominal(2))
    worlds = distribution.sample(np.random.default_rng(0), 1)
    mixed = Worlds.stack([distribution.nominal(1)[0], worlds[0], distribution.nominal(1)[0]])
    with closing(Pictures(task, distribution)) as pictures:
        first, between, last = pictures.render(mixed, task.starts[[0, 0, 1]])
    assert np.array_equal(first, plain[0]) and np.array_equal(last, plain[1])
    assert not np.array_equal(between, plain[0])


def test_worlds_look_the_same_in_either_order_and_alone(leap: RobotTask) -> None:
    distribution = WorldDistribution(EVERY_TERM, leap.target)
    worlds = distribution.sample(np.random.default_rng(0), 3)
    with closing(Pictures(leap, distribution)) as pictures:
        together = pictures.render(worlds, leap.starts[:3])
        reverse = pictures.render(worlds.take([2, 1, 0]), leap.starts[[2, 1, 0]])
    with closing(Pictures(leap, distribution, cameras=["left"])) as pictures:
        alone = pictures.render(worlds.take([1]), leap.starts[1:2])
    assert np.array_equal(together, reverse[::-1])
    assert np.array_equal(together[1:2, 1:2], alone)
    assert not np.array_equal(together[0], together[1])


@pytest.mark.parametrize("term", EVERY_TERM, ids=lambda term: term.kind)
def test_every_term_can_be_seen(term: Term, leap: RobotTask) -> None:
    # Some show on others alone: colours on a pattern.
    terms = [term, *(other for other in EVERY_TERM if other.kind == term.partner)]
    distribution = WorldDistribution(terms, leap.target)
    drawn = distribution.sample(np.random.default_rng(1), 4)
    own = [name.partition("[")[0] == term.name for name in drawn.names]
    without = np.where(own, distribution.nominal(4).values, drawn.values)
    shown, plain = rendered(leap, terms, drawn), rendered(leap, terms, Worlds(drawn.names, without, drawn.seeds))
    assert (shown != plain).any()


def test_a_camera_two_centimetres_to_the_right_sees_the_cube_further_left(leap: RobotTask) -> None:
    term = CameraPosition("place", SMALL, on="front")
    right = np.array([0.70, 0.71, 0.0]) / np.hypot(0.70, 0.71)
    still, moved = (
        one(leap, term, {f"place[front:{axis}]": step * part for axis, part in zip("xyz", right, strict=True)})
        for step in (0.0, 0.02)
    )
    columns = [np.nonzero(reddish(picture))[1].mean() for picture in (still, moved)]
    distance = np.linalg.norm(leap.starts[0, 16:19] - leap.visual_model.camera("front").pos)
    shift = 0.02 / distance * 60 / np.tan(np.radians(21))
    assert columns[0] - columns[1] == pytest.approx(shift, rel=0.25)


def test_a_wider_view_makes_things_smaller(leap: RobotTask) -> None:
    term = CameraFieldOfView("view", Uniform(-9, 9), on="front")
    narrow, wide = (reddish(one(leap, term, {"view[front]": angle})).sum() for angle in (-8.0, 8.0))
    assert narrow > 1.5 * wide > 100


def test_a_world_without_lights_is_black_but_for_what_glows() -> None:
    spec = mujoco.MjSpec.from_string("""
    <mujoco>
      <asset><material name="coal" rgba=".8 .6 .4 1"/></asset>
      <worldbody>
        <light name="one" pos="0 0 2"/><light name="two" pos="1 0 2"/>
        <camera name="front" pos="0 -1 0" xyaxes="1 0 0 0 0 1"/>
        <geom name="ball" size=".3" material="coal"/>
      </worldbody>
    </mujoco>""")
    target = Target(spec.compile(), "ball", {}, visual=dressed(spec, {}).compile())
    terms = (
        LightCount("lights", Choice((0, 1, 2)), on="*"),
        HeadlightIntensity("headlight", SHARE),
        MaterialEmission("glow", SHARE, on="coal"),
    )
    distribution = WorldDistribution(terms, target)
    brightness = []
    picture = np.empty((64, 64, 3), np.uint8)
    with closing(Stage(target, 64, 64)) as stage:
        for lights, headlight, glow in ((2, 1, 0), (1, 1, 0), (0, 1, 0), (0, 0, 0), (0, 0, 0.5)):
            world = World({"lights": lights, "headlight": headlight, "glow[coal]": glow})
            stage.show({}, distribution.visual_settings(world), 0, 0)
            stage.pose(np.zeros(0))
            stage.draw(0, picture)
            brightness.append(float(picture.mean()))
    assert brightness[0] > brightness[1] > brightness[2] > brightness[3] == 0.0
    assert picture[32, 32] == pytest.approx([102, 76, 51], abs=2)


def test_textures_differ_by_world_and_repeat_by_seed(leap: RobotTask) -> None:
    clouds = TexturePattern("sky", Choice((0, 4)), on="sky")
    first, second, again = (one(leap, clouds, {"sky[sky]": 4}, seed) for seed in (1, 2, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)
    assert np.array_equal(reddish(first), reddish(second))


def test_the_objects_colour_changes_on_the_object_alone(leap: RobotTask) -> None:
    term = Colour("colour", SHARE, on="cube")
    plain = one(leap, term, {})
    green = one(
        leap, term, {f"colour[cube:{part}]": value for part, value in (("red", 0.1), ("green", 0.9), ("blue", 0.1))}
    )
    assert reddish(plain).sum() > 300 and not reddish(green).any()
    same = (plain == green).all(axis=-1)
    assert same.mean() > 0.8 and not same[reddish(plain)].any()


def test_a_brighter_material_is_brighter_beyond_its_own_white(leap: RobotTask) -> None:
    term = Brightness("brightness", Uniform(0.1, 2.0), on="fingertip")
    values = [float(one(leap, term, {"brightness[fingertip]": factor}).mean()) for factor in (0.5, 1.0, 1.6)]
    assert values[0] + 1 < values[1] < values[2] - 0.5


def test_shadows_darken(leap: RobotTask) -> None:
    term = LightShadows("shadows", Choice((0, 1)), on="key")
    cast, without = (one(leap, term, {"shadows[key]": on}).astype(int) for on in (1, 0))
    darker, brighter = (cast < without - 20).sum(), (cast > without + 20).sum()
    assert darker > 200 and brighter < 0.05 * darker


def test_physics_of_a_world_is_seen_too(leap: RobotTask) -> None:
    terms = (Size("size", Uniform(0.9, 1.2), on="cube"), Mass("mass", WIDE, on="cube"))
    worlds = [Worlds.stack([World({"size": size})]) for size in (1.0, 1.15)]
    small, large = (reddish(rendered(leap, terms, world, cameras=["front"])[0, 0]).sum() for world in worlds)
    assert large > 1.15 * small


@pytest.fixture
def simulation(leap: RobotTask) -> Iterator:
    """Three live worlds: nominal, of another look, and that look under noise."""
    terms = (
        Colour("colour", SHARE, on="cube"),
        TexturePattern("sky", Choice((0, 2)), on="sky"),
        PictureNoise("noise", Uniform(0, 0.1), on="*"),
        Size("size", Uniform(0.9, 1.1), on="cube"),
    )
    distribution = WorldDistribution(terms, leap.target)
    look = {"colour[cube:green]": 0.9, "sky[sky]": 2.0, "size": 1.1}
    worlds = [World({}, 5), World(look, 6), World(look | {"noise": 0.1}, 7)]
    simulation = leap.simulate(3, 1, distribution)
    ids = np.arange(3)
    simulation.load(ids, Worlds.stack([distribution.complete(world)[0] for world in worlds]), ids)
    simulation.reset(ids, ids)
    yield simulation


def test_a_live_world_looks_as_it_was_drawn(simulation, leap: RobotTask) -> None:
    with closing(Camera(simulation, 160, 120, camera="left")) as camera:
        seen = np.array([camera.picture(world) for world in (2, 1, 0)])[::-1]
    with closing(Pictures(leap, simulation.distribution, ["left"], 160, 120, quality=None)) as pictures:
        drawn = pictures.render(simulation.present_worlds, simulation.sim.qpos)
    assert np.array_equal(seen, drawn[:, 0])
    assert not np.array_equal(seen[1], seen[2])


def test_a_live_world_has_new_noise_at_every_step(simulation) -> None:
    with closing(Camera(simulation, 64, 64)) as camera:
        qpos = simulation.sim.qpos.copy()
        before, again = (camera.picture(2, qpos[2]) for _ in range(2))
        quiet = camera.picture(1, qpos[1])
        simulation.step(np.zeros((3, 16)))
        assert np.array_equal(before, again)
        assert not np.array_equal(camera.picture(2, qpos[2]), before)
        assert np.array_equal(camera.picture(1, qpos[1]), quiet)


def test_worlds_that_are_loaded_or_rewritten_are_the_present_ones(simulation) -> None:
    distribution = simulation.distribution
    drawn = distribution.sample(np.random.default_rng(0), 4)
    simulation.load(np.array([0, 2]), drawn, np.array([3, 1]))
    assert simulation.present_worlds.take([0, 2]) == drawn.take([3, 1])
    simulation.rewrite(np.array([1]), drawn.take([2]))
    assert np.array_equal(simulation.present_worlds.values[1], drawn.values[2])


def test_a_restored_simulation_looks_as_it_did(simulation, leap: RobotTask) -> None:
    other = leap.simulate(3, 1, simulation.distribution)
    other.restore(simulation.state())
    with closing(Camera(simulation, 64, 64)) as one, closing(Camera(other, 64, 64)) as another:
        for world in range(3):
            assert np.array_equal(one.picture(world), another.picture(world))


def test_looks_are_neither_simulated_nor_told_to_a_critic(leap: RobotTask) -> None:
    physical = (Mass("mass", WIDE, on="cube"),)
    plain, looked_at = (
        TrialEnv(leap, 2, WorldDistribution(terms, leap.target), threads=1)
        for terms in (physical, (*physical, *EVERY_TERM))
    )
    assert list(looked_at.simulation.sim.fields) == list(plain.simulation.sim.fields) == ["body_mass", "body_inertia"]
    assert looked_at.observation_space == plain.observation_space
    assert looked_at.reset()["critic"].shape == plain.reset()["critic"].shape
