"""Service Bus functions through the running host, against the emulator."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.servicebus import (
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceivedMessage,
    ServiceBusSender,
    ServiceBusSubQueue,
)
from azure.servicebus.aio import ServiceBusClient as ServiceBusClientAsync

from local.emulators.functions import service_bus
from local.emulators.functions.host_json import ServiceBusOptions
from local.emulators.functions.service_bus import ServiceBusListener
from local.emulators.functions.triggers import ServiceBusTrigger
from local.emulators.servicebus.emulator import Emulator
from tests.local.emulators.functions.apps.launch import APPS, DEADLINE, HostProcess

LOCK = 2  # seconds
CONCURRENCY = 4  # of the app's host.json
LIMITS = {"LockDuration": f"PT{LOCK}S", "MaxDeliveryCount": 3}
ENTITIES = {
    "UserConfig": {
        "Namespaces": [
            {
                "Name": "sbemulatorns",
                "Queues": [{"Name": "work", "Properties": LIMITS}, {"Name": "spare", "Properties": LIMITS}],
                "Topics": [{"Name": "topic", "Subscriptions": [{"Name": "all", "Properties": LIMITS}]}],
            }
        ],
        "Logging": {"Type": "Console"},
    }
}


@pytest.fixture(scope="module")
def bus() -> Iterator[Emulator]:
    with Emulator(ENTITIES) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def host(bus: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    env = {"BUS": bus.connection_string, "QUEUE": "work"}
    with HostProcess(APPS / "bus", tmp_path_factory.mktemp("bus"), "--no-auth", env=env) as process:
        yield process.wait_ready()
        assert process.terminate() == 0


@pytest.fixture(scope="module")
def queue(bus: Emulator) -> Iterator[ServiceBusSender]:
    """A sender that stays open: opening and closing one takes the client a second."""
    with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_queue_sender("work") as sender,
    ):
        yield sender


def task(message_id: str, **properties: Any) -> ServiceBusMessage:
    return ServiceBusMessage(b"body", message_id=message_id, application_properties=properties)


def left_in(bus: Emulator, sub_queue: ServiceBusSubQueue | None = None) -> list[ServiceBusReceivedMessage]:
    """What the queue, or its dead-letter queue, holds, waiting a moment for the first message."""
    with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_queue_receiver("work", sub_queue=sub_queue) as receiver,
    ):
        return receiver.receive_messages(10, max_wait_time=1) if sub_queue else receiver.peek_messages(10)


def test_a_message_arrives_with_its_body_and_properties(queue: ServiceBusSender, host: HostProcess):
    message = ServiceBusMessage(
        '{"grün": 1}',
        message_id="m1",
        subject="lead.received",
        content_type="application/json",
        correlation_id="c1",
        application_properties={"text": "x", "number": 7, "flag": True, "float": 1.5},
    )
    queue.send_messages(message)
    seen = host.wait_for_event(event="began", id="m1")
    assert json.loads(seen["body"].encode("latin-1")) == {"grün": 1}
    assert seen["properties"] == {"text": "x", "number": 7, "flag": True, "float": 1.5}
    assert (seen["subject"], seen["content_type"], seen["correlation_id"]) == (
        "lead.received",
        "application/json",
        "c1",
    )
    assert seen["delivery_count"] == 1  # as the extension counts, not as the wire does
    assert seen["sequence_number"] >= 1
    assert "+" not in seen["enqueued"]  # naive, as in Azure


def test_a_processed_message_is_gone(bus: Emulator, queue: ServiceBusSender, host: HostProcess):
    queue.send_messages(task("done"))
    host.wait_for_event(event="ended", id="done")
    host.wait_for_log("succeeded after")
    assert "done" not in [message.message_id for message in left_in(bus)]


def test_a_subscription_feeds_a_sync_function_with_bytes(bus: Emulator, host: HostProcess):
    client = ServiceBusClient.from_connection_string(bus.connection_string)
    with client, client.get_topic_sender("topic") as sender:
        sender.send_messages(ServiceBusMessage(b"\xff\x00", message_id="t1"))
    assert host.wait_for_event(event="subscriber", id="t1")["body"] == "ÿ\x00"


def test_a_failing_message_is_delivered_again_until_it_is_dead(
    bus: Emulator, queue: ServiceBusSender, host: HostProcess
):
    queue.send_messages(task("poison", do="fail"))
    counts = [host.wait_for_event(event="began", id="poison")["delivery_count"] for _ in range(3)]
    assert counts == [1, 2, 3]
    dead = left_in(bus, ServiceBusSubQueue.DEAD_LETTER)
    assert [(message.message_id, message.dead_letter_reason) for message in dead] == [
        ("poison", "MaxDeliveryCountExceeded")
    ]


def test_messages_run_at_once_up_to_the_limit_and_never_beyond(queue: ServiceBusSender, host: HostProcess):
    ids = [f"busy-{number}" for number in range(3 * CONCURRENCY)]
    queue.send_messages([task(message_id, do="sleep", seconds=0.3) for message_id in ids])
    running, most, ended = 0, 0, 0
    while ended < len(ids):
        event = json.loads(host.wait_for(lambda line: '"busy-' in line))
        running += 1 if event["event"] == "began" else -1
        ended += event["event"] == "ended"
        most = max(most, running)
    assert most == CONCURRENCY


def test_the_lock_is_renewed_while_a_function_runs_longer_than_it_lasts(
    queue: ServiceBusSender, host: HostProcess
):
    queue.send_messages(task("long", do="sleep", seconds=LOCK * 1.5))
    assert host.wait_for_event(event="began", id="long")["delivery_count"] == 1
    host.wait_for_event(event="ended", id="long")
    queue.send_messages(task("after-long"))
    host.wait_for_event(event="ended", id="after-long")
    assert sum('"began", "id": "long"' in line for line in host.lines) == 1
    assert "lock of a message" not in host.log


async def test_slots_open_for_a_burst_and_close_when_idle_but_never_all(
    bus: Emulator, monkeypatch: pytest.MonkeyPatch
):
    """The listener alone, with an idle limit of moments instead of a minute."""
    monkeypatch.setattr(service_bus, "_IDLE_LIMIT", 0.2)
    processed: list[str | None] = []
    running = most = 0

    async def process(message: ServiceBusReceivedMessage) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1
        processed.append(message.message_id)
        return True

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition():  # noqa: ASYNC110 - what is waited for happens in a library
                await asyncio.sleep(0.02)

    trigger = ServiceBusTrigger("m", bus.connection_string, "spare", None, None, binary=False)
    listener = ServiceBusListener("burst", trigger, ServiceBusOptions(max_concurrent_calls=8), process)
    stopping = asyncio.Event()
    receiving = asyncio.create_task(listener.keep_receiving(stopping))
    client = ServiceBusClientAsync.from_connection_string(bus.connection_string)
    async with client, client.get_queue_sender("spare") as sender:
        await sender.send_messages([task(f"burst-{number}") for number in range(40)])
        await until(lambda: len(processed) == 40)
        await until(lambda: listener._slots == 2)
        await asyncio.sleep(0.5)  # idle for longer than the limit
        await sender.send_messages(task("late"))
        await until(lambda: "late" in processed)
    assert most == 8
    stopping.set()
    await receiving
