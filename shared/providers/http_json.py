"""Facts about companies from any provider that answers in JSON over HTTP."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from shared.providers.address import host_of, url_for
from shared.providers.fact_cache import FactCache
from shared.providers.guarded_http import NoAnswer, open_session, read_json
from shared.providers.mapping import Facts, facts_in
from shared.providers.public_address import is_public_address

if TYPE_CHECKING:
    from aiohttp import ClientSession

KEEP_ANSWER = 24 * 3600.0  # seconds
KEEP_FAILURE = 5 * 60.0  # seconds until a domain that failed is looked up again
FAILURES_IN_A_ROW = 5  # then look-ups pause
PAUSE = 60.0  # seconds
MAX_DOMAINS = 10_000
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})

_log = logging.getLogger(__name__)


class HttpJsonProvider:
    """Looks companies up over HTTP, each domain once a day, within a time budget: a score never waits longer.

    Concurrent look-ups of one domain share a request and the budget of the first. If all its callers have
    timed out, the request still ends within its budget, and its answer is cached.

    Args:
        url: a template as `address.checked_url` takes it; its scheme isn't checked here.
        mapping: paths into the answer by fact, see `mapping.read_mapping`.
        budget: for a whole look-up: name, connection, answer.
        headers: sent with each request, a key among them.
        clock: seconds that never go back.
        may_reach: whether an IP address may be connected to.
    """

    def __init__(
        self,
        url: str,
        mapping: Mapping[str, str],
        budget: timedelta,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        clock: Callable[[], float] = time.monotonic,
        may_reach: Callable[[str], bool] = is_public_address,
    ) -> None:
        """Open no connection yet."""
        self._url = url
        self._mapping = mapping
        self._budget = budget
        self._clock = clock
        self._open = partial(open_session, may_reach, headers)
        self._session: ClientSession | None = None
        self._cache = FactCache(MAX_DOMAINS)
        self._requests: dict[str, asyncio.Task[Facts]] = {}  # under way, by domain
        self._failures = 0  # in a row
        self._paused_until = clock()

    async def list_facts(self, domain: str) -> Facts:
        """See `FactProvider.list_facts`."""
        cached = self._cache.get(domain, self._clock())
        if cached is not None:
            return cached
        request = self._requests.get(domain)
        if request is None:
            if not domain.strip(".") or self._clock() < self._paused_until:  # dots would be another path
                return {}
            request = self._requests[domain] = asyncio.create_task(self._fetch(domain))
            request.add_done_callback(lambda _: self._requests.pop(domain))
        await asyncio.wait([request])  # a cancelled caller doesn't cancel it; `close` may, without an error
        return {} if request.cancelled() else dict(request.result())

    async def _fetch(self, domain: str) -> Facts:
        """Ask the provider, and cache its facts or its failure."""
        if self._session is None:
            self._session = self._open()
        try:
            async with asyncio.timeout(self._budget.total_seconds()):
                answer = await read_json(self._session, url_for(self._url, domain))
        except (NoAnswer, TimeoutError) as exc:
            self._failed(domain, str(exc) or type(exc).__name__)
            return {}
        facts = facts_in(answer, self._mapping)
        self._failures = 0
        self._cache.keep(domain, facts, self._clock() + KEEP_ANSWER)
        return facts

    def _failed(self, domain: str, why: str) -> None:
        """Cache the failure; log neither domain nor URL: one may identify a person, the other hold a key."""
        now = self._clock()
        self._cache.keep(domain, {}, now + KEEP_FAILURE)
        self._failures += 1
        _log.warning("No facts from %s: %s, %d in a row", host_of(self._url), why, self._failures)
        if self._failures >= FAILURES_IN_A_ROW:
            self._paused_until = now + PAUSE

    async def close(self) -> None:
        """See `FactProvider.close`. Look-ups under way end without facts; a later one opens a new session."""
        session, self._session = self._session, None
        requests = list(self._requests.values())
        for request in requests:
            request.cancel()
        if requests:
            await asyncio.wait(requests)
        if session is not None:
            await session.close()
