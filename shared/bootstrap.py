"""Wire the app context, lazily and once: importing the app connects to nothing and reads no setting.

This is the one place that decides what of the app is usable; use cases always get a complete app context.
"""

import asyncio
import functools
import logging
import os
import random
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.policy.load import InvalidPolicy, parse_policy, read_policy_file
from shared.services.context import AppContext, Fault, FaultCode, LeadImport, UnavailablePort
from shared.services.dead_letters import DeadLetterWatch
from shared.services.errors import BusUnavailable, NotConfigured, StoreUnavailable
from shared.services.ports import FactProvider
from shared.services.startup import STORE_PORTS, ConfiguredPolicy, check_against_store, unchecked
from shared.services.timeouts import STARTUP_CHECK_TIMEOUT
from shared.settings import FactSettings, Settings, usable_settings

if TYPE_CHECKING:
    from shared.storage.client import Table

CHECK_AGAIN_AFTER = timedelta(seconds=10)  # a table that can't be read delays few calls by the check
MOST_MISTAKES = 100  # of a policy, that an operator is shown

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Now, aware UTC, to the millisecond, as our rows and answers hold it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Desk:
    """The app context of a process, checked against the table by the first call that can read it.

    Args:
        app: as wired from the settings.
        configured: the policy that they name.
    """

    def __init__(self, app: AppContext, configured: ConfiguredPolicy) -> None:
        """Read nothing yet."""
        self._app, self._configured = app, configured
        self._checked: AppContext | None = None
        self._check_again_at: datetime | None = None  # None: at once
        self._lock = asyncio.Lock()

    async def context(self, now: datetime) -> AppContext:
        """What of the app is usable. Never fails: what can't be read from the table is read again later."""
        if self._checked is None:
            async with self._lock:
                await self._check(now)
        return self._checked or unchecked(self._app, self._configured)

    async def _check(self, now: datetime) -> None:
        if self._checked or (self._check_again_at and now < self._check_again_at):
            return
        try:
            async with asyncio.timeout(STARTUP_CHECK_TIMEOUT):
                self._checked = await check_against_store(self._app, self._configured)
        except NotConfigured:
            self._checked = self._app  # there is no table to check against
        except (StoreUnavailable, TimeoutError) as exc:
            log.warning("policy and id key not checked against the table (%s)", type(exc).__name__)
        except Exception as exc:  # no push may depend on this check
            log.warning("policy and id key not checked against the table", exc_info=exc)
        self._check_again_at = now + CHECK_AGAIN_AFTER


@functools.cache
def desk() -> Desk:
    """The desk of this process, wired by the first call."""
    return wire(os.environ)


async def context() -> AppContext:
    """What of the app is usable in this process, see `Desk.context`."""
    return await desk().context(utc_now())


def wire(environment: Mapping[str, str]) -> Desk:
    """Wire what these settings allow, each port by itself; opens no connection yet.

    A port whose settings are missing or wrong is an `UnavailablePort`, and a fault of the app context.
    Imports the adapters here: their SDKs are half of a cold start, and neither a liveness probe nor an import
    of the app needs them.
    """
    logging.getLogger("azure").setLevel(logging.WARNING)  # the SDKs log every request with its URL
    settings = usable_settings(environment)
    configured = _configured_policy(settings)
    table = _table(settings)
    app = AppContext(
        **_store_ports(table),
        **_bus_ports(settings),
        policy=configured.policy or parse_policy(""),
        clock_period=settings.clock_period or timedelta(minutes=1),
        facts=_provider(settings.facts) if settings.facts else None,
        lead_import=_lead_import(settings, table) if table else None,
        id_key=settings.id_key.value if settings.id_key else None,
        new_id=lambda: uuid.uuid4().hex,
        chance=random.random,
        faults=tuple(_faults(settings, configured)),
    )
    return Desk(app, configured)


def _faults(settings: Settings, configured: ConfiguredPolicy) -> Iterator[Fault]:
    if settings.mistakes:
        yield Fault(FaultCode.SETTINGS, settings.texts())
    if configured.policy is None:
        yield Fault(FaultCode.POLICY, tuple(configured.mistakes))
    if settings.id_key is None:
        yield Fault(FaultCode.ID_KEY, ("without a usable LEADS_ID_KEY pushes wait in `spill`",))


def _configured_policy(settings: Settings) -> ConfiguredPolicy:
    if rule := settings.mistakes.get("LEADS_POLICY"):
        return ConfiguredPolicy(mistakes=[f"LEADS_POLICY {rule}"])
    try:
        text = read_policy_file(settings.policy)
        return ConfiguredPolicy(text, parse_policy(text))
    except InvalidPolicy as exc:
        return ConfiguredPolicy(mistakes=[str(mistake) for mistake in exc.mistakes[:MOST_MISTAKES]])


def _table(settings: Settings) -> "Table | None":
    if settings.storage is None or settings.table is None:
        return None
    from shared.storage.client import Table, table_client  # noqa: PLC0415

    storage = settings.storage
    return Table(table_client(storage.address.value, settings.table, by_identity=storage.by_identity))


def _store_ports(table: "Table | None") -> dict[str, Any]:
    """The ports over our table, by their names in the app context."""
    if table is None:
        missing = UnavailablePort(lambda: NotConfigured("a setting of the store is missing or wrong"))
        return dict.fromkeys(STORE_PORTS, missing)
    from shared.storage.aliases import TableAliases  # noqa: PLC0415
    from shared.storage.desk_state import TableDeskState  # noqa: PLC0415
    from shared.storage.due_index import TableDueIndex  # noqa: PLC0415
    from shared.storage.lead_index import TableLeadIndex  # noqa: PLC0415
    from shared.storage.lead_store import TableLeadStore  # noqa: PLC0415
    from shared.storage.workload import TableWorkloads  # noqa: PLC0415

    return {
        "lead_store": TableLeadStore(table),
        "aliases": TableAliases(table),
        "due_index": TableDueIndex(table),
        "lead_index": TableLeadIndex(table),
        "workloads": TableWorkloads(table),
        "desk_state": TableDeskState(table),
    }


def _bus_ports(settings: Settings) -> dict[str, Any]:
    """The ports over the bus, by their names in the app context."""
    from shared.messaging.dead_letters import ServiceBusDeadLetters  # noqa: PLC0415
    from shared.messaging.publisher import ServiceBusPublisher, bus_client  # noqa: PLC0415
    from shared.messaging.queue import ServiceBusQueue  # noqa: PLC0415
    from shared.messaging.unread import Place, ServiceBusUnread  # noqa: PLC0415

    missing = UnavailablePort(lambda: BusUnavailable("a setting of the bus is missing or wrong"))
    ports: dict[str, Any] = dict.fromkeys(("publisher", "activity", "spill", "unread"), missing)
    if settings.bus is None:
        return ports
    bus = functools.partial(bus_client, settings.bus.address.value, by_identity=settings.bus.by_identity)
    topic, subscription = settings.topic, settings.scoring_subscription
    activity, spill = settings.activity_queue, settings.spill_queue
    if topic:
        ports["publisher"] = ServiceBusPublisher(bus, topic)
    if activity:
        ports["activity"] = ServiceBusQueue(bus, activity)
    if spill:
        ports["spill"] = ServiceBusQueue(bus, spill)
    if topic and subscription and activity and spill:
        ports["unread"] = ServiceBusUnread(bus, [Place(topic, subscription), Place(activity), Place(spill)])
        letters = ServiceBusDeadLetters(
            bus, topic=topic, subscription=subscription, activity=activity, spill=spill
        )
        ports["dead_letters"] = DeadLetterWatch(letters)
    return ports


def _lead_import(settings: Settings, ours: "Table") -> LeadImport | None:
    if settings.marketplace is None:
        return None
    from shared.storage.client import table_client  # noqa: PLC0415
    from shared.storage.marketplace_import import (  # noqa: PLC0415
        TABLE,
        MarketplaceTableReader,
        TableImportLedger,
    )

    publisher = settings.marketplace
    theirs = table_client(publisher.address.value, TABLE, by_identity=publisher.by_identity)
    source = MarketplaceTableReader(theirs)
    return LeadImport(source, TableImportLedger(ours, source.origin))


def _provider(settings: FactSettings) -> FactProvider:
    from shared.providers.http_json import HttpJsonProvider  # noqa: PLC0415 - rarely needed

    return HttpJsonProvider(settings.url, settings.mapping, settings.budget, headers=settings.headers.value)
