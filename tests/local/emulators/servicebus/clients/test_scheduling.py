"""Messages seen before they are received, due later, or too old, by the unmodified asyncio client."""

from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusError

from tests.receiving import receive, stored, texts


async def test_peeking_locks_nothing(links):
    _, sender, receiver = await links.new_pair()
    await sender.send_messages([ServiceBusMessage(str(n)) for n in range(5)])

    assert texts(await receiver.peek_messages(2)) == ["0", "1"]
    assert texts(await receiver.peek_messages(10, sequence_number=4)) == ["3", "4"]
    assert len(await receive(receiver, 5)) == 5


async def test_a_scheduled_message_arrives_when_it_is_due_unless_it_is_cancelled(links):
    _, sender, receiver = await links.new_pair()
    due = datetime.now(UTC) + timedelta(seconds=1.5)
    numbers = await sender.schedule_messages([ServiceBusMessage(n) for n in ("kept", "cancelled")], due)
    await sender.send_messages(ServiceBusMessage("by property", scheduled_enqueue_time_utc=due))

    await sender.cancel_scheduled_messages(numbers[1])
    waiting = await receiver.peek_messages(10)
    messages = await receive(receiver, 2)

    assert texts(waiting) == ["kept", "by property"]
    assert [message.state.name for message in waiting] == ["SCHEDULED", "SCHEDULED"]
    assert sorted(texts(messages)) == ["by property", "kept"]
    assert datetime.now(UTC) >= due
    assert await receiver.receive_messages(1, max_wait_time=0.2) == []
    with pytest.raises(ServiceBusError, match="no scheduled message"):
        await sender.cancel_scheduled_messages(numbers)


async def test_a_scheduled_message_above_the_limit_is_refused_and_the_sender_goes_on(links):
    _, sender, receiver = await links.new_pair()
    due = datetime.now(UTC) + timedelta(minutes=1)

    with pytest.raises(ServiceBusError, match="exceeds the limit of 262144 bytes"):
        await sender.schedule_messages(ServiceBusMessage(b"x" * 300_000), due)
    await sender.schedule_messages(ServiceBusMessage("small"), due)

    assert texts(await stored(receiver)) == ["small"]


async def test_a_message_whose_time_to_live_ends_is_dead_lettered(links):
    queue, sender, _ = await links.new_pair("short")
    receiver = await links.dead_letters(queue)

    await sender.send_messages(ServiceBusMessage("late", time_to_live=timedelta(milliseconds=200)))

    (dead,) = await receive(receiver, 1)
    assert dead.dead_letter_reason == "TTLExpiredException"
