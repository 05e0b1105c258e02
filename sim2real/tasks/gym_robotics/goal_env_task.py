"""GoalEnvTask: a task of gymnasium-robotics in many worlds, as the original has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import mujoco
import numpy as np
from gymnasium import spaces

from randomizers import Target, WorldDistribution, dressed, load_worlds
from sim2real.errors import UserError
from sim2real.simulation.physics_model import load_spec, physics_only
from sim2real.simulation.viewpoints import add_camera
from sim2real.tasks.task import Task

INTEGRATION = mujoco.mjtState.mjSTATE_INTEGRATION
"""What an integration state consists of: all that the physics of the next step depends on."""

GOAL_BODIES = ("target", "floor0", "robot0:mocap")
"""Bodies that the original shows goals and the Fetch arm's target with, where it has them."""
INNER = "object_hidden"
"""A geom within the object, which would be seen through a translucent copy."""
UNSEEN = 5
"""A group of geoms and sites that is not drawn."""
FIELD_OF_VIEW = 45.0
"""Vertical field of view of the original's camera [degrees]."""


@dataclass(frozen=True)
class Viewpoint:
    """A camera that looks at a point."""

    at: tuple[float, float, float]
    """What it looks at [m], world axes."""
    distance: float
    """From there [m]."""
    azimuth: float
    """Direction that it looks in, about the vertical from x [degrees]."""
    elevation: float
    """How far that is above the horizontal [degrees]."""

    @property
    def eye(self) -> np.ndarray:
        """Where the camera is (3,) [m], world axes."""
        azimuth, elevation = np.deg2rad((self.azimuth, self.elevation))
        level = np.cos(elevation)
        ahead = np.array([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)])
        return self.at - self.distance * ahead


_METRICS = {"success": "1", "reached": "1"}
"""Whether the goal is reached at the last step, and whether it was at any."""


class GoalEnvTask(Task):
    """The model, time steps, actions, observations, goals, rewards and starts of one id of gymnasium-robotics.

    Both groups are achieved goal, desired goal and observation side by side, which is what gymnasium's
    `FlattenObservation` makes of the original; they differ where worlds have noisy sensors, as the critic sees the truth.
    Achieved goals are part of the observation in all of these tasks, and so the policy sees them as sensed. An episode
    lasts as long as the original's and does not end when the goal is reached. Plappert et al. 2018, arXiv 1802.09464.
    """

    substeps: ClassVar[int] = 20
    """Physics steps per control step."""
    episodes_per_trial = 1
    reward_terms = ("goal",)
    metrics = _METRICS
    model_file: str
    """The MJCF file, below the original's assets."""
    worlds_file: str
    """The worlds that training draws by default, in this package's assets."""
    dense: bool
    """Rewarded by distance; otherwise -1 until the goal is reached, then 0."""
    goal_size: int
    """Width of achieved and desired goals."""
    actions: int
    """Width of actions."""
    parts: Mapping[str, tuple[int, str]]
    """What the observation consists of, in its order: width and unit by name. Sensing terms of worlds act on these."""
    achieved_part: str
    """The part of the observation that the achieved goal begins with."""
    viewpoint: ClassVar[Viewpoint]
    """From where the original looks."""
    roles: Mapping[str, tuple[str, ...]]
    """Bodies that "object", "robot" and "fingertip" stand for in the patterns of terms."""

    @property
    def sensors(self) -> Mapping[str, tuple[str, ...]]:
        """The sensor that delivers each column of a part, by the part's name; one left out is a sensor of its own."""
        return {}

    @property
    def spec(self) -> mujoco.MjSpec:
        """The original's model as described, its geoms named; not to be changed."""
        return spec_of(self.model_file)

    @property
    def model(self) -> mujoco.MjModel:
        """The original's model without what is only looked at; shared by all ids that have it."""
        return model_of(self.model_file)

    @cached_property
    def target(self) -> Target:  # type: ignore[override]
        """What randomization terms can act on."""
        sizes = {name: size for name, (size, _) in self.parts.items()}
        units = {name: unit for name, (_, unit) in self.parts.items()}
        return Target(
            self.model,
            self.name,
            sizes,
            units,
            self.roles,
            sensors=self.sensors,
            visual=lambda: self.visual_model,
        )

    @property
    def visual_model(self) -> mujoco.MjModel:
        """The model that pictures are drawn of, with the same state; shared by all ids that have it."""
        return visual_model_of(self.model_file, self.viewpoint, tuple(self.roles.items()))

    @property
    def observation_size(self) -> int:
        """Width of the original's observation."""
        return sum(size for size, _ in self.parts.values())

    def columns_of(self, part: str, width: int = 0) -> slice:
        """Where a part of the observation stands in it; from its beginning `width` columns, if given."""
        names = list(self.parts)
        start = sum(self.parts[name][0] for name in names[: names.index(part)])
        return slice(start, start + (width or self.parts[part][0]))

    @cached_property
    def achieved_columns(self) -> slice:
        """Where the achieved goal stands in the observation."""
        return self.columns_of(self.achieved_part, self.goal_size)

    @cached_property
    def worlds(self) -> WorldDistribution:  # type: ignore[override]
        """The default distribution, from `worlds_file`, which several ids share."""
        shared = load_worlds(Path(str(files("sim2real") / "assets" / self.worlds_file)), self.target)
        return WorldDistribution(shared.terms, self.target, self.name, left_out=shared.left_out)

    @cached_property
    def control_period(self) -> float:  # type: ignore[override]
        """Time from one action to the next [s]."""
        return self.substeps * float(self.model.opt.timestep)

    @cached_property
    def action_space(self) -> spaces.Box:  # type: ignore[override]
        """Actions in [-1, 1]."""
        return spaces.Box(-1.0, 1.0, (self.actions,), np.float32)

    @property
    def observation_sizes(self) -> dict[str, int]:  # type: ignore[override]
        """Both groups are equally wide."""
        size = self.observation_size + 2 * self.goal_size
        return {"policy": size, "critic": size}


@cache
def spec_of(file: str) -> mujoco.MjSpec:
    """What an MJCF file below the original's assets describes, its geoms named."""
    package = find_spec("gymnasium_robotics")
    if package is None or package.origin is None:
        raise UserError("the tasks gym/* take their robots from the package gymnasium-robotics, which is not installed")
    # Found without importing it: that would register environments and print.
    spec = load_spec(Path(package.origin).parent / "envs" / "assets" / file)
    for body in spec.bodies:
        for geom in body.geoms:
            # Terms select by name.
            if not geom.name and geom.contype:
                geom.name = body.name
    return spec


@cache
def model_of(file: str) -> mujoco.MjModel:
    """The model of an MJCF file below the original's assets, without what is only looked at."""
    model = physics_only(spec_of(file))
    # The original resets its welds, but in the layout of an older MuJoCo: the quaternion keeps its other coordinates.
    welds = model.eq_type == int(mujoco.mjtEq.mjEQ_WELD)
    model.eq_data[welds, :7] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    return model


@cache
def visual_model_of(file: str, viewpoint: Viewpoint, roles: tuple[tuple[str, tuple[str, ...]], ...]) -> mujoco.MjModel:
    """The model of an MJCF file below the original's assets as it is looked at, first from where the original does, and
    without what stands for goals in it."""
    spec = spec_of(file).copy()
    for body in filter(None, map(spec.body, GOAL_BODIES)):
        for thing in (*body.geoms, *body.sites):
            thing.group = UNSEEN
    if spec.geom(INNER) is not None:
        spec.geom(INNER).group = UNSEEN
    add_camera(spec, "original", viewpoint.eye, viewpoint.at, FIELD_OF_VIEW)
    return dressed(spec, dict(roles)).compile()


def integration_state(model: mujoco.MjModel, data: mujoco.MjData) -> np.ndarray:
    """All that the next step depends on (nstate,)."""
    state = np.empty(mujoco.mj_stateSize(model, INTEGRATION))
    mujoco.mj_getState(model, data, state, INTEGRATION)
    return state


def qpos_slice(model: mujoco.MjModel) -> slice:
    """Where qpos stands in an integration state."""
    start = mujoco.mj_stateSize(model, mujoco.mjtState.mjSTATE_TIME)
    return slice(start, start + model.nq)
