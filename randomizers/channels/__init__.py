"""Channels: what happens to actions and observations on their way, and the forces that push bodies.

Each place has its effects, in the order a signal meets them. Adding one is a class in a file here and its place below.
"""

from randomizers.channels.action import (
    ActionDelay,
    ActionNoise,
    AddActionNoise,
    Backlash,
    DelayActions,
    Play,
)
from randomizers.channels.channel import Channel
from randomizers.channels.effect import Effect, Site, Sources
from randomizers.channels.force import ForceAcceleration, ForceProbability, Pushes
from randomizers.channels.observation import (
    AddObservationBias,
    AddObservationNoise,
    ObservationBias,
    ObservationNoise,
)

ACTION: tuple[type[Effect], ...] = (AddActionNoise, DelayActions, Play)
"""Between the policy's targets and the actuators (n, nu)."""
OBSERVATION: tuple[type[Effect], ...] = (AddObservationBias, AddObservationNoise)
"""Between sensors and policy (n, p)."""
FORCE: tuple[type[Effect], ...] = (Pushes,)
"""Wrenches on bodies (n, b, 6), world axes, force before torque, that nothing pushes otherwise."""

__all__ = [
    "ACTION",
    "FORCE",
    "OBSERVATION",
    "ActionDelay",
    "ActionNoise",
    "Backlash",
    "Channel",
    "Effect",
    "ForceAcceleration",
    "ForceProbability",
    "ObservationBias",
    "ObservationNoise",
    "Site",
    "Sources",
]
