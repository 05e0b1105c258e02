"""Recurrent policies and the one trainer: networks, LSTMPPO, normalisation, checkpoints and export."""

from policies.lstm_policy import LSTMPolicy
from policies.lstm_ppo import LSTMPPO

__all__ = ["LSTMPPO", "LSTMPolicy"]
