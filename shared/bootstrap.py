"""Wire the app context, lazily and once: importing the app connects to nothing and reads no setting."""

import functools
import logging
import os
import random
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared.policy.load import load_policy
from shared.services.context import AppContext, LeadImport
from shared.services.dead_letters import DeadLetterWatch
from shared.services.ports import FactProvider
from shared.settings import FactSettings, Settings, read_settings

if TYPE_CHECKING:
    from shared.storage.client import Table


def utc_now() -> datetime:
    """Now, aware UTC, to the millisecond, as our rows and answers hold it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@functools.cache
def context() -> AppContext:
    """The app context of this process, wired by the first call.

    Raises:
        InvalidSettings, InvalidPolicy: every call, until settings and policy are corrected.
    """
    return wire(os.environ)


def wire(environment: Mapping[str, str]) -> AppContext:
    """Wire an app context for these settings; opens no connection yet.

    Imports the adapters here: their SDKs are half of a cold start, and neither a liveness probe nor an import
    of the app needs them.
    """
    from shared.messaging.dead_letters import ServiceBusDeadLetters  # noqa: PLC0415
    from shared.messaging.publisher import ServiceBusPublisher, bus_client  # noqa: PLC0415
    from shared.messaging.queue import ServiceBusQueue  # noqa: PLC0415
    from shared.messaging.unread import Place, ServiceBusUnread  # noqa: PLC0415
    from shared.storage.client import Table, table_client  # noqa: PLC0415
    from shared.storage.desk_state import TableDeskState  # noqa: PLC0415
    from shared.storage.due_index import TableDueIndex  # noqa: PLC0415
    from shared.storage.lead_index import TableLeadIndex  # noqa: PLC0415
    from shared.storage.lead_store import TableLeadStore  # noqa: PLC0415
    from shared.storage.workload import TableWorkloads  # noqa: PLC0415

    logging.getLogger("azure").setLevel(logging.WARNING)  # the SDKs log every request with its URL
    settings = read_settings(environment)
    places = [
        Place(settings.topic, settings.scoring_subscription),
        Place(settings.activity_queue),
        Place(settings.spill_queue),
    ]
    storage = settings.storage
    bus = functools.partial(bus_client, settings.bus.address.value, by_identity=settings.bus.by_identity)
    table = Table(table_client(storage.address.value, settings.table, by_identity=storage.by_identity))
    return AppContext(
        lead_store=TableLeadStore(table),
        due_index=TableDueIndex(table),
        lead_index=TableLeadIndex(table),
        workloads=TableWorkloads(table),
        desk_state=TableDeskState(table),
        publisher=ServiceBusPublisher(bus, settings.topic),
        activity=ServiceBusQueue(bus, settings.activity_queue),
        spill=ServiceBusQueue(bus, settings.spill_queue),
        unread=ServiceBusUnread(bus, places),
        policy=load_policy(settings.policy),
        clock_period=settings.clock_period,
        dead_letters=DeadLetterWatch(
            ServiceBusDeadLetters(
                bus,
                topic=settings.topic,
                subscription=settings.scoring_subscription,
                activity=settings.activity_queue,
                spill=settings.spill_queue,
            )
        ),
        facts=_provider(settings.facts) if settings.facts else None,
        lead_import=_lead_import(settings, table),
        id_key=settings.id_key.value,
        new_id=lambda: uuid.uuid4().hex,
        chance=random.random,
    )


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
