"""sim2real new-task."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import mujoco
import tyro
from pydantic import BaseModel, ConfigDict, Field

from policies.checkpoint import write_atomically
from sim2real.cli import Result
from sim2real.errors import UserError
from sim2real.tasks import make_task
from sim2real.tasks.own import SUFFIXES
from sim2real.tasks.own.draft import Asked, NotYet, draft
from sim2real.tasks.own.writing import task_text, worlds_text
from sim2real.tasks.robot_task import RobotTask


class Options(BaseModel):
    """A robot's model, and what it is to do."""

    model_config = ConfigDict(frozen=True)

    model: Annotated[Path, tyro.conf.Positional]
    """The robot, with its object if it has one: an MJCF file."""
    kind: Literal["rotate-z", "reorient", "reach"] | None = None
    """rotate-z: turn an object on a hand about the vertical; reorient: bring it from one orientation to the next; reach: bring
    an end effector or fingertips to points. rotate-z if something in the model moves freely, else reach, if not given."""
    object: str | None = None
    """Body that is manipulated; the one that moves freely if not given."""
    tips: tuple[str, ...] = ()
    """Sites at the fingertips, or the end effector's; those at the ends of the robot if not given."""
    keyframe: str = ""
    """Keyframe that has the start pose; home, else the first, else the model as it is written, if not given."""
    without: tuple[str, ...] = ()
    """Bodies to leave out, such as a second object."""
    rate: float = Field(20.0, gt=0, le=1000)
    """Control steps per second [Hz]."""
    out: Path | None = None
    """The task's file; MODEL_task.yaml here if not given. The worlds go beside it, into ..._worlds.yaml. Neither may exist."""


def run(options: Options) -> Result:
    """Check the model, and write the task or everything that the model must have changed."""
    out = options.out or Path(f"{options.model.stem}_task.yaml")
    if out.suffix not in SUFFIXES:
        raise UserError(f"--out {out}: wanted a name that ends in .yaml")
    worlds = out.with_name(f"{out.stem.removesuffix('_task')}_worlds.yaml")
    for path in (out, worlds):
        if path.exists():
            raise UserError(f"{path} exists already; give another --out, or remove it")
    folder = out.resolve().parent
    if not folder.is_dir():
        raise UserError(f"--out {out}: there is no folder {folder}")
    asked = Asked(
        options.model, options.kind, options.object, options.tips, options.keyframe, options.without, options.rate
    )
    try:
        described = draft(asked, Path(os.path.relpath(options.model.resolve(), folder)), Path(worlds.name))
    except NotYet as error:
        return _not_yet(options.model, error)
    model = mujoco.MjModel.from_xml_path(str(options.model))
    slides = tuple(name for name in described.joints if model.joint(name).type[0] == int(mujoco.mjtJoint.mjJNT_SLIDE))
    try:
        write_atomically(worlds, worlds_text(described, slides).encode())
        write_atomically(out, task_text(described, options.model.name).encode())
        task = make_task(str(out))
        assert isinstance(task, RobotTask)
        starts, terms = len(task.starts), len(task.worlds.terms)
    except Exception:
        out.unlink(missing_ok=True)
        worlds.unlink(missing_ok=True)
        raise
    data: dict[str, Any] = {
        "task": str(out),
        "worlds": str(worlds),
        "kind": described.kind,
        "joints": list(described.joints),
        "actuators": [servo.actuator for servo in described.joints.values()],
        "tips": list(described.tips),
        "object": task.object_body,
        "without": list(described.without),
        "control_period": task.control_period,
        "starts": starts,
    }
    held = f"object {task.object_body}, " if task.object_body else ""
    left_out = f"; left out: {', '.join(described.without)}" if described.without else ""
    text = (
        f"{out}: {described.kind}, {len(described.joints)} joints with position servos, {held}"
        f"tips {', '.join(described.tips)}, {1 / task.control_period:.3g} Hz, {starts} starts that came to rest{left_out}\n"
        f"{worlds}: {terms} terms\n"
        f"next: read both, then sim2real play {out} --video look.mp4, sim2real train {out}"
    )
    return Result(data, text)


def _not_yet(model: Path, error: NotYet) -> Result:
    count = len(error.problems)
    problems = [
        {"file": str(one.file), "line": one.line, "message": one.message, "write": one.write} for one in error.problems
    ]
    head = f"sim2real: {model} wants {count} change{'s' if count > 1 else ''} before it can be trained"
    return Result({"problems": problems}, "\n".join([head, *map(str, error.problems)]), code=2)
