"""World files: a WorldDistribution as YAML, both ways."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import yaml

from randomizers.errors import Unfit, WorldsError
from randomizers.target import Target
from randomizers.term import Term
from randomizers.term_config import term_from_config
from randomizers.world_distribution import WorldDistribution

_KEYS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "source": ("a text", lambda value: isinstance(value, str)),
    "task": ("a name", lambda value: isinstance(value, str)),
    "finite": ("a number of worlds, at least 1", lambda value: type(value) is int and value >= 1),
    "finite_seed": ("a whole number, at least 0", lambda value: type(value) is int and value >= 0),
    "pins": ("numbers by parameter", lambda value: isinstance(value, dict) and all(map(_is_number, value.values()))),
    "terms": ("a list", lambda value: isinstance(value, list)),
}
"""Keys of a world file: what each takes, in words, and whether a value is that. `source` says where numbers are from."""


class _Resolver:
    """Plain scalars read as in YAML 1.2: `on` is a key and no truth value, 1e-3 a number."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ("n", "~", "")),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.inf)|\.nan", "-+.0123456789"),
):
    for _character in _first:
        _Resolver.yaml_implicit_resolvers.setdefault(_character, []).append(
            (f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"))
        )


class _Loader(_Resolver, yaml.SafeLoader):
    """Refuses repeated keys, which YAML forbids and PyYAML lets pass."""

    _term = ""
    """The term that is being read, as messages begin with it."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        names = [v.value for k, v in node.value if k.value == "name" and isinstance(v, yaml.ScalarNode)]
        around, self._term = self._term, f"term {names[0]!r}: " if names else self._term
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be plain text", key.start_mark)
            if key.value in seen:
                said = f"{self._term}key {key.value!r} is repeated"
                raise yaml.constructor.ConstructorError(None, None, said, key.start_mark)
            seen.add(key.value)
        content = super().construct_mapping(node, deep=True)  # at once, so that what is inside knows its term
        self._term = around
        return content


class _Dumper(_Resolver, yaml.SafeDumper):
    pass


def load_worlds(path: str | Path, target: Target) -> WorldDistribution:
    """The distribution that a YAML file describes, bound to `target`.

    Terms marked `optional: true` are left out where the target has nothing for them; `left_out` says which and why. Raises
    WorldsError naming file, line and term.
    """
    path = Path(path)
    content, lines = _read(path)
    _check(path, content, lines)
    terms: dict[int, Term] = {}
    left_out: dict[str, str] = {}
    for line, config in zip(lines["terms"][1:], content["terms"], strict=True):
        try:
            terms[line] = term_from_config(config, target)
        except Unfit as error:
            if config.get("optional") is not True:
                raise WorldsError(f"{path}:{line}: {error}") from error
            left_out[config["name"]] = error.reason
        except WorldsError as error:
            name = config.get("name") if isinstance(config, dict) else None
            said = error if error.term is not None else f"term {name!r}: {error}"
            raise WorldsError(f"{path}:{line}: {said}") from error
    finite, seed = content.get("finite"), content.get("finite_seed", 0)
    try:
        distribution = WorldDistribution(
            list(terms.values()),
            target,
            content.get("task"),
            finite=finite,
            finite_seed=seed,
            left_out=left_out,
            pins=content.get("pins"),
        )
        target.check(distribution)
        return distribution
    except WorldsError as error:
        if error.term is None:
            raise WorldsError(f"{path}:{lines.get('pins', [1])[0]}: {error}") from error
        # Of two terms with one name, the later is at fault.
        line = max(line for line, term in terms.items() if term.name == error.term)
        raise WorldsError(f"{path}:{line}: {error}") from error


def read_source(path: str | Path) -> str:
    """What a YAML file says of where its numbers are from; empty if nothing. Raises WorldsError."""
    path = Path(path)
    content, lines = _read(path)
    _check(path, content, lines)
    return content.get("source", "")


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """What the file holds, and the line of every key, followed by those of a list's items."""
    try:
        text = path.read_text(encoding="utf-8")
    except (IsADirectoryError, UnicodeDecodeError) as error:
        raise WorldsError(f"{path}: not a text file in UTF-8: {error}") from error
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        content = loader.construct_document(root) if root is not None else None
    except yaml.MarkedYAMLError as error:
        line = _line(error.problem_mark) if error.problem_mark is not None else 1
        raise WorldsError(f"{path}:{line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise WorldsError(f"{path}:1: {str(error).splitlines()[0]}") from error
    if not isinstance(root, yaml.MappingNode) or not isinstance(content, dict) or "terms" not in content:
        raise WorldsError(f"{path}:1: a world file has the key 'terms'; keys: {', '.join(_KEYS)}")
    lines = {}
    for key, value in root.value:
        items = value.value if isinstance(value, yaml.SequenceNode) else ()
        lines[key.value] = [_line(node.start_mark) for node in (key, *items)]
    return content, lines


def _check(path: Path, content: dict[str, Any], lines: dict[str, list[int]]) -> None:
    for name, value in content.items():
        if name not in _KEYS:
            raise WorldsError(f"{path}:{lines[name][0]}: unknown key {name!r}; keys: {', '.join(_KEYS)}")
        wanted, fits = _KEYS[name]
        if not fits(value):
            raise WorldsError(f"{path}:{lines[name][0]}: {name!r} takes {wanted}, got {value!r}")


def _line(mark: yaml.Mark) -> int:
    return mark.line + 1


def dump_worlds(distribution: WorldDistribution) -> str:
    """The YAML text that `load_worlds` reads back as an equal distribution."""
    lines = [] if distribution.task is None else [f"task: {_flow(distribution.task)}"]
    if distribution.finite is not None and distribution.chosen is None:
        lines.append(f"finite: {distribution.finite}")
    if distribution.finite_seed:
        lines.append(f"finite_seed: {distribution.finite_seed}")
    if distribution.pins:
        lines.append(f"pins: {_flow(distribution.pins)}")
    if not distribution.terms:
        return "\n".join([*lines, "terms: []", ""])
    terms = [f"  - {_flow(term.to_config(distribution.target))}" for term in distribution.terms]
    return "\n".join([*lines, "terms:", *terms, ""])


def _flow(value: object) -> str:
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, sort_keys=False, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")
