"""Two small vector environments of trials, and what is recorded of a training in them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import KVWriter, Logger
from stable_baselines3.common.vec_env import VecEnv

from policies import LSTMPPO, LSTMPolicy
from policies.rollout import Rollout


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small run fastest, and the same everywhere, on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _box(size: int) -> spaces.Box:
    return spaces.Box(-np.inf, np.inf, (size,), np.float32)


class SmallEnv(VecEnv):
    """What both environments share: nothing to render, no attributes per world."""

    actions: np.ndarray

    def step_async(self, actions: np.ndarray) -> None:
        self.actions = actions

    def close(self) -> None:
        pass

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        return [getattr(self, method_name)(*args, **kwargs) for _ in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[np.ndarray | None]:
        return [None] * self.num_envs


class RecallEnv(SmallEnv):
    """n worlds with trials of two episodes of four steps: a cue is seen in a trial's first step, wanted in its last.

    The reward, between 0 and 1, comes with the last step of the trial alone, whose observation is always the same: an
    action that does not depend on the first episode earns 0.5 in the mean. Observations (n, 2) are the cue and whether
    this is the last step; in the group `critic` (n, 3) the cue is seen throughout.
    """

    EPISODE, TRIAL = 4, 8

    def __init__(
        self, worlds: int, seed: int = 0, action: spaces.Space | None = None, groups: bool = True, stagger: bool = True
    ) -> None:
        space: spaces.Space = spaces.Dict({"policy": _box(2), "critic": _box(3)}) if groups else _box(2)
        self.render_mode = None
        super().__init__(worlds, space, action or spaces.Discrete(2))
        self.groups, self.stagger = groups, stagger
        self.rng = np.random.default_rng(seed)
        self.time = np.zeros(worlds, dtype=np.int64)
        self.cue = np.zeros(worlds, dtype=np.int64)

    def reset(self) -> Any:
        if self._seeds[0] is not None:
            self.rng = np.random.default_rng(self._seeds[0])
            self._reset_seeds()
        self.time[:] = np.arange(self.num_envs) % self.TRIAL if self.stagger else 0
        self.cue[:] = self.rng.integers(0, 2, self.num_envs)
        return self.observe()

    def observe(self) -> Any:
        sign = 2.0 * self.cue - 1.0
        seen = np.stack((sign * (self.time == 0), self.time == self.TRIAL - 1), axis=1).astype(np.float32)
        return {"policy": seen, "critic": np.column_stack((seen, sign)).astype(np.float32)} if self.groups else seen

    def reward(self) -> np.ndarray:
        """Reward (n,) of the actions in a trial's last step."""
        if isinstance(self.action_space, spaces.Box):
            right = 1.0 - np.abs(self.actions - (2.0 * self.cue - 1.0)[:, None]) / 2.0
        else:
            right = (self.actions.reshape(self.num_envs, -1) == self.cue[:, None]).astype(float)
        return right.mean(axis=1)

    def step_wait(self) -> tuple[Any, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        last = self.time == self.TRIAL - 1
        reward = np.where(last, self.reward(), 0.0)
        infos: list[dict[str, Any]] = [
            {"episode_end": True} if t % self.EPISODE == self.EPISODE - 1 else {} for t in self.time
        ]
        for i in np.flatnonzero(last):
            infos[i]["episode"] = {"r": reward[i], "l": self.TRIAL, "t": 0.0}
        self.time = np.where(last, 0, self.time + 1)
        self.cue[last] = self.rng.integers(0, 2, int(last.sum()))
        return self.observe(), reward, last, infos

    def state(self) -> dict[str, Any]:
        return {"rng": self.rng.bit_generator.state, "time": self.time.copy(), "cue": self.cue.copy()}

    def restore(self, state: dict[str, Any]) -> None:
        self.rng.bit_generator.state = state["rng"]
        self.time, self.cue = state["time"].copy(), state["cue"].copy()


class ScriptedEnv(SmallEnv):
    """n worlds whose ends are written down, one line per world and one letter per step, again and again.

    `e` is an episode's end and `t` one by its time limit; `E` and `T` are likewise a trial's end; `D` is the end in an
    environment that knows no trials and tells nothing else; anything else is a step like others. Observations are
    noise, different in every step; each reward is `rewards` (n,), or 1.
    """

    def __init__(
        self, *script: str, rewards: Sequence[float] | None = None, action: spaces.Space | None = None
    ) -> None:
        self.render_mode = None
        groups = {"policy": _box(2), "critic": _box(3)}
        super().__init__(len(script), spaces.Dict(groups), action or spaces.Box(-1.0, 1.0, (2,), np.float32))
        self.script = np.array([list(line) for line in script]).T
        self.rewards = np.ones(self.num_envs) if rewards is None else np.array(rewards)
        rng = np.random.default_rng(0)
        shape = (len(self.script), self.num_envs)
        self.seen, self.last = (
            {name: rng.normal(size=(*shape, *space.shape)).astype(np.float32) for name, space in groups.items()}
            for _ in range(2)
        )
        self.time = 0

    def reset(self) -> dict[str, np.ndarray]:
        self.time = 0
        return self.observe()

    def observe(self) -> dict[str, np.ndarray]:
        return {name: table[self.time % len(table)].copy() for name, table in self.seen.items()}

    def step_wait(self) -> tuple[Any, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        now = self.time % len(self.script)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for i, letter in enumerate(self.script[now]):
            if letter in "etET":
                infos[i] = {
                    "episode_end": True,
                    "TimeLimit.truncated": letter in "tT",
                    "terminal_observation": {name: table[now, i] for name, table in self.last.items()},
                }
        self.time += 1
        return self.observe(), self.rewards.copy(), np.isin(self.script[now], list("ETD")), infos


class Recorded(NamedTuple):
    """One rollout, and the policy as it was while it was collected."""

    policy: LSTMPolicy
    rollout: Rollout


class Recorder(BaseCallback):
    """Keeps what `learn` collects, and stops it after some steps of each world."""

    def __init__(self, stop_after: int | None = None) -> None:
        super().__init__()
        self.stop_after = stop_after
        self.recorded: list[Recorded] = []

    def _on_rollout_start(self) -> None:
        file = io.BytesIO()
        self.model.policy.save(file)
        file.seek(0)
        self.before = LSTMPolicy.load(file)

    def _on_rollout_end(self) -> None:
        self.recorded.append(Recorded(self.before, self.locals["rollout"]))

    def _on_step(self) -> bool:
        return self.n_calls != self.stop_after


class LogLines(KVWriter):
    """Keeps what is logged, the times of the clock aside."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, Any], step: int = 0) -> None:
        clock = ("_seconds", "fps")
        self.lines.append({key: value for key, value in key_values.items() if not key.endswith(clock)} | {"step": step})

    def close(self) -> None:
        pass


def make_model(
    env: VecEnv | str | None,
    algorithm: type[LSTMPPO] = LSTMPPO,
    network: dict[str, Any] | None = None,
    **settings: Any,
) -> LSTMPPO:
    kwargs = {"widths": (16,), "hidden": 16} | (network or {})
    return algorithm(
        "LSTMPolicy", env, **({"n_steps": 5, "n_minibatches": 2, "seed": 3, "policy_kwargs": kwargs} | settings)
    )


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def small_env() -> type[SmallEnv]:
    return SmallEnv


@pytest.fixture(scope="session")
def recall_env() -> type[RecallEnv]:
    return RecallEnv


@pytest.fixture(scope="session")
def scripted_env() -> type[ScriptedEnv]:
    return ScriptedEnv


@pytest.fixture(scope="session")
def recorder() -> type[Recorder]:
    return Recorder


@pytest.fixture(scope="session")
def small_model() -> Callable[..., LSTMPPO]:
    """An LSTMPPO, or another `algorithm`, with a small network, whatever is not given."""
    return make_model


@pytest.fixture(scope="session")
def log_lines() -> Callable[[LSTMPPO], list[dict[str, Any]]]:
    """Starts to keep what an algorithm logs."""

    def attach(model: LSTMPPO) -> list[dict[str, Any]]:
        writer = LogLines()
        model.set_logger(Logger(None, [writer]))
        return writer.lines

    return attach


@pytest.fixture(scope="session")
def differences() -> Callable[[Any, Any], list[str]]:
    """Where two nested states are not the same bit for bit."""

    def compare(a: Any, b: Any, at: str = "") -> list[str]:
        if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
            return [found for key in a for found in compare(a[key], b[key], f"{at}/{key}")]
        if isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
            return [found for i, pair in enumerate(zip(a, b, strict=True)) for found in compare(*pair, f"{at}/{i}")]
        if isinstance(a, torch.Tensor | np.ndarray):
            same = type(a) is type(b) and a.dtype == b.dtype and bool((np.asarray(a) == np.asarray(b)).all())
        else:
            same = a == b
        return [] if same else [f"{at}: {a} and {b}"]

    return compare
