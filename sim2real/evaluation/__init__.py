"""How policies do in worlds seen and unseen, with the uncertainty of finite samples."""

from sim2real.evaluation.bootstrap import Interval, bootstrap_mean
from sim2real.evaluation.evaluate import Evaluation, evaluate
from sim2real.evaluation.players import BASELINES, Player, TrainedPlayer, baseline, trained_player

__all__ = [
    "BASELINES",
    "Evaluation",
    "Interval",
    "Player",
    "TrainedPlayer",
    "baseline",
    "bootstrap_mean",
    "evaluate",
    "trained_player",
]
