"""Channel: the effects that a signal passes through, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from randomizers.channels.effect import ALL, Effect, Rows, Site
from randomizers.errors import WorldsError


class Channel:
    """n worlds' signal through those of `effects` that a distribution of worlds writes settings of (`written`).

    `normals` and `uniforms` are the random numbers that a step takes in each world; effects that no term of the
    distribution sets take none, and cost nothing. While all settings are nominal, `apply` gives back its argument itself.
    After `load`, `begin` if a trial begins, and `restart` the same worlds before the next `apply`.

    :raises WorldsError: for an effect that asks for a source which there is not.
    """

    def __init__(self, effects: Sequence[type[Effect]], written: Iterable[str], site: Site) -> None:
        written = set(written)
        present = [kind for kind in effects if written & set(kind.settings)]
        for kind in present:
            for name in kind.wants:
                if name not in site.sources:
                    raise WorldsError(
                        f"{', '.join(kind.settings)} needs {name!r}, which {site.target.name!r} does not give; "
                        f"given: {', '.join(site.sources) or 'nothing'}"
                    )
        self.effects = tuple(kind(site) for kind in present)
        self.drives = tuple(dict.fromkeys(field for kind in present for field in kind.drives))
        """Model fields that its effects set at every step."""
        self._parts: list[tuple[Effect, slice, slice]] = []
        self.normals = self.uniforms = 0
        for effect in self.effects:
            ends = self.normals + site.count(effect.normals), self.uniforms + site.count(effect.uniforms)
            self._parts.append((effect, slice(self.normals, ends[0]), slice(self.uniforms, ends[1])))
            self.normals, self.uniforms = ends

    def load(self, rows: Rows, settings: Mapping[str, np.ndarray]) -> None:
        """Takes the settings (m, ...) of the worlds `rows`."""
        for effect in self.effects:
            effect.load(rows, settings)

    def begin(self, rows: Rows) -> None:
        """A trial begins in the worlds `rows`, whose settings are loaded: effects forget all of the one before."""
        for effect in self.effects:
            effect.begin(rows)

    def restart(self, rows: Rows, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """What comes out of the worlds `rows` (m, ...) if `signal` (m, ...) has stood for long, given standard normals
        (m, normals) and uniforms (m, uniforms); effects remember nothing older, but for what lasts a whole trial."""
        for effect, normal, uniform in self._parts:
            signal = effect.restart(rows, signal, normals[:, normal], uniforms[:, uniform])
        return signal

    def apply(self, signal: np.ndarray, normals: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """What comes out (n, ...) of what comes in, given standard normals (n, normals) and uniforms (n, uniforms). Call
        once a step."""
        for effect, normal, uniform in self._parts:
            if effect.working:
                signal = effect.apply(signal, normals[:, normal], uniforms[:, uniform], ALL)
        return signal

    def repeats(self) -> int:
        """How many of the next steps would, given the same signal, give the same again; they count as made. Only for
        channels of one effect at most."""
        working = [effect for effect in self.effects if effect.working]
        return working[0].repeats() if len(working) == 1 else 0

    @property
    def working(self) -> bool:
        """Whether any effect changes anything as settings are now."""
        return any(effect.working for effect in self.effects)

    def state(self) -> dict[str, Any]:
        """Copies of all it holds, by effect."""
        return {type(effect).__name__: effect.state() for effect in self.effects}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continues from a `state`."""
        for effect in self.effects:
            effect.restore(state[type(effect).__name__])
