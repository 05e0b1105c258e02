"""Writing: a task file that explains itself, and the worlds beside it."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
from collections.abc import Iterator
from textwrap import dedent, wrap
from typing import Any

from sim2real.tasks.own.description import Description, HandDescription

_WIDTH = 118
_KINDS = {
    "rotate-z": "turn '{object}' about the vertical, feeling only the joints",
    "reorient": "bring '{object}' from one orientation to the next",
    "reach": "bring {tips} to points",
}


def task_text(description: Description, model: str) -> str:
    """The YAML of a task file, with what every entry means."""
    given: dict[str, Any] = description.model_dump(mode="json")
    what = _KINDS[description.kind].format(object=given.get("object"), tips=", ".join(description.tips))
    lines = [f"# A task of {model}: {what}."]
    for name, field in type(description).model_fields.items():
        meaning = field.description or Description.model_fields[name].description
        lines += ["", *_comment(meaning or "")]
        if name == "joints":
            lines += ["joints:", *_joints(given["joints"])]
        elif name == "rewards":
            lines.append("rewards:")
            meanings = _meanings(type(getattr(description, name)))
            for key, value in given[name].items():
                lines += [*(f"  {line}" for line in _comment(meanings[key])), f"  {key}: {_value(value)}"]
        else:
            lines.append(f"{name}: {_value(given[name])}")
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(" ".join(text.split()), _WIDTH)]


def _joints(joints: dict[str, dict[str, Any]]) -> Iterator[str]:
    """One line a joint, columns aligned."""
    rows = [[f"{key}: {_value(value)}" for key, value in servo.items()] for servo in joints.values()]
    heads = [f"{_value(name)}:" for name in joints]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for head, row in zip(heads, rows, strict=True):
        cells = [f"{cell},".ljust(width + 1) for cell, width in zip(row[:-1], widths, strict=False)]
        yield f"  {head:<{max(map(len, heads))}} {{{' '.join([*cells, row[-1]])}}}"


def _value(value: object) -> str:
    """A value in YAML's flow style; names without quotes where they need none."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_value(one)}' for key, one in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if (
        isinstance(value, str)
        and value.replace("_", "a").replace("-", "a").replace("/", "a").replace(".", "a").isalnum()
    ):
        return json.dumps(value) if value.lower() in _RESERVED or value[0].isdigit() else value
    return json.dumps(value)


_RESERVED = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
"""Names that YAML reads as something else."""


def _meanings(weights: type[Any]) -> dict[str, str]:
    """The docstring below every field of a dataclass."""
    body = ast.parse(dedent(inspect.getsource(weights))).body[0]
    assert isinstance(body, ast.ClassDef) and dataclasses.is_dataclass(weights)
    found = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            assert isinstance(field.target, ast.Name)
            found[field.target.id] = str(text.value.value)
    return found


def worlds_text(description: Description, slides: tuple[str, ...]) -> str:
    """The YAML of a world file with ranges that suit most robots; `slides` are the joints that are no hinges."""
    hinges = [name for name in description.joints if name not in slides]
    joints = "'@robot'" if not slides else _value(hinges)
    servos = "'@robot'" if not slides else _value([description.joints[name].actuator for name in hinges])
    lines = [
        "# How worlds differ in training, and the ranges (unseen) that only evaluation draws from: sensible guesses, to be",
        "# replaced by what you measure. All kinds of terms: sim2real list terms.",
        "terms:",
        *_term("link_mass", "mass", "'@robot'", "operation: scale, each: element, distribution: {uniform: [0.8, 1.2]}"),
    ]
    if isinstance(description, HandDescription):
        lines += [
            *_term("object_mass", "mass", "'@object'", _scaled("uniform", 0.7, 1.4, "{uniform: [1.4, 1.8]}")),
            *_term(
                "object_size", "size", "'@object'", "optional: true, " + _scaled("uniform", 0.94, 1.06, _BOTH_SIZES)
            ),
            "  # One factor for both sides of every contact: MuJoCo takes the larger friction of the two.",
            *_term("friction", "friction", "['@object', '@robot']", _scaled("uniform", 0.7, 1.3, _BOTH_FRICTIONS)),
        ]
    lines += [
        *_term(
            "joint_damping", "joint_damping", "'@robot'", _scaled("log_uniform", 0.5, 2.0, "{log_uniform: [2.0, 3.0]}")
        ),
        *_term("friction_loss", "friction_loss", "'@robot'", _scaled("log_uniform", 0.5, 2.0)),
        *_term("armature", "armature", "'@robot'", _scaled("uniform", 0.8, 1.25)),
        *_term("servo_gain", "actuator_gain", "'@robot'", _scaled("log_uniform", 0.75, 1.33, _BOTH_GAINS)),
        *_term("action_delay", "action_delay", "'@robot'", f"each: world, unit: control steps, {_DELAY}"),
        *_term("gravity", "gravity", "", "unit: m/s^2, distribution: {normal: [0.0, 0.3]}"),
    ]
    if hinges:
        lines += [
            *_term("joint_limits", "joint_limits", joints, "unit: rad, distribution: {normal: [0.0, 0.02]}"),
            *_term("action_noise", "action_noise", servos, "unit: rad, distribution: {uniform: [0.0, 0.02]}"),
            *_term("backlash", "backlash", servos, "each: world, unit: rad, distribution: {uniform: [0.0, 0.02]}"),
            *_sensed("joint", "joint_position", "rad", 0.02),
        ]
    if slides:
        lines += _sensed("slide", "slide_position", "m", 0.0005)
    if description.kind == "reorient":
        lines += [
            *_sensed("object_position", "object_position", "m", 0.003),
            *_sensed("goal_rotation", "goal_rotation", "rad", 0.1),
        ]
    if description.kind == "reach":
        lines += _sensed("goal", "goal_offset", "m", 0.005)
    pushed = "'@object'" if isinstance(description, HandDescription) else "'@fingertip'"
    lines += [
        *_term(
            "push_probability",
            "force_probability",
            pushed,
            "unit: 1/control step, distribution: {log_uniform: [0.001, 0.1]}",
        ),
        *_term("push_acceleration", "force_acceleration", pushed, f"unit: m/s^2, {_PUSH}"),
    ]
    return "\n".join(lines) + "\n"


_BOTH_SIZES = "{mixture: [{uniform: [0.90, 0.94]}, {uniform: [1.06, 1.10]}]}"
_BOTH_FRICTIONS = "{mixture: [{uniform: [0.5, 0.7]}, {uniform: [1.3, 1.5]}]}"
_BOTH_GAINS = "{mixture: [{uniform: [0.6, 0.75]}, {uniform: [1.33, 1.6]}]}"
_DELAY = "distribution: {choice: [0, 1]}, unseen: {choice: [2]}"
_PUSH = "distribution: {uniform: [0.0, 1.0]}, unseen: {uniform: [1.0, 2.0]}"


def _term(name: str, kind: str, on: str, rest: str) -> list[str]:
    where = f"on: {on}, " if on else ""
    return [f"  - {{name: {name}, kind: {kind}, {where}{rest}}}"]


def _scaled(shape: str, low: float, high: float, unseen: str = "") -> str:
    return f"operation: scale, distribution: {{{shape}: [{low}, {high}]}}" + (f", unseen: {unseen}" if unseen else "")


def _sensed(name: str, term: str, unit: str, size: float) -> list[str]:
    """Noise of every step and an offset that stays."""
    return [
        *_term(f"{name}_noise", "observation_noise", term, f"unit: {unit}, distribution: {{uniform: [0.0, {size}]}}"),
        *_term(f"{name}_offset", "observation_bias", term, f"unit: {unit}, distribution: {{normal: [0.0, {size}]}}"),
    ]
