"""Batched MuJoCo simulation: many worlds, one set of model fields each."""
