"""Starting from what another run learnt, and keeping parts of it."""

from __future__ import annotations

from policies import LSTMPPO
from sim2real.errors import UserError
from sim2real.runs.config import TrainConfig
from sim2real.runs.policy_file import load_policy
from sim2real.runs.run_folder import RunFolder

BEGINNINGS = ("memory_span", "log_std_init")
"""What networks begin with, which is nothing to those that start from others."""


def start_from(model: LSTMPPO, config: TrainConfig) -> None:
    """Give the model the policy and normalisers of the run `config.start_from`, if there is one.

    Raises UserError if that run's networks are of another make, naming what differs.
    """
    if config.start_from is None:
        return
    start = load_policy(RunFolder.open(config.start_from))
    if not isinstance(start, LSTMPPO):
        raise UserError(
            f"cannot start from {config.start_from}: its policy is a baseline's, of stable-baselines3's make"
        )
    given = start.policy
    wanted = model.policy
    theirs, ours = ({**policy.made_with, **policy.sizes} for policy in (given, wanted))
    alike = [name for name in ours if name not in BEGINNINGS]
    differing = [f"{name} is {theirs[name]} there, {ours[name]} here" for name in alike if theirs[name] != ours[name]]
    if differing:
        raise UserError(f"cannot start from {config.start_from}: {'; '.join(differing)}")
    wanted.load_state_dict(given.state_dict())
