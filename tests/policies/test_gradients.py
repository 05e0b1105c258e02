from __future__ import annotations

import ctypes
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from policies import gradients

TRIALS = ("..e.tE.", ".T.t..D", "...E...", "t.....e")
STEPS = 12


def _trained(scripted_env: Any, small_model: Any, threads: int, **network: Any) -> dict[str, torch.Tensor]:
    model = small_model(scripted_env(*TRIALS), network=network, n_steps=STEPS, n_minibatches=2, threads=threads)
    model.learn(3 * len(TRIALS) * STEPS)
    return model.policy.state_dict()


@pytest.mark.parametrize("shared", [False, True], ids=["separate", "shared"])
@pytest.mark.parametrize("least_steps", [6, 1024], ids=["in four blocks", "whole"])
def test_any_number_of_threads_learns_the_same_to_the_last_bit(
    least_steps: int, shared: bool, scripted_env: Any, small_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradients, "LEAST_STEPS", least_steps)
    alone, *others = (_trained(scripted_env, small_model, threads, shared=shared) for threads in (1, 2, 3))
    for other in others:
        assert all(torch.equal(value, other[name]) for name, value in alone.items())


def test_starting_weights_do_not_depend_on_how_many_cores_torch_has(scripted_env: Any, small_model: Any) -> None:
    before, starts = torch.get_num_threads(), []
    try:
        for cores in (1, 2):
            torch.set_num_threads(cores)
            starts.append(small_model(scripted_env(*TRIALS), network={"hidden": 128}).policy.state_dict())
            assert torch.get_num_threads() == cores
    finally:
        torch.set_num_threads(before)
    alone, shared = starts
    assert all(torch.equal(value, shared[name]) for name, value in alone.items())


@pytest.mark.parametrize(
    ("least_steps", "steps", "columns", "blocks"), [(24, 12, 4, 2), (25, 12, 4, 1), (1, 12, 4, 4), (1, 12, 6, 4)]
)
def test_blocks_are_a_power_of_two_and_have_enough_steps(
    least_steps: int,
    steps: int,
    columns: int,
    blocks: int,
    scripted_env: Any,
    small_model: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gradients, "LEAST_STEPS", least_steps)
    seen: list[tuple[int, int]] = []
    learnt = gradients.actor_loss

    def spy(policy: Any, batch: Any, settings: Any) -> Any:
        seen.append(tuple(batch.used.shape))
        return learnt(policy, batch, settings)

    monkeypatch.setattr(gradients, "actor_loss", spy)
    model = small_model(scripted_env(*(TRIALS * 2)[:columns]), n_steps=steps, n_minibatches=1, n_epochs=1)
    model.learn(steps * columns)
    assert len(seen) == blocks
    assert {length for length, _ in seen} == {steps} and sum(width for _, width in seen) == columns


def _omp_threads() -> int:
    """What the OpenMP that torch has loaded would give a parallel region of this thread."""
    loaded = next(line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libgomp" in line)
    return ctypes.CDLL(loaded).omp_get_max_threads()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="finds the OpenMP that is loaded through /proc")
@pytest.mark.parametrize("threads", [1, 3])
def test_each_part_is_one_cores_own_and_torch_gets_back_its_threads(
    threads: int, scripted_env: Any, small_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, int] = {}
    for name in ("actor_loss", "critic_loss"):
        learnt = getattr(gradients, name)

        def spy(*arguments: Any, learnt: Any = learnt) -> Any:
            seen.setdefault(threading.current_thread().name, _omp_threads())
            return learnt(*arguments)

        monkeypatch.setattr(gradients, name, spy)
    model = small_model(scripted_env(*TRIALS), n_steps=STEPS, threads=threads)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        model.learn(2 * len(TRIALS) * STEPS)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen and set(seen.values()) == {1}
    assert all(name.startswith("learn") == (threads > 1) for name in seen)
