"""The emulator and the unmodified asyncio client over real AMQP; nothing here knows the emulator's inside."""

import asyncio
import gc
import logging
import socket
import subprocess
import sys
import textwrap
import time
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.servicebus import (
    ServiceBusMessage,
    ServiceBusReceivedMessage,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
)
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessageSizeExceededError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
    ServiceBusError,
)
from proton.utils import BlockingConnection, LinkDetached

from local import servicebus
from local.servicebus import Emulator
from tests.local.servicebus_client_parts import DEADLINE, receive, stored, until


def rule(name, **properties):
    return {"Name": name, "Properties": properties}


def correlation(**filters):
    return rule("correlation", FilterType="Correlation", CorrelationFilter=filters)


def sql(expression):
    return rule("sql", FilterType="Sql", SqlFilter={"SqlExpression": expression})


CONFIG = {
    "UserConfig": {
        "Namespaces": [
            {
                "Name": "sbemulatorns",
                # A queue for each test, so that a receiver left open takes nobody else's messages.
                "Queues": [
                    *({"Name": f"long-{number}"} for number in range(40)),
                    *(
                        {
                            "Name": f"short-{number}",
                            "Properties": {
                                "LockDuration": "PT2S",  # a busy machine stands still for a second
                                "MaxDeliveryCount": 2,
                                "DeadLetteringOnMessageExpiration": True,
                            },
                        }
                        for number in range(10)
                    ),
                ],
                "Topics": [
                    {
                        "Name": "events",
                        "Subscriptions": [
                            {"Name": "all"},
                            {"Name": "red", "Rules": [correlation(Properties={"colour": "red"})]},
                            {"Name": "label", "Rules": [correlation(Label="lead.scored")]},
                            {"Name": "best", "Rules": [sql("score >= 80 AND sys.Label LIKE 'lead.%'")]},
                        ],
                    }
                ],
            }
        ],
        "Logging": {"Type": "Console"},
    }
}


@pytest.fixture(scope="module")
def bus():
    with Emulator(CONFIG) as emulator:
        yield emulator


class Links:
    """Opens and closes senders and receivers many at a time: each alone takes the client about a second.

    They are open before they are used: the client counts opening as waiting for messages.
    """

    def __init__(self, bus):
        self.client = ServiceBusClient.from_connection_string(bus.connection_string, retry_total=0)
        self._numbers = {"long": iter(range(40)), "short": iter(range(10))}
        self._pairs = {"long": [], "short": []}
        self._open = []

    def new_queue(self, kind="long"):
        return f"{kind}-{next(self._numbers[kind])}"

    async def open_pairs(self, **counts):
        """Have pairs ready for `new_pair`."""
        kinds = [kind for kind, count in counts.items() for _ in range(count)]
        queues = [self.new_queue(kind) for kind in kinds]
        pairs = await asyncio.gather(
            *(asyncio.gather(self.sender(queue), self.receiver(queue)) for queue in queues)
        )
        for kind, queue, pair in zip(kinds, queues, pairs, strict=True):
            self._pairs[kind].append((queue, *pair))

    async def new_pair(self, kind="long"):
        """A queue that nobody else uses, a sender and a receiver of it."""
        if not self._pairs[kind]:
            await self.open_pairs(**{kind: 1})
        return self._pairs[kind].pop()

    async def sender(self, queue):
        return await self._keep(self.client.get_queue_sender(queue))

    async def receiver(self, queue, **options):
        return await self._keep(self.client.get_queue_receiver(queue, **options))

    async def dead_letters(self, queue):
        return await self.receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER)

    async def topic_sender(self, topic):
        return await self._keep(self.client.get_topic_sender(topic))

    async def subscription(self, topic, name):
        return await self._keep(self.client.get_subscription_receiver(topic, name))

    async def close(self):
        await asyncio.gather(*(link.close() for link in self._open))
        await self.client.close()
        with warnings.catch_warnings():  # the client forgets sockets that the other side has closed
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    async def _keep(self, link):
        self._open.append(link)
        return await link.__aenter__()


@pytest.fixture(scope="module")
async def links(bus):
    links = Links(bus)
    await links.open_pairs(long=13, short=5)
    yield links
    await links.close()


def texts(messages):
    return [str(message) for message in messages]


# Sending


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


# Settling


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


# Peeking and scheduling


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
    with pytest.raises(ServiceBusError, match="no such message"):
        await sender.cancel_scheduled_messages(numbers)


async def test_a_message_whose_time_to_live_ends_is_dead_lettered(links):
    queue, sender, _ = await links.new_pair("short")
    receiver = await links.dead_letters(queue)

    await sender.send_messages(ServiceBusMessage("late", time_to_live=timedelta(milliseconds=200)))

    (dead,) = await receive(receiver, 1)
    assert dead.dead_letter_reason == "TTLExpiredException"


# Topics


async def test_subscriptions_get_what_their_rules_let_through(links):
    names = ("all", "red", "label", "best")
    sender, *subscriptions = await asyncio.gather(
        links.topic_sender("events"), *(links.subscription("events", name) for name in names)
    )
    await sender.send_messages(
        [
            ServiceBusMessage("red", application_properties={"colour": "red"}),
            ServiceBusMessage("red bytes", application_properties={b"colour": b"red"}),
            ServiceBusMessage("scored", subject="lead.scored", application_properties={"score": 82}),
            ServiceBusMessage("weak", subject="lead.scored", application_properties={"score": 12}),
        ]
    )

    received = await asyncio.gather(
        receive(subscriptions[0], 4),
        receive(subscriptions[1], 1),
        receive(subscriptions[2], 2),
        receive(subscriptions[3], 1),
    )

    assert dict(zip(names, map(texts, received), strict=True)) == {
        "all": ["red", "red bytes", "scored", "weak"],
        "red": ["red"],
        "label": ["scored", "weak"],
        "best": ["scored"],
    }


async def test_the_shipped_entities_route_events_to_those_who_subscribed():
    shipped = Path(servicebus.__file__).with_name("Config.json")
    with Emulator(shipped) as bus:
        links = Links(bus)
        sender, scoring, everything, alerts = await asyncio.gather(
            links.topic_sender("leads"),
            *(links.subscription("leads", name) for name in ("scoring", "all", "alerts")),
        )
        await sender.send_messages(
            [
                ServiceBusMessage(kind, application_properties={"cloudEvents_type": kind})
                for kind in ("lead.received", "lead.touched", "lead.scored", "lead.follow_up_missed")
            ]
        )

        received = await asyncio.gather(receive(scoring, 2), receive(everything, 4), receive(alerts, 1))

        assert texts(received[0]) == ["lead.received", "lead.touched"]
        assert texts(received[2]) == ["lead.follow_up_missed"]
        await links.close()


# Refusals


@pytest.fixture(scope="module")
async def refused(links):
    """The errors with which links that can't be are refused, by what is wrong with them."""
    wrong = {
        "unknown destination": links.sender("nowhere"),
        "unknown source": links.receiver("nowhere"),
        "unknown subscription": links.subscription("events", "nobody"),
        "sender to a dead-letter queue": links.sender("long-0/$DeadLetterQueue"),
        "receiver of a topic": links.receiver("events"),
        "session": links.receiver("long-0", session_id="s"),
    }
    errors = await asyncio.gather(*wrong.values(), return_exceptions=True)
    return dict(zip(wrong, errors, strict=True))


@pytest.mark.parametrize(
    ("wrong", "error", "explanation"),
    [
        ("unknown destination", MessagingEntityNotFoundError, "nowhere"),
        ("unknown source", MessagingEntityNotFoundError, "nowhere"),
        ("unknown subscription", MessagingEntityNotFoundError, "nobody"),
        ("sender to a dead-letter queue", ServiceBusError, "only received"),
        ("receiver of a topic", ServiceBusError, "one of its subscriptions"),
        ("session", ServiceBusError, "no sessions"),
    ],
)
def test_a_link_that_can_not_be_is_refused_with_the_reason(refused, wrong, error, explanation):
    with pytest.raises(error, match=explanation):
        raise refused[wrong]


async def test_a_wrong_key_is_refused(bus):
    wrong = bus.connection_string.replace("SAS_KEY_VALUE", "another key")
    async with ServiceBusClient.from_connection_string(wrong, retry_total=0) as client:
        sender = client.get_queue_sender("long-0")

        with pytest.raises((ServiceBusAuthenticationError, ServiceBusAuthorizationError)):
            await sender.send_messages(ServiceBusMessage("m"))
        await sender.close()


async def test_a_client_without_a_token_can_not_use_an_entity(bus):
    connection = await asyncio.to_thread(
        BlockingConnection, f"amqp://127.0.0.1:{bus.port}", timeout=DEADLINE, allowed_mechs="ANONYMOUS"
    )

    with pytest.raises(LinkDetached, match="unauthorized-access"):
        await asyncio.to_thread(connection.create_receiver, "long-0")

    await asyncio.to_thread(connection.close)


# Several clients


async def test_two_receivers_share_the_messages_and_none_is_delivered_twice(links):
    queue, sender, first = await links.new_pair()
    second = await links.receiver(queue)
    await sender.send_messages([ServiceBusMessage(str(n)) for n in range(20)])

    shares = await asyncio.gather(receive(first, 10), receive(second, 10))

    assert sorted(int(text) for share in shares for text in texts(share)) == list(range(20))


async def test_two_dozen_clients_at_once_lose_and_double_nothing(links):
    queue, many, each = links.new_queue(), 12, 10
    received: list[str] = []

    async def send(sender, number):
        for n in range(each):
            await sender.send_messages(ServiceBusMessage(f"{number}.{n}"))

    async def work(receiver):
        while len(received) < many * each:
            for message in await receiver.receive_messages(5, max_wait_time=0.2):
                await receiver.complete_message(message)
                received.append(str(message))

    async with asyncio.timeout(3 * DEADLINE):
        opened = await asyncio.gather(
            *(links.sender(queue) for _ in range(many)), *(links.receiver(queue) for _ in range(many))
        )
        await asyncio.gather(*map(send, opened[:many], range(many)), *map(work, opened[many:]))

    assert sorted(received) == sorted(f"{number}.{n}" for number in range(many) for n in range(each))


async def test_a_subscriber_that_connects_receives_and_closes_again_and_again_misses_nothing(links):
    queue, sender, _ = await links.new_pair()
    received = []

    for round_ in range(2):
        await sender.send_messages([ServiceBusMessage(f"{round_}.{n}") for n in range(4)])
        async with links.client.get_queue_receiver(queue) as receiver:
            while messages := await receiver.receive_messages(max_message_count=3, max_wait_time=0.3):
                for message in messages:
                    await receiver.complete_message(message)
                received += texts(messages)

    assert received == [f"{round_}.{n}" for round_ in range(2) for n in range(4)]


KILLED = """
    import sys, time
    from azure.servicebus import ServiceBusClient

    client = ServiceBusClient.from_connection_string(sys.argv[1])
    receiver = client.get_queue_receiver(sys.argv[2], prefetch_count=10)
    print(receiver.receive_messages(1)[0], flush=True)
    time.sleep(60)
"""


async def test_a_killed_client_gets_nothing_more_and_what_it_held_comes_back(bus, links):
    queue, sender, receiver = await links.new_pair("short")
    await sender.send_messages(ServiceBusMessage("held"))
    command = [sys.executable, "-c", textwrap.dedent(KILLED), bus.connection_string, queue]
    client = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    async with asyncio.timeout(DEADLINE):
        printed = await client.stdout.readline()
    client.kill()
    await client.wait()

    await sender.send_messages(ServiceBusMessage("new"))
    received = await receive(receiver, 2)

    assert printed == b"held\n"
    assert {str(message): message.delivery_count for message in received} == {"new": 0, "held": 1}


async def test_a_waiting_receiver_gets_a_message_at_once(links):
    _, sender, receiver = await links.new_pair()
    elapsed = []
    for _ in range(3):
        waiting = asyncio.create_task(receiver.receive_messages(1, max_wait_time=DEADLINE))
        await asyncio.sleep(0.05)  # until its credit is there
        sent = time.monotonic()
        await sender.send_messages(ServiceBusMessage("m"))
        await receiver.complete_message((await waiting)[0])
        elapsed.append(time.monotonic() - sent)

    assert min(elapsed) < 0.4  # seconds; the bus does its timed work once a second


# Robustness


async def test_garbage_on_one_connection_does_not_disturb_the_others(bus, links, caplog):
    _, sender, receiver = await links.new_pair()
    await sender.send_messages(ServiceBusMessage("before"))

    def send_garbage():
        frame = b"\x00\x00\x00\x10\x02\x00\x00\x00\x00\x53\x14\xc0\xff\xff\xff\xff"
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"AMQP\x00\x01\x00\x00" + frame):
            with socket.create_connection(("127.0.0.1", bus.port), timeout=DEADLINE) as raw:
                raw.sendall(garbage)
                while raw.recv(4096):
                    pass

    with caplog.at_level(logging.CRITICAL, "local.servicebus"):
        await asyncio.to_thread(send_garbage)
    await sender.send_messages(ServiceBusMessage("after"))

    assert texts(await receive(receiver, 2)) == ["before", "after"]


async def test_a_bug_ends_one_connection_loudly_and_no_other(links, monkeypatch, caplog):
    queue, sender, receiver = await links.new_pair()
    victim = await links.receiver(queue)
    await sender.send_messages(ServiceBusMessage("m"))

    def bug(*_):
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr("local.servicebus.entities.Queue.peek", bug)
        with pytest.raises(ServiceBusError):
            await victim.peek_messages()
    await sender.send_messages(ServiceBusMessage("n"))

    assert "RuntimeError: a bug" in caplog.text
    assert texts(await receive(receiver, 2)) == ["m", "n"]


async def test_after_a_restart_on_the_same_port_the_bus_is_empty_and_clients_can_connect():
    bus = Emulator(CONFIG)
    ports = []
    for _ in range(2):
        with bus:
            links = Links(bus)
            _, sender, receiver = await links.new_pair()
            await sender.send_messages(ServiceBusMessage("m"))
            assert texts(await stored(receiver)) == ["m"]
            ports.append(bus.port)
        await links.close()  # after the bus: these clients have lost it

    assert ports[0] == ports[1]
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", ports[0])):
        pass


def test_a_port_in_use_is_reported_by_start(bus):
    with pytest.raises(OSError, match="in use"):
        Emulator(CONFIG, port=bus.port).start()
