"""Whatever breaks on the way to the bus: the event loop goes on, each call ends, and the next one works.

The client is the unmodified SDK; a proxy breaks its link at each frame of opening, signing in and sending.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from local.emulators.servicebus.emulator import connection_string
from local.emulators.servicebus.frames import encode_frame
from local.emulators.servicebus.outcomes import encode_error
from local.emulators.servicebus.performatives import Close, encode_performative
from shared.messaging import dead_letters, publisher, unread
from shared.messaging.dead_letters import ServiceBusDeadLetters
from shared.messaging.publisher import Outbox, ServiceBusPublisher, bus_client, in_batches
from shared.messaging.queue import ServiceBusQueue
from shared.messaging.unread import Place, ServiceBusUnread
from shared.services.errors import BusUnavailable
from shared.services.ports import QueuedMessage
from tests.builders import a_first_push
from tests.messaging.link_faults import Break, Fault, LinkProxy, loop_goes_on
from tests.samples import NOW

AT_ONCE = 24  # broken links: they wait more than they work
READERS_AT_ONCE = 10  # of up to five links each
ENDS_WITHIN = 120.0  # seconds; each call is bounded far below, and a busy machine is slow
CALLS_UNTIL_WELL = 3  # a link that stalls later than in the first call fails the next one
QUICK_KINDS = [Break.CLOSE, Break.CUT]  # the campaign breaks links in the other ways

pytestmark = [
    pytest.mark.usefixtures("forgetful_client"),
    # The client forgets sockets that the other side has closed.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Call(NamedTuple):
    """A call of a part of the app; it raises if the bus doesn't answer."""

    part: Any
    call: Callable[[], Awaitable[object]]
    message_id: str | None = None  # of the message that it sends


def publishing(connect, name):
    part = ServiceBusPublisher(connect, "leads")
    change = a_first_push(Email=f"{name}@contoso.example")
    return Call(part, lambda: part.publish(change.lead, change.events), change.events[0].id)


def renewing(connect, name):
    """Publish, then publish again at the time when the token must be renewed."""
    part, publish, message_id = publishing(connect, name)

    async def call():
        await publish()
        part._outbox._sender._handler._cbs_authenticator._refresh_window = (
            1 << 40
        )  # seconds before its expiry
        await publish()

    return Call(part, call, message_id)


def queueing(connect, name):
    part = ServiceBusQueue(connect, "activity")
    message = QueuedMessage(body=b"x", message_id=name, sent_at=NOW, properties={})
    return Call(part, lambda: part.send(message), name)


def deleting(connect, name):
    part = ServiceBusUnread(connect, [Place("spill")])
    return Call(part, lambda: part.delete_matching(lambda message: False))


def counting(connect, name):
    part = ServiceBusDeadLetters(
        connect, topic="leads", subscription="scoring", activity="activity", spill="spill"
    )

    async def call():
        if None in (await part.count()).values():
            raise BusUnavailable("no count")

    return Call(part, call)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    """Stalled links are given up on sooner: what is waited for is the same."""
    monkeypatch.setattr(publisher, "SEND_TIMEOUT", 10.0)
    monkeypatch.setattr(publisher, "REST_AFTER_FAILURE", 0.0)
    monkeypatch.setattr(dead_letters, "COUNT_TIMEOUT", 20.0)
    monkeypatch.setattr(unread, "DELETE_TIMEOUT", 20.0)
    monkeypatch.setattr(unread, "ANSWER_TIMEOUT", 5.0)


def client_through(proxy: LinkProxy) -> ServiceBusClient:
    return bus_client(connection_string(proxy.port).replace("localhost", "127.0.0.1"), by_identity=False)


async def closed(part: Any) -> None:
    if hasattr(part, "close"):
        await part.close()


async def frames_of(bus, make) -> dict[str, int]:
    """How many frames go each way while nothing breaks, closing included."""
    async with LinkProxy(bus.port) as proxy:
        part, call, _ = make(partial(client_through, proxy), "unbroken")
        await call()
        await closed(part)
        return proxy.frames


async def outlive(bus, make, fault: Fault) -> str | None:
    """Break a link, then mend it; the id of the message that the bus has confirmed, None if there is none."""
    name = f"{fault.direction}-{fault.frame}-{fault.kind}".replace(" ", "-")
    async with asyncio.timeout(ENDS_WITHIN), LinkProxy(bus.port, fault) as proxy:
        part, call, message_id = make(partial(client_through, proxy), name)
        for attempt in range(1 + CALLS_UNTIL_WELL):
            try:
                await call()
                break
            except BusUnavailable:
                assert attempt < CALLS_UNTIL_WELL, f"{fault}: the mended link isn't used"
                proxy.fault = None
        await closed(part)
        return message_id


async def outlive_all(bus, make, kinds: list[Break], at_once: int = AT_ONCE) -> set[str]:
    """Break a link at each frame in each of these ways; the ids of the messages that are confirmed."""
    frames = await frames_of(bus, make)
    faults = [
        Fault(direction, number, kind)
        for direction, count in frames.items()
        for number in range(count)
        for kind in kinds
    ]
    slots = asyncio.Semaphore(at_once)

    async def one(fault: Fault) -> str | None:
        async with slots:
            return await outlive(bus, make, fault)

    async with loop_goes_on():
        outcomes = await asyncio.gather(*(one(fault) for fault in faults))
    return {message_id for message_id in outcomes if message_id is not None}


async def expect_arrived(bus, ids: set[str], receiver_of) -> None:
    """Each message is there, once or more."""
    missing = set(ids)
    async with (
        asyncio.timeout(ENDS_WITHIN),
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        receiver_of(client) as receiver,
    ):
        while missing:
            received = await receiver.receive_messages(100, max_wait_time=5)
            assert received, f"confirmed, but lost: {missing}"
            for message in received:
                await receiver.complete_message(message)
                missing.discard(message.message_id)


def all_events(client: ServiceBusClient):
    return client.get_subscription_receiver("leads", "all")


@pytest.mark.parametrize("kind", QUICK_KINDS)
async def test_a_publisher_outlives_a_link_that_ends_at_any_frame(bus, kind):
    """Opening, signing in, sending, renewing the token, closing."""
    sent = await outlive_all(bus, renewing, [kind])
    await expect_arrived(bus, sent, all_events)


@pytest.mark.campaign
@pytest.mark.parametrize("kind", [kind for kind in Break if kind not in QUICK_KINDS])
async def test_a_publisher_outlives_every_other_break_of_its_link(bus, kind):
    sent = await outlive_all(bus, renewing, [kind])
    await expect_arrived(bus, sent, all_events)


@pytest.mark.campaign
async def test_a_queue_outlives_every_break_of_its_link(bus):
    sent = await outlive_all(bus, queueing, [Break.CLOSE, Break.STALL])
    await expect_arrived(bus, sent, lambda client: client.get_queue_receiver("activity"))


@pytest.mark.campaign
@pytest.mark.parametrize("make", [deleting, counting])
async def test_readers_of_our_queues_outlive_every_break_of_their_links(bus, make):
    assert await outlive_all(bus, make, [Break.CLOSE, Break.STALL], READERS_AT_ONCE) == set()


async def test_a_close_that_the_keep_alive_answers_takes_no_turn_from_the_loop(bus):
    """The SDK's keep-alive reads the close while a message waits for the socket: the SDK's loop then spins.

    Without our turn in `listen` neither the answer to the close nor a signal is ever handled.
    """
    terminated = asyncio.Event()
    async with loop_goes_on(), asyncio.timeout(ENDS_WITHIN), LinkProxy(bus.port) as proxy:
        senders = []

        def sender_of(client):
            senders.append(client.get_topic_sender("leads", keep_alive=1))  # second; 30 by default
            return senders[-1]

        outbox = Outbox(partial(client_through, proxy), sender_of, in_batches)
        message = ServiceBusMessage("x", message_id="while-it-closes", session_id="x")
        await outbox.send([message])
        lock = senders[0]._handler._connection._transport.socket_lock
        await until(lock.locked)  # by the keep-alive
        sending = asyncio.create_task(outbox.send([message]))
        await until(lambda: lock._waiters)
        proxy.say(encode_frame(encode_performative(Close(encode_error("amqp:connection:forced", "moved")))))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminated.set)
        os.kill(os.getpid(), signal.SIGTERM)
        await sending  # the SDK sends it again over a new link
        await terminated.wait()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        await outbox.close()
    await expect_arrived(bus, {"while-it-closes"}, all_events)


async def until(holds: Callable[[], object]) -> None:
    """Wait for a condition of this event loop."""
    while not holds():  # noqa: ASYNC110 - the SDK's lock announces nothing
        await asyncio.sleep(0)
