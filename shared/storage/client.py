"""A client for a table: how it signs in, and how long it may take."""

from typing import Any

from azure.data.tables.aio import TableClient

# Seconds and tries: a push must be answered, whatever the table does; a lost answer is read back.
TIMEOUTS: dict[str, Any] = {
    "connection_timeout": 3,
    "read_timeout": 5,
    "retry_total": 2,
    "retry_backoff_factor": 0.2,
}


def table_client(storage: str, table: str, *, by_identity: bool) -> TableClient:
    """A client for a table.

    Args:
        storage: a connection string; with `by_identity` the URI of the table service.
        table: its name.
        by_identity: sign in with the managed identity of the app.
    """
    if not by_identity:
        return TableClient.from_connection_string(storage, table, **TIMEOUTS)
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - a third of a cold start, rarely needed

    return TableClient(storage, table, credential=DefaultAzureCredential(), **TIMEOUTS)
