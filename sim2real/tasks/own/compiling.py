"""Compiling models that are not yet in order, so that all that is wrong with them can be told at once."""

from __future__ import annotations

import re
from typing import Any

import mujoco
import numpy as np

from sim2real.errors import UserError
from sim2real.tasks.own.mjcf import Mjcf, Problem, Tag

_TETRAHEDRON = 1e-3 * np.array([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1])
"""Vertices of what stands in for a missing mesh [m]."""
_UNNAMED = "unnamed"
"""What names begin with that elements without one are given."""


class Compiled:
    """A model's spec, and the model if it compiles at all, missing assets replaced and impossible elements left out.

    :raises UserError: for a body of `without` that there is not.
    """

    def __init__(self, mjcf: Mjcf, without: tuple[str, ...] = ()) -> None:
        self.mjcf = mjcf
        self.problems: list[Problem] = []
        """What kept the model from compiling as it is."""
        self._unnamed: dict[str, Tag] = {}
        self.actuators_left_out = False
        """Whether there are actuators of joints that there are not."""
        self.keyframes: dict[str, np.ndarray] = {}
        """qpos of every keyframe that has one, by name; they are of the model as a whole."""
        self.spec: mujoco.MjSpec | None = None
        self.model: mujoco.MjModel | None = None
        self.whole: mujoco.MjModel | None = None
        """The same before bodies are left out; keyframes are of it."""
        self._missing_files()
        try:
            self.spec = mujoco.MjSpec.from_file(str(mjcf.path))
        except ValueError as error:
            self._say(error)
            return
        self._name_all(self.spec)
        for key in list(self.spec.keys):
            # Keyframes of another length than the state keep a model from compiling.
            if len(key.qpos):
                self.keyframes[key.name] = np.array(key.qpos)
            self.spec.delete(key)
        self._free_joints_within(self.spec)
        self._actuators_of_nothing(self.spec)
        self._stand_in(self.spec)
        for actuator in self.spec.actuators:
            # A joint without limits, told elsewhere, has no range to inherit.
            actuator.inheritrange = 0
        try:
            self.model = self.whole = self.spec.compile()
            if without:
                leave_out(self.spec, without, str(mjcf.path))
                self.model = self.spec.compile()
        except UserError:
            raise
        except ValueError as error:
            self._say(error)

    def tag(self, name: str, *tags: str) -> Tag:
        """Where an element of the model stands in its file, one of `tags`; the root where that cannot be told."""
        return self._unnamed.get(name) or self.mjcf.find(name, *tags) or self.mjcf.root

    def actuator_tag(self, name: str) -> Tag:
        """The same of actuators, which have tags of many kinds."""
        tags = self.mjcf.children("actuator")
        found = next((tag for tag in tags if tag.attributes.get("name") == name), self.mjcf.root)
        return self._unnamed.get(name, found)

    def own_name(self, name: str) -> str:
        """The name that the file gives to an element; empty for those that have none there."""
        return "" if name.startswith(_UNNAMED) else name

    def _name_all(self, spec: mujoco.MjSpec) -> None:
        """Give what has no name one that says which it is, so that it can be found again."""
        kinds: dict[str, tuple[list[Any], list[Tag]]] = {
            "body": (list(spec.bodies)[1:], self.mjcf.tags("body")),
            "joint": (list(spec.joints), self.mjcf.tags("joint", "freejoint")),
            "actuator": (list(spec.actuators), self.mjcf.children("actuator")),
            "keyframe": (list(spec.keys), self.mjcf.children("keyframe")),
        }
        for kind, (elements, tags) in kinds.items():
            for index, element in enumerate(elements):
                if not element.name:
                    element.name = f"{_UNNAMED} {kind} {index}"
                    self._unnamed[element.name] = tags[index] if len(tags) == len(elements) else self.mjcf.root

    def let_move_freely(self, body: str) -> None:
        """Give a body the free joint that it lacks, for what is checked after that."""
        assert self.spec is not None
        if self.spec.body(body).parent.name == "world":
            self.spec.body(body).add_freejoint()
            self.model = self.whole = self.spec.compile()

    def _say(self, error: ValueError) -> None:
        """What MuJoCo says, at the line that it gives."""
        text = " ".join(str(error).split()).removeprefix("XML Error: ").removeprefix("Error: ")
        found = re.search(r"line (\d+)", text)
        line = int(found[1]) if found else self.mjcf.root.line
        text = re.sub(r" ?Element name '(.*?)', id \d+, line \d+", r" (\1)", text).removesuffix(" ()")
        text = re.sub(r" Element '(.*?)', line \d+", r" in <\1>", text)
        file = self.mjcf.of_line(line)
        self.problems.append(
            Problem(file, line, f"MuJoCo cannot compile this: {text}", "the rest is checked after that")
        )

    def _missing_files(self) -> None:
        for tag, wanted in self.mjcf.missing:
            name = tag.attributes.get("name") or wanted.stem
            message = f"{tag.name} {name!r}: there is no file {wanted}"
            write = 'put it there, or write where it is: file="..." here or the folder in <compiler>'
            self.problems.append(Problem(tag.file, tag.line, message, write))

    def _free_joints_within(self, spec: mujoco.MjSpec) -> None:
        for body in list(spec.bodies)[1:]:
            if body.parent is spec.worldbody or body.parent.name == "world":
                continue
            for joint in [joint for joint in body.joints if joint.type == mujoco.mjtJoint.mjJNT_FREE]:
                tag = self.mjcf.find(body.name, "body") or self.mjcf.root
                message = f"body {body.name!r} moves freely inside of another body"
                self.problems.append(Problem(tag.file, tag.line, message, "move it out, right into <worldbody>"))
                spec.delete(joint)

    def _actuators_of_nothing(self, spec: mujoco.MjSpec) -> None:
        joints = {joint.name for joint in spec.joints if joint.type != mujoco.mjtJoint.mjJNT_FREE}
        for actuator in list(spec.actuators):
            if actuator.trntype != mujoco.mjtTrn.mjTRN_JOINT or actuator.target in joints:
                continue
            tag = self.actuator_tag(actuator.name)
            message = (
                f"actuator {self.own_name(actuator.name)!r} is to move joint {actuator.target!r}, which there is not"
            )
            named = ", ".join(sorted(filter(None, map(self.own_name, joints)))) or "none has a name"
            self.problems.append(Problem(tag.file, tag.line, message, f'write joint="..."; joints: {named}'))
            spec.delete(actuator)
            self.actuators_left_out = True

    def _stand_in(self, spec: mujoco.MjSpec) -> None:
        """Something in the place of assets whose files are missing."""
        names = {(tag.name, tag.attributes.get("name") or wanted.stem) for tag, wanted in self.mjcf.missing}
        for mesh in spec.meshes:
            if ("mesh", mesh.name or mesh.file.rpartition("/")[2].rpartition(".")[0]) in names:
                mesh.name, mesh.file = mesh.name or mesh.file.rpartition("/")[2].rpartition(".")[0], ""
                mesh.uservert, mesh.userface = _TETRAHEDRON, [0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3]
        for texture in spec.textures:
            if ("texture", texture.name or texture.file.rpartition("/")[2].rpartition(".")[0]) in names:
                texture.file, texture.builtin = "", mujoco.mjtBuiltin.mjBUILTIN_FLAT
                texture.width = texture.height = 2


def leave_out(spec: mujoco.MjSpec, without: tuple[str, ...], where: str) -> None:
    """Delete bodies from a model, and keyframes, which then have numbers for what is gone. Raises UserError."""
    for name in without:
        body = spec.body(name)
        if body is None or name == "world":
            names = ", ".join(body.name for body in list(spec.bodies)[1:] if body.name)
            raise UserError(f"{where}: no body {name!r} to leave out; bodies: {names}")
        spec.delete(body)
    if without:
        for key in list(spec.keys):
            spec.delete(key)
