"""policy.zip: a run's policy on disk."""

from __future__ import annotations

import io

from policies import LSTMPPO
from policies.checkpoint import write_atomically
from sim2real.errors import UserError
from sim2real.runs.baseline_limits import BASELINES
from sim2real.runs.baselines import Baseline, baseline_class
from sim2real.runs.run_folder import RunFolder


def save_policy(model: LSTMPPO | Baseline, run: RunFolder) -> None:
    """Write `policy.zip`, which the algorithm's `load` reads, in one piece."""
    buffer = io.BytesIO()
    model.save(buffer)
    write_atomically(run.policy_path, buffer.getvalue())


def load_policy(run: RunFolder) -> LSTMPPO | Baseline:
    """The run's policy. Raises UserError if there is none, it is damaged, or it was trained for something else."""
    algo = run.config.algo
    kind: type[LSTMPPO | Baseline] = baseline_class(algo) if algo in BASELINES else LSTMPPO
    if not run.policy_path.is_file():
        raise UserError(
            f"{run.path} holds no policy yet ({run.policy_path.name}); train it: sim2real resume {run.path}"
        )
    try:
        model = kind.load(run.policy_path, device="cpu")
    except Exception as error:  # whatever a damaged zip or pickle raises
        raise UserError(
            f"{run.policy_path} is damaged: {type(error).__name__}: {' '.join(str(error).split())}"
        ) from error
    task = run.task
    wanted = task.observation_sizes["policy"], *(task.action_space.shape or ())
    seen = model.policy.sizes["policy"] if isinstance(model, LSTMPPO) else (model.observation_space.shape or (0,))[0]
    given = seen, *(model.action_space.shape or ())
    if given != wanted:
        raise UserError(
            f"{run.policy_path} is of another task: it takes {given[0]} observations to {given[1:]} actions, "
            f"{task.name} has {wanted[0]} and {wanted[1:]}"
        )
    return model
