"""Where a command takes its worlds from."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from randomizers import WorldDistribution, load_worlds, pinned, preset
from sim2real.errors import UserError
from sim2real.tasks.task import Task


class WorldSource(BaseModel):
    """The task's own worlds, a file's or a preset's, with numbers pinned."""

    model_config = ConfigDict(frozen=True)

    distribution: Path | None = None
    """YAML file of the worlds; the task's own if neither it nor a preset is given."""
    preset: str | None = None
    """Published worlds by name instead, such as dactyl2018; `sim2real list presets` has them."""
    set: tuple[str, ...] = ()
    """Numbers to pin, as NAME=VALUE: parameters or whole terms by their names, or any kind of term for a part of the model,
    such as object.mass=200g or robot.joint_damping=0.1; without a unit in that of the term."""

    def worlds_of(self, task: Task, own: WorldDistribution | None = None) -> WorldDistribution:
        """The distribution for `task`; `own` takes the place of the task's. Raises UserError and WorldsError."""
        worlds = self._unpinned(task, own)
        if self.set:
            worlds = pinned(worlds, pairs("--set", self.set, "object.mass=200g"))
            worlds.target.check(worlds)
        return worlds

    def _unpinned(self, task: Task, own: WorldDistribution | None) -> WorldDistribution:
        if self.distribution is not None and self.preset is not None:
            raise UserError(
                f"--distribution {self.distribution} and --preset {self.preset} both say which worlds: give one"
            )
        if self.preset is not None:
            return preset(self.preset, task.target)
        if self.distribution is None:
            return own or task.worlds
        worlds = load_worlds(self.distribution, task.target)
        if worlds.task not in (None, task.name):
            raise UserError(f"{self.distribution} describes worlds of {worlds.task!r}, not of {task.name!r}")
        return worlds


def pairs(option: str, settings: tuple[str, ...], example: str) -> dict[str, str]:
    """What an option's NAME=VALUEs say. Raises UserError for others, and for a name that is given twice."""
    pairs: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not (name and equals and value):
            raise UserError(f"{option} {setting}: wanted NAME=VALUE, such as {example}")
        if name in pairs:
            raise UserError(f"{option} {setting}: {name} is set twice")
        pairs[name] = value
    return pairs
