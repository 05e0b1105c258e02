"""Channels: what happens to actions and observations on their way, and the forces that push bodies.

Each place has its effects, in the order a signal meets them. Adding one is a class in a file here and its place below.
"""

from collections.abc import Mapping

from randomizers.channels.action import (
    ActionFactor,
    ActionFactorNoise,
    ActionNoise,
    ActionNoiseShare,
    ActionOffset,
    ActionOffsetShare,
    AddActionNoise,
    AddActionOffset,
    ScaleActions,
)
from randomizers.channels.adversary import AdversaryAction, AdversaryForce, MixAdversary, PushByAdversary
from randomizers.channels.backlash import Backlash, Play, TakeUpSlack, TendonSlack
from randomizers.channels.channel import Channel
from randomizers.channels.delay import ActionDelay, ActionDelayTime, ArriveLate, DelayActions
from randomizers.channels.drift import Drift, ObservationDrift, ObservationTrend
from randomizers.channels.dropout import DropOut, HeldFrame, HoldFrame, ObservationDropout
from randomizers.channels.effect import Effect, Site, Sources
from randomizers.channels.force import ForceAcceleration, ForceProbability, Pushes
from randomizers.channels.markers import LoseMarkers, MarkerLoss, MarkerLossTime, MarkerOcclusion, Occlude
from randomizers.channels.observation import (
    AddObservationBias,
    AddObservationNoise,
    ObservationBias,
    ObservationNoise,
    ObservationQuantum,
    ObservationScale,
    RoundObservation,
    ScaleObservation,
)
from randomizers.channels.payload import AddPayload, PayloadMass, PayloadTime
from randomizers.channels.pose_injection import InjectPoses, PoseInjection, PoseInjectionRange
from randomizers.channels.sensor_delay import DelayObservation, ObservationDelay
from randomizers.channels.sensor_period import SampleAndHold, SensorPeriod
from randomizers.channels.servo import DeadZone, IgnoreSmallErrors, NoLoadSpeed, WeakenBySpeed
from randomizers.channels.shoves import PushDuration, PushImpulse, PushRate, Shoves
from randomizers.channels.smoothing import ActionSmoothing, SmoothActions
from randomizers.channels.tilt import TiltAngle, TiltBase, TiltRate
from randomizers.channels.timing import LengthenSteps, SkippedTick, SkipTicks, TimestepJitter, TimestepJitterRate
from randomizers.channels.torque import TorqueAcceleration, TorqueProbability, Twists
from randomizers.channels.two_sided_jitter import JitterPersistence, LengthenAndShortenSteps, TwoSidedJitterRate
from randomizers.channels.wiring import MissingSensor, SilenceSensors, SwappedSensors, SwapSensors
from randomizers.channels.world_channels import WorldChannels

ACTION: tuple[type[Effect], ...] = (
    ScaleActions,
    AddActionOffset,
    AddActionNoise,
    MixAdversary,
    SkipTicks,
    SmoothActions,
    DelayActions,
    Play,
    TakeUpSlack,
)
"""Between the policy's targets and the actuators (n, nu): what is ordered, whether and how it is sent, when it arrives,
and what of it reaches the joint."""
DRIVE: tuple[type[Effect], ...] = (ArriveLate,)
"""What came out of `ACTION` (n, nu), at every physics step."""
MOTOR: tuple[type[Effect], ...] = (IgnoreSmallErrors, WeakenBySpeed)
"""Force laws of actuators (n, nactuator, 4) at every physics step, controls being set: factor of the control, constant,
factor of the length, factor of the speed."""
TIMING: tuple[type[Effect], ...] = (LengthenSteps, LengthenAndShortenSteps)
"""Physics time steps (n,) [s], before every control step."""
OBSERVATION: tuple[type[Effect], ...] = (
    ScaleObservation,
    AddObservationBias,
    Drift,
    AddObservationNoise,
    RoundObservation,
    SwapSensors,
    SilenceSensors,
    Occlude,
    LoseMarkers,
    SampleAndHold,
    DelayObservation,
    DropOut,
    InjectPoses,
    HoldFrame,
)
"""Between sensors and policy (n, p): what the sensor makes of the truth (gain, offset, drift, noise, resolution), where it
is plugged in, what its tracker sees, when it samples, and how that arrives (late, not at all, not as it was, not in time).
What is held is held with the noise that it had."""
FORCE: tuple[type[Effect], ...] = (Pushes, Twists, Shoves, PushByAdversary)
"""Wrenches on bodies (n, b, 6), world axes, force before torque, that nothing pushes otherwise."""
GRAVITY: tuple[type[Effect], ...] = (TiltBase,)
"""Gravity (n, 3) [m/s^2], before every control step."""
LOAD: tuple[type[Effect], ...] = (AddPayload,)
"""How many times heavier bodies are (n, b) than their world has them, inertia included, before every control step."""
PLACES: Mapping[str, tuple[type[Effect], ...]] = {
    "action": ACTION,
    "force": FORCE,
    "gravity": GRAVITY,
    "load": LOAD,
    "observation": OBSERVATION,
    "timing": TIMING,
    "drive": DRIVE,
    "motor": MOTOR,
}
"""All of them by name, in the order in which they are given their random numbers."""

__all__ = [
    "ACTION",
    "DRIVE",
    "FORCE",
    "GRAVITY",
    "LOAD",
    "MOTOR",
    "OBSERVATION",
    "PLACES",
    "TIMING",
    "ActionDelay",
    "ActionDelayTime",
    "ActionFactor",
    "ActionFactorNoise",
    "ActionNoise",
    "ActionNoiseShare",
    "ActionOffset",
    "ActionOffsetShare",
    "ActionSmoothing",
    "AdversaryAction",
    "AdversaryForce",
    "Backlash",
    "Channel",
    "DeadZone",
    "Effect",
    "ForceAcceleration",
    "ForceProbability",
    "HeldFrame",
    "JitterPersistence",
    "MarkerLoss",
    "MarkerLossTime",
    "MarkerOcclusion",
    "MissingSensor",
    "NoLoadSpeed",
    "ObservationBias",
    "ObservationDelay",
    "ObservationDrift",
    "ObservationDropout",
    "ObservationNoise",
    "ObservationQuantum",
    "ObservationScale",
    "ObservationTrend",
    "PayloadMass",
    "PayloadTime",
    "PoseInjection",
    "PoseInjectionRange",
    "PushDuration",
    "PushImpulse",
    "PushRate",
    "SensorPeriod",
    "Site",
    "SkippedTick",
    "Sources",
    "SwappedSensors",
    "TendonSlack",
    "TiltAngle",
    "TiltRate",
    "TimestepJitter",
    "TimestepJitterRate",
    "TorqueAcceleration",
    "TorqueProbability",
    "TwoSidedJitterRate",
    "WorldChannels",
]
