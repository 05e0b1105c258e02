"""What went wrong on the user's side, told in one line."""

from __future__ import annotations


class UserError(ValueError):
    """Something given cannot be used: the message says what was given, where, what is wanted and what is available."""
