"""Lists of leads by their index rows: reads keys and columns only, never leads."""

import asyncio
from contextlib import aclosing
from datetime import datetime
from typing import Any

from shared.leads.identity import all_shards
from shared.leads.index import StatRow, list_prefix, stamp, stat_key
from shared.services.ports import Gathered, LeadFilter, LeadIdPage, LeadIndex
from shared.storage.client import Away, Table
from shared.storage.rows import STAT_COLUMNS, lead_id_page, stat_row_of

# A page of 1,000 rows takes 45 ms to decode, and nothing else is answered meanwhile. With all 16 partitions
# at once such pauses added up to 0.6 s over 20,000 rows; with four to 0.2 s, and the reading took no longer.
_LONG_RANGES_AT_ONCE = 4


class TableLeadIndex(LeadIndex):
    """Lists of leads in our table; see the port."""

    def __init__(self, table: Table) -> None:
        """Open no connection yet."""
        self._table = table

    async def list_by_score(self, which: LeadFilter, limit: int, after: str | None) -> LeadIdPage:
        condition, values = list_condition(which)
        first = list_prefix(which.status)
        rows = await self._table.list_of_all_shards(
            after or first, f"{first}~", limit + 2, condition=condition, values=values, select=["RowKey"]
        )
        return lead_id_page([row["RowKey"] for row in rows], limit, after, rows.away)

    async def list_received_between(self, begin: datetime, end: datetime, limit: int) -> Gathered[StatRow]:
        """See the port. The limit counts over all partitions."""
        bounds = {"from": stat_key(begin, ""), "to": stat_key(end, "")}
        found: list[StatRow] = []
        unreadable, away = 0, Away()
        slots = asyncio.Semaphore(_LONG_RANGES_AT_ONCE)

        async def read(shard: str) -> None:
            nonlocal unreadable
            scan = self._table.scan(shard, bounds, limit, select=STAT_COLUMNS)
            async with slots, aclosing(scan) as rows:
                async for row in rows:
                    if len(found) >= limit:
                        break
                    if (lead := stat_row_of(row)) is None:
                        unreadable += 1
                    else:
                        found.append(lead)

        await asyncio.gather(*(away.unless(shard, read(shard), None, is_long=True) for shard in all_shards()))
        away.expect_some(all_shards())
        return Gathered(found, away=away, unreadable=unreadable)


def list_condition(which: LeadFilter) -> tuple[str, dict[str, Any]]:
    """A condition that continues the query's own (` and ...`), and the values of its parameters."""
    comparisons: list[tuple[str, str, Any]] = [
        ("status", "eq", which.status and which.status.value),
        ("grade", "eq", which.grade),
        ("owner", "eq", which.owner),
        ("offer", "eq", which.offer),
        ("test", "eq", which.test),
        ("doNotContact", "eq", which.do_not_contact),
        ("score", "ge", which.min_score),
    ]
    if which.overdue is not None and which.now is not None:
        comparisons.append(("overdueFrom", "le" if which.overdue else "gt", stamp(which.now)))
    of_company = ""
    values: dict[str, Any] = {}
    if which.company is not None:
        # The SDK finds its parameters between blanks.
        of_company = " and (companyKey eq @companyKey or companyDomain eq @companyDomain )"
        values = dict(zip(("companyKey", "companyDomain"), which.company, strict=True))
    given = [(column, operator, value) for column, operator, value in comparisons if value is not None]
    condition = "".join(f" and {column} {operator} @{column}" for column, operator, _ in given)
    return condition + of_company, values | {column: value for column, _, value in given}
