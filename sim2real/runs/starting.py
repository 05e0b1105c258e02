"""Starting from what another run learnt, and keeping parts of it."""

from __future__ import annotations

from pathlib import Path

from policies import LSTMPPO
from policies.lstm_policy import LSTMPolicy
from sim2real.errors import UserError
from sim2real.runs.config import TrainConfig
from sim2real.runs.policy_file import load_policy
from sim2real.runs.run_folder import RunFolder

BEGINNINGS = ("memory_span", "log_std_init")
"""What networks begin with, which is nothing to those that start from others."""


def start_from(model: LSTMPPO, run: RunFolder) -> None:
    """Give the model the policy and normalisers of the run that `run` is to start from, if there is one.

    Where this task tells policies more than that run's did, the actor takes what it knows by name, and acts as it did until
    it learns what the rest is good for; the critic begins anew.

    Raises UserError if that run's networks are of another make, or see what is not seen here, naming what differs.
    """
    config = run.config
    if config.start_from is None:
        return
    other = RunFolder.open(config.start_from)
    start = load_policy(other)
    if not isinstance(start, LSTMPPO):
        raise UserError(
            f"cannot start from {config.start_from}: its policy is a baseline's, of stable-baselines3's make"
        )
    given, wanted = start.policy, model.policy
    theirs, ours = other.task.policy_names, run.task.policy_names
    if theirs is None or ours is None or theirs == ours:
        _refuse(config.start_from, _differing(given, wanted, tuple(wanted.sizes)))
        wanted.load_state_dict(given.state_dict())
        _search(wanted, config)
        return
    differing = _differing(given, wanted, ())
    if unknown := sorted(set(theirs) - set(ours)):
        differing.append(f"it sees {', '.join(unknown)}, which {run.task.name} does not tell")
    elif len(theirs) == len(ours):
        differing.append(f"it sees what {run.task.name} tells in another order")
    if kept := sorted({"encoder", "critic"} & set(config.freeze)):
        differing.append(f"the {' and '.join(kept)} must learn what else is seen here")
    _refuse(config.start_from, differing)
    _take_actor(given, wanted, [ours.index(name) for name in theirs])
    _search(wanted, config)


def _search(policy: LSTMPolicy, config: TrainConfig) -> None:
    """Let actions vary as much as `start_log_std` says. Raises UserError where they are no Gaussian's."""
    if config.start_log_std is None:
        return
    if not hasattr(policy, "log_std"):
        raise UserError(f"start_log_std={config.start_log_std:g}: this policy's actions are chosen among values")
    policy.log_std.data.fill_(config.start_log_std)


def _refuse(start: Path, differing: list[str]) -> None:
    if differing:
        raise UserError(f"cannot start from {start}: {'; '.join(differing)}")


def _differing(given: LSTMPolicy, wanted: LSTMPolicy, groups: tuple[str, ...]) -> list[str]:
    """How the networks of two policies and their actions differ, the sizes of observation `groups` among it."""
    theirs, ours = ({**policy.made_with, **policy.sizes} for policy in (given, wanted))
    alike = [name for name in (*wanted.made_with, *groups) if name not in BEGINNINGS]
    differing = [f"{name} is {theirs[name]} there, {ours[name]} here" for name in alike if theirs[name] != ours[name]]
    if given.action_space != wanted.action_space:
        differing.append(f"actions are {given.action_space} there, {wanted.action_space} here")
    return differing


def _take_actor(given: LSTMPolicy, wanted: LSTMPolicy, places: list[int]) -> None:
    """The actor and its normaliser, whose inputs stand at these places of the wanted ones; other inputs weigh nothing."""
    state = wanted.state_dict()
    for name, theirs in given.state_dict().items():
        if not name.startswith(("actor.", "action_net.", "log_std", "policy_normalizer.")):
            continue
        ours = state[name]
        if ours.shape == theirs.shape:
            ours.copy_(theirs)
        elif ours.dim() == 1:  # of the normaliser: those that are new have seen nothing yet
            ours[places] = theirs
        else:
            ours.zero_()
            ours[:, places] = theirs
    wanted.load_state_dict(state)
