"""The parts of a report, one module each: a function from RunFiles to Html."""
