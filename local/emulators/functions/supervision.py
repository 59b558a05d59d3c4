"""Background tasks: the first one that raises ends the host."""

import asyncio
import logging
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

_log = logging.getLogger(__name__)


class Supervisor:
    """Owns every background task. `stopping` is set once, by a signal or by the first failure."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.failed = False
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run `work`, which returns soon after `stopping` is set; an exception stops the host."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (exception := task.exception()):
            _log.critical("%s failed, so the host ends", task.get_name(), exc_info=exception)
            self.failed = True
            self.stopping.set()

    async def finish(self, limit: timedelta) -> None:
        """Wait for the tasks to end, once `stopping` is set, and cancel those left after `limit`."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=limit.total_seconds())
        for task in late:
            _log.warning("%s didn't stop within %s", task.get_name(), limit)
            task.cancel()


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait until the event is set, at most `seconds`; returns whether it is."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
