"""Publishing: what subscribers get, and how soon a publisher gives up."""

import asyncio
import json
import time
from copy import replace
from functools import partial
from types import NoneType

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.exceptions import ServiceBusQuotaExceededError

from local.emulators.servicebus import endpoints
from local.emulators.servicebus.emulator import Emulator
from shared.leads.events import EventType, Received
from shared.leads.interactions import Interaction
from shared.messaging import publisher as publisher_module
from shared.messaging.publisher import Outbox, ServiceBusPublisher, bus_client, in_batches, one_by_one
from shared.policy.load import load_policy
from shared.scoring.appraise import record_score
from shared.scoring.score import score
from shared.services.errors import BusUnavailable, MessageTooLarge
from shared.services.receive import Intake, receive
from tests.builders import a_context, a_first_push, a_push
from tests.conftest import BUS_CONFIG, free_port
from tests.fakes.messaging import MemoryPublisher
from tests.samples import NOW

TOO_LONG = 20.0  # seconds; far above what is waited for, for a busy machine


def a_scored_lead(**changes):
    first = a_first_push(**changes)
    called = [Interaction(type="push", at=NOW, number=1, detail="PLT")]
    worth = score({"action": "PLT"}, called, load_policy().scoring, NOW)
    return first, record_score(first.lead, first.lead.enrichment, worth, now=NOW)


def publisher_of(connection):
    return ServiceBusPublisher(partial(bus_client, connection, by_identity=False), "leads")


@pytest.fixture
async def publisher(bus):
    one = publisher_of(bus.connection_string)
    yield one
    await one.close()


async def heard(bus, count, subscription="all"):
    """The next messages of a subscription."""
    async with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_subscription_receiver("leads", subscription) as receiver,
    ):
        messages = []
        while len(messages) < count:
            batch = await receiver.receive_messages(max_message_count=count, max_wait_time=5)
            assert batch, f"only {len(messages)} of {count} came"
            for message in batch:
                await receiver.complete_message(message)
            messages += batch
        return messages


async def test_events_arrive_in_order_with_id_session_and_content_type(bus, publisher):
    first, second = a_scored_lead()
    await publisher.publish(second.lead, first.events + second.events)
    messages = await heard(bus, 2)
    assert [message.message_id for message in messages] == [f"{first.lead.id}:{number}" for number in (1, 2)]
    assert {message.session_id for message in messages} == {first.lead.id}
    assert {message.content_type for message in messages} == {"application/json"}
    body = json.loads(b"".join(messages[1].body))
    assert body["event"]["type"] == "lead.scored"
    assert "bookkeeping" not in body["lead"]


async def test_properties_keep_their_types_so_that_filters_work(bus, publisher):
    first, second = a_scored_lead()
    await publisher.publish(second.lead, second.events)
    (message,) = await heard(bus, 1)
    properties = {name.decode(): value for name, value in message.application_properties.items()}
    assert properties["cloudEvents_type"] == b"lead.scored"
    assert (properties["score"], properties["test"]) == (second.lead.score.total, False)
    assert first.lead.contact.email.encode() not in properties.values()


async def test_a_lead_of_64_kib_fits_into_a_message(bus, publisher):
    first, _ = a_scored_lead(Description="\u00fc" * 15_000 + '"' * 15_000)
    await publisher.publish(first.lead, first.events)
    (message,) = await heard(bus, 1)
    assert json.loads(b"".join(message.body))["lead"]["note"] == first.lead.note


async def test_events_of_a_caller_who_could_not_wait_go_out_all_the_same(bus, publisher):
    impatient, patient = (a_first_push(Email=f"{name}@contoso.example") for name in ("impatient", "patient"))
    waiting = asyncio.create_task(publisher.publish(patient.lead, patient.events))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await publisher.publish(impatient.lead, impatient.events)
    await waiting
    messages = await heard(bus, 2)
    assert {message.message_id for message in messages} == {
        impatient.events[0].id,
        patient.events[0].id,
    }


async def test_many_publish_at_once_over_one_link(bus, publisher):
    changes = [a_first_push(Email=f"someone{number}@contoso.example") for number in range(40)]
    await asyncio.gather(*(publisher.publish(change.lead, change.events) for change in changes))
    messages = await heard(bus, 40)
    assert {message.session_id for message in messages} == {change.lead.id for change in changes}


@pytest.mark.usefixtures("forgetful_client")
async def test_a_bus_that_refuses_connections_is_unavailable_and_costs_the_next_caller_no_time():
    publisher = publisher_of(
        f"Endpoint=sb://localhost:{free_port()};SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;"
    )
    change = a_first_push()
    with pytest.raises(BusUnavailable):
        await publisher.publish(change.lead, change.events)
    began = time.monotonic()
    with pytest.raises(BusUnavailable, match="a moment ago"):
        await publisher.publish(change.lead, change.events)
    assert time.monotonic() - began < 1
    await publisher.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client's own socket
@pytest.mark.usefixtures("forgetful_client")
async def test_a_bus_that_never_answers_is_given_up_on_by_all_who_wait(monkeypatch):
    monkeypatch.setattr(publisher_module, "SEND_TIMEOUT", 1.0)
    writers = []

    async def never(_, writer):
        writers.append(writer)

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    publisher = publisher_of(
        f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;"
    )
    change = a_first_push()
    began = time.monotonic()
    outcomes = await asyncio.gather(
        *(publisher.publish(change.lead, change.events) for _ in range(20)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {BusUnavailable}
    assert time.monotonic() - began < TOO_LONG
    await publisher.close()
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    server.close()


@pytest.mark.usefixtures("forgetful_client")
async def test_a_publisher_finds_a_bus_that_came_back(monkeypatch):
    monkeypatch.setattr(publisher_module, "REST_AFTER_FAILURE", 0.0)
    emulator = Emulator(BUS_CONFIG)
    emulator.start()
    publisher = publisher_of(emulator.connection_string)
    change = a_first_push()
    await publisher.publish(change.lead, change.events)
    emulator.stop()
    with pytest.raises(BusUnavailable):
        await publisher.publish(change.lead, change.events)
    emulator.start()
    deadline = time.monotonic() + 20
    while True:
        try:
            await publisher.publish(change.lead, change.events)
            break
        except BusUnavailable:
            assert time.monotonic() < deadline
    assert (await heard(emulator, 1))[0].message_id == change.events[0].id
    await publisher.close()
    emulator.stop()


async def test_the_twin_keeps_what_it_was_given_and_can_be_switched_off():
    twin, change = MemoryPublisher(), a_first_push()
    await twin.publish(change.lead, change.events)
    assert [event.type for event in twin.published] == [EventType.RECEIVED]
    twin.is_down = True
    with pytest.raises(BusUnavailable):
        await twin.publish(change.lead, change.events)


async def test_a_full_topic_is_named_in_the_log(monkeypatch, caplog, bus):
    """By Azure's name for it: subscribers that don't read are found by it."""

    async def refused(*_):
        raise ServiceBusQuotaExceededError(message="a text that may quote ada@fabrikam.example")

    monkeypatch.setattr(publisher_module, "in_batches", refused)
    full = publisher_of(bus.connection_string)
    context = a_context(publisher=full)
    receipt = await receive(context, Intake(a_push(), NOW))
    await full.close()
    assert receipt.result == "created"
    assert "QuotaExceeded: it is full" in caplog.text
    assert "fabrikam.example" not in caplog.text


@pytest.mark.parametrize(
    ("others", "limit"),  # the bus takes less than the link has announced
    [(0, None), (50, None), (0, 30_000), (5, 30_000)],
    ids=["alone", "beside full batches", "refused by the bus", "in a batch refused by the bus"],
)
@pytest.mark.parametrize("send", [in_batches, one_by_one])
async def test_a_message_that_is_too_large_fails_alone_and_the_link_stays(
    bus, monkeypatch, send, others, limit
):
    if limit:
        monkeypatch.setattr(endpoints, "MAX_MESSAGE_SIZE", limit)
    connected = []

    def connect():
        connected.append(bus_client(bus.connection_string, by_identity=False))
        return connected[-1]

    outbox = Outbox(connect, lambda client: client.get_topic_sender("leads"), send)
    before, after = (
        [ServiceBusMessage("x" * 3_000, message_id=f"{when} {number}") for number in range(others)]
        for when in ("before", "after")
    )
    outcomes = await asyncio.gather(
        outbox.send(before),
        outbox.send([ServiceBusMessage("x" * (40_000 if limit else 300_000))]),
        outbox.send(after),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [NoneType, MessageTooLarge, NoneType]
    await outbox.send([ServiceBusMessage("x", message_id="afterwards")])
    assert len(connected) == 1
    await outbox.close()
    sent = {message.message_id for message in await heard(bus, 2 * others + 1)}
    assert sent == {*(message.message_id for message in (*before, *after)), "afterwards"}


async def test_the_largest_body_fits_into_a_batch_with_the_largest_properties(bus, publisher):
    first, _ = a_scored_lead()
    costly = "\N{GRINNING FACE}" * 2_000
    lead = replace(
        first.lead, action=costly, source=costly, offer=costly, owner=costly, team=costly, note=costly * 100
    )
    await publisher.publish(
        lead, [replace(first.events[0], data=Received(push={"x": costly * 100}, offer=None))]
    )
    (message,) = await heard(bus, 1)
    assert message.message_id == first.events[0].id


async def test_the_twin_refuses_what_is_too_large_alone():
    twin, change, other = MemoryPublisher(), a_first_push(), a_first_push(Email="other@contoso.example")
    twin.too_large = {change.events[0].id}
    with pytest.raises(MessageTooLarge):
        await twin.publish(change.lead, [*change.events, *other.events])
    assert twin.published == list(other.events)
