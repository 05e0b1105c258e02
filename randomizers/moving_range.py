"""MovingRange: one range of automatic domain randomization, and what is known of its two ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from randomizers.distributions import Distribution
from randomizers.term import Term

LOW, HIGH = 0, 1
"""The sides of a range."""


@dataclass(frozen=True)
class Member:
    """A term of a moving range."""

    term: Term
    """The term; its `distribution` is the widest."""
    columns: np.ndarray
    """Where its numbers stand in a world's row (width,)."""
    against: bool
    """Whether it is drawn at the opposite quantile."""
    ladders: tuple[tuple[float, ...], tuple[float, ...]]
    """Values that its lower and its upper end go through; a single one each where they stay."""
    step: float
    """How far its ends move at a time, as a share of its widest range."""

    def side(self, side: int) -> int:
        """Its own side when the range's is `side`."""
        return 1 - side if self.against else side

    def end(self, rung: int, side: int) -> float:
        """Where its end is when that of the range, on `side`, has gone so many steps out."""
        ladder = self.ladders[self.side(side)]
        return ladder[min(rung, len(ladder) - 1)]


class MovingRange:
    """The range of terms that share one draw, most often of a single term.

    Its ends move step by step between a range to begin with and the widest one. Each has a queue of how well trials went
    in worlds that stood on it. Numbers of one term share its range, and in such a world one of them is on the end.

    :param members: the terms; the first is the one that the others follow.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = tuple(members)
        self.name = members[0].term.name
        """Name of its first term."""
        self.width = len(members[0].columns)
        """Numbers of it that can stand on an end."""
        self.tops = tuple(max(len(m.ladders[m.side(side)]) for m in members) - 1 for side in (LOW, HIGH))
        """Steps from the innermost to the outermost place of each end."""
        self._moving = [m for m in members if any(len(ladder) > 1 for ladder in m.ladders)]
        self.rungs = [0, 0]
        """Steps that each end has gone outwards."""
        self.queues: tuple[list[float], list[float]] = ([], [])
        """What was measured at each end."""

    def ends(self, member: Member) -> tuple[float, float]:
        """Where the two ends of a member are."""
        side = member.side(LOW)
        return member.end(self.rungs[side], side), member.end(self.rungs[1 - side], 1 - side)

    @property
    def width_of_range(self) -> float:
        """Distance of the ends of the first term that moves, in its unit; never less than one step of the widest is."""
        first = self._moving[0]
        low, high = self.ends(first)
        widest_low, widest_high = first.term.distribution.bounds
        return max(high - low, first.step * (widest_high - widest_low))

    def distributions(self) -> dict[str, Distribution]:
        """What its terms are drawn from by now, by name."""
        return {m.term.name: m.term.distribution.within(*self.ends(m)) for m in self._moving}

    def pinned(self, side: int, element: int) -> tuple[np.ndarray, np.ndarray]:
        """Columns (c,) and values (c,) that put a world on one end, by the number `element` of its first term."""
        columns, values = [], []
        for m in self.members:
            own = m.columns[element : element + 1] if len(m.columns) == self.width else m.columns
            columns.append(own)
            values.append(np.full(len(own), m.end(self.rungs[side], side)))
        return np.concatenate(columns), np.concatenate(values)

    def move(self, side: int, outwards: int) -> bool:
        """Moves an end one step outwards (1) or inwards (-1), if it can go there."""
        before = self.rungs[side]
        self.rungs[side] = min(max(before + outwards, 0), self.tops[side])
        return self.rungs[side] != before

    def state(self) -> dict[str, Any]:
        """All that changes."""
        return {"rungs": list(self.rungs), "queues": [list(queue) for queue in self.queues]}

    def restore(self, state: dict[str, Any]) -> None:
        """Puts back what `state` returned."""
        self.rungs = list(state["rungs"])
        self.queues = tuple(list(queue) for queue in state["queues"])  # type: ignore[assignment]
