"""Count dead letters for health, at most once a minute; a probe waits for the count at most two seconds."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.services.ports import DeadLetters
from shared.services.timeouts import PROBE_COUNT_TIMEOUT

REMEMBERED = timedelta(minutes=1)  # probes come often, and each count opens links

log = logging.getLogger(__name__)

type Counts = dict[str, int | None]


@dataclass
class DeadLetterWatch:
    """The last count of this process. A count that outlasts one probe's wait answers the next probe."""

    letters: DeadLetters
    _counting: asyncio.Task[Counts] | None = None
    _answered_at: datetime | None = None  # aware UTC, when a probe first got this count; None: not yet

    async def counts(self, now: datetime) -> Counts | None:
        """Dead letters by entity, None for a count that failed; None instead of the whole: no answer yet."""
        if self._counting is None or self._is_old(now):
            self._counting, self._answered_at = asyncio.create_task(self._count()), None
        await asyncio.wait([self._counting], timeout=PROBE_COUNT_TIMEOUT)
        if not self._counting.done():
            return None
        self._answered_at = self._answered_at or now
        return self._counting.result() or None

    def _is_old(self, now: datetime) -> bool:
        return self._answered_at is not None and now - self._answered_at >= REMEMBERED

    async def _count(self) -> Counts:
        try:
            return await self.letters.count()
        except Exception:  # the port promises not to raise; if it does, health must still answer
            log.exception("dead letters not counted")
            return {}
