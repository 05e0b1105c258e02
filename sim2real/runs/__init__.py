"""Training runs: what decides one, where it lives, how it is trained and resumed."""

from sim2real.runs.config import TrainConfig
from sim2real.runs.policy_file import load_policy
from sim2real.runs.run_folder import RunFolder
from sim2real.runs.training import Trained, train

__all__ = ["RunFolder", "TrainConfig", "Trained", "load_policy", "train"]
