"""Whatever the unmodified asyncio client sends arrives as it was sent, over real AMQP."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import MessageSizeExceededError

from tests.receiving import DEADLINE, receive, texts


async def test_a_message_arrives_as_it_was_sent(links):
    _, sender, receiver = await links.new_pair()
    await sender.send_messages(
        ServiceBusMessage(
            b"body",
            message_id="lead:1",
            subject="lead.scored",
            content_type="application/json",
            correlation_id="c",
            session_id="lead",
            application_properties={"grade": "A1", "score": 82, "test": False},
        )
    )

    (message,) = await receive(receiver, 1)

    assert b"".join(message.body) == b"body"
    assert (message.message_id, message.subject, message.content_type) == (
        "lead:1",
        "lead.scored",
        "application/json",
    )
    assert (message.correlation_id, message.session_id) == ("c", "lead")
    assert message.application_properties == {b"grade": b"A1", b"score": 82, b"test": False}
    assert (message.delivery_count, message.sequence_number) == (0, 1)
    assert abs(message.enqueued_time_utc - datetime.now(UTC)) < timedelta(seconds=DEADLINE)
    assert timedelta(0) < message.locked_until_utc - datetime.now(UTC) <= timedelta(minutes=1)


async def test_lists_and_batches_arrive_as_single_messages_in_their_order(links):
    _, sender, receiver = await links.new_pair()
    await sender.send_messages([ServiceBusMessage(f"list {n}") for n in range(3)])
    batch = await sender.create_message_batch()
    for n in range(3):
        batch.add_message(ServiceBusMessage(f"batch {n}", application_properties={"n": n}))
    await sender.send_messages(batch)

    messages = await receive(receiver, 6)

    assert texts(messages) == [f"list {n}" for n in range(3)] + [f"batch {n}" for n in range(3)]
    assert [message.sequence_number for message in messages] == [1, 2, 3, 4, 5, 6]
    assert messages[5].application_properties == {b"n": 2}


async def test_a_body_that_is_itself_an_encoded_message_is_not_taken_apart(links):
    _, sender, receiver = await links.new_pair()
    body = b"\x00\x53\x75\xa0\x02hi"

    await sender.send_messages(ServiceBusMessage(body))

    (message,) = await receive(receiver, 1)
    assert b"".join(message.body) == body


async def test_a_message_of_200_kilobytes_arrives_whole(links):
    _, sender, receiver = await links.new_pair()
    body = bytes(range(256)) * 800

    await sender.send_messages(ServiceBusMessage(body))

    (message,) = await receive(receiver, 1)
    assert b"".join(message.body) == body


async def test_a_message_that_is_too_large_is_refused_and_the_sender_can_go_on(links):
    _, sender, receiver = await links.new_pair()

    with pytest.raises(MessageSizeExceededError):
        async with asyncio.timeout(DEADLINE):
            await sender.send_messages(ServiceBusMessage(bytes(300_000)))
    await sender.send_messages(ServiceBusMessage("small"))

    assert texts(await receive(receiver, 1)) == ["small"]


async def test_a_message_without_an_id_is_given_one(links):
    _, sender, receiver = await links.new_pair()
    message = ServiceBusMessage("m")
    message.raw_amqp_message.properties = None

    await sender.send_messages(message)

    (received,) = await receive(receiver, 1)
    assert received.message_id
