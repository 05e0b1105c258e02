"""Writes docs/terms.md, the catalogue of every kind of randomization term, and the figures in docs/images/terms/.

    python -m benchmarks.terms_page            # the page and all figures
    python -m benchmarks.terms_page mass hue   # the page, and the figures of these kinds

Needs OpenGL for the pictures of looks (MUJOCO_GL=egl without a screen).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from randomizers import SETTINGS, TERMS
from randomizers.channels import PLACES
from randomizers.visual_fields import is_visual
from sim2real.commands.list import TermFacts, facts_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "terms.md"
FIGURES = ROOT / "docs" / "images" / "terms"

GROUPS = {
    "Bodies": ("terms.bodies", "terms.size", "terms.mounts"),
    "Contacts": ("terms.contacts",),
    "Joints and tendons": ("terms.joints", "terms.stuck_joint", "terms.tendons"),
    "Actuators": ("terms.actuators", "channels.servo"),
    "Medium and solver": ("terms.medium", "terms.solver"),
    "Actions": ("channels.action", "channels.smoothing", "channels.backlash"),
    "Timing": ("channels.delay", "channels.timing", "channels.two_sided_jitter"),
    "Sensing": (
        *("channels.observation", "channels.drift", "channels.sensor_delay", "channels.sensor_period"),
        *("channels.dropout", "channels.markers", "channels.pose_injection", "channels.wiring"),
    ),
    "Disturbance": (
        *("channels.force", "channels.torque", "channels.shoves"),
        *("channels.payload", "channels.tilt", "channels.adversary"),
    ),
    "Looks": ("visual.cameras", "visual.lights", "visual.materials", "visual.textures", "visual.pictures"),
}
"""Modules of `randomizers` whose kinds stand together, in the order of the page."""

_INTRODUCTION = """# Kinds of terms

All {count} kinds of randomization, as `sim2real list terms` lists them; [worlds.md](worlds.md) says how files use them. Of
several operations, and of when a term is drawn, the first is the default. `each` is the default too: all that a term acts on
shares one number (`world`) or has one each (`element`). Derived constants are those that mj_setConst computes.

Every figure is the kind itself at work, in the nominal world and in one or two others. Kinds of physics, actions and sensing
act in a small scene: an arm of two servos and a tendon, and things beside it that fall, slide, roll, spin, tumble and fly. One
signal is shown, mostly the one that differs most. Kinds of looks act in pictures of `leap/rotate-z`.

This page is written by `python -m benchmarks.terms_page`.
"""
_HEADER = ("unit", "acts on", "operations", "each", "when", "writes", "recomputes", "needs")


def page() -> str:
    """The whole page."""
    groups = {name: _kinds_in(modules) for name, modules in GROUPS.items()}
    left = sorted(set(TERMS).difference(*groups.values()))
    if left:
        raise SystemExit(f"no group for {', '.join(f'{kind} of {TERMS[kind].__module__}' for kind in left)}")
    contents = [
        f"- [{name}](#{name.lower().replace(' ', '-')}): {', '.join(f'[{kind}](#{kind})' for kind in kinds)}"
        for name, kinds in groups.items()
    ]
    parts = [_INTRODUCTION.format(count=len(TERMS)), "\n".join(contents) + "\n"]
    for name, kinds in groups.items():
        parts += [f"## {name}\n", *map(_entry, kinds)]
    return "\n".join(parts)


def figure_of(kind: str) -> Path:
    """Where its figure is: a picture of looks, a plot of all else."""
    return FIGURES / f"{kind}.{'png' if is_visual(TERMS[kind].fields[0]) else 'svg'}"


def _kinds_in(modules: Sequence[str]) -> list[str]:
    return [kind for module in modules for kind, term in TERMS.items() if term.__module__ == f"randomizers.{module}"]


def _entry(kind: str) -> str:
    facts = facts_of(TERMS[kind])
    figure = figure_of(kind).relative_to(PAGE.parent).as_posix()
    cells = (
        f"{facts['unit']}; of slides {facts['slide_unit']}" if facts["slide_unit"] else facts["unit"],
        facts["acts_on"],
        ", ".join(facts["operations"]),
        facts["each"],
        ", ".join(facts["when"]),
        _written(facts),
        "derived constants" if facts["recompute"] else "",
        f"[{facts['partner']}](#{facts['partner']})" if facts["partner"] else "",
    )
    # Columns that say nothing here are left out.
    shown = [(head, cell) for head, cell in zip(_HEADER, cells, strict=True) if cell]
    rows = ([head for head, _ in shown], ["---"] * len(shown), [cell for _, cell in shown])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"### {kind}\n\n{facts['summary']}\n\n{table}\n\n![{kind}]({figure})\n"


def _written(facts: TermFacts) -> str:
    """Fields, or a setting and the channels that read it."""
    fields = facts["fields"]
    names = ", ".join(f"`{field}`" for field in fields)
    if fields[0] not in SETTINGS:
        return names
    places = [place for place, effects in PLACES.items() if any(fields[0] in effect.settings for effect in effects)]
    return f"{names} of channel {' and '.join(places)}"


def main(arguments: Sequence[str]) -> None:
    """Write the page and the figures."""
    from benchmarks.term_figures import plot
    from benchmarks.term_looks import looked_at, photograph

    unknown = [kind for kind in arguments if kind not in TERMS]
    if unknown:
        raise SystemExit(f"no kind {', '.join(unknown)}; kinds: {', '.join(sorted(TERMS))}")
    PAGE.write_text(page())
    FIGURES.mkdir(parents=True, exist_ok=True)
    task = looked_at()
    for kind in arguments or TERMS:
        path = figure_of(kind)
        if path.suffix == ".png":
            path.write_bytes(photograph(kind, task))
        else:
            path.write_text(plot(kind))
    for path in FIGURES.iterdir():
        if path.stem not in TERMS or path != figure_of(path.stem):
            path.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
