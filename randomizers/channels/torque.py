"""Torques that act on bodies now and then, and fade."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from randomizers.channels.force import Bursts, HeavyBodyTerm
from randomizers.settings import Setting


class TorqueProbability(HeavyBodyTerm):
    """Probability that a control step brings a new torque."""

    kind = "torque_probability"
    unit = "1/control step"
    fields = ("torque_probability",)
    highest = 1.0
    partner = "torque_acceleration"


class TorqueAcceleration(HeavyBodyTerm):
    """Standard deviation of each coordinate of a new torque, as the angular acceleration of a body that is alike about all
    axes, rad/s^2: others have the mean of their principal moments of inertia."""

    kind = "torque_acceleration"
    unit = "rad/s^2"
    fields = ("torque_acceleration",)
    partner = "torque_probability"


class Twists(Bursts):
    """Torques [N m], in proportion to the mean moment of inertia that a body has in that world, payloads aside. They decay
    as random forces do."""

    settings = {"torque_probability": Setting("body"), "torque_acceleration": Setting("body")}
    part = slice(3, 6)

    def resistance(self, settings: Mapping[str, np.ndarray]) -> np.ndarray:
        inertia = settings["body_inertia"] if "body_inertia" in settings else self.site.target.model.body_inertia[None]
        return inertia.mean(axis=-1)
