"""Terms that write a setting of a channel's effect, one base for each of what a setting has numbers for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from randomizers.settings import SETTINGS
from randomizers.target import Selection, Target
from randomizers.term import Term


class SettingTerm(Term):
    """Writes the one setting that `fields` names; its numbers are the values themselves."""

    operations: ClassVar[tuple[str, ...]] = ("set",)

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        setting = SETTINGS[self.fields[0]]
        return np.full((len(selection.names), len(self.parts)), setting.nominal)

    def columns(self, target: Target, selection: Selection) -> np.ndarray:
        """Where the elements (m,) stand in the setting's row."""
        return selection.ids

    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        rows = fields[self.fields[0]]
        if SETTINGS[self.fields[0]].per == "world":
            rows[:] = self.operate(rows, values[:, 0].reshape(rows.shape))
            return
        values = values if rows.ndim > 2 else values[..., 0]
        columns = self.columns(target, selection)
        rows[:, columns] = self.operate(rows[:, columns], values)


class ActionTerm(SettingTerm):
    """A setting with one number for each control."""

    selects = "actuator"
    unit = "control"

    def check(self, target: Target, selection: Selection) -> None:
        for actuator, name in zip(selection.ids, selection.names, strict=True):
            if target.model.actuator_ctrlnum[actuator] != 1:
                raise self.refuse(name, f"it has {target.model.actuator_ctrlnum[actuator]} controls")
        super().check(target, selection)

    def columns(self, target: Target, selection: Selection) -> np.ndarray:
        return target.model.actuator_ctrladr[selection.ids]


class ObservationTerm(SettingTerm):
    """A setting with one number for each column of what is sensed."""

    selects = "observation"
    unit = "observation"


class BodyTerm(SettingTerm):
    """A setting with one number for each body."""

    selects = "body"


class WorldTerm(SettingTerm):
    """A setting that the whole world has one of."""

    selects = None
