"""Distributions: frozen value objects that numbers are drawn from."""

from randomizers.distributions.choices import Choice, Fixed
from randomizers.distributions.config import distribution_from_config
from randomizers.distributions.distribution import Distribution
from randomizers.distributions.intervals import LogUniform, Uniform
from randomizers.distributions.mixture import Mixture
from randomizers.distributions.normals import NORMAL_SUPPORT, Normal, TruncatedNormal

__all__ = [
    "NORMAL_SUPPORT",
    "Choice",
    "Distribution",
    "Fixed",
    "LogUniform",
    "Mixture",
    "Normal",
    "TruncatedNormal",
    "Uniform",
    "distribution_from_config",
]
