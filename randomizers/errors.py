"""The one error users of this package meet."""

from __future__ import annotations


class WorldsError(ValueError):
    """What was asked of a world cannot be: says what was given, what was wanted and what is available.

    `term` is the name of the term at fault, where it is one.
    """

    def __init__(self, message: str, term: str | None = None) -> None:
        super().__init__(message if term is None else f"term {term!r}: {message}")
        self.term = term
