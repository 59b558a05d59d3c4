"""Single messages are taken out of queues, subscriptions and dead letters; all others stay as they were."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient

from local.emulators.servicebus.emulator import Emulator
from shared.messaging import unread
from shared.messaging.publisher import bus_client
from shared.messaging.unread import Place, ServiceBusUnread
from shared.services.errors import BusUnavailable
from tests.conftest import BUS_CONFIG, free_port
from tests.receiving import receive, stored

PLACES = [Place("leads", "scoring"), Place("activity"), Place("spill")]


def connecting(connection):
    return partial(bus_client, connection, by_identity=False)


@pytest.fixture
def bus():
    """An empty one for each test."""
    with Emulator(BUS_CONFIG) as emulator:
        yield emulator


@pytest.fixture
async def client(bus):
    async with ServiceBusClient.from_connection_string(bus.connection_string) as one:
        yield one


@pytest.fixture
def messages(bus):
    return ServiceBusUnread(connecting(bus.connection_string), PLACES)


def is_ada(message):
    """By a whole text, or the first word of the body: letters within an id, which is random, mean nobody."""
    return "ada" in message.texts or message.body.split()[:1] == [b"ada"]


async def send(client, queue, *bodies, **options):
    async with client.get_queue_sender(queue) as sender:
        for body in bodies:
            await sender.send_messages(ServiceBusMessage(body, **options))


async def look(client, queue, **options):
    """What lies there: bodies and delivery counts."""
    async with client.get_queue_receiver(queue, **options) as receiver:
        return [(b"".join(one.body), one.delivery_count) for one in await stored(receiver)]


async def test_messages_are_taken_out_wherever_they_stand_and_the_others_given_back(client, messages):
    await send(client, "activity", b"eva 1", b"ada 1", b"eva 2", b"ada 2", b"eva 3")
    await send(client, "spill", b"ada 3")
    assert await messages.delete_matching(is_ada) == 3
    assert await look(client, "activity") == [(b"eva 1", 1), (b"eva 2", 1), (b"eva 3", 0)]
    assert await look(client, "spill") == []
    assert await messages.delete_matching(is_ada) == 0


async def test_looking_where_nothing_is_meant_leaves_no_trace(client, messages):
    await send(client, "activity", *[b"eva"] * 4)
    await send(client, "activity", b"eva", message_id="5f0ada17")  # as in a random id
    assert await messages.delete_matching(is_ada) == 0
    assert await look(client, "activity") == [(b"eva", 0)] * 5


async def test_copies_that_were_put_off_are_called_off(client, messages):
    later = datetime.now(UTC) + timedelta(minutes=5)
    await send(client, "activity", b"eva", b"ada", scheduled_enqueue_time_utc=later)
    assert await messages.delete_matching(is_ada) == 1
    assert [body for body, _ in await look(client, "activity")] == [b"eva"]


async def test_dead_letters_are_taken_out_too(client, messages):
    await send(client, "activity", b"ada", b"eva")
    async with client.get_queue_receiver("activity") as receiver:
        for message in await receive(receiver, 2):
            await receiver.dead_letter_message(message, reason="refused")
    assert await messages.delete_matching(is_ada) == 1
    dead = await look(client, "activity", sub_queue=ServiceBusSubQueue.DEAD_LETTER)
    assert [body for body, _ in dead] == [b"eva"]


async def test_messages_of_our_subscription_are_known_by_their_properties(client, messages):
    async with client.get_topic_sender("leads") as sender:
        for name in ("ada", "eva"):
            properties = {"cloudEvents_type": "lead.received", "cloudEvents_subject": name}
            await sender.send_messages(ServiceBusMessage(b"{}", application_properties=properties))
            await sender.send_messages(
                ServiceBusMessage(b"{}", application_properties={**properties, "n": 1})
            )
    assert await messages.delete_matching(is_ada) == 2
    async with client.get_subscription_receiver("leads", "scoring") as receiver:
        assert len(await stored(receiver)) == 2
    async with client.get_subscription_receiver("leads", "all") as receiver:
        assert len(await stored(receiver)) == 4  # not ours


async def test_a_message_that_somebody_holds_is_waited_for(client, messages):
    await send(client, "activity", b"ada")
    async with client.get_queue_receiver("activity") as receiver:
        (held,) = await receive(receiver, 1)
        removing = asyncio.create_task(messages.delete_matching(is_ada))
        await asyncio.sleep(0.5)
        assert not removing.done()
        await receiver.complete_message(held)
    assert await removing == 0
    assert await look(client, "activity") == []


async def test_a_message_that_somebody_keeps_is_told(client, messages, monkeypatch):
    monkeypatch.setattr(unread, "HELD_MESSAGE_TIMEOUT", 0.5)
    await send(client, "activity", b"ada")
    async with client.get_queue_receiver("activity") as receiver:
        (held,) = await receive(receiver, 1)
        with pytest.raises(BusUnavailable):
            await messages.delete_matching(is_ada)
        await receiver.complete_message(held)


async def test_a_message_in_the_way_never_loses_its_last_deliveries(client, messages):
    await send(client, "activity", b"eva")
    async with client.get_queue_receiver("activity") as receiver:
        for _ in range(unread.MOST_DELIVERIES + 1):
            (message,) = await receive(receiver, 1)
            await receiver.abandon_message(message)
    await send(client, "activity", b"ada")
    with pytest.raises(BusUnavailable, match="in the way"):
        await messages.delete_matching(is_ada)
    assert (b"eva", unread.MOST_DELIVERIES + 1) in await look(client, "activity")


async def test_more_messages_than_are_looked_at_are_told(client, messages, monkeypatch):
    monkeypatch.setattr(unread, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(unread, "PAGE", 2)
    await send(client, "activity", *[b"eva"] * 4)
    with pytest.raises(BusUnavailable, match="more than 3"):
        await messages.delete_matching(is_ada)


async def test_a_queue_that_is_missing_holds_nothing(bus, client):
    gone = ServiceBusUnread(connecting(bus.connection_string), [Place("nowhere"), Place("activity")])
    await send(client, "activity", b"ada")
    assert await gone.delete_matching(is_ada) == 1


@pytest.mark.usefixtures("forgetful_client")
async def test_a_bus_that_is_away_is_told():
    away = f"Endpoint=sb://localhost:{free_port()};SharedAccessKeyName=a;SharedAccessKey=b;"
    messages = ServiceBusUnread(connecting(away + "UseDevelopmentEmulator=true;"), PLACES)
    began = time.monotonic()
    with pytest.raises(BusUnavailable):
        await messages.delete_matching(is_ada)
    assert time.monotonic() - began < unread.DELETE_TIMEOUT
