"""The commands of `sim2real`, one module each."""
