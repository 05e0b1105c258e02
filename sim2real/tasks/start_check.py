"""Whether worlds can be started in: those that would begin an episode inside of something are refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from randomizers import Term, World, WorldDistribution, Worlds, episode_generator

if TYPE_CHECKING:
    from sim2real.tasks.robot_simulation import RobotSimulation
    from sim2real.tasks.robot_task import RobotTask

MOST_PENETRATION = 0.006
"""Deepest that anything may be inside of anything else at a start [m]; what is shallower is moved apart (`Separation`)."""
STARTS = 8
"""Episodes that are started at each end of a range."""
_SIZES = ("geom_size",)
_PLACES = ("body_pos", "body_quat")


def check_starts(task: RobotTask, distribution: WorldDistribution) -> None:
    """Raises WorldsError, naming the term, for one that changes sizes or places such that episodes would begin in
    penetration at an end of its range, training's or the unseen one, with all else nominal; or at the same ends of all
    such terms together. Sizes are judged as things settled, places after things were moved apart, as they move them."""
    for corner in _corners(distribution):
        depth = _deepest(task, distribution, corner)
        if depth > MOST_PENETRATION:
            *others, (last, end) = corner.ends
            beside = f" ({', '.join(f'{term.name} at {at:g}' for term, at in others)})" if others else ""
            raise last.error(
                f"at {end:g}{beside} an episode of {task.name!r} would begin with things {1000 * depth:.1f} mm "
                f"inside of one another; wanted at most {1000 * MOST_PENETRATION:g} mm"
            )


@dataclass(frozen=True, eq=False)
class _Corner:
    """Terms that stand on ends of their ranges, all else being nominal."""

    ends: tuple[tuple[Term, float], ...]
    """Each and where it stands."""
    values: dict[str, float]
    """What that makes of their parameters."""


def _corners(distribution: WorldDistribution) -> Iterator[_Corner]:
    """Every term that shapes a start on its ends, one after the other; then all of them together."""
    shaping = [term for term in distribution.terms if _changes(term, _SIZES + _PLACES)]
    ends = [_ends(term, distribution) for term in shaping]
    for corners in ends:
        yield from corners
    if len(shaping) > 1:
        for pick in (min, max):
            together = [pick(corners, key=lambda corner: corner.ends[0][1]) for corners in ends]
            yield _Corner(
                tuple(end for corner in together for end in corner.ends),
                {name: value for corner in together for name, value in corner.values.items()},
            )


def _ends(term: Term, distribution: WorldDistribution) -> list[_Corner]:
    """The term at each end of its ranges, along one axis after the other where it moves things; pinned numbers stay."""
    names = distribution.names[distribution.drawing.columns[term.name]]
    axes = term.parts if _changes(term, _PLACES) else ("",)
    along = [tuple(name for name in names if not axis or name.endswith((f"[{axis}]", f":{axis}]"))) for axis in axes]
    ranges = (term.distribution, *(() if term.unseen is None else (term.unseen,)))
    pinned = {name: distribution.pins[name] for name in names if name in distribution.pins}
    found: list[_Corner] = []
    for moved in along:
        for end in (end for one in ranges for end in one.bounds):
            values = dict.fromkeys(moved, end) | pinned
            if all(values != corner.values for corner in found):
                found.append(_Corner(((term, values[moved[0]]),), values))
    return found


def _changes(term: Term, fields: tuple[str, ...]) -> bool:
    return bool(set(fields) & set(term.fields))


def _deepest(task: RobotTask, distribution: WorldDistribution, corner: _Corner) -> float:
    """The deepest penetration [m] at the start of an episode."""
    worlds = distribution.complete(Worlds.stack([World(corner.values, seed) for seed in range(STARTS)]))
    simulation: RobotSimulation = task.simulate(STARTS, 1, distribution)  # type: ignore[assignment]
    rows = np.arange(STARTS)
    simulation.load(rows, worlds, rows)
    if any(_changes(term, _PLACES) for term, _ in corner.ends):
        simulation.reset(rows, np.zeros(STARTS, np.int64))
        starts = simulation.sim.qpos
    else:
        starts = simulation.settled(rows, [episode_generator(seed, 0) for seed in range(STARTS)])
    model = copy.copy(task.model)
    distribution.apply(model, worlds[0])
    data = mujoco.MjData(model)
    deepest = 0.0
    for qpos in starts:
        data.qpos[:] = qpos
        mujoco.mj_forward(model, data)
        deepest = max(deepest, -min(data.contact.dist, default=0.0))
    return deepest
