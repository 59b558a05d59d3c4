"""The app's own state: versions of the scoring rules, when the clock last ran, how far its sweep is."""

from datetime import datetime

from shared.leads.index import parse_stamp, stamp
from shared.services.ports import DeskState, Sweep
from shared.storage.client import Table
from shared.storage.rows import RULES, SWEEP, rules_entity, rules_of, sweep_entity, sweep_of

_CLOCK = "clock"  # PartitionKey and RowKey


class TableDeskState(DeskState):
    """The app's own rows in our table; see the port."""

    def __init__(self, table: Table) -> None:
        """Open no connection yet."""
        self._table = table

    async def record_clock_run(self, at: datetime) -> None:
        await self._table.upsert({"PartitionKey": _CLOCK, "RowKey": _CLOCK, "ranAt": stamp(at)})

    async def find_clock_run(self) -> datetime | None:
        found = await self._table.find(_CLOCK, _CLOCK)
        return parse_stamp(found["ranAt"]) if found else None

    async def find_sweep(self) -> Sweep | None:
        found = await self._table.find(SWEEP, SWEEP)
        return sweep_of(found) if found else None

    async def save_sweep(self, sweep: Sweep) -> None:
        await self._table.upsert(sweep_entity(sweep))

    async def upsert_rules(self, version: str, text: str) -> None:
        await self._table.upsert(rules_entity(version, text))

    async def find_rules(self, version: str) -> str | None:
        found = await self._table.find(RULES, version)
        return rules_of(found) if found else None
