"""Service Bus functions when the bus goes away, and when the host does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from local.emulators.servicebus.emulator import Emulator
from tests.local.emulators.functions.apps.launch import APPS, HostProcess
from tests.local.emulators.functions.test_service_bus import ENTITIES, left_in, task


@pytest.fixture
def bus() -> Iterator[Emulator]:
    with Emulator(ENTITIES) as emulator:
        yield emulator


@pytest.fixture
def host(bus: Emulator, tmp_path: Path) -> Iterator[HostProcess]:
    env = {"BUS": bus.connection_string, "QUEUE": "work"}
    with HostProcess(APPS / "bus", tmp_path, "--no-auth", env=env) as process:
        yield process.wait_ready()


def send(bus: Emulator, message: ServiceBusMessage) -> None:
    client = ServiceBusClient.from_connection_string(bus.connection_string)
    with client, client.get_queue_sender("work") as sender:
        sender.send_messages(message)


def test_the_host_comes_back_after_the_bus_was_away_and_says_so_once(bus: Emulator, host: HostProcess):
    send(bus, task("before"))
    host.wait_for_event(event="ended", id="before")
    bus.stop()
    host.wait_for_log("work: work can't be reached")
    host.wait_for_log("subscriber: topic/Subscriptions/all can't be reached")
    bus.start()
    host.wait_for_log("work: work can be reached again")
    send(bus, task("back"))
    host.wait_for_event(event="ended", id="back")
    assert host.log.count("work: work can't be reached") == 1
    assert host.process.poll() is None


def test_a_message_in_hand_is_settled_before_the_host_ends(bus: Emulator, host: HostProcess):
    send(bus, task("last", do="sleep", seconds=0.7))
    host.wait_for_event(event="began", id="last")
    host.process.terminate()
    host.wait_for_event(event="ended", id="last")
    assert host.wait_end() == 0
    assert left_in(bus) == []
