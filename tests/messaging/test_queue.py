"""Copies into the queue `activity`: the same message, later, or with the reason why nobody works on it."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from azure.servicebus.aio import ServiceBusClient

from shared.messaging.publisher import bus_client
from shared.messaging.queue import LONGEST_REFUSAL, ServiceBusQueue, copy_of
from shared.services.errors import BusUnavailable
from shared.services.ports import QueuedMessage
from tests.conftest import free_port
from tests.fakes.messaging import MemoryQueue
from tests.receiving import receive, stored

SENT_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MESSAGE = QueuedMessage(
    body=bytes(range(256)) * 200,
    message_id="m-1",
    sent_at=SENT_AT,
    properties={"crm": "contoso", "try": 2, "share": 0.5, "test": False, "large": 2**40, "list": [1, "a"]},
    addressing={
        "content_type": "application/json",
        "session_id": "s",
        "subject": "call",
        "partition_key": "s",
    },
)


@pytest.fixture
async def queue(bus):
    connect = partial(bus_client, bus.connection_string, by_identity=False)
    queue = ServiceBusQueue(connect, "activity")
    yield queue
    await queue.close()


@pytest.fixture
async def receiver(bus):
    async with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_queue_receiver("activity") as receiver,
    ):
        yield receiver


async def next_of(receiver):
    (message,) = await receive(receiver, 1)
    await receiver.complete_message(message)
    return message


def message_properties(message):
    return {
        name.decode(): value.decode() if isinstance(value, bytes) else value
        for name, value in message.application_properties.items()
    }


async def test_a_refused_copy_is_the_message_with_its_reason(queue, receiver):
    await queue.dead_letter(MESSAGE, "There is no lead with this id.")
    copy = await next_of(receiver)
    assert b"".join(copy.body) == MESSAGE.body
    assert (copy.message_id, copy.session_id, copy.subject) == ("m-1", "s", "call")
    assert copy.content_type == "application/json"
    assert message_properties(copy) == {
        **MESSAGE.properties,
        "large": str(2**40),
        "list": '[1,"a"]',
        "sentAt": "2026-03-02T09:00:00Z",
        "refusal": "There is no lead with this id.",
    }


async def test_a_copy_that_is_put_off_comes_at_its_time_and_not_before(queue, receiver):
    at = datetime.now(UTC) + timedelta(seconds=2)
    await queue.send_at(QueuedMessage(b"{}", "m-2", SENT_AT, attempts=3), at)
    (waiting,) = await stored(receiver)
    assert waiting.scheduled_enqueue_time_utc is not None
    copy = await next_of(receiver)
    assert datetime.now(UTC) >= at
    assert message_properties(copy) == {"sentAt": "2026-03-02T09:00:00Z", "attempts": 3}
    assert copy.time_to_live is None  # so the queue's counts, from then on


async def test_many_copies_at_once_go_out_over_one_link(queue, receiver):
    messages = [QueuedMessage(b"{}", f"m-{number}", SENT_AT) for number in range(20)]
    await asyncio.gather(*(queue.dead_letter(message, "no") for message in messages))
    received = [await next_of(receiver) for _ in messages]
    assert {message.message_id for message in received} == {message.message_id for message in messages}


def test_a_partition_key_is_carried_on_where_no_session_stands_for_it():
    alone = {"partition_key": "p"}
    assert copy_of(QueuedMessage(b"{}", "m", SENT_AT, addressing=alone)).partition_key == "p"
    both = {"partition_key": "p", "session_id": "s"}
    assert copy_of(QueuedMessage(b"{}", "m", SENT_AT, addressing=both)).session_id == "s"


def test_what_a_sender_says_under_our_names_is_not_carried_on():
    forged = QueuedMessage(
        b"{}", "m", SENT_AT, properties={"refusal": "x", "attempts": 9, "sentAt": "y", "a": 1}
    )
    assert copy_of(forged).application_properties == {"a": 1, "sentAt": "2026-03-02T09:00:00Z"}


async def test_a_reason_is_cut(queue, receiver):
    await queue.dead_letter(QueuedMessage(b"", "m", SENT_AT), "x" * 5000)
    assert len(message_properties(await next_of(receiver))["refusal"]) == LONGEST_REFUSAL


@pytest.mark.usefixtures("forgetful_client")
async def test_a_bus_that_is_away_is_told():
    away = f"Endpoint=sb://localhost:{free_port()};SharedAccessKeyName=a;SharedAccessKey=b;"
    connect = partial(bus_client, away + "UseDevelopmentEmulator=true;", by_identity=False)
    queue = ServiceBusQueue(connect, "activity")
    with pytest.raises(BusUnavailable):
        await queue.dead_letter(MESSAGE, "no")
    with pytest.raises(BusUnavailable):
        await queue.send_at(MESSAGE, SENT_AT)
    await queue.close()


async def test_the_twin_keeps_what_it_was_given_and_can_be_switched_off():
    twin = MemoryQueue()
    await twin.send_at(MESSAGE, SENT_AT)
    await twin.dead_letter(MESSAGE, "no")
    assert twin.redelivered == [(SENT_AT, MESSAGE)]
    assert [(message.message_id, message.refusal) for message in twin.dead_lettered] == [("m-1", "no")]
    twin.is_down = True
    with pytest.raises(BusUnavailable):
        await twin.dead_letter(MESSAGE, "no")
