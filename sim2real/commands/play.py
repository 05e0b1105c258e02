"""sim2real play."""

from __future__ import annotations

import copy
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from pydantic import Field

from sim2real.cli import Result
from sim2real.errors import UserError
from sim2real.evaluation import baseline, trained_player
from sim2real.evaluation.choice import WorldsKind, choose_worlds, read_world
from sim2real.evaluation.evaluate import in_order
from sim2real.evaluation.players import Player
from sim2real.runs import RunFolder, load_policy
from sim2real.runs.world_source import WorldSource
from sim2real.simulation.camera import Camera
from sim2real.simulation.canvas import MOST_GEOMS
from sim2real.simulation.marks import add_marks
from sim2real.simulation.video import write_video
from sim2real.tasks import PICTURED, is_task, make_task
from sim2real.tasks.physics_simulation import PhysicsSimulation
from sim2real.tasks.task import Task
from sim2real.trials.trial_env import TrialEnv


class Options(WorldSource):
    """What to watch, in which world."""

    run: Annotated[str, tyro.conf.Positional]
    """A run's folder, or the name or file of a task."""
    policy: str = ""
    """`trained`, `zero` or `random`; the trained one of a run, `zero` of a task, if not given."""
    kind: WorldsKind = "seen"
    """Draw the world from the training ranges, from the unseen ones, or take the nominal one."""
    seed: int = Field(0, ge=0)
    """Seed of that draw."""
    world: Path | None = None
    """JSON file of one world, instead of drawing one."""
    seconds: float = Field(20.0, gt=0)
    """How long to play, in simulated seconds."""
    video: Path | None = None
    """Write a video there (.mp4) instead of opening MuJoCo's viewer."""
    width: int = Field(640, ge=64, le=4096)
    """Width of the video [pixels]."""
    height: int = Field(480, ge=64, le=4096)
    """Height of the video [pixels]."""


def run(options: Options) -> Result:
    """Play one world and say what happened in it."""
    folder = None if is_task(options.run) else RunFolder.open(Path(options.run))
    task = make_task(options.run) if folder is None else folder.task
    if task.target.visual is None:
        raise UserError(f"{task.name} has no robot to look at; tasks that do: {', '.join(PICTURED)}")
    distribution = options.worlds_of(task, None if folder is None else folder.worlds(task))
    name = options.policy or ("zero" if folder is None else "trained")
    if name != "trained":
        player: Player = baseline(name, task, options.seed)
    elif folder is not None:
        player = trained_player(load_policy(folder).policy)
    else:
        raise UserError(f"{options.run} is a task: --policy trained needs a run's folder")
    if options.world is None:
        world = choose_worlds(distribution, options.kind, 1, options.seed)
    else:
        world = read_world(options.world, distribution)
    env = TrialEnv(task, 1, distribution, options.seed, 1, draw=in_order(world))
    steps = round(options.seconds / task.control_period)
    session = Session(env, player, steps)
    assert isinstance(env.simulation, PhysicsSimulation)
    if options.video is not None:
        camera = Camera(env.simulation, options.width, options.height)
        frames = (camera.picture(0, caption=session.caption(step)) for step in session)
        write_video(options.video, frames, 1 / task.control_period)
        camera.close()
    else:
        _view(env.simulation, session, task)
    metric, unit = next(iter(task.metrics.items()))
    mean = float(np.mean(session.progress)) if session.progress else 0.0
    data = {
        "task": task.name,
        "policy": name,
        "metric": metric,
        "unit": unit,
        "mean": mean,
        "seconds": len(session.progress) * task.control_period,
        "failures": session.failures,
        "world": dict(world[0].values),
        "seed": world[0].seed,
        "video": None if options.video is None else str(options.video),
    }
    text = f"{name} policy: {metric} {mean:.3g}{'' if unit == '1' else ' ' + unit}, {session.failures} failures"
    return Result(data, text + (f"\n{options.video}" if options.video else ""))


class Session:
    """A player in one environment, stepped by iterating."""

    def __init__(self, env: TrialEnv, player: Player, steps: int) -> None:
        self._env, self._player, self._steps = env, player, steps
        self.progress: list[float] = []
        self.failures = 0

    def __iter__(self) -> Iterator[int]:
        env = self._env
        observation, memory = env.reset(), self._player.initial_memory(1)
        for step in range(self._steps):
            yield step
            action, memory = self._player.step(observation["policy"], memory)
            observation, _, done, infos = env.step(action)
            self.progress.append(float(env.simulation.progress()[0]))
            if infos[0]:
                self.failures += not infos[0]["TimeLimit.truncated"]
            if done[0]:
                memory = self._player.initial_memory(1)

    def caption(self, step: int) -> str:
        """The time, and what the task measures of the present episode, as things stand."""
        env = self._env
        measured = env.simulation.measure(np.zeros(1, np.int64)).items()
        lines = [f"{step * env.task.control_period:.1f} s"]
        for name, values in measured:
            unit = env.task.metrics[name]
            if unit != "s":
                lines.append(f"{name.replace('_', ' ')} {values[0]:.3g}{'' if unit == '1' else f' {unit}'}")
        return "\n".join(lines)


def _view(simulation: PhysicsSimulation, session: Session, task: Task) -> None:
    """MuJoCo's viewer, at the pace of the wall clock."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserError("no display to open the viewer on; write a video instead: --video out.mp4")
    import mujoco.viewer

    model = copy.copy(task.target.visual_model)
    data = mujoco.MjData(model)
    scene, option, camera = mujoco.MjvScene(model, MOST_GEOMS), mujoco.MjvOption(), mujoco.MjvCamera()
    everything = mujoco.mjtCatBit.mjCAT_ALL.value
    corner = mujoco.mjtGridPos.mjGRID_BOTTOMLEFT
    with mujoco.viewer.launch_passive(model, data) as viewer:
        due = time.monotonic()
        for step in session:
            if not viewer.is_running():
                break
            data.qpos[:] = simulation.sim.qpos[0]
            mujoco.mj_forward(model, data)
            # The viewer's own scene cannot be read, so what goals are copies of comes from another.
            mujoco.mjv_updateScene(model, data, option, None, camera, everything, scene)
            viewer.user_scn.ngeom = 0
            add_marks(simulation.marks(0), model, data, scene, viewer.user_scn)
            viewer.set_texts((None, corner, session.caption(step), ""))
            viewer.sync()
            due += task.control_period
            time.sleep(max(0.0, due - time.monotonic()))
