"""Effect: one thing that happens to a signal on its way, step by step, in every world."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from randomizers.settings import SETTINGS, Setting
from randomizers.target import Target

Rows = Sequence[int] | np.ndarray | slice
"""Which worlds: indices (m,), or a slice of them."""

ALL = slice(None)

Sources = Mapping[str, Callable[[], np.ndarray]]
"""What an effect may ask of the simulation, by name: functions that give an array (n, ...) as things stand now. Those that
effects here ask for: "qpos" (n, nq) and "qvel" (n, nv), "ctrl" (n, nu), "timestep" (n,) of the physics [s],
"joint_position" (n, j) of the robot, and "object_pose" (n, 7)."""


@dataclass(frozen=True, eq=False)
class Site:
    """Where effects are at work."""

    n: int
    """Worlds."""
    target: Target
    """What the worlds' terms act on."""
    period: float
    """Time from one step to the next [s]."""
    bodies: np.ndarray = field(default_factory=lambda: np.zeros(0, np.intp))
    """Indices (b,) of the bodies that effects on bodies act on."""
    sources: Sources = field(default_factory=dict)
    """What effects may ask of the simulation."""

    @cached_property
    def substeps(self) -> int:
        """Physics steps of a control step."""
        return round(self.period / self.target.model.opt.timestep)

    def count(self, each: tuple[str, int] | None) -> int:
        """How many numbers `each` of something makes: (what, how many for each)."""
        if each is None:
            return 0
        per, numbers = each
        widths = {"world": 1, "action": self.target.actions, "observation": self.target.observed}
        return numbers * (widths | {"sensor": len(self.target.sensor_names), "body": len(self.bodies)})[per]


class Effect(ABC):
    """Acts on a signal (n, ...) of n worlds: actions, observations, forces, time steps or pictures.

    The settings that worlds give it are kept in `self.rows`, an array (n, ...) each, of a body's settings those of
    `site.bodies` alone; what it remembers from step to step in `self.memory`, arrays too: both are saved and restored. A
    world gets the same whatever the other worlds are.
    """

    settings: ClassVar[Mapping[str, Setting]]
    """The settings that it reads, by name."""
    normals: ClassVar[tuple[str, int] | None] = None
    """The standard normals that it takes at every step: for each of what (one of `PER`) how many; None for none."""
    uniforms: ClassVar[tuple[str, int] | None] = None
    """The same for uniforms on [0, 1)."""
    wants: ClassVar[tuple[str, ...]] = ()
    """Names of the sources that it asks."""
    drives: ClassVar[tuple[str, ...]] = ()
    """Model fields that it sets anew at every step, and which therefore differ between worlds."""

    def __init_subclass__(cls) -> None:
        if "settings" in cls.__dict__:
            SETTINGS.update(cls.settings)

    def __init__(self, site: Site) -> None:
        self.site = site
        self._nominal = {name: setting.nominal for name, setting in self.settings.items()}
        self.rows = {name: self._row_of(setting) for name, setting in self.settings.items()}
        self.memory: dict[str, np.ndarray] = {}
        self.working = False
        """Whether it changes anything in any world as settings are now."""
        self.prepare()

    def _row_of(self, setting: Setting) -> np.ndarray:
        shape = setting.shape(self.site.target)
        if setting.per == "body":
            shape = (len(self.site.bodies), *shape[1:])
        return np.full((self.site.n, *shape), setting.nominal, setting.dtype)

    def prepare(self) -> None:  # noqa: B027
        """Makes the arrays of `self.memory`; nothing unless it remembers."""

    def load(self, rows: Rows, settings: Mapping[str, np.ndarray]) -> None:
        """Takes the settings (m, ...) of the worlds `rows`, which may include model fields of the same worlds; what they
        lack, as no term writes it, stays nominal."""
        for name, array in self.rows.items():
            if name in settings:
                given = settings[name]
                array[rows] = given[:, self.site.bodies] if self.settings[name].per == "body" else given
        self.find_work()

    def find_work(self) -> None:
        """Settles `working`: whether any setting in any world differs from its nominal value."""
        self.working = any(bool((array != self._nominal[name]).any()) for name, array in self.rows.items())

    def begin(self, rows: Rows) -> None:  # noqa: B027
        """A trial begins in the worlds `rows`: what lasts longer than an episode is forgotten. Nothing by itself."""

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """What comes out (m, ...) of the worlds `rows` if `signal` (m, ...) has stood for long; memory is set to that."""
        return self.apply(signal, normals, uniforms, rows)

    @abstractmethod
    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray, rows: Rows = ALL) -> np.ndarray:
        """What comes out (m, ...), given what comes in and the step's random numbers, as many as it takes a world.

        Called once a step for all worlds. `rows` are given by `restart` alone. The argument is not written to.
        """

    def repeats(self) -> int:
        """How many of the next steps would, given the same signal, give the same again; they count as made. For effects that
        are applied at every physics step; none by itself."""
        return 0

    def state(self) -> dict[str, dict[str, np.ndarray]]:
        """Copies of all it holds."""
        return {"rows": _copies(self.rows), "memory": _copies(self.memory)}

    def restore(self, state: Mapping[str, Mapping[str, np.ndarray]]) -> None:
        """Continues from a `state`."""
        for held, kept in ((self.rows, state["rows"]), (self.memory, state["memory"])):
            for name, array in held.items():
                array[...] = kept[name]
        self.find_work()


def _copies(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in arrays.items()}
