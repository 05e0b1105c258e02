"""CommandWatchdog: notices on the robot's side that commands have ceased."""


class CommandWatchdog:
    """Trips when no command came for `timeout` seconds after one had; the next command ends the hold."""

    def __init__(self, timeout: float):
        if not timeout > 0.0:
            raise ValueError(f"watchdog: given {timeout} s, wanted above 0")
        self._timeout = timeout
        self._last: float | None = None
        self.trip_delays: list[float] = []
        """For every trip, the time since the last command when it was noticed [s]."""

    def feed(self, now: float) -> None:
        """A command came at `now` [s, steady clock]."""
        self._last = now

    def rest(self) -> None:
        """Nothing is expected any more: the commander said that it stops."""
        self._last = None

    def check(self, now: float) -> bool:
        """Whether it trips at `now`: true once for every time commands cease."""
        if self._last is None or now - self._last <= self._timeout:
            return False
        self.trip_delays.append(now - self._last)
        self._last = None
        return True
