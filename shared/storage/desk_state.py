"""The app's own state: policy, rules, the id key's fingerprint, the last clock run, how far sweeps are."""

from contextlib import suppress
from datetime import datetime

from shared.leads.index import parse_stamp, stamp
from shared.services.errors import StoreUnavailable
from shared.services.ports import DeskState, IdSweep, Sweep
from shared.storage.client import Table, created
from shared.storage.rows import (
    DESK,
    ID_SWEEP,
    POLICY,
    RULES,
    SWEEP,
    id_sweep_entity,
    id_sweep_of,
    policy_entity,
    rules_entity,
    rules_of,
    sweep_entity,
    sweep_of,
)

_CLOCK = "clock"  # PartitionKey and RowKey
_ID_KEY = "id-key"  # RowKey, in the partition `DESK`


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

    async def find_id_sweep(self) -> IdSweep | None:
        found = await self._table.find(DESK, ID_SWEEP)
        return id_sweep_of(found) if found else None

    async def save_id_sweep(self, sweep: IdSweep) -> None:
        await self._table.upsert(id_sweep_entity(sweep))

    async def upsert_rules(self, version: str, text: str) -> None:
        await self._table.upsert(rules_entity(version, text))

    async def find_rules(self, version: str) -> str | None:
        found = await self._table.find(RULES, version)
        return rules_of(found) if found else None

    async def upsert_policy(self, text: str) -> None:
        await self._table.upsert(policy_entity(text))

    async def find_policy(self) -> str | None:
        found = await self._table.find(DESK, POLICY)
        return rules_of(found) if found else None

    async def get_or_create_key_fingerprint(self, fingerprint: str) -> str:
        if (found := await self._table.find(DESK, _ID_KEY)) is None:
            row = {"PartitionKey": DESK, "RowKey": _ID_KEY, "fingerprint": fingerprint}
            with suppress(_Present):  # another process was first
                await self._table.submit([created(row)], {409: _Present()})
            found = await self._table.get(DESK, _ID_KEY, StoreUnavailable("the fingerprint was deleted"))
        return str(found["fingerprint"])


class _Present(Exception):
    """The row is stored already."""
