"""The environment over real parts: its own tables, one bus for all."""

from collections.abc import Sequence
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.marketplace.table_row import SourceRow
from shared.services.context import AppContext, LeadImport, RescoreWatch
from shared.storage.client import Table
from shared.storage.marketplace_import import MarketplaceTableReader, TableImportLedger
from simulation.environment import DAY, Environment
from simulation.faulty_wire import SOURCE, FaultyTransport, Process, a_client
from simulation.invariants import Found, found_in
from simulation.parts import Bus, RealParts
from tests.builders import ports_of
from tests.samples import NOW


@dataclass
class WireEnvironment(Environment):
    """An environment with its own tables, and its own id key, so that no other has its lead ids."""

    parts: Any = None
    opened: list[Any] = field(default_factory=list)
    name: str = ""

    def context(self, name: str, process: Process | None = None, bus: Bus | None = None) -> AppContext:
        """The context of a process over real clients; faults come only from `process` and `bus`, if given."""
        transport, ways = FaultyTransport(process) if process else None, bus or self.parts.healthy
        client = self._client(self.name, transport)
        source = MarketplaceTableReader(self._client(SOURCE + self.name, transport))
        ledger = TableImportLedger(Table(client), "https://the.publisher")
        return replace(
            self.process(name),
            **ports_of(client),
            publisher=ways.publisher,
            spill=ways.spill,
            activity=ways.activity,
            lead_import=LeadImport(source, ledger),
            rescore_watch=RescoreWatch(NOW + 99 * DAY),
        )

    def _client(self, table: str, transport: Any = None) -> Any:
        client = a_client(self.parts.storage, table, transport or self.parts.transport)
        self.opened.append(client)
        return client

    async def place(self, rows: Sequence[SourceRow]) -> None:
        """See `Environment.place`: as Partner Center does it."""
        client = self._client(SOURCE + self.name)
        await client.create_table()
        for row in rows:
            await client.upsert_entity({"PartitionKey": row.partition, "RowKey": row.row, **row.columns})

    async def drain(self, context: AppContext) -> None:
        """See `Environment.drain`."""
        sent = await self.parts.taken()
        self.spill.sent += sent["spill"]
        await self.receive_all(context, self.spill.sent, sent["activity"])

    async def found(self) -> Found:
        """Read the final state once the subscriber has received everything."""
        client = self._client(self.name)
        rows = [dict(row) async for row in client.list_entities()]
        found = found_in(rows, text=bool(self.erasures))
        await self.parts.catch_up()
        known = {*found.leads, *(lead_id for lead_id, _ in self.acknowledged)}
        found.heard = [event for lead_id in known for event in self.parts.listener.heard[lead_id]]
        return await self.look_around(found)

    async def close(self) -> None:
        """Close all clients."""
        for client in self.opened:
            await client.close()


def an_environment(parts: RealParts, at: datetime, name: str = "case") -> WireEnvironment:
    """A new environment with its own tables and keys."""
    name = f"{name}{next(parts.names)}"
    environment = WireEnvironment(parts=parts, name=name, at=at, id_key=f"the id key of {name}".encode())
    judge = environment.context("the judge")
    environment.store, environment.workloads = judge.lead_store, judge.workloads
    return environment
