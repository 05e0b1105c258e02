"""What stable-baselines3's algorithms can do of a `TrainConfig`."""

from __future__ import annotations

from typing import Any

_COMMON: dict[str, Any] = {
    "start_from": None,
    "start_log_std": None,
    "freeze": (),
    "held_out": 0,
    "segment": None,
    "burn_in": 0,
    "desired_kl": None,
    "value_clip": None,
    "entropy_final": None,
    "gamma_final": None,
    "value_cut": "trial",
    "memory_span": None,
    "encoder": "mlp",
    "shared": False,
    "critic_group": "policy",
    "bins": None,
}

BASELINES: dict[str, dict[str, Any]] = {
    "sb3-ppo": {**_COMMON, "memory": "none"},
    "sb3-recurrent-ppo": {**_COMMON, "memory": "lstm"},
}
"""Of each baseline, the fields that it has no choice in: it takes these values, whatever a task's recipe says. Of the
others, each means the same to it, but for values, which it learns in units of reward (`value_clip` would differ)."""


def refused(algo: str, settings: dict[str, Any]) -> str | None:
    """What a baseline cannot do of the settings, as one line."""
    limits = BASELINES.get(algo, {})
    wrong = [f"{name}={settings[name]!r}" for name, only in limits.items() if settings[name] != only]
    if not wrong:
        return None
    possible = ", ".join(f"{name}={only!r}" for name, only in limits.items() if settings[name] != only)
    return f"{algo} cannot do {', '.join(wrong)}, only {possible}"
