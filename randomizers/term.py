"""Term: one randomization."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

import numpy as np

from randomizers.distributions import Distribution
from randomizers.distributions.distribution import number
from randomizers.errors import Unfit, WorldsError
from randomizers.fields import nominal_row
from randomizers.joint_types import JOINT_TYPES, joint_type
from randomizers.target import Selection, Target, select
from randomizers.widening import Widening

OPERATIONS = ("set", "scale", "add")
"""What a value does to the nominal one. A distribution applies its terms in this order, so their listing does not
matter.
"""

TERMS: dict[str, type[Term]] = {}
"""Every kind of term by its name in configuration files."""


@dataclass(frozen=True)
class Term(ABC):
    """One randomization: a named number (or several), where it comes from, and what it does to a world.

    `draw` is pure and `write` has no randomness. Raises WorldsError at construction for settings that contradict each
    other, and from `select` for a target that cannot take it.
    """

    name: str
    """Name of its parameters; unique in a distribution of worlds."""
    distribution: Distribution
    """Where training draws it from, in the term's unit (scale: a factor)."""
    on: Sequence[str] = ()
    """Shell-style patterns of the names of what it acts on, or a single one; kept as a tuple. Empty for what the whole
    world has one of."""
    operation: str = ""
    """"scale", "add" or "set"; empty takes the kind's default."""
    each: str = ""
    """"world": one number shared by all it matches; "element": one for each. Empty takes the kind's default."""
    when: str = "trial"
    """"trial": drawn with the world; "episode": drawn anew at every episode of a trial."""
    unseen: Distribution | None = None
    """The held-out range that only evaluation draws from."""
    follows: str | None = None
    """Name of another term of the distribution that this one is drawn with, at the same quantile of its own; that has one
    number, or as many."""
    correlation: float | None = None
    """How closely it follows, -1 to 1: 1, which is the default, shares the quantile, -1 takes the opposite one; between
    them a Gaussian copula."""
    adr: Widening | None = None
    """How automatic domain randomization widens its range; None for the usual way."""
    joint_type: str = ""
    """"hinge" or "slide": the type of joints that its numbers are for, where their unit depends on it; of what `on`
    matches it acts on these alone. Empty where all that it matches is of one type. In files the unit says it."""

    kind: ClassVar[str]
    """Its name in configuration files."""
    unit: ClassVar[str]
    """Unit of what it acts on."""
    slide_unit: ClassVar[str | None] = None
    """Unit where that slides instead of turning; None where that makes no difference."""
    selects: ClassVar[str | None]
    """What `on` matches: "body", "geom", "joint", "actuator", "observation", or None for the world as a whole."""
    fields: ClassVar[tuple[str, ...]]
    """Model fields or channel settings it writes."""
    recompute: ClassVar[bool] = False
    """Whether constants derived from its fields need mj_setConst."""
    operations: ClassVar[tuple[str, ...]]
    """Allowed operations, the default first."""
    default_each: ClassVar[str] = "world"
    """Default of `each`."""
    parts: ClassVar[tuple[str, ...]] = ("",)
    """Names of the numbers one element takes; a single empty one where it takes one."""
    lowest: ClassVar[float] = 0.0
    """Least value allowed under "scale" and "set"."""
    highest: ClassVar[float] = inf
    """Greatest value allowed under "scale" and "set"."""
    above_lowest: ClassVar[bool] = False
    """Whether `lowest` itself is refused."""
    zero_is_endless: ClassVar[bool] = False
    """Whether 0 stands for a value beyond all others, such as a speed without limit."""
    sets: ClassVar[str | None] = None
    """What "set" sets, where terms of another kind set it too: the kind that all of them are told by."""
    partner: ClassVar[str | None] = None
    """Kind of another term without which this one does nothing; it must act on the same elements."""

    def __init_subclass__(cls) -> None:
        if "kind" in cls.__dict__:
            TERMS[cls.kind] = cls

    def __post_init__(self) -> None:
        object.__setattr__(self, "on", (self.on,) if isinstance(self.on, str) else tuple(self.on))
        object.__setattr__(self, "operation", self.operation or self.operations[0])
        object.__setattr__(self, "each", self.each or self.default_each)
        if not isinstance(self.name, str) or not self.name or set(self.name) & set("[]"):
            raise WorldsError(f"a term's name is a non-empty text without brackets, got {self.name!r}")
        self._one_of("operation", self.operations)
        self._one_of("each", ("world", "element") if self.selects else ("world",))
        self._one_of("when", ("trial", "episode"))
        if bool(self.on) != bool(self.selects):
            wanted = f"patterns of {self.selects} names in 'on'" if self.selects else "no 'on'"
            raise self.error(f"kind {self.kind!r} takes {wanted}, got {list(self.on)}")
        if self.joint_type:
            self._one_of("joint_type", JOINT_TYPES if self.units_by_joint_type else ("",))
        for what, distribution in (("distribution", self.distribution), ("unseen", self.unseen)):
            if distribution is not None:
                self._check_distribution(what, distribution)
        self._check_follows()
        if self.adr is not None:
            try:
                self.adr.check(self.distribution)
            except WorldsError as error:
                raise self.error(str(error)) from error
        if self.unseen is not None and self.unseen.overlaps(self.distribution):
            raise self.error(
                f"unseen {self.unseen!r} overlaps the training range {self.distribution!r}; "
                f"they may share an end point only"
            )

    def _check_follows(self) -> None:
        if self.follows is None:
            if self.correlation is not None:
                raise self.error(f"correlation {self.correlation!r} is with a term that it follows: give 'follows'")
            return
        correlation = number(self, "correlation", 1.0 if self.correlation is None else self.correlation)
        if not -1 <= correlation <= 1:
            raise self.error(f"correlation must be from -1 to 1, got {correlation:g}")
        object.__setattr__(self, "correlation", correlation)

    def _one_of(self, setting: str, allowed: tuple[str, ...]) -> None:
        if getattr(self, setting) not in allowed:
            raise self.error(
                f"{setting} {getattr(self, setting)!r} is not one that kind {self.kind!r} takes; "
                f"{setting}: {', '.join(allowed)}"
            )

    def _check_distribution(self, what: str, distribution: Distribution) -> None:
        if not isinstance(distribution, Distribution):
            raise self.error(f"{what} must be a Distribution, got {distribution!r}")
        self._check_range(f"{what} {distribution!r}", *distribution.bounds)

    def _check_range(self, what: str, low: float, high: float) -> None:
        if self.operation == "add":
            return
        if low < self.lowest or high > self.highest or (self.above_lowest and low == self.lowest):
            wanted = f"{'above' if self.above_lowest else 'of at least'} {self.lowest:g}"
            wanted += f" and at most {self.highest:g}" if self.highest < inf else ""
            raise self.error(f"{what} reaches {low:g} to {high:g}; kind {self.kind!r} takes values {wanted}")

    @property
    def units_by_joint_type(self) -> dict[str, str]:
        """Unit of its numbers for each of `JOINT_TYPES`; empty where that makes no difference, as of factors."""
        if self.operation == "scale" or (self.unit != "control" and self.slide_unit is None):
            return {}
        units = ("rad", "m") if self.unit == "control" else (self.unit, str(self.slide_unit))
        return dict(zip(JOINT_TYPES, units, strict=True))

    def parameter_unit(self, target: Target, selection: Selection) -> str:
        """Unit of its parameters there: that of the kind, "1" for a factor; of observation terms and controls their own.

        Raises WorldsError where what it acts on has several.
        """
        if self.operation == "scale":
            return "1"
        if self.unit == "observation":
            try:
                return target.unit_of_observation(selection.names)
            except WorldsError as error:
                raise self.error(str(error)) from error
        if self.unit == "control":
            return target.unit_of_control(selection.ids)
        slides = self._types(target, selection) == {"slide"}
        return self.slide_unit if slides and self.slide_unit else self.unit

    def select(self, target: Target) -> Selection:
        """What it acts on. Raises Unfit for a pattern that matches nothing and for what the model cannot take."""
        try:
            selection = self._matched(target, self.joint_type)
            self._check_units(target, selection)
            self.check(target, selection)
        except WorldsError as error:
            raise Unfit(error.reason, self.name) from error
        return selection

    def _matched(self, target: Target, only: str = "") -> Selection:
        if self.selects is None:
            return Selection(np.zeros(1, np.intp), ("",))
        return select(target, self.selects, self.on, only)

    def joint_types(self, target: Target) -> set[str]:
        """Types of the joints that `on` matches, or of those that the actuators it matches move. Raises Unfit for a pattern
        that matches nothing."""
        try:
            return self._types(target, self._matched(target))
        except WorldsError as error:
            raise Unfit(error.reason, self.name) from error

    def _types(self, target: Target, selection: Selection) -> set[str]:
        types = {joint_type(str(self.selects), target.model, int(element)) for element in selection.ids}
        return {known for known in types if known}

    def _check_units(self, target: Target, selection: Selection) -> None:
        """Raises WorldsError where its numbers would be in different units for what it acts on."""
        units = self.units_by_joint_type
        if units and self._types(target, selection) == set(units):
            raise self.error(
                f"{self.kind} of {', '.join(selection.names)} is in {' or '.join(units.values())}, as they turn or slide; "
                f"write one term for each, told apart by its unit (in Python by joint_type)"
            )

    def check(self, target: Target, selection: Selection) -> None:
        """Raises WorldsError where the model cannot take this term."""
        if self.operation == "add":
            return
        present = self.current(target, selection)
        if self.operation == "scale" and not present.any():
            where = f"at {', '.join(selection.names)} of {target.name!r}" if self.selects else f"in {target.name!r}"
            wanted = "use operation: set" if "set" in self.operations else "there is nothing to scale"
            raise self.error(f"{self.kind} is 0 {where}; scaling changes nothing, {wanted}")
        if self.operation == "set" and self.each == "world" and (present != present[0]).any():
            raise self.error(
                f"one shared value cannot stand for the nominal {self.kind} of "
                f"{', '.join(selection.names)}, which differs; use each: element or operation: scale"
            )

    def check_beside(self, target: Target, selection: Selection, others: Sequence[tuple[Term, Selection]]) -> None:
        """Raises WorldsError where it contradicts the other terms of a distribution, each with what it acts on, or needs
        one that is not there. Terms are asked in their order, so that of two that set the same the later is at fault."""
        for other, elsewhere in others:
            if self.operation == other.operation == "set" and (self.sets or self.kind) == (other.sets or other.kind):
                for element in selection.names:
                    if element in elsewhere.names:
                        number = f"{other.kind} of {element!r}" if element else other.kind
                        raise other.error(f"it sets {number}, as term {self.name!r} does; one term may")
        if self.partner is not None and not any(
            other.kind == self.partner and elsewhere.names == selection.names for other, elsewhere in others
        ):
            raise self.error(
                f"{self.kind} does nothing without a term of kind {self.partner!r} on {', '.join(selection.names)}"
            )

    def error(self, reason: str) -> WorldsError:
        """An error about this term."""
        return WorldsError(reason, self.name)

    def refuse(self, element: str, reason: str) -> WorldsError:
        """The error for an element that cannot take this term."""
        return self.error(f"{self.kind} cannot act on {self.selects} {element!r}: {reason}")

    def current(self, target: Target, selection: Selection) -> np.ndarray:
        """The nominal value of each element (m, parts), in the term's unit. Raises WorldsError for kinds that have none."""
        raise self.error(f"{self.kind} has no nominal value to scale or to set")

    def parameters(self, selection: Selection) -> tuple[str, ...]:
        """Names of its parameters: `name`, `name[element]`, `name[part]` or `name[element:part]`."""
        elements = selection.names if self.each == "element" else ("",)
        labels = [":".join(filter(None, (element, part))) for element in elements for part in self.parts]
        return tuple(f"{self.name}[{label}]" if label else self.name for label in labels)

    def nominal(self, target: Target, selection: Selection) -> np.ndarray:
        """The values (width,) that leave a world as the model has it."""
        elements = len(selection.names) if self.each == "element" else 1
        if self.operation == "set":
            return self.current(target, selection)[:elements].ravel()
        return np.full(elements * len(self.parts), 1.0 if self.operation == "scale" else 0.0)

    def draw(self, rng: np.random.Generator, n: int, width: int) -> np.ndarray:
        """Values (n, width) of its `width` parameters in n worlds."""
        return self.cut(self.distribution.sample(rng, (n, width)))

    def cut(self, drawn: np.ndarray) -> np.ndarray:
        """What was drawn; under "scale" and "set" a normal's tails are cut at its bounds, which were checked."""
        return drawn if self.operation == "add" else drawn.clip(*self.distribution.bounds)

    def write(self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray) -> None:
        """Sets every declared field's rows (n, ...) to nominal, then applies `values` (n, width): rows in `fields` end
        up the same whatever they held. Raises WorldsError for values out of the kind's range."""
        for name in self.fields:
            fields[name][:] = nominal_row(target, name)
        self.apply(target, selection, fields, values)

    def apply(self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray) -> None:
        """Applies `values` (n, width) on top of what other terms left in rows that started nominal."""
        if values.size:
            self._check_range("the given worlds' value", values.min(), values.max())
        spread = values.reshape(len(values), -1, len(self.parts))
        shape = (len(values), len(selection.names), len(self.parts))
        self.apply_elements(target, selection, fields, np.broadcast_to(spread, shape))

    @abstractmethod
    def apply_elements(
        self, target: Target, selection: Selection, fields: Mapping[str, np.ndarray], values: np.ndarray
    ) -> None:
        """`apply` with the values of every element (n, m, parts)."""

    def operate(self, present: np.ndarray, values: np.ndarray) -> np.ndarray:
        """`values` scaling, added to or replacing `present`."""
        if self.operation == "set":
            return values
        return present * values if self.operation == "scale" else present + values

    def to_config(self, target: Target) -> dict[str, Any]:
        """As plain data; `term_from_config` is its inverse. The joint type is told by the unit."""
        config: dict[str, Any] = {"name": self.name, "kind": self.kind}
        if self.on:
            config["on"] = list(self.on)
        config |= {"operation": self.operation, "each": self.each, "when": self.when}
        unit = self.parameter_unit(target, self.select(target))
        if unit != "1":
            config["unit"] = unit
        config["distribution"] = self.distribution.to_config()
        if self.unseen is not None:
            config["unseen"] = self.unseen.to_config()
        if self.follows is not None:
            config |= {"follows": self.follows, "correlation": self.correlation}
        if self.adr is not None:
            config["adr"] = self.adr.to_config()
        return config
