"""Worlds of tasks without physics: a world is decided by its seed alone."""

from __future__ import annotations

import mujoco

from randomizers import Target, WorldDistribution
from sim2real.errors import UserError


def seeded_worlds(name: str) -> WorldDistribution:
    """Worlds of the task of that name: no parameters, a seed each."""
    return WorldDistribution((), Target(mujoco.MjModel.from_xml_string("<mujoco/>"), name, {}), name)


def refuse_terms(name: str, distribution: WorldDistribution | None) -> None:
    """Raises UserError for a distribution with terms: nothing in these worlds could follow them."""
    if distribution is not None and distribution.terms:
        terms = ", ".join(term.name for term in distribution.terms)
        raise UserError(f"worlds of {name!r} differ by their seed alone and take no terms, got: {terms}")
