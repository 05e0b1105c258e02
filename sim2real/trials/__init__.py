"""Trials: K episodes in one world with the policy's memory carried through."""

from sim2real.trials.trial_env import TrialEnv

__all__ = ["TrialEnv"]
