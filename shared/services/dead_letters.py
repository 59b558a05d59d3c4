"""Dead letters for health: asked for once a minute, and never waited for long."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.services.ports import DeadLetters

REMEMBERED = timedelta(minutes=1)  # a probe asks often, and each count opens links
COUNT_TIMEOUT = 2.0  # seconds that a probe waits for the bus

log = logging.getLogger(__name__)

type Counts = dict[str, int | None]


@dataclass
class DeadLetterWatch:
    """What this process last heard. A count that takes longer than a probe waits is there for the next."""

    letters: DeadLetters
    _asked_at: datetime | None = None  # aware UTC
    _asking: asyncio.Task[Counts] | None = None

    async def counts(self, now: datetime) -> Counts | None:
        """Dead letters by entity, None for one that can't be asked; None in all if there is no answer yet."""
        if self._asking is None or (self._asking.done() and self._is_old(now)):
            self._asking, self._asked_at = asyncio.create_task(self._ask()), now
        await asyncio.wait([self._asking], timeout=COUNT_TIMEOUT)
        return (self._asking.result() or None) if self._asking.done() else None

    def _is_old(self, now: datetime) -> bool:
        return self._asked_at is None or not now - self._asked_at < REMEMBERED

    async def _ask(self) -> Counts:
        (found,) = await asyncio.gather(self.letters.count(), return_exceptions=True)
        if isinstance(found, BaseException):  # against its promise; health must not fail for it
            log.error("dead letters not counted", exc_info=found)
            return {}
        return found
