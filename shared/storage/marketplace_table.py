"""The table `MarketplaceLeads` of the publisher, as Partner Center writes it. Never written by us."""

import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.data.tables import EntityProperty, TableEntity
from azure.data.tables.aio import TableClient

from shared.marketplace.table_row import SourceRow
from shared.services.ports import PageLost, SourcePage
from shared.storage.own_table import TableIsMissing, translated

TABLE = "MarketplaceLeads"
_KEYS = ("PartitionKey", "RowKey")


class MarketplaceTableReader:
    """See the port `MarketplaceTable`.

    Args:
        table: the client; it carries the time-outs and the retries.
    """

    def __init__(self, table: TableClient) -> None:
        """Open no connection yet."""
        self._client = table

    async def page(self, since: datetime | None, continuation: str | None, limit: int) -> SourcePage:
        """See `MarketplaceTable.page`. Its keys can't be asked for a range of time, `Timestamp` can."""
        asked, values = ("", {}) if since is None else ("Timestamp ge @since", {"since": since})
        pages = self._client.query_entities(asked, parameters=values, results_per_page=limit).by_page(
            json.loads(continuation) if continuation else None
        )
        try:
            with translated():
                rows = [_row(entity) async for entity in await anext(pages)]
        except TableIsMissing:
            return SourcePage((), None)  # Partner Center makes it with the first lead
        except HttpResponseError as exc:
            if continuation is not None and exc.status_code == HTTPStatus.BAD_REQUEST:
                raise PageLost from exc
            raise
        token = getattr(pages, "continuation_token", None)
        return SourcePage(tuple(rows), json.dumps(token) if token else None)

    @property
    def origin(self) -> str:
        """The address of the account, without keys: another account is another import."""
        return str(self._client.url)

    async def close(self) -> None:
        """See `MarketplaceTable.close`."""
        await self._client.close()


def _row(entity: TableEntity) -> SourceRow:
    written = entity.metadata["timestamp"]
    if written is None:
        raise AssertionError("the service stamps every row")
    columns = {name: _plain(value) for name, value in entity.items() if name not in _KEYS}
    changed_at = datetime.fromtimestamp(written.timestamp(), UTC)
    return SourceRow(entity["PartitionKey"], entity["RowKey"], changed_at, columns)


def _plain(value: Any) -> Any:
    """All columns are texts, says experience; whatever else one may be becomes JSON."""
    if isinstance(value, EntityProperty):
        return _plain(value.value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str | bool | int | float | None):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)
