"""Contract: what a policy expects of a robot, by name and with units; the `contract.json` of a bundle."""

import dataclasses
import json
from dataclasses import dataclass, field
from functools import cached_property

from deploy_robot import fields
from deploy_robot.action_mapping import ActionMapping
from deploy_robot.errors import BundleError
from deploy_robot.kinematics import Chain, Link
from deploy_robot.observation import ObservationTerm
from deploy_robot.pose_terms import PoseTerm, PoseTerms

SCHEMA = "sim2real-bundle/1"

__all__ = ["SCHEMA", "ActionMapping", "Contract", "ObservationTerm", "PoseTerm"]


@dataclass(frozen=True)
class Contract:
    """What a policy expects of a robot. JSON both ways without loss.

    Raises `BundleError` on construction, with one line naming the field, if a field is not as described.
    """

    task: str
    """Name of the task the policy was trained on."""
    control_period: float
    """Time from one action to the next [s]."""
    joints: tuple[str, ...]
    """Every joint that is measured; the order of every vector over joints (j,)."""
    observation: tuple[ObservationTerm, ...]
    """The terms of the observation that the robot measures, in order."""
    action: ActionMapping
    """From action to targets, over some or all of the joints."""
    start_pose: tuple[float, ...]
    """(j,) the pose from which the policy starts [rad]. Joints that the action does not move are held there."""
    memory_shape: tuple[int, ...]
    """Shape of the policy's memory without the batch axis, such as (2, 128): gates x hidden."""
    created: str
    """When it was written, ISO 8601."""
    tracked: tuple[PoseTerm, ...] = ()
    """The terms after them, of poses that are tracked beside the robot or computed from its joints."""
    kinematics: tuple[Chain, ...] = ()
    """How poses are computed that nothing has to track."""
    fingerprints: dict[str, str] = field(default_factory=dict)
    """What it was made from: fingerprints of model, worlds, run and so on."""
    versions: dict[str, str] = field(default_factory=dict)
    """Versions of the packages that trained and exported it."""
    schema: str = SCHEMA
    """The format's name and version."""

    def __post_init__(self) -> None:
        fields.text(self.schema, "schema", (SCHEMA,))
        fields.text(self.task, "task")
        object.__setattr__(self, "control_period", fields.number(self.control_period, "control_period", 1e-4, 10.0))
        object.__setattr__(self, "joints", fields.names(self.joints, "joints"))
        object.__setattr__(self, "observation", _terms(self.observation, "observation", ObservationTerm))
        object.__setattr__(self, "tracked", _terms(self.tracked, "tracked", PoseTerm))
        object.__setattr__(self, "kinematics", _terms(self.kinematics, "kinematics", Chain))
        self._check_kinematics()
        if not self.observation_size:
            raise BundleError("observation: given no term, wanted at least one here or in tracked")
        fields.names([*(term.name for term in self.observation), *(term.name for term in self.tracked)], "observation")
        if not isinstance(self.action, ActionMapping):
            raise BundleError(f"action: given {self.action!r}, wanted an ActionMapping")
        fields.names(self.action.joints, "action.joints", self.joints)
        for term in self.observation:
            among = self.action.joints if term.source in ("previous_target", "previous_action") else self.joints
            fields.names(term.joints, f"observation {term.name!r}.joints", among, empty=True)
        object.__setattr__(self, "start_pose", fields.numbers(self.start_pose, "start_pose", len(self.joints)))
        for joint, low, high in zip(self.action.joints, self.action.lower, self.action.upper, strict=True):
            start = self.start_pose[self.joints.index(joint)]
            if not low <= start <= high:
                raise BundleError(f"start_pose: joint {joint!r} starts at {start:g}, wanted in [{low:g}, {high:g}]")
        object.__setattr__(self, "memory_shape", self._checked_memory_shape())
        fields.text(self.created, "created")
        object.__setattr__(self, "fingerprints", fields.text_map(self.fingerprints, "fingerprints"))
        object.__setattr__(self, "versions", fields.text_map(self.versions, "versions"))

    def _check_kinematics(self) -> None:
        fields.names([chain.name for chain in self.kinematics], "kinematics", PoseTerms(self.tracked).names, empty=True)
        for chain in self.kinematics:
            moved = list(dict.fromkeys(link.joint for link in chain.links if link.joint is not None))
            fields.names(moved, f"chain {chain.name!r}.joints", self.joints, empty=True)

    def _checked_memory_shape(self) -> tuple[int, ...]:
        shape = self.memory_shape
        if not isinstance(shape, list | tuple) or not shape:
            raise BundleError(f"memory_shape: given {shape!r}, wanted at least one size")
        for size in shape:
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise BundleError(f"memory_shape: given {list(shape)}, wanted whole numbers of at least 1")
        return tuple(shape)

    @property
    def observation_size(self) -> int:
        """p, the length of the observation."""
        return sum(term.size for term in self.observation) + self.poses.size

    @property
    def action_size(self) -> int:
        """a, the length of the action."""
        return len(self.action.joints)

    @cached_property
    def poses(self) -> PoseTerms:
        """How poses are read."""
        return PoseTerms(self.tracked, [chain.name for chain in self.kinematics])

    @cached_property
    def action_columns(self) -> tuple[int, ...]:
        """Where each joint of the action stands among all joints (a,)."""
        return tuple(self.joints.index(joint) for joint in self.action.joints)

    def to_json(self) -> str:
        """The text of `contract.json`; equal contracts give equal text."""
        return json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, content: str) -> "Contract":
        """Read back what `to_json` wrote.

        Raises `BundleError` for text that is not JSON, for unknown or missing fields and for bad values.
        """
        try:
            data = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BundleError(f"not JSON: {error}") from error
        if isinstance(data, dict) and data.get("schema") != SCHEMA:
            raise BundleError(f"schema: given {data.get('schema')!r}, wanted {SCHEMA!r}")
        values = fields.arguments(cls, data, "contract")
        for name, kind in (("observation", ObservationTerm), ("tracked", PoseTerm)):
            terms = values.get(name, [])
            if not isinstance(terms, list):
                raise BundleError(f"{name}: given {terms!r}, wanted a list of terms")
            values[name] = tuple(
                kind(**fields.arguments(kind, term, f"{name}[{index}]")) for index, term in enumerate(terms)
            )
        values["kinematics"] = _chains(values.get("kinematics", []))
        values["action"] = ActionMapping(**fields.arguments(ActionMapping, values["action"], "action"))
        return cls(**values)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Contract":
        """Read back the content of `contract.json`; raises `BundleError` naming the file."""
        try:
            return cls.from_json(content.decode())
        except (UnicodeDecodeError, BundleError) as error:
            raise BundleError(f"contract.json: {error}") from error


def _terms(value: object, field: str, kind: type) -> tuple:
    """The terms of an observation, as a tuple."""
    if not isinstance(value, list | tuple):
        raise BundleError(f"{field}: given {value!r}, wanted a list of terms")
    for term in value:
        if not isinstance(term, kind):
            raise BundleError(f"{field}: given {term!r}, wanted each to be of {kind.__name__}")
    return tuple(value)


def _chains(given: object) -> tuple[Chain, ...]:
    """The chains of a JSON list."""
    if not isinstance(given, list):
        raise BundleError(f"kinematics: given {given!r}, wanted a list of chains")
    chains = []
    for index, chain in enumerate(given):
        values = fields.arguments(Chain, chain, f"kinematics[{index}]")
        links, where = values["links"], f"kinematics[{index}].links"
        if not isinstance(links, list):
            raise BundleError(f"{where}: given {links!r}, wanted a list of links")
        values["links"] = tuple(Link(**fields.arguments(Link, link, where)) for link in links)
        chains.append(Chain(**values))
    return tuple(chains)
