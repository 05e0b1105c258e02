"""Mjcf: an MJCF file as text, so that what is wrong can be told with the line to change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from sim2real.errors import UserError

_IN_BODIES = ("worldbody", "body", "frame", "replicate")
_SECTION = {"joint": _IN_BODIES, "freejoint": _IN_BODIES, "geom": _IN_BODIES, "site": _IN_BODIES, "body": _IN_BODIES}
"""What tags stand in, where others of their name mean something else elsewhere."""
_FOLDER = {"mesh": "meshdir", "skin": "meshdir", "hfield": "meshdir", "texture": "texturedir"}
"""Assets that are files of their own, and the compiler's attribute that says where these are."""


@dataclass(frozen=True)
class Problem:
    """Something that a model's author must change."""

    file: Path
    line: int
    message: str
    """What is there, and what is wanted."""
    write: str
    """What to write there."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}; {self.write}"


@dataclass
class Tag:
    """One XML element and where it stands."""

    name: str
    attributes: dict[str, str]
    file: Path
    line: int
    parent: Tag | None
    end: int = 0
    """The line of its closing tag."""
    children: list[Tag] = field(default_factory=list)

    def walk(self) -> Iterator[Tag]:
        """It and all below, in the order in which MuJoCo numbers them: what a body has itself goes before bodies in it."""
        yield self
        for child in sorted(self.children, key=lambda tag: tag.name in _IN_BODIES):
            yield from child.walk()


class Mjcf:
    """A model's file with those it includes, in one tree.

    Raises UserError, with file and line, for what is no XML or no MJCF, or where an included file is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: list[Path] = [path]
        """The model's file, those it includes, and those of meshes, textures and the like that are there."""
        self.root = _read(path)
        if self.root.name != "mujoco":
            urdf = ": a URDF, which MuJoCo converts (mujoco.mj_saveLastXML)" if self.root.name == "robot" else ""
            raise UserError(f"{path}:{self.root.line}: given <{self.root.name}>{urdf}, wanted <mujoco>")
        self._include(self.root, (path.resolve(),))
        self._tags = list(self.root.walk())
        compilers = [tag.attributes for tag in self._tags if tag.name == "compiler"]
        self._compiler = {name: value for attributes in compilers for name, value in attributes.items()}
        self.missing: list[tuple[Tag, Path]] = []
        """Assets whose files are not there."""
        for tag in self._tags:
            asset = self._asset(tag)
            if asset is not None and asset.is_file():
                self.files.append(asset)
            elif asset is not None:
                self.missing.append((tag, asset))

    def tags(self, *names: str) -> list[Tag]:
        """All elements of these names in MuJoCo's order, those of the same name that mean something else aside."""
        return [
            tag
            for tag in self._tags
            if tag.name in names
            and (tag.name not in _SECTION or (tag.parent is not None and tag.parent.name in _SECTION[tag.name]))
        ]

    def children(self, section: str) -> list[Tag]:
        """All elements that stand in sections of that name, such as <actuator>."""
        return [tag for tag in self._tags if tag.parent is not None and tag.parent.name == section]

    def find(self, name: str, *tags: str) -> Tag | None:
        """The element of that name among those of `tags`."""
        return next((tag for tag in self.tags(*tags) if tag.attributes.get("name") == name), None)

    def section(self, name: str) -> Tag | None:
        """The last section of that name at the top of the file, such as <actuator>."""
        return next((tag for tag in reversed(self._tags) if tag.name == name and tag.parent is self.root), None)

    def into(self, section: str, content: str) -> tuple[Path, int, str]:
        """File and line at whose end to write into a section, and what: with the section itself where there is none."""
        there = self.section(section)
        if there is None:
            return self.root.file, self.root.end, f"write above it: <{section}>{content}</{section}>"
        where = "in it" if there.end == there.line else "above it"
        return there.file, there.end, f"write {where}: {content}"

    def of_line(self, line: int) -> Path:
        """The file that MuJoCo means by a line: the one with an element there, the model's own first."""
        files = [tag.file for tag in self._tags if tag.line == line]
        return self.path if self.path in files or not files else files[0]

    def _include(self, tag: Tag, above: tuple[Path, ...]) -> None:
        """Put what included files hold in the place of <include>."""
        children: list[Tag] = []
        for child in tag.children:
            if child.name != "include":
                self._include(child, above)
                children.append(child)
                continue
            name = child.attributes.get("file", "")
            path = self.path.parent / name
            where = f"{child.file}:{child.line}: included file {name!r}"
            if not path.is_file():
                raise UserError(f"{where} is missing; wanted {path}")
            if path.resolve() in above:
                raise UserError(f"{where} includes itself")
            self.files.append(path)
            included = _read(path)
            self._include(included, (*above, path.resolve()))
            for one in included.children:
                one.parent = tag
            children += included.children
        tag.children = children

    def _asset(self, tag: Tag) -> Path | None:
        """The file of an asset that has one."""
        name = tag.attributes.get("file")
        if (
            name is None
            or tag.name not in _FOLDER
            or tag.parent is None
            or tag.parent.name not in ("asset", "deformable")
        ):
            return None
        if self._compiler.get("strippath") == "true":
            name = Path(name).name
        folder = self._compiler.get(_FOLDER[tag.name], self._compiler.get("assetdir", ""))
        return self.path.parent / folder / name


def _read(path: Path) -> Tag:
    """One file as a tree."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    parser = expat.ParserCreate()
    root: list[Tag] = []
    opened: list[Tag] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        tag = Tag(name, attributes, path, parser.CurrentLineNumber, opened[-1] if opened else None)
        (opened[-1].children if opened else root).append(tag)
        opened.append(tag)

    def end(_: str) -> None:
        opened.pop().end = parser.CurrentLineNumber

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise UserError(f"{path}:{error.lineno}: no XML: {expat.ErrorString(error.code)}") from error
    return root[0]
