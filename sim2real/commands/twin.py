"""sim2real twin."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from deploy_robot import RosSettings
from deploy_robot.output_file import make_room
from deploy_robot.pace import Pace
from policies.checkpoint import write_atomically
from sim2real.cli import Result
from sim2real.errors import UserError
from sim2real.evaluation.choice import WorldsKind, choose_worlds, read_world
from sim2real.runs import RunFolder
from sim2real.runs.world_source import WorldSource
from sim2real.simulation.camera import Camera
from sim2real.simulation.video import check_video, write_video
from sim2real.tasks import is_task, make_task
from sim2real.tasks.robot_task import RobotTask
from sim2real.twin import Twin


@dataclass(frozen=True)
class Options:
    """A robot, the world it stands in, and how it is offered."""

    run: Annotated[str, tyro.conf.Positional]
    """Name or file of a task, or a run's folder for its task and worlds."""
    kind: WorldsKind = "unseen"
    """Draw its world from the training ranges, from the unseen ones, or take the nominal one."""
    seed: int = 0
    """Seed of that draw."""
    world: Path | None = None
    """JSON file of one world, instead of drawing one."""
    seconds: float = float("inf")
    """Simulated time after which it ends [s]."""
    pace: Pace = "wall"
    """`wall`: as hardware does. `lockstep`: simulated time waits for every command."""
    source: tyro.conf.OmitArgPrefixes[WorldSource] = field(default_factory=WorldSource)
    """Which worlds it draws from."""
    ros: RosSettings = field(default_factory=RosSettings)
    """Topics and domain."""
    out: Path | None = None
    """Write the summary there as JSON."""
    video: Path | None = None
    """Write a video of it (.mp4)."""


def run(options: Options) -> Result:
    """Serve the twin until its time is over or a signal comes."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if options.out is not None:
        make_room(options.out, "out")
    if options.video is not None:
        check_video(options.video)
    if is_task(options.run):
        task = make_task(options.run)
        distribution = options.source.worlds_of(task)
    else:
        folder = RunFolder.open(Path(options.run))
        task = folder.task
        distribution = options.source.worlds_of(task, folder.worlds(task))
    if not isinstance(task, RobotTask):
        raise UserError(f"{task.name} has no robot")
    if options.world is None:
        world = choose_worlds(distribution, options.kind, 1, options.seed)
    else:
        world = read_world(options.world, distribution)
    from deploy_robot.ros2.server import serve

    twin = Twin(task, world, distribution)
    camera = None if options.video is None else Camera(twin.simulation)
    report = serve(twin, options.seconds, options.pace, options.ros, node_name="twin")
    data = {**twin.summary(), "served": report.summary()}
    if options.out is not None:
        write_atomically(options.out, (json.dumps(data) + "\n").encode())
    if camera is not None and options.video is not None:
        frames = (camera.picture(0, np.asarray(pose)) for pose in twin.course)
        write_video(options.video, frames, 1 / task.control_period)
        camera.close()
    found = data["mean"] if data["total"] is None else data["total"]
    unit = "" if data["unit"] == "1" else f" {data['unit']}"
    text = f"{twin.time:.1f} s simulated ({report.ended}): {data['metric']} {found:.3g}{unit}, {twin.drops} drops"
    return Result(data, text)
