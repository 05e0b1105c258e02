"""Channels: what happens to actions and observations on their way, and the force that pushes a body.

Each works on all worlds at once, keeps one row per world, and gives a world the same whatever the other worlds are.
"""

from randomizers.channels.action import ActionChannel
from randomizers.channels.force import ForceChannel
from randomizers.channels.observation import ObservationChannel

__all__ = ["ActionChannel", "ForceChannel", "ObservationChannel"]
