"""Worlds: named draws of everything that can differ between simulators and a robot.

A `WorldDistribution` holds `Term`s bound to a `Target`; it samples `Worlds` and turns them into arrays of model fields
and of settings for the channels that actions, observations and random forces pass through.
"""

from randomizers.actuation import ActionDelay, ActionNoise, ActuatorDamping, ActuatorGain, Backlash
from randomizers.channels import ActionChannel, ForceChannel, ObservationChannel
from randomizers.distributions import (
    Choice,
    Distribution,
    Fixed,
    LogUniform,
    Mixture,
    Normal,
    Uniform,
    distribution_from_config,
)
from randomizers.disturbance import ForceAcceleration, ForceProbability
from randomizers.errors import WorldsError
from randomizers.fields import SETTINGS
from randomizers.physics import Armature, Friction, FrictionLoss, Gravity, JointDamping, JointLimits, Mass
from randomizers.sensing import ObservationBias, ObservationNoise
from randomizers.size import Size
from randomizers.streams import WorldStreams, episode_generator
from randomizers.target import Selection, Target, select
from randomizers.term import TERMS, Term, term_from_config
from randomizers.world import World, Worlds
from randomizers.world_distribution import WorldDistribution
from randomizers.world_file import dump_worlds, load_worlds

__all__ = [
    "SETTINGS",
    "TERMS",
    "ActionChannel",
    "ActionDelay",
    "ActionNoise",
    "ActuatorDamping",
    "ActuatorGain",
    "Armature",
    "Backlash",
    "Choice",
    "Distribution",
    "Fixed",
    "ForceAcceleration",
    "ForceChannel",
    "ForceProbability",
    "Friction",
    "FrictionLoss",
    "Gravity",
    "JointDamping",
    "JointLimits",
    "LogUniform",
    "Mass",
    "Mixture",
    "Normal",
    "ObservationBias",
    "ObservationChannel",
    "ObservationNoise",
    "Selection",
    "Size",
    "Target",
    "Term",
    "Uniform",
    "World",
    "WorldDistribution",
    "WorldStreams",
    "Worlds",
    "WorldsError",
    "distribution_from_config",
    "dump_worlds",
    "episode_generator",
    "load_worlds",
    "select",
    "term_from_config",
]
