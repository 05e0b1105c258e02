"""ObservationTerm and ObservationBuilder: how the policy's input vector is made from what the robot measures."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, get_args

import numpy as np

from deploy_robot import fields
from deploy_robot.errors import BundleError
from deploy_robot.robot import RobotState

if TYPE_CHECKING:
    from deploy_robot.action_mapping import ActionMapping

Source = Literal["joint_position", "joint_velocity", "previous_target", "previous_action", "episode_start"]

UNITS: dict[Source, tuple[str, ...]] = {
    "joint_position": ("rad", "m"),
    "joint_velocity": ("rad/s", "m/s"),
    "previous_target": ("rad", "m"),
    "previous_action": ("1",),
    "episode_start": ("1",),
}
"""Units of raw values: the first of joints that turn, the second of joints that slide."""


@dataclass(frozen=True)
class ObservationTerm:
    """One block of the observation, `size` values: (raw - offset) * scale.

    Raises `BundleError` on construction if a field is not as described.
    """

    name: str
    """What the report calls it."""
    source: Source
    """The raw values. `previous_action` is the clipped action; `episode_start` is 1 on the first step."""
    joints: tuple[str, ...]
    """The joints whose values it holds, in order; empty for `episode_start`."""
    unit: str
    """The unit of the raw values, which is the source's: "rad" or "rad/s", "m" or "m/s" of joints that slide, or "1"."""
    offset: tuple[float, ...]
    """(size,) in the raw unit; a single number stands for all."""
    scale: tuple[float, ...]
    """(size,) per raw unit; a single number stands for all."""

    def __post_init__(self) -> None:
        name = fields.text(self.name, "observation.name")
        where = f"observation {name!r}"
        source = fields.text(self.source, f"{where}.source", get_args(Source))
        per_joint = source != "episode_start"
        object.__setattr__(self, "joints", fields.names(self.joints, f"{where}.joints", empty=not per_joint))
        if self.joints and not per_joint:
            raise BundleError(f"{where}.joints: given {len(self.joints)} names, wanted none for source {source!r}")
        fields.text(self.unit, f"{where}.unit", UNITS[self.source])
        for field in ("offset", "scale"):
            object.__setattr__(self, field, fields.numbers(getattr(self, field), f"{where}.{field}", self.size))

    @property
    def size(self) -> int:
        """How many values it adds to the observation."""
        return len(self.joints) or 1


class Observed(Protocol):
    """What an observation is built for: a contract, or the task that one will be written for."""

    @property
    def joints(self) -> tuple[str, ...]:
        """Every joint that is measured."""

    @property
    def observation(self) -> tuple[ObservationTerm, ...]:
        """The terms of the observation, in order."""

    @property
    def action(self) -> "ActionMapping":
        """From action to targets, over some or all of the joints."""


class ObservationBuilder:
    """Builds the observation of a contract, in its order of terms; holds no state between calls."""

    def __init__(self, contract: Observed):
        order = {"joint_position": contract.joints, "joint_velocity": contract.joints}
        self._columns = [
            _columns([order.get(term.source, contract.action.joints).index(j) for j in term.joints])
            for term in contract.observation
        ]
        self._sources = [term.source for term in contract.observation]
        # Nothing comes first, as there may be no term.
        self._offset = np.concatenate([(), *(term.offset for term in contract.observation)])
        self._scale = np.concatenate([(), *(term.scale for term in contract.observation)])

    def build(
        self,
        state: RobotState,
        previous_target: np.ndarray,
        previous_action: np.ndarray,
        episode_start: float | np.ndarray,
    ) -> np.ndarray:
        """The observation (..., p) float32.

        `state` holds position and velocity (..., j) in the order of the contract's joints [rad, rad/s];
        `previous_target` (..., a) [rad] and `previous_action` (..., a) [-1..1] are in the order of the action's joints;
        `episode_start` (...) is 1 on the first step of an episode and 0 after it.
        """
        raw = {
            "joint_position": state.position,
            "joint_velocity": state.velocity,
            "previous_target": previous_target,
            "previous_action": previous_action,
        }
        start = np.asarray(episode_start, dtype=np.float64)[..., None]
        blocks = [
            start if source == "episode_start" else raw[source][..., columns]
            for source, columns in zip(self._sources, self._columns, strict=True)
        ]
        return ((np.concatenate([start[..., :0], *blocks], axis=-1) - self._offset) * self._scale).astype(np.float32)


def _columns(ids: list[int]) -> np.ndarray | slice:
    """As an index; a slice where they are consecutive, which NumPy reads several times faster."""
    consecutive = ids and ids == list(range(ids[0], ids[0] + len(ids)))
    return slice(ids[0], ids[0] + len(ids)) if consecutive else np.array(ids, dtype=np.intp)
