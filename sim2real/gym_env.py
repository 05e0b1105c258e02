"""Every task as a gymnasium environment under its own name."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from sim2real.errors import UserError
from sim2real.tasks import make_task
from sim2real.trials.trial_env import TrialEnv, nominal_draw


class GymTask(gymnasium.Env[Any, np.ndarray]):
    """One world at a time; an episode of this environment is a trial, and `reset` draws a new world.

    :param task: name of the task, or its file.
    :param group: "policy" for what the robot has, "critic" for all the simulator knows, "both" for a Dict of the two.
    :param nominal: stay in the nominal world.
    :param render_mode: "rgb_array" or None.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012  as gymnasium has it

    def __init__(self, task: str, group: str = "policy", nominal: bool = False, render_mode: str | None = None) -> None:
        if group not in ("policy", "critic", "both"):
            raise ValueError(f"group={group!r}: wanted 'policy', 'critic' or 'both'")
        self.task = make_task(task)
        self.render_mode = render_mode
        modes = [] if self.task.target.visual is None else ["rgb_array"]
        self.metadata = {"render_modes": modes, "render_fps": round(1 / self.task.control_period)}
        self._group = group
        self._renderer: Any = None
        draw = nominal_draw(self.task.worlds) if nominal else None
        self._env = TrialEnv(self.task, 1, threads=1, draw=draw)
        space = self._env.observation_space
        assert isinstance(space, spaces.Dict)
        self.observation_space = space if group == "both" else space[group]
        self.action_space = self.task.action_space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Draw a world and start its trial."""
        super().reset(seed=seed)
        if seed is not None or self._np_random_seed is None:
            self._env.seed(int(self.np_random.integers(2**31)))
        observation = self._env.reset()
        return self._pick({group: rows[0] for group, rows in observation.items()}), {
            "world": self._env.worlds[0].to_json()
        }

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One control step."""
        observation, reward, done, infos = self._env.step(np.asarray(action)[None])
        info = infos[0]
        rows = info.pop("terminal_observation") if done[0] else {group: rows[0] for group, rows in observation.items()}
        limited = bool(info.get("TimeLimit.truncated"))
        info.pop("episode", None)
        return self._pick(rows), float(reward[0]), bool(done[0] and not limited), bool(done[0] and limited), info

    def _pick(self, observation: dict[str, np.ndarray]) -> Any:
        return observation if self._group == "both" else observation[self._group]

    def render(self) -> np.ndarray | None:
        """A picture (h, w, 3) uint8 of the world as it stands, in `render_mode` "rgb_array"."""
        if self.render_mode != "rgb_array":
            return None
        from sim2real.simulation.camera import Camera
        from sim2real.tasks.physics_simulation import PhysicsSimulation

        if self._renderer is None:
            if not isinstance(self._env.simulation, PhysicsSimulation):
                raise UserError(f"{self.task.name} has no picture: it is not simulated in MuJoCo")
            self._renderer = Camera(self._env.simulation)
        return self._renderer.picture(0)

    def close(self) -> None:
        """Release the renderer."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
