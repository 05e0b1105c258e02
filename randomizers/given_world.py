"""A world as a file of its own: its numbers with their units, so that they are not taken for others."""

from __future__ import annotations

import json

from randomizers.errors import WorldsError
from randomizers.world import World, Worlds
from randomizers.world_distribution import WorldDistribution


def dump_world(world: World, distribution: WorldDistribution) -> str:
    """The world as the JSON that `load_world` reads; "1" is the unit of a factor."""
    content = {
        "seed": world.seed,
        "units": {name: distribution.units[name] for name in world.values},
        "values": dict(world.values),
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def load_world(text: str, distribution: WorldDistribution) -> Worlds:
    """The one world of such a JSON, or of one that names no units, completed by the distribution's nominal values.

    Raises WorldsError for anything else, for parameters that the distribution does not have, and for numbers in other
    units than its own, which would mean something else there.
    """
    units = {}
    try:
        content = json.loads(text)
        if isinstance(content, dict) and isinstance(content.get("units"), dict):
            units = content.pop("units")
            text = json.dumps(content)
    except json.JSONDecodeError:
        pass  # World says so
    worlds = distribution.complete(World.from_json(text))
    for name, unit in units.items():
        if name in distribution.units and unit != distribution.units[name]:
            ours, theirs = (f"in {u}" if u != "1" else "a factor" for u in (distribution.units[name], unit))
            raise WorldsError(
                f"{name!r} is {theirs} there and {ours} here: it was drawn from other worlds, give their distribution or "
                "preset"
            )
    return worlds
