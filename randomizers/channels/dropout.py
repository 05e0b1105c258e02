"""Values that do not arrive: the receiver goes on with the last it has."""

from __future__ import annotations

import numpy as np

from randomizers.channels.hold import Hold
from randomizers.channels.sensor_term import SensorTerm
from randomizers.channels.setting_term import WorldTerm
from randomizers.settings import Setting


class ObservationDropout(SensorTerm):
    """Probability, at every control step, that a sensor's new values are lost. Each sensor loses its own."""

    kind = "observation_dropout"
    unit = "1/control step"
    fields = ("observation_dropout",)
    highest = 1.0


class DropOut(Hold):
    """Now and then a sensor's values stay for one more step."""

    settings = {"observation_dropout": Setting("sensor")}
    uniforms = ("sensor", 1)

    def blocked(self, uniforms: np.ndarray) -> np.ndarray:
        return self.of_columns(uniforms < self.rows["observation_dropout"])


class HeldFrame(WorldTerm):
    """Probability, at every control step, that all that is sensed stays as it was: the controller was not told in time.
    Targets and actions that the controller knows of itself go on."""

    kind = "held_frame"
    unit = "1/control step"
    fields = ("held_frame",)
    highest = 1.0


class HoldFrame(Hold):
    """Now and then everything stays for one more step."""

    settings = {"held_frame": Setting("world")}
    uniforms = ("world", 1)

    def blocked(self, uniforms: np.ndarray) -> np.ndarray:
        return uniforms < self.rows["held_frame"][:, None]
