"""A table of ours: made if it is missing, its errors in our words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient

from shared.services.ports import StoreUnavailable

TABLE_IS_MISSING = "TableNotFound"
_CALLERS_FAULT = {400, 404, 405, 409, 411, 412, 413, 414, 431}  # others pass, or wait for an operator


class TableIsMissing(StoreUnavailable):
    """Somebody took the table away, or it was never made."""


class OwnTable:
    """Makes its table if it is missing, once per process.

    Args:
        table: the client; it carries the time-outs and the retries.
    """

    def __init__(self, table: TableClient) -> None:
        """Open no connection yet."""
        self._client = table
        self._is_prepared = False

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.close()

    async def _table(self) -> TableClient:
        if not self._is_prepared:
            with self._translated(), suppress(ResourceExistsError):  # the usual case
                await self._client.create_table()
            self._is_prepared = True
        return self._client

    async def _entity(self, partition: str, row: str) -> TableEntity | None:
        """A row; None if there is none."""
        table = await self._table()
        with self._translated():
            try:
                return await table.get_entity(partition, row)
            except ResourceNotFoundError:
                return None

    @contextmanager
    def _translated(self, refusals: Mapping[int, Exception] | None = None) -> Iterator[None]:
        try:
            with translated(refusals):
                yield
        except TableIsMissing:
            self._is_prepared = False  # the next call makes it again
            raise


@contextmanager
def translated(refusals: Mapping[int, Exception] | None = None) -> Iterator[None]:
    """Errors of the SDK become ours: what the store refused, or that it is unavailable.

    A failed transaction raises `TableTransactionError`, not `ResourceExistsError`: its status tells.
    """
    try:
        yield
    except HttpResponseError as exc:
        status = exc.status_code or 0
        if TABLE_IS_MISSING in (getattr(exc, "error_code", None) or ""):
            raise TableIsMissing("the table was missing") from exc
        if refusals and status in refusals:
            raise refusals[status] from exc
        if status in _CALLERS_FAULT:
            raise  # a bug of ours
        raise StoreUnavailable(f"the table answered {status}") from exc
    except AzureError as exc:
        raise StoreUnavailable(f"the table didn't answer: {type(exc).__name__}") from exc
