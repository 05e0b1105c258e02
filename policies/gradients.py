"""Gradients: a minibatch differentiated in parts, each of them on one core.

Torch shares each of an LSTM's small products among all cores, which takes longer than on one. Here a part is one core's
own: a block of the minibatch's worlds, of one network.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import nn

from policies.loss import Batch, Loss, UpdateSettings, actor_loss, critic_loss, joint_loss
from policies.lstm_policy import LSTMPolicy

LEAST_STEPS = 1024
"""A block has at least so many steps: fewer would lose more in calls than further cores gain."""


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Within, torch shares no operation among cores, whatever thread it is called from."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_core_threads(threads: int) -> ThreadPoolExecutor:
    """So many threads, in each of which torch takes one core. That is a thread's own setting, which it does not inherit."""
    return ThreadPoolExecutor(threads, "learn", torch.set_num_threads, (1,))


def blocks(steps: int, columns: int) -> tuple[torch.Tensor, ...]:
    """The columns of a minibatch (steps, columns) in a power of two of blocks, as many as have `LEAST_STEPS` steps."""
    count = 1
    while 2 * count <= min(columns, steps * columns // LEAST_STEPS):
        count *= 2
    return torch.arange(columns).tensor_split(count)


class _Part(NamedTuple):
    loss: Callable[[LSTMPolicy, Batch, UpdateSettings], Loss]
    parameters: list[nn.Parameter]
    batch: Batch
    share: float
    """Of the steps that the minibatch learns from."""


class Gradients:
    """Sets the gradients of a policy's parameters to those of its losses on minibatches.

    How a minibatch is divided depends on its shape alone, and sums are in the order of the parts, so that any number of
    threads gives the same to the last bit. A context, at whose end the threads end.

    :param threads: parts that are differentiated at the same time.
    """

    def __init__(self, policy: LSTMPolicy, settings: UpdateSettings, threads: int) -> None:
        self._policy, self._settings = policy, settings
        actor, critic = _learning(policy, critic=False), _learning(policy, critic=True)
        if not settings.baseline:
            self._losses = [(actor_loss, actor)]
        elif policy.critic is None:
            self._losses = [(joint_loss, actor + critic)]
        else:
            self._losses = [(actor_loss, actor), (critic_loss, critic)]
        self._pool = one_core_threads(threads) if threads > 1 else None

    def __enter__(self) -> Gradients:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def set(self, batch: Batch) -> tuple[float, dict[str, float]]:
        """Sets them to those on this batch, some step of which is used; returns the loss and what was measured on it."""
        parts = self._parts(batch)
        done = map(self._differentiate, parts) if self._pool is None else self._pool.map(self._differentiate, parts)
        total, measured = 0.0, defaultdict[str, float](float)
        self._policy.zero_grad(set_to_none=True)
        for part, (loss, gradients, means) in zip(parts, done, strict=True):
            total += loss
            for parameter, gradient in zip(part.parameters, gradients, strict=True):
                parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)
            for name, mean in means.items():
                measured[name] += part.share * mean
        return total, dict(measured)

    def _parts(self, batch: Batch) -> list[_Part]:
        chosen = blocks(*batch.used.shape)
        parts = [batch] if len(chosen) == 1 else [batch.columns(columns) for columns in chosen]
        used = [int(part.used.sum()) for part in parts]
        return [
            _Part(loss, parameters, part, count / sum(used))
            for loss, parameters in self._losses
            for part, count in zip(parts, used, strict=True)
            if count
        ]

    def _differentiate(self, part: _Part) -> tuple[float, Sequence[torch.Tensor], dict[str, float]]:
        loss, measured = part.loss(self._policy, part.batch, self._settings)
        loss = loss * part.share
        return loss.item(), torch.autograd.grad(loss, part.parameters) if part.parameters else (), measured


def _learning(policy: LSTMPolicy, critic: bool) -> list[nn.Parameter]:
    """The parameters of actor or critic that are not frozen."""
    return [
        parameter
        for name, parameter in policy.named_parameters()
        if parameter.requires_grad and name.startswith(("critic.", "value_")) == critic
    ]
