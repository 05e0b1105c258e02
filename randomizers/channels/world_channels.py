"""WorldChannels: the channels of all places, with the random numbers that each takes a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from randomizers.channels.channel import Channel
from randomizers.channels.effect import Effect, Rows, Site
from randomizers.streams import WorldStreams


class WorldChannels(Mapping[str, Channel]):
    """n worlds' channels by place, fed from each world's own stream.

    In this order: `load` what the worlds are, `begin` where they begin a trial, `restart` every place where they begin an
    episode; then, every step, `draw` once and `apply` every place once.

    :param places: the effects of each place.
    :param written: the settings that the distribution of worlds writes.
    :raises WorldsError: for an effect that asks for a source which there is not.
    """

    def __init__(self, places: Mapping[str, Sequence[type[Effect]]], written: Iterable[str], site: Site) -> None:
        written = tuple(written)
        self._channels = {place: Channel(effects, written, site) for place, effects in places.items()}
        self.drives = tuple(dict.fromkeys(field for channel in self.values() for field in channel.drives))
        """Model fields that effects set while worlds run."""
        self._shares: dict[str, tuple[slice, slice]] = {}
        widths = 0, 0
        for place, channel in self.items():
            ends = widths[0] + channel.normals, widths[1] + channel.uniforms
            self._shares[place] = slice(widths[0], ends[0]), slice(widths[1], ends[1])
            widths = ends
        self._streams = WorldStreams(site.n, *widths)
        # 0 and 1, which no effect does anything with.
        self._share(np.zeros((site.n, widths[0]), np.float32), np.ones((site.n, widths[1]), np.float32))

    def __getitem__(self, place: str) -> Channel:
        return self._channels[place]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._channels)

    def __len__(self) -> int:
        return len(self._channels)

    def load(self, rows: Rows, settings: Mapping[str, np.ndarray]) -> None:
        """Takes the settings (m, ...) of the worlds `rows`."""
        for channel in self.values():
            channel.load(rows, settings)

    def begin(self, rows: Rows, seeds: np.ndarray) -> None:
        """A trial begins in the worlds `rows`, with chance from `seeds` (m,)."""
        self._streams.load(rows, seeds)
        self._normals[rows], self._uniforms[rows] = 0.0, 1.0
        for channel in self.values():
            channel.begin(rows)

    def draw(self) -> None:
        """The random numbers of a step, to every place its share."""
        self._share(*self._streams.next())

    def restart(self, place: str, rows: Rows, signal: np.ndarray) -> np.ndarray:
        """What comes out of the worlds `rows` (m, ...) at that place if `signal` (m, ...) has stood for long."""
        return self[place].restart(rows, signal, self._of[place][0][rows], self._of[place][1][rows])

    def apply(self, place: str, signal: np.ndarray) -> np.ndarray:
        """What comes out (n, ...) at that place of what comes in."""
        return self[place].apply(signal, *self._of[place])

    def _share(self, normals: np.ndarray, uniforms: np.ndarray) -> None:
        self._normals, self._uniforms = normals, uniforms
        self._of = {place: (normals[:, own[0]], uniforms[:, own[1]]) for place, own in self._shares.items()}

    def state(self) -> dict[str, Any]:
        """Copies of all that the future depends on."""
        return {
            "streams": self._streams.state(),
            "normals": self._normals.copy(),
            "uniforms": self._uniforms.copy(),
            "channels": {place: channel.state() for place, channel in self.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continues from a `state`."""
        self._streams.restore(state["streams"])
        self._share(state["normals"].copy(), state["uniforms"].copy())
        for place, channel in self.items():
            channel.restore(state["channels"][place])
