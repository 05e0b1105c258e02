"""RobotTask: tasks of a robot with position servos, simulated in MuJoCo."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import mujoco
import numpy as np
from gymnasium import spaces

from deploy_robot import ActionMapping, Chain, ObservationTerm, PoseTerm, PoseTerms
from randomizers import Target, WorldDistribution, dressed, load_worlds
from sim2real.simulation.batch_sim import BatchSim
from sim2real.simulation.physics_model import load_spec, physics_only
from sim2real.tasks.chains import chain_of
from sim2real.tasks.start_check import check_starts
from sim2real.tasks.task import Task

SENSED = ("joint_position", "joint_velocity")
"""Sources of observation terms that a sensor delivers, and which sensing terms of worlds therefore act on."""


class RobotTask(Task):
    """A task whose policy group and action mapping are written as the contract that the robot will run.

    The simulator builds observations and targets with the very functions that the robot's computer uses.
    """

    model_path: Path
    """The MJCF file."""
    worlds_path: Path
    """The worlds that training draws by default."""
    joints: tuple[str, ...]
    """The robot's measured joints; the order of every vector over joints (j,)."""
    observation: tuple[ObservationTerm, ...]
    """The policy group, term by term."""
    action: ActionMapping
    """From action to joint targets."""
    start_pose: np.ndarray
    """(j,) [rad]: the joint angles that an episode starts around."""
    object_body: str | None = None
    """Name of the body that is manipulated, which moves freely; None where there is none."""
    substeps: int
    """Physics steps per control step."""
    tracked: ClassVar[Mapping[str, int]] = {}
    """What a tracker outside the robot, such as cameras, adds to the policy group: size by name, in raw units."""
    tracked_units: ClassVar[Mapping[str, str]] = {}
    """Unit of each of `tracked`; "1" where none is given."""
    tracked_by: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """The marker that each column of `tracked` is from, by name; a term left out is a marker of its own name."""
    pose_terms: tuple[PoseTerm, ...] | None = None
    """How the robot's computer makes `tracked` out of poses; None where it cannot, as of touch, or where nothing is."""
    tool_sites: Mapping[str, str] = MappingProxyType({})
    """Of the poses in these, the tools that need no tracker, as joint angles say where they are: their sites."""
    felt: ClassVar[Sequence[str]] = ()
    """Of these, the names that are no markers but sensors in the robot, which nothing hides."""
    reward_changes: Mapping[str, float] = MappingProxyType({})
    """Fields of the simulation's reward that differ from its own."""
    privileged_size: int
    """Width of what only the critic sees, the world vector not counted."""

    @cached_property
    def spec(self) -> mujoco.MjSpec:
        """The model as described, with everything that is only looked at."""
        spec = load_spec(self.model_path)
        if self.object_body:
            # Worlds may move its center of mass, which MuJoCo otherwise compiles away.
            spec.body(self.object_body).simple = False
        return spec

    @cached_property
    def model(self) -> mujoco.MjModel:
        """The model that is simulated: physics only."""
        return physics_only(self.spec)

    @cached_property
    def visual_model(self) -> mujoco.MjModel:
        """The model that pictures are drawn of: every visible geom has a material, every material a texture."""
        return dressed(self.spec, self.roles).compile()

    @cached_property
    def target(self) -> Target:  # type: ignore[override]
        """What randomization terms can act on."""
        return self.target_of(self.model)

    def target_of(self, model: mujoco.MjModel) -> Target:
        """The same for another compilation of this task's model, such as the one with visuals."""
        sizes = {term.name: term.size for term in self.sensed} | dict(self.tracked)
        units = {term.name: term.unit for term in self.sensed} | dict(self.tracked_units)
        markers = {name: self.tracked_by.get(name, (name,) * size) for name, size in self.tracked.items()}
        sensors = {term.name: term.joints for term in self.sensed} | markers
        seen = dict.fromkeys(marker for delivered_by in markers.values() for marker in delivered_by)
        hideable = tuple(marker for marker in seen if marker not in self.felt)
        return Target(
            model,
            self.name,
            sizes,
            units,
            self.roles,
            sensors=sensors,
            markers=hideable,
            visual=lambda: self.visual_model,
            accepts=lambda distribution: check_starts(self, distribution),
        )

    @cached_property
    def roles(self) -> dict[str, tuple[str, ...]]:
        """Bodies that "object", "robot" and "fingertip" stand for in the patterns of terms: the robot is all else that moves,
        its fingertips the links that carry no other."""
        model = self.model
        objects = (self.object_body,) if self.object_body else ()
        top = [body for body in range(1, model.nbody) if model.body_parentid[body] == 0]
        moving = [model.body(body).name for body in top if model.body_subtreemass[body] > 0]
        robot = tuple(name for name in moving if name not in objects)
        carrying = set(model.body_parentid.tolist())
        tips = [
            body
            for body in range(1, model.nbody)
            if body not in carrying and model.body(model.body_rootid[body]).name in robot
        ]
        return {"object": objects, "robot": robot, "fingertip": tuple(model.body(body).name for body in tips)}

    def rewarded(self, changes: Mapping[str, float]) -> Task:
        if not changes:
            return self
        task = copy.copy(self)
        task.reward_changes = dict(changes)
        task.simulate(1, 1)
        return task

    @cached_property
    def poses(self) -> PoseTerms | None:
        """How the poses are read that make up `tracked`; None where it is not made of poses."""
        if not self.tracked:
            return PoseTerms(())
        return (
            None if self.pose_terms is None else PoseTerms(self.pose_terms, [chain.name for chain in self.kinematics])
        )

    @cached_property
    def kinematics(self) -> tuple[Chain, ...]:
        """How the robot's computer finds its tools; not those that joints move that are not measured."""
        chains = (chain_of(self.model, name, site, self.joints) for name, site in self.tool_sites.items())
        return tuple(chain for chain in chains if chain is not None)

    @property
    def sensed(self) -> tuple[ObservationTerm, ...]:
        """The observation terms that sensors deliver."""
        return tuple(term for term in self.observation if term.source in SENSED)

    @cached_property
    def worlds(self) -> WorldDistribution:  # type: ignore[override]
        """The default distribution, from `worlds_path`, which several tasks may share."""
        shared = load_worlds(self.worlds_path, self.target)
        if shared.task == self.name:
            return shared
        return WorldDistribution(shared.terms, self.target, self.name, left_out=shared.left_out)

    @cached_property
    def control_period(self) -> float:  # type: ignore[override]
        """Time from one action to the next [s]."""
        return self.substeps * float(self.model.opt.timestep)

    @cached_property
    def action_space(self) -> spaces.Box:  # type: ignore[override]
        """Actions in [-1, 1], one per driven joint."""
        return spaces.Box(-1.0, 1.0, (len(self.action.joints),), np.float32)

    @property
    def observation_sizes(self) -> dict[str, int]:  # type: ignore[override]
        """The critic sees all that the policy sees, and the privileged part."""
        policy = sum(term.size for term in self.observation) + sum(self.tracked.values())
        return {"policy": policy, "critic": policy + self.privileged_size}

    @property
    def policy_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """By term and joint, and what is tracked by its place in it."""
        felt = [f"{term.name} of {joint}" for term in self.observation for joint in term.joints or ("all",)]
        seen = [f"{name} {place}" for name, size in self.tracked.items() for place in range(size)]
        return (*felt, *seen)

    @cached_property
    def starts(self) -> np.ndarray:
        """Settled start states (m, nq) of the nominal world, from which episodes begin."""
        return self.settle()

    @abstractmethod
    def settle(self) -> np.ndarray:
        """Simulate the nominal world to rest from many poses; keep the states (m, nq) that are fit to start from."""

    def hold(self, qpos: np.ndarray, steps: int) -> tuple[BatchSim, np.ndarray]:
        """Simulate the nominal world for so many control steps from the states qpos (m, nq), the servos told to hold the
        driven joints where they are. Returns it and which rows broke (m,)."""
        model = self.model
        ctrl = np.zeros((len(qpos), model.nu))
        for joint in self.action.joints:
            ctrl[:, actuator_of(model, joint)] = qpos[:, model.joint(joint).qposadr[0]]
        sim = BatchSim(model, len(qpos))
        sim.reset(np.arange(len(qpos)), qpos, np.zeros((len(qpos), model.nv)), ctrl)
        broken = np.zeros(len(qpos), dtype=bool)
        for _ in range(steps):
            broken |= sim.step(self.substeps)
        return sim, broken


def free_joint_of(model: mujoco.MjModel, body: str | None) -> tuple[slice, slice]:
    """Where position and velocity of a body that moves freely stand in qpos and qvel; nowhere without a body."""
    if body is None:
        return slice(0, 0), slice(0, 0)
    joint = model.body_jntadr[model.body(body).id]
    position, velocity = model.jnt_qposadr[joint], model.jnt_dofadr[joint]
    return slice(position, position + 7), slice(velocity, velocity + 6)


def actuator_of(model: mujoco.MjModel, joint: str) -> int:
    """The actuator that moves a joint. Raises ValueError where there is none."""
    index = model.joint(joint).id
    for actuator in range(model.nu):
        if (
            model.actuator_trntype[actuator] == int(mujoco.mjtTrn.mjTRN_JOINT)
            and model.actuator_trnid[actuator, 0] == index
        ):
            return actuator
    raise ValueError(f"joint {joint!r} has no actuator; actuators: {[model.actuator(i).name for i in range(model.nu)]}")


def joint_terms(
    position: str, target: str, joints: Sequence[str], limits: np.ndarray, driven: Sequence[str], unit: str = "rad"
) -> tuple[ObservationTerm, ObservationTerm]:
    """Where joints are, and where `driven` ones were last told to be, by these names; their ranges `limits` (j, 2), in that
    unit, are brought to [-1, 1]."""
    low, high = limits.T
    offset, scale = (low + high) / 2, 2 / (high - low)
    told = [joints.index(name) for name in driven]
    return (
        ObservationTerm(position, "joint_position", tuple(joints), unit, tuple(offset), tuple(scale)),
        ObservationTerm(target, "previous_target", tuple(driven), unit, tuple(offset[told]), tuple(scale[told])),
    )


EPISODE_START = ObservationTerm("episode_start", "episode_start", (), "1", (0.0,), (1.0,))
"""Whether an episode has just begun."""
