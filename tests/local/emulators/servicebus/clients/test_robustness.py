"""Garbage, bugs and restarts: what happens to one connection disturbs no other."""

import asyncio
import logging
import socket

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusError

from local.emulators.servicebus import Emulator
from tests.local.emulators.servicebus.clients.links import CONFIG, Links
from tests.receiving import DEADLINE, receive, stored, texts


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

    with caplog.at_level(logging.CRITICAL, "local.emulators.servicebus"):
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
        patch.setattr("local.emulators.servicebus.entities.Queue.peek", bug)
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
