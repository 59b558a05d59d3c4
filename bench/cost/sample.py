"""Record what the app writes and sends for one push, for the bare function to repeat."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from azure.data.tables import TableClient
from azure.servicebus import ServiceBusClient, ServiceBusReceivedMessage

from bench.cost.pushes import push_all
from bench.cost.stack import TABLE, TOPIC, Host, Stack
from bench.processes import BenchFailed

EVERYTHING = "all"  # the subscription that gets every event
WARM_UP = 64  # pushes; they also show which partitions there are
RECEIVE_TIMEOUT = 10.0  # seconds
MESSAGES_AT_ONCE = 200

type Row = dict[str, Any]


def write_sample(stack: Stack, app: Host, leads: Iterator[bytes], file: Path) -> str:
    """Push, and write the rows and messages of the last push to a file as JSON; returns a summary in words.

    Raises:
        BenchFailed: the last push led to no row or no message.
    """
    warm_up_ids = push_all(app.push_url, leads, WARM_UP, at_once=4).lead_ids
    before = {_key(row) for row in _rows(stack)}
    _take_messages(stack, None)
    (lead_id,) = push_all(app.push_url, leads, 1).lead_ids
    rows = _rows(stack)
    partition = partition_of(lead_id, rows)
    new = [row for row in rows if _key(row) not in before and row["PartitionKey"] == partition]
    sent = _take_messages(stack, lead_id)
    if not new or not sent:
        raise BenchFailed(f"A push led to {len(new)} rows and {len(sent)} messages: nothing to copy.")
    sample = {
        "leadId": lead_id,
        "rows": new,
        "partitions": sorted({partition_of(warm_up_id, rows) for warm_up_id in warm_up_ids}),
        "messages": sent,
    }
    file.write_text(json.dumps(sample))
    row_bytes, message_bytes = len(json.dumps(new)), sum(len(message["body"]) for message in sent)
    return f"{len(new)} rows ({row_bytes:,} bytes as JSON), {len(sent)} message ({message_bytes:,} bytes)"


def partition_of(lead_id: str, rows: Sequence[Row]) -> str:
    """The partition of a lead: the one with the most rows that name it.

    Raises:
        BenchFailed: no row names it.
    """
    found = Counter(row["PartitionKey"] for row in rows if lead_id in row["RowKey"])
    if not found:
        raise BenchFailed("No row of the table names a lead that was pushed.")
    return str(found.most_common(1)[0][0])


def _rows(stack: Stack) -> list[Row]:
    with TableClient.from_connection_string(stack.storage, TABLE) as table:
        return [dict(row) for row in table.list_entities()]


def _key(row: Row) -> tuple[str, str]:
    return row["PartitionKey"], row["RowKey"]


def _take_messages(stack: Stack, lead_id: str | None) -> list[Row]:
    """Receive and delete every message; returns those about the lead."""
    with (
        ServiceBusClient.from_connection_string(stack.bus) as client,
        client.get_subscription_receiver(TOPIC, EVERYTHING, receive_mode="receiveanddelete") as receiver,
    ):
        found: list[ServiceBusReceivedMessage] = []
        wait = RECEIVE_TIMEOUT if lead_id else 1.0
        while messages := receiver.receive_messages(MESSAGES_AT_ONCE, max_wait_time=wait):
            found += [message for message in messages if message.session_id == lead_id]
            wait = 1.0
    return [_as_json(message) for message in found]


def _as_json(message: ServiceBusReceivedMessage) -> Row:
    properties = message.application_properties or {}
    return {
        "body": b"".join(message.body).decode(),
        "messageId": message.message_id,
        "sessionId": message.session_id,
        "subject": message.subject,
        "contentType": message.content_type,
        "properties": {_text(name): _text(value) for name, value in properties.items()},
    }


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
