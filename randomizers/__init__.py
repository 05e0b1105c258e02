"""Worlds: named draws of everything that can differ between simulators and a robot.

A `WorldDistribution` holds `Term`s bound to a `Target`; it samples `Worlds` and turns them into arrays of model fields
and of settings for the channels that actions, observations and random forces pass through.
"""

from randomizers import channels, terms, visual
from randomizers.adr import ADR, ADR_PRESETS, ADRSettings
from randomizers.channels import *  # noqa: F403
from randomizers.distributions import (
    Choice,
    Distribution,
    Fixed,
    LogUniform,
    Mixture,
    Normal,
    TruncatedNormal,
    Uniform,
    distribution_from_config,
)
from randomizers.errors import WorldsError
from randomizers.given_world import dump_world, load_world
from randomizers.pinning import pinned
from randomizers.presets import PRESETS, preset, preset_source
from randomizers.settings import SETTINGS
from randomizers.streams import WorldStreams, episode_generator
from randomizers.target import Selection, Target, select
from randomizers.term import TERMS, Term
from randomizers.term_config import term_from_config
from randomizers.terms import *  # noqa: F403
from randomizers.visual import *  # noqa: F403
from randomizers.widening import Widening
from randomizers.world import World, Worlds
from randomizers.world_distribution import WorldDistribution
from randomizers.world_file import dump_worlds, load_worlds

__all__ = [
    "ADR",
    "ADR_PRESETS",
    "PRESETS",
    "SETTINGS",
    "TERMS",
    "ADRSettings",
    "Choice",
    "Distribution",
    "Fixed",
    "LogUniform",
    "Mixture",
    "Normal",
    "Selection",
    "Target",
    "Term",
    "TruncatedNormal",
    "Uniform",
    "Widening",
    "World",
    "WorldDistribution",
    "WorldStreams",
    "Worlds",
    "WorldsError",
    "channels",
    "distribution_from_config",
    "dump_world",
    "dump_worlds",
    "episode_generator",
    "load_world",
    "load_worlds",
    "pinned",
    "preset",
    "preset_source",
    "select",
    "term_from_config",
    "terms",
    "visual",
]
__all__ += channels.__all__
__all__ += terms.__all__
__all__ += visual.__all__
