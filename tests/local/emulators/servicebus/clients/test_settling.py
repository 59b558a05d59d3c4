"""What becomes of a message that the unmodified asyncio client holds."""

from datetime import UTC, datetime

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusReceiveMode
from azure.servicebus.exceptions import MessageLockLostError, ServiceBusError

from tests.receiving import receive, stored, texts, until


async def test_a_completed_message_does_not_come_back(links):
    _, sender, receiver = await links.new_pair("short")
    await sender.send_messages(ServiceBusMessage("m"))
    (message,) = await receive(receiver, 1)

    await receiver.complete_message(message)

    assert await stored(receiver) == []
    assert await receiver.receive_messages(1, max_wait_time=1.2) == []


async def test_an_abandoned_message_comes_back_counted_until_it_is_dead_lettered(links):
    queue, sender, receiver = await links.new_pair("short")
    dead_letters = await links.dead_letters(queue)
    await sender.send_messages(ServiceBusMessage("poison"))
    for attempt in range(2):
        (message,) = await receive(receiver, 1)
        assert message.delivery_count == attempt
        await receiver.abandon_message(message)

    (dead,) = await receive(dead_letters, 1)

    assert str(dead) == "poison"
    assert dead.dead_letter_reason == "MaxDeliveryCountExceeded"
    assert dead.delivery_count == 2
    assert await stored(receiver) == []


async def test_a_dead_lettered_message_is_found_with_its_reason_and_can_be_completed(links):
    queue, sender, receiver = await links.new_pair()
    dead_letters = await links.dead_letters(queue)
    await sender.send_messages(ServiceBusMessage("m", application_properties={"a": "b"}))
    (message,) = await receive(receiver, 1)

    await receiver.dead_letter_message(message, reason="NotALead", error_description="no e-mail")
    (dead,) = await receive(dead_letters, 1)
    await dead_letters.complete_message(dead)

    assert (dead.dead_letter_reason, dead.dead_letter_error_description) == ("NotALead", "no e-mail")
    assert dead.application_properties[b"a"] == b"b"
    assert await stored(dead_letters) == []


async def test_a_message_that_is_received_and_deleted_is_gone(links):
    queue, sender, _ = await links.new_pair()
    receiver = await links.receiver(queue, receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE)
    await sender.send_messages(ServiceBusMessage("m"))

    assert texts(await receive(receiver, 1)) == ["m"]

    assert await stored(receiver) == []


async def test_an_expired_lock_gives_the_message_to_the_next_receiver_and_is_lost(links, monkeypatch):
    queue, sender, slow = await links.new_pair("short")
    quick = await links.receiver(queue)
    await sender.send_messages(ServiceBusMessage("m"))
    (message,) = await receive(slow, 1)

    (again,) = await receive(quick, 1)
    # The client would refuse by its own clock; here the bus is to be asked.
    monkeypatch.setattr(ServiceBusReceivedMessage, "_lock_expired", False)

    assert again.delivery_count == 1
    with pytest.raises(MessageLockLostError):
        await slow.complete_message(message)
    await quick.complete_message(again)
    with pytest.raises(MessageLockLostError):
        await slow.renew_message_lock(message)


async def test_a_renewed_lock_outlives_its_first_duration(links):
    _, sender, receiver = await links.new_pair("short")
    await sender.send_messages(ServiceBusMessage("m"))
    (message,) = await receive(receiver, 1)
    first_end = message.locked_until_utc

    async def first_end_has_passed():
        await receiver.renew_message_lock(message)
        return datetime.now(UTC) > first_end

    await until(first_end_has_passed)
    new_end = message.locked_until_utc
    await receiver.complete_message(message)

    assert new_end > first_end
    assert await stored(receiver) == []


async def test_deferring_is_not_built_and_leaves_the_message_alone(links):
    _, sender, receiver = await links.new_pair()
    await sender.send_messages(ServiceBusMessage("m"))
    (message,) = await receive(receiver, 1)

    with pytest.raises(ServiceBusError, match="can't do that yet"):
        await receiver.defer_message(message)
    assert texts(await stored(receiver)) == ["m"]
