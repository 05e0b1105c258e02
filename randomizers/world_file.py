"""World files: a WorldDistribution as YAML, both ways."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import yaml

from randomizers.errors import WorldsError
from randomizers.target import Target
from randomizers.term import Term, term_from_config
from randomizers.world_distribution import WorldDistribution

_KEYS = ("task", "finite", "finite_seed", "terms")


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

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be plain text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} is repeated", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Dumper(_Resolver, yaml.SafeDumper):
    pass


def load_worlds(path: str | Path, target: Target) -> WorldDistribution:
    """The distribution that a YAML file describes, bound to `target`. Raises WorldsError naming file, line and term."""
    path = Path(path)
    text = path.read_text(encoding="utf-8")
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
    nodes = {key.value: (key, value) for key, value in root.value}
    for name, (key, _) in nodes.items():
        if name not in _KEYS:
            raise WorldsError(f"{path}:{_line(key.start_mark)}: unknown key {name!r}; keys: {', '.join(_KEYS)}")
    if not isinstance(content["terms"], list):
        line = _line(nodes["terms"][0].start_mark)
        raise WorldsError(f"{path}:{line}: 'terms' takes a list, got {content['terms']!r}")
    task = content.get("task")
    if task is not None and not isinstance(task, str):
        line = _line(nodes["task"][0].start_mark)
        raise WorldsError(f"{path}:{line}: 'task' takes a name, got {task!r}")
    finite = content.get("finite")
    if finite is not None and (type(finite) is not int or finite < 1):
        line = _line(nodes["finite"][0].start_mark)
        raise WorldsError(f"{path}:{line}: 'finite' takes a number of worlds, at least 1, got {finite!r}")
    finite_seed = content.get("finite_seed", 0)
    if type(finite_seed) is not int or finite_seed < 0:
        line = _line(nodes["finite_seed"][0].start_mark)
        raise WorldsError(f"{path}:{line}: 'finite_seed' takes a whole number, at least 0, got {finite_seed!r}")
    lines = [_line(node.start_mark) for node in nodes["terms"][1].value]
    terms = [_load_term(f"{path}:{line}", config, target) for line, config in zip(lines, content["terms"], strict=True)]
    try:
        return WorldDistribution(terms, target, task, finite=finite, finite_seed=finite_seed)
    except WorldsError as error:
        # Of two terms with one name, the later is at fault.
        line = max(line for line, term in zip(lines, terms, strict=True) if term.name == error.term)
        raise WorldsError(f"{path}:{line}: {error}") from error


def _load_term(place: str, config: object, target: Target) -> Term:
    try:
        return term_from_config(config, target)
    except WorldsError as error:
        if error.term is not None:
            raise WorldsError(f"{place}: {error}") from error
        name = config.get("name") if isinstance(config, dict) else None
        raise WorldsError(f"{place}: term {name!r}: {error}") from error


def _line(mark: yaml.Mark) -> int:
    return mark.line + 1


def dump_worlds(distribution: WorldDistribution) -> str:
    """The YAML text that `load_worlds` reads back as an equal distribution."""
    lines = [] if distribution.task is None else [f"task: {_flow(distribution.task)}"]
    if distribution.finite is not None:
        lines.append(f"finite: {distribution.finite}")
    if distribution.finite_seed:
        lines.append(f"finite_seed: {distribution.finite_seed}")
    if not distribution.terms:
        return "\n".join([*lines, "terms: []", ""])
    terms = [f"  - {_flow(term.to_config(distribution.target))}" for term in distribution.terms]
    return "\n".join([*lines, "terms:", *terms, ""])


def _flow(value: object) -> str:
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, sort_keys=False, width=10**9)
    return text.removesuffix("\n").removesuffix("\n...")
