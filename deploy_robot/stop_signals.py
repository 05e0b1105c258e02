"""StopSignals: SIGINT and SIGTERM as a request that a loop can act on, instead of a death in mid-step."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | int | None


class StopSignals:
    """While entered, SIGINT and SIGTERM set `requested` and do nothing else; what handled them before comes back after.

    Python delivers signals to the main thread only: entered in any other thread this installs nothing.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._before: dict[signal.Signals, Handler] = {}
        self.received: signal.Signals | None = None
        """The first signal that came."""

    @property
    def requested(self) -> bool:
        """Whether to stop."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, ending early on a signal; returns `requested`."""
        return self._event.wait(seconds) if seconds > 0.0 else self.requested

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            # None stands for a handler that was not installed from Python, which cannot be put back
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.received = self.received or signal.Signals(number)
        self._event.set()
