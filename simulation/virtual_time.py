"""An event loop whose clock only moves when nothing else is left to do: time-outs of seconds cost nothing."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _NoWaiting(selectors.DefaultSelector):
    """Nothing comes from outside, so the clock moves instead of waiting."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout > 0:
            self.loop.wait(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs coroutines always in the same order; `now` is in seconds since its start.

    Args:
        on_idle: called when no task can proceed; true if one can now, else the clock moves.
    """

    def __init__(self, on_idle: Callable[[], bool] = lambda: False) -> None:
        """Begin at second 0."""
        self.now, self.on_idle = 0.0, on_idle
        selector = _NoWaiting()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """See `asyncio.AbstractEventLoop.time`."""
        return self.now

    def wait(self, timeout: float | None) -> None:
        """Let a task proceed, or move the clock."""
        if self.on_idle():
            return
        if timeout is None:
            raise RuntimeError("every task waits for something that never comes")
        self.now += timeout

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end, then cancel the tasks that are left."""
        try:
            return self.run_until_complete(work)
        finally:
            self._end_tasks()

    def _end_tasks(self) -> None:
        left = asyncio.all_tasks(self)
        for task in left:
            task.cancel()
        if left:
            self.run_until_complete(asyncio.wait(left))
            for task in left:
                if not task.cancelled():
                    task.exception()  # retrieved, so that asyncio doesn't log it
