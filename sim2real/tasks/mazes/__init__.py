"""Mazes: a target to be found, and found again faster in the next episode."""
