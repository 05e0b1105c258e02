"""The errors users of this package meet."""

from __future__ import annotations


class WorldsError(ValueError):
    """What was asked of a world cannot be: says what was given, what was wanted and what is available.

    `reason` is that, and `term` the name of the term at fault, where it is one.
    """

    def __init__(self, reason: str, term: str | None = None) -> None:
        super().__init__(reason if term is None else f"term {term!r}: {reason}")
        self.reason = reason
        self.term = term


class Unfit(WorldsError):
    """A term that is right in itself, but that the target has nothing for: its patterns match nothing there, or the model
    cannot take it."""
