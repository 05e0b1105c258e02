"""Description: the file that describes a task of one's own."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from sim2real.errors import UserError
from sim2real.tasks.goals import GoalReward
from sim2real.tasks.point_goals import PointGoalReward
from sim2real.tasks.rotation import RotationReward

_CONFIG = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ServoDescription(BaseModel):
    """One joint and its position servo; angles [rad], or [m] for slides."""

    model_config = _CONFIG

    actuator: str
    """The position servo that moves it."""
    start: float
    """What episodes begin around."""
    lower: float
    """Lowest target."""
    upper: float
    """Highest target."""
    stride: float = Field(gt=0)
    """How far an action of 1 moves the target in one control step."""
    fastest: float = Field(gt=0)
    """Fastest change of the target [1/s]: no more than your servo's no-load speed."""

    @model_validator(mode="after")
    def _start_within(self) -> ServoDescription:
        if not self.lower < self.upper:
            raise ValueError(f"lower {self.lower:g} must be below upper {self.upper:g}")
        if not self.lower <= self.start <= self.upper:
            raise ValueError(f"start {self.start:g} must be within lower {self.lower:g} and upper {self.upper:g}")
        return self


class Description(BaseModel):
    """What every task of one's own says."""

    model_config = _CONFIG

    kind: str
    """rotate-z: turn the object about the vertical, feeling only the joints; reorient: bring it from one orientation to the
    next; reach: bring the tips to points."""
    model: Path
    """The robot, an MJCF file; seen from this file, as all paths here."""
    worlds: Path
    """How worlds differ in training, and the unseen ranges that only evaluation draws from."""
    without: tuple[str, ...] = ()
    """Bodies of the model that the task leaves out."""
    substeps: int = Field(ge=1)
    """Physics steps, of the model's time step each, in one control step."""
    episode_steps: int = Field(ge=1)
    """Control steps after which an episode is over."""
    episodes_per_trial: int = Field(ge=1)
    """Episodes in one world, the policy's memory carried through."""
    start_noise: float = Field(ge=0)
    """Standard deviation of the joints' start around `start`, as a share of the way from lower to upper."""
    joints: dict[str, ServoDescription] = Field(min_length=1)
    """The robot's joints, in the order of every vector over joints: the servo that moves it; where it starts and the lowest
    and highest target [rad, slides m]; how far an action of 1 moves the target in one control step (stride), and the
    fastest that the target may change [rad/s], which should not be above the servo's no-load speed."""
    tips: tuple[str, ...] = Field(min_length=1)
    """Sites at the fingertips, or the end effector's."""
    train: dict[str, bool | int | float | str | None] = {}
    """Options of `sim2real train` that differ from its defaults for this task."""

    @field_validator("rewards", mode="before", check_fields=False)
    @classmethod
    def _known_weights(cls, given: object) -> object:
        known = [field.name for field in dataclasses.fields(cls.reward_class())]
        for name in given if isinstance(given, dict) else ():
            if name not in known:
                raise ValueError(f"unknown {name!r}; there are {', '.join(known)}")
        return given

    @classmethod
    def reward_class(cls) -> type[Any]:
        """The weights that `rewards` holds."""
        reward = cls.model_fields["rewards"].annotation
        assert isinstance(reward, type)
        return reward


class HandDescription(Description):
    """A task of a hand that lies palm up, with an object on it."""

    object: str
    """The body that is manipulated; it moves freely."""
    object_start: tuple[float, float, float]
    """Where the object is let go before it settles [m]."""
    lowest: float
    """An object whose centre is below has been dropped [m]."""


class RotateZ(HandDescription):
    """Turn the object about the vertical, feeling only the joints."""

    kind: Literal["rotate-z"] = "rotate-z"
    rewards: RotationReward = RotationReward()
    """Weights of the reward terms, per control step, and what counts as failure."""


class Reorient(HandDescription):
    """Bring the object from one orientation to the next."""

    kind: Literal["reorient"] = "reorient"
    rewards: GoalReward = GoalReward()
    """Weights of the reward terms, per control step, and what counts as reached and as failure."""


class Reach(Description):
    """Bring the tips to points."""

    kind: Literal["reach"] = "reach"
    goal_range: float = Field(gt=0, le=1)
    """Goals are where the tips are in poses within this share of the way from `start` to the joints' lowest and highest."""
    rewards: PointGoalReward = PointGoalReward()
    """Weights of the reward terms, per control step, and what counts as reached."""


KINDS: dict[str, type[RotateZ | Reorient | Reach]] = {"rotate-z": RotateZ, "reorient": Reorient, "reach": Reach}
_ANY: TypeAdapter[RotateZ | Reorient | Reach] = TypeAdapter(
    Annotated[RotateZ | Reorient | Reach, Field(discriminator="kind")]
)


def read_description(path: Path) -> RotateZ | Reorient | Reach:
    """The task file at `path`. Raises UserError, one line that names file and lines, for all that is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, yaml.SafeLoader)
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the task file {path}: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = 1 + (error.problem_mark.line if error.problem_mark else 0)
        raise UserError(f"{path}:{line}: {error.problem}") from error
    if not isinstance(content, dict) or content.get("kind") not in KINDS:
        given = content.get("kind") if isinstance(content, dict) else content
        line = _line(root, ("kind",))
        raise UserError(
            f"{path}:{line}: kind: given {given!r}, wanted {', '.join(KINDS)}; written by sim2real new-task"
        )
    repeated = _repeated(root)
    if repeated is not None:
        raise UserError(f"{path}:{repeated.start_mark.line + 1}: {repeated.value!r} stands there more than once")
    try:
        return _ANY.validate_python(content)
    except ValidationError as error:
        said = []
        for one in error.errors():
            place = one["loc"][1:]  # the first is the kind
            problem = one["msg"].removeprefix("Value error, ")
            said.append(f"{path}:{_line(root, place)}: {'.'.join(map(str, place))}: {problem}")
        raise UserError("; ".join(said)) from error


def _line(node: yaml.Node | None, place: tuple[int | str, ...]) -> int:
    """The line of what stands at `place`, or of the nearest that is there."""
    line = 1 if node is None else node.start_mark.line + 1
    for step in place:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            found = [(one, one) for one in node.value[step : step + 1]]
        else:
            found = []
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line


def _repeated(node: yaml.Node | None) -> yaml.ScalarNode | None:
    """A key that stands twice in one mapping."""
    if not isinstance(node, yaml.MappingNode):
        return None
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            return key
        seen.add(key.value)
        below = _repeated(value)
        if below is not None:
            return below
    return None
