"""Whether worlds can be started in: sizes that would begin an episode inside of something are refused."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from randomizers import Term, World, WorldDistribution, Worlds, episode_generator

if TYPE_CHECKING:
    from sim2real.tasks.robot_simulation import RobotSimulation
    from sim2real.tasks.robot_task import RobotTask

MOST_PENETRATION = 0.006
"""Deepest that sizes alone may put anything inside of something else [m]; what is shallower is moved apart (`Separation`)."""
STARTS = 8
"""Episodes that are started at each end of a range."""
_SIZES = ("geom_size",)


def check_starts(task: RobotTask, distribution: WorldDistribution) -> None:
    """Raises WorldsError, naming the term, for one that changes sizes such that episodes would begin in penetration at
    an end of its range, training's or the unseen one, with all else nominal."""
    for term in distribution.terms:
        if set(_SIZES) & set(term.fields):
            for value in _ends(term):
                depth = _deepest(task, distribution, term, value)
                if depth > MOST_PENETRATION:
                    raise term.error(
                        f"at {value:g} an episode of {task.name!r} would begin with things {1000 * depth:.1f} mm inside "
                        f"of one another; wanted at most {1000 * MOST_PENETRATION:g} mm"
                    )


def _ends(term: Term) -> tuple[float, ...]:
    ranges = (term.distribution, *(() if term.unseen is None else (term.unseen,)))
    return tuple(dict.fromkeys(end for one in ranges for end in one.bounds))


def _deepest(task: RobotTask, distribution: WorldDistribution, term: Term, value: float) -> float:
    """The deepest penetration [m] at the start of an episode, before things are moved apart."""
    names = distribution.names[distribution.drawing.columns[term.name]]
    worlds = Worlds.stack([World(dict.fromkeys(names, value), seed) for seed in range(STARTS)])
    simulation: RobotSimulation = task.simulate(STARTS, 1, distribution)  # type: ignore[assignment]
    rows = np.arange(STARTS)
    simulation.load(rows, distribution.complete(worlds), rows)
    model = copy.copy(task.model)
    distribution.apply(model, distribution.complete(worlds)[0])
    data = mujoco.MjData(model)
    deepest = 0.0
    for qpos in simulation.settled(rows, [episode_generator(seed, 0) for seed in range(STARTS)]):
        data.qpos[:] = qpos
        mujoco.mj_forward(model, data)
        deepest = max(deepest, -min(data.contact.dist, default=0.0))
    return deepest
