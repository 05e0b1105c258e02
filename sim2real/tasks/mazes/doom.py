"""Doom: n games of ViZDoom side by side; the only module that knows vizdoom."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import SIGKILL
from types import ModuleType
from typing import Any

import numpy as np

from sim2real.errors import UserError

IMAGE = (30, 40, 3)
"""Height, width and channels of what is seen: the mean of each 4 x 4 pixels of what the game draws."""
TICS = 12
"""The game's steps to an action."""
TIC = 1 / 35
"""The game's step [s]."""
THRUST = 0.78125
"""What walking forward adds to the velocity in each tic [map units / tic]."""
FRICTION = 0.90625
"""Factor on the velocity after each tic."""
POSE = ("x", "y", "angle", "velocity_x", "velocity_y")
"""[map units], [deg, counterclockwise from x], [map units / tic]."""

Action = tuple[bool, float]
"""Walk forward or not; turn at its first tic [deg, counterclockwise]."""

_FROZEN = 10
"""Tics before a game hands over: in the first ones of a level the engine ignores the player."""
_SHARED = Path("/dev/shm")
"""Where Linux names shared memory."""
_POOL = 4
_BRIGHTEST = 255 * _POOL**2

_LAUNCHER = """\
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, {signal})
os.chdir({directory!r})
os.execv({program!r}, [{program!r}, *sys.argv[1:]])
"""
"""Runs in the game's process before the game: has the kernel end it when its parent dies however suddenly, and leaves
what it writes into its working directory where it is cleared away."""


class Doom:
    """n games, each a process of its own (about 10 MB) that waits for its turn; all rows of all arrays are games.

    What a game shows depends on its level and the actions since its start alone, bit for bit: not on the others, nor on
    the number of threads. Files and processes go when the object goes, at the latest when the interpreter ends.

    :param games: n.
    :param objects: the WAD that all levels share.
    :param threads: games that run at the same time; 0 takes one per core.
    :raises UserError: where vizdoom is not installed, or the temporary directory does not allow programs.
    """

    def __init__(self, games: int, objects: bytes, threads: int = 0) -> None:
        self._vizdoom = _import_vizdoom()
        self.images = np.zeros((games, int(np.prod(IMAGE))), dtype=np.float32)
        """What is seen now, values 0 to 1, row by row, channels last."""
        self.poses = np.zeros((games, len(POSE)))
        """Where the players stand now, see `POSE`."""
        self._directory = tempfile.TemporaryDirectory(prefix="sim2real-doom-")
        self._folder = Path(self._directory.name)
        self._objects = self._folder / "objects.wad"
        self._objects.write_bytes(objects)
        self._launcher = self._write_launcher()
        self._games = [self._make(i) for i in range(games)]
        self._pool = ThreadPoolExecutor(min(games, threads or os.cpu_count() or 1), "doom")
        self.close = weakref.finalize(self, _close, self._games, self._directory)
        """End the games and remove their files; they cannot be used any more."""

    def load(self, ids: np.ndarray, levels: Sequence[bytes]) -> None:
        """Give the games `ids` (m,) the WADs of their levels, MAP01 each; they must be started next."""
        for i, level in zip(ids.tolist(), levels, strict=True):
            self._level(i).write_bytes(level)

    def start(self, ids: np.ndarray) -> None:
        """Start the levels of the games `ids` (m,)."""
        self._each(ids, self._start)

    def play(self, ids: np.ndarray, actions: Sequence[Sequence[Action]]) -> None:
        """In each of the games `ids` (m,), the actions of its own sequence one after the other."""
        sequences = dict(zip(ids.tolist(), actions, strict=True))
        self._each(ids, lambda i: self._play(i, sequences[i]))

    def _each(self, ids: np.ndarray, work: Callable[[int], None]) -> None:
        """Work and then look in each of the games, several at a time."""

        def run(part: np.ndarray) -> None:
            for i in part.tolist():
                work(i)
                self._look(i)

        list(self._pool.map(run, np.array_split(ids, min(len(ids), self._pool._max_workers) or 1)))

    def _start(self, i: int) -> None:
        game = self._games[i]
        if not game.is_running():
            game.init()
            # Both processes hold what they share by now; without a name it goes with the last of them, however they end.
            for path in _SHARED.glob(f"ViZDoom*{game.get_instance_id()}"):
                path.unlink()
        game.set_seed(1)
        game.new_episode()

    def _play(self, i: int, actions: Sequence[Action]) -> None:
        game = self._games[i]
        for left, (forward, turn) in zip(range(len(actions) - 1, -1, -1), actions, strict=True):
            # The engine counts turns clockwise, and would turn by this much in every tic.
            game.set_action([float(forward), -turn])
            game.advance_action(1, False)
            game.set_action([float(forward), 0.0])
            game.advance_action(TICS - 1, left == 0)

    def _look(self, i: int) -> None:
        """Read pose and image. Sums of whole numbers: the order of summing cannot show."""
        state = self._games[i].get_state()
        self.poses[i] = state.game_variables
        height, width, channels = IMAGE
        rows = state.screen_buffer.reshape(height, _POOL, -1).sum(axis=1, dtype=np.uint16)
        columns = rows.reshape(height, width, _POOL, channels)
        total = columns[:, :, 0] + columns[:, :, 1] + columns[:, :, 2] + columns[:, :, 3]
        np.multiply(total, np.float32(1 / _BRIGHTEST), out=self.images[i].reshape(IMAGE))

    def _level(self, i: int) -> Path:
        return self._folder / f"{i}.wad"

    def _make(self, i: int) -> Any:
        vizdoom = self._vizdoom
        game = vizdoom.DoomGame()
        game.set_vizdoom_path(str(self._launcher))
        game.set_doom_game_path(str(Path(vizdoom.root_path) / "freedoom2.wad"))
        game.set_doom_scenario_path(str(self._objects))
        # The engine reads such a level anew at every start, from its working directory.
        game.set_doom_map(f"file:{self._level(i).name}")
        game.set_doom_config_path(str(self._folder / f"{i}.ini"))
        game.set_mode(vizdoom.Mode.PLAYER)
        game.set_screen_resolution(vizdoom.ScreenResolution.RES_160X120)
        game.set_screen_format(vizdoom.ScreenFormat.RGB24)
        game.set_available_buttons([vizdoom.Button.MOVE_FORWARD, vizdoom.Button.TURN_LEFT_RIGHT_DELTA])
        variables = ("POSITION_X", "POSITION_Y", "ANGLE", "VELOCITY_X", "VELOCITY_Y")
        game.set_available_game_variables([getattr(vizdoom.GameVariable, name) for name in variables])
        game.set_episode_start_time(_FROZEN)
        game.set_window_visible(False)
        game.set_sound_enabled(False)
        for what in ("hud", "weapon", "crosshair", "messages"):
            getattr(game, f"set_render_{what}")(False)
        game.add_game_args("+movebob 0")
        return game

    def _write_launcher(self) -> Path:
        # Made here, once: two games that start together would both make it, and the slower would fail.
        (self._folder / "_vizdoom").mkdir()
        program = str(self._vizdoom.exe_path)
        code = _LAUNCHER.format(signal=int(SIGKILL), directory=str(self._folder), program=program)
        launcher = self._folder / "launch.sh"
        launcher.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-ISc", code])} "$@"\n', encoding="utf-8")
        launcher.chmod(0o700)
        if not os.access(launcher, os.X_OK):
            raise UserError(f"no program may run from {self._folder.parent}; name another place: TMPDIR=...")
        return launcher


def _import_vizdoom() -> ModuleType:
    try:
        import vizdoom
    except ImportError:
        raise UserError(
            "first-person mazes need vizdoom, which is not installed; install it: pip install 'sim2real[maze]'"
        ) from None
    return vizdoom


def _close(games: Sequence[Any], directory: tempfile.TemporaryDirectory[str]) -> None:
    for game in games:
        game.close()
    directory.cleanup()
