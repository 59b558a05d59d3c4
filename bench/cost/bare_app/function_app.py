"""A function that parses nothing: it writes the rows and sends the message that the app wrote for one push.

The rows are inserted in one transaction under new keys, over the same partitions; waiting messages go out
in one batch, as in the app. The SDKs have the app's time-outs and retries.
"""

import asyncio
import functools
import json
import logging
import os
import random
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.data.tables.aio import TableClient
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender

TIMEOUTS: dict[str, Any] = {
    "connection_timeout": 3,
    "read_timeout": 5,
    "retry_total": 2,
    "retry_backoff_factor": 0.2,
}
RETRIES: dict[str, Any] = {"retry_total": 2, "retry_backoff_factor": 0.1}

type Row = dict[str, Any]

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
logging.getLogger("azure").setLevel(logging.WARNING)  # as the app does: the SDKs log every request


@app.function_name("receive_lead")
@app.route(route="marketplace/leads", methods=["POST"])
async def receive_lead(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - it parses nothing
    """Answer 202 after one transaction and one send."""
    recorded = sample()
    lead_id = uuid.uuid4().hex[: len(recorded["leadId"])]
    rows = rows_for(recorded["rows"], recorded["leadId"], lead_id, random.choice(recorded["partitions"]))
    await table().submit_transaction([("create", row) for row in rows])
    await bus().send([message_for(message, recorded["leadId"], lead_id) for message in recorded["messages"]])
    answer = json.dumps({"leadId": lead_id, "result": "created"})
    return func.HttpResponse(answer, status_code=202, mimetype="application/json")


def rows_for(rows: Sequence[Row], old_id: str, new_id: str, partition: str) -> list[Row]:
    """Rows of the same size for another lead; a key that doesn't hold the lead's id ends in it."""
    copies = []
    for row in rows:
        new = {name: _replaced(value, old_id, new_id) for name, value in row.items()}
        if old_id not in row["RowKey"]:
            new["RowKey"] = row["RowKey"][: -len(new_id)] + new_id
        copies.append(new | {"PartitionKey": partition})
    return copies


def message_for(message: Row, old_id: str, new_id: str) -> ServiceBusMessage:
    """A message of the same size about another lead."""
    properties: Mapping[str, Any] = message["properties"]
    return ServiceBusMessage(
        message["body"].replace(old_id, new_id).encode(),
        message_id=message["messageId"].replace(old_id, new_id),
        session_id=new_id,
        subject=message["subject"],
        content_type=message["contentType"],
        application_properties={name: _replaced(value, old_id, new_id) for name, value in properties.items()},
    )


def _replaced(value: Any, old: str, new: str) -> Any:
    return value.replace(old, new) if isinstance(value, str) else value


@functools.cache
def sample() -> dict[str, Any]:
    """What the app wrote for one push."""
    found: dict[str, Any] = json.loads(Path(os.environ["BENCH_SAMPLE"]).read_text())
    return found


@functools.cache
def table() -> TableClient:
    """One client for all pushes."""
    return TableClient.from_connection_string(
        os.environ["LEADS_STORAGE"], os.environ["LEADS_TABLE"], **TIMEOUTS
    )


class Bus:
    """One link for all pushes; the SDK allows one coroutine at a time to use it."""

    def __init__(self) -> None:
        """Open no connection yet."""
        self._client = ServiceBusClient.from_connection_string(os.environ["LEADS_BUS"], **RETRIES)
        self._sender: ServiceBusSender = self._client.get_topic_sender(os.environ["LEADS_TOPIC"])
        self._lock = asyncio.Lock()
        self._waiting: list[ServiceBusMessage] = []

    async def send(self, messages: Sequence[ServiceBusMessage]) -> None:
        """Send all waiting messages in one batch; returns once those of this call are sent."""
        self._waiting += messages
        async with self._lock:
            if not any(message is messages[0] for message in self._waiting):
                return
            waiting, self._waiting = self._waiting, []
            batch = await self._sender.create_message_batch()
            for message in waiting:
                batch.add_message(message)
            await self._sender.send_messages(batch)


@functools.cache
def bus() -> Bus:
    """One link for all pushes."""
    return Bus()
