"""SafetyLimits: the numbers a SafetyFilter holds a robot to."""

from dataclasses import dataclass, field

import numpy as np

from deploy_robot.contract import Contract


@dataclass(frozen=True)
class SafetySettings:
    """What a user may set about safety; the rest comes from the bundle's contract.

    Raises `ValueError` on construction for a number that cannot be.
    """

    max_age: float | None = None
    """Oldest state that may be acted on [s]; three control periods if not given. Not used in lockstep."""
    max_pose_age: float = 0.3
    """Oldest pose of a tracked thing that may be acted on [s]; goals do not grow old. Not used in lockstep."""
    position_margin: float = 0.3
    """How far beyond its target limits a joint may be measured [rad]: servos give way under load."""
    max_joint_speed: float = 20.0
    """A measured position that moved faster than this [rad/s] is a broken encoder or message."""
    jump_tolerance: float = 0.05
    """Measurement noise allowed on top of `max_joint_speed` [rad]."""
    velocity_share: float = 1.0
    """Share of the contract's target velocity to allow, above 0 and up to 1. Below 1 the policy is not as trained."""
    held_joint_velocity: float = 0.5
    """Fastest change of the target of joints that the policy does not move [rad/s]."""

    def __post_init__(self) -> None:
        for name in ("max_age", "max_pose_age", "max_joint_speed", "held_joint_velocity", "velocity_share"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value < np.inf:
                raise ValueError(f"safety.{name}: given {value}, wanted a finite number above 0")
        for name in ("position_margin", "jump_tolerance"):
            if not 0.0 <= getattr(self, name) < np.inf:
                raise ValueError(f"safety.{name}: given {getattr(self, name)}, wanted a finite number of at least 0")
        if self.velocity_share > 1.0:
            raise ValueError(f"safety.velocity_share: given {self.velocity_share}, wanted at most 1")


@dataclass(frozen=True)
class SafetyLimits:
    """Limits on what comes in from the robot and on what goes out to it, in the order of `joints`."""

    joints: tuple[str, ...]
    """The joints (j,)."""
    lower: np.ndarray
    """(j,) lowest target [rad]; -inf for joints that are only held."""
    upper: np.ndarray
    """(j,) highest target [rad]; inf for joints that are only held."""
    max_change: np.ndarray
    """(j,) largest change of the target from one command to the next [rad]."""
    max_age: float
    """Oldest state that may be acted on [s]."""
    position_margin: float
    """How far outside [lower, upper] a joint may be measured [rad]."""
    max_joint_speed: float
    """Fastest believable motion of a measured position [rad/s]."""
    jump_tolerance: float
    """Added to what `max_joint_speed` allows [rad]."""
    poses: tuple[str, ...] = ()
    """What is tracked beside the robot (m,)."""
    max_pose_age: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """(m,) oldest pose of each that may be acted on [s]; inf for goals."""

    def __post_init__(self) -> None:
        for name in ("lower", "upper", "max_change"):
            array = np.array(getattr(self, name), dtype=np.float64)
            if array.shape != (len(self.joints),) or np.isnan(array).any():
                raise ValueError(f"{name}: given {array}, wanted a number for each of {', '.join(self.joints)}")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        ages = np.array(self.max_pose_age, dtype=np.float64)
        if ages.shape != (len(self.poses),) or not (ages > 0.0).all():
            raise ValueError(f"max_pose_age: given {ages}, wanted a number above 0 for each of {', '.join(self.poses)}")
        object.__setattr__(self, "max_pose_age", ages)
        if not (self.lower <= self.upper).all():
            joint = self.joints[int(np.argmin(self.lower <= self.upper))]
            raise ValueError(f"lower: above upper for joint {joint!r}")
        if not (np.isfinite(self.max_change) & (self.max_change >= 0)).all():
            raise ValueError(f"max_change: given {self.max_change}, wanted finite numbers of at least 0")

    @classmethod
    def from_contract(
        cls, contract: Contract, settings: SafetySettings | None = None, lockstep: bool = False
    ) -> "SafetyLimits":
        """The limits a policy was trained within, made stricter by `settings`; no limit on age in lockstep."""
        settings = settings or SafetySettings()
        columns = list(contract.action_columns)
        lower = np.full(len(contract.joints), -np.inf)
        upper = np.full(len(contract.joints), np.inf)
        velocity = np.full(len(contract.joints), settings.held_joint_velocity)
        trained = contract.action.arrays
        lower[columns], upper[columns] = trained["lower"], trained["upper"]
        velocity[columns] = trained["max_velocity"] * settings.velocity_share
        max_age = settings.max_age or 3.0 * contract.control_period
        return cls(
            joints=contract.joints,
            lower=lower,
            upper=upper,
            max_change=velocity * contract.control_period,
            max_age=np.inf if lockstep else max_age,
            position_margin=settings.position_margin,
            max_joint_speed=settings.max_joint_speed,
            jump_tolerance=settings.jump_tolerance,
            poses=contract.poses.tracked,
            max_pose_age=np.array(
                [
                    np.inf if lockstep or name in contract.poses.goals else settings.max_pose_age
                    for name in contract.poses.tracked
                ]
            ),
        )
