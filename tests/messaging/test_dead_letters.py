"""Counting dead letters, over real AMQP with the unmodified client."""

import time
from functools import partial

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from shared.messaging import dead_letters
from shared.messaging.dead_letters import ServiceBusDeadLetters
from shared.messaging.publisher import bus_client
from tests.conftest import free_port

NONE = {"scoring": 0, "activity": 0, "spill": 0, "all": 0, "alerts": 0}
TOO_LONG = 20.0  # seconds; far above what is waited for, for a busy machine


def letters_of(connection, **names):
    named = {"topic": "leads", "subscription": "scoring", "activity": "activity", "spill": "spill", **names}
    return ServiceBusDeadLetters(partial(bus_client, connection, by_identity=False), **named)


async def buried(bus, queue, count):
    """So many messages of a queue, dead."""
    async with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_queue_sender(queue) as sender,
        client.get_queue_receiver(queue) as receiver,
    ):
        await sender.send_messages([ServiceBusMessage(f"body {number}") for number in range(count)])
        left = count
        while left:
            for message in await receiver.receive_messages(left, max_wait_time=5):
                await receiver.dead_letter_message(message)
                left -= 1


async def test_each_entity_has_its_count_up_to_a_hundred_and_counting_changes_nothing(bus):
    assert await letters_of(bus.connection_string).count() == NONE
    await buried(bus, "activity", 3)
    await buried(bus, "spill", 120)
    for _ in range(2):
        assert await letters_of(bus.connection_string).count() == NONE | {"activity": 3, "spill": 100}


async def test_subscriptions_that_others_read_are_counted_where_they_exist(bus, monkeypatch):
    async with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_topic_sender("leads") as sender,
        client.get_subscription_receiver("leads", "all") as receiver,
    ):
        await sender.send_messages(ServiceBusMessage("an event that its reader can't take"))
        for message in await receiver.receive_messages(1, max_wait_time=5):
            await receiver.dead_letter_message(message)
    counts = await letters_of(bus.connection_string).count()
    assert (counts["all"], counts["alerts"], counts["scoring"]) == (1, 0, 0)
    monkeypatch.setattr(dead_letters, "EXAMPLES", ("all", "nobody"))
    counts = await letters_of(bus.connection_string).count()
    assert counts.keys() == {"scoring", "activity", "spill", "all"}


async def test_an_entity_that_doesnt_exist_can_not_be_told_and_the_others_can(bus):
    counts = await letters_of(bus.connection_string, subscription="nobody").count()
    assert counts["scoring"] is None
    assert None not in (counts["activity"], counts["spill"])


@pytest.mark.usefixtures("forgetful_client")
async def test_a_bus_that_is_away_tells_nothing_and_takes_a_bounded_time(monkeypatch):
    monkeypatch.setattr(dead_letters, "COUNT_TIMEOUT", 1.0)
    began = time.monotonic()
    away = f"Endpoint=sb://localhost:{free_port()};SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;"
    assert await letters_of(away).count() == {"scoring": None, "activity": None, "spill": None}
    assert time.monotonic() - began < TOO_LONG
