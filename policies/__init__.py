"""Recurrent policies and the one trainer: networks, LSTMPPO, normalisation, checkpoints and export."""

from policies.lstm_policy import LSTMPolicy
from policies.lstm_ppo import LSTMPPO
from policies.plain import A2C, REINFORCE

__all__ = ["A2C", "LSTMPPO", "LSTMPolicy", "REINFORCE"]
