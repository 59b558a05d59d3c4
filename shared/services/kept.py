"""An outcome that many callers ask for: one call works it out, the others share it for a while."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

FAILURE_KEPT = timedelta(seconds=5)  # at most: what failed is looked at again soon


class Kept[Value]:
    """The last outcome of this process, a failure too.

    Args:
        keep: how long an outcome is shared, from when its work began; work that lasts longer is shared until
            it ends. Zero: only calls that come meanwhile share it.
    """

    def __init__(self, keep: timedelta) -> None:
        """Start without an outcome."""
        self._keep = keep
        self._began_at: datetime | None = None  # aware UTC
        self._work: asyncio.Task[Value] | None = None

    def begin(self, work: Callable[[], Coroutine[Any, Any, Value]], now: datetime) -> asyncio.Task[Value]:
        """The task that has the outcome, or will have it; begun now unless one is kept.

        It goes on if a caller stops waiting.
        """
        if self._work is None or self._is_over(self._work, now):
            self._work, self._began_at = asyncio.create_task(work()), now
            self._work.add_done_callback(_retrieve)
        return self._work

    def get(self, work: Callable[[], Coroutine[Any, Any, Value]], now: datetime) -> Awaitable[Value]:
        """The outcome; raises what the work raised."""
        return asyncio.shield(self.begin(work, now))

    def _is_over(self, work: asyncio.Task[Value], now: datetime) -> bool:
        if not work.done() or self._began_at is None:
            return False
        has_failed = work.cancelled() or work.exception() is not None
        return now - self._began_at >= (min(self._keep, FAILURE_KEPT) if has_failed else self._keep)


def _retrieve(work: asyncio.Task[Any]) -> None:
    """Retrieve a failure that no caller waits for any more, so that asyncio doesn't report it."""
    if not work.cancelled():
        work.exception()
