"""Aliases in our table: rows by which leads are found that are stored under other ids."""

from collections.abc import Callable

from shared.leads.identity import Alias, shard_of
from shared.services.errors import LeadChanged
from shared.services.ports import LEADS_OF_AN_ALIAS, Aliases
from shared.storage.client import Table, created, deleted, updated
from shared.storage.rows import alias_entity, alias_key, alias_of


class TableAliases(Aliases):
    """Aliases in our table; see the port."""

    def __init__(self, table: Table) -> None:
        """Open no connection yet."""
        self._table = table

    async def find_alias(self, alias_id: str) -> Alias | None:
        found = await self._table.find(shard_of(alias_id), alias_key(alias_id))
        return alias_of(found) if found else None

    async def list_aliases_of(self, person: str, limit: int) -> list[Alias]:
        keys = {"from": alias_key(person), "to": alias_key(f"{person}~")}
        return [alias_of(row) for row in await self._table.list_rows(shard_of(person), keys, limit)]

    async def add_alias(self, alias_id: str, lead_id: str) -> bool:
        return await self._change(alias_id, lambda lead_ids: with_lead(lead_ids, lead_id))

    async def remove_alias(self, alias_id: str, lead_id: str) -> bool:
        return await self._change(alias_id, lambda lead_ids: without_lead(lead_ids, lead_id))

    async def _change(self, alias_id: str, decide: Callable[[tuple[str, ...]], tuple[str, ...]]) -> bool:
        shard, key = shard_of(alias_id), alias_key(alias_id)
        found = await self._table.find(shard, key)
        before = alias_of(found).lead_ids if found else ()
        if (after := decide(before)) == before:
            return False
        changed = LeadChanged(alias_id)
        if found is None:
            operation = created(alias_entity(alias_id, after))
        elif after:
            operation = updated(alias_entity(alias_id, after), found.metadata["etag"] or "")
        else:
            operation = deleted(shard, key, found.metadata["etag"] or "")
        await self._table.submit([operation], {404: changed, 409: changed, 412: changed})
        return True


def with_lead(lead_ids: tuple[str, ...], lead_id: str) -> tuple[str, ...]:
    """The leads of an alias with another one, unless they are too many."""
    if lead_id in lead_ids or len(lead_ids) >= LEADS_OF_AN_ALIAS:
        return lead_ids
    return (*lead_ids, lead_id)


def without_lead(lead_ids: tuple[str, ...], lead_id: str) -> tuple[str, ...]:
    """The leads of an alias without this one."""
    return tuple(other for other in lead_ids if other != lead_id)
