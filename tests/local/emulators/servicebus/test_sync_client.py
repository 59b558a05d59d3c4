"""The emulator and the unmodified synchronous client: what tools and scripts use."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusSubQueue

from local.emulators.servicebus import Emulator

CONFIG = {
    "UserConfig": {
        "Namespaces": [
            {"Name": "sbemulatorns", "Queues": [{"Name": "a"}, {"Name": "b"}, {"Name": "c"}], "Topics": []}
        ],
        "Logging": {"Type": "Console"},
    }
}


@pytest.fixture(scope="module")
def opened():
    """Every sender and receiver of these tests, opened and closed at the same time."""
    with Emulator(CONFIG) as bus, ServiceBusClient.from_connection_string(bus.connection_string) as client:
        links = {
            "send to a": client.get_queue_sender("a"),
            "receive from a": client.get_queue_receiver("a"),
            "send to b": client.get_queue_sender("b"),
            "receive from b": client.get_queue_receiver("b", prefetch_count=10),
            "send to c": client.get_queue_sender("c"),
            "receive from c": client.get_queue_receiver("c"),
            "dead letters of c": client.get_queue_receiver("c", sub_queue=ServiceBusSubQueue.DEAD_LETTER),
        }
        with ThreadPoolExecutor(len(links)) as threads:
            list(threads.map(lambda link: link.__enter__(), links.values()))
            yield links
            list(threads.map(lambda link: link.close(), links.values()))


def test_a_list_is_received_settled_and_gone(opened):
    receiver = opened["receive from a"]
    opened["send to a"].send_messages([ServiceBusMessage(str(n)) for n in range(10)])

    received = []
    while len(received) < 10:
        for message in receiver.receive_messages(10, max_wait_time=5):
            receiver.complete_message(message)
            received.append(str(message))

    assert received == [str(n) for n in range(10)]
    assert receiver.peek_messages(10, sequence_number=1) == []


def test_a_receiver_that_prefetches_can_be_iterated(opened):
    receiver, received = opened["receive from b"], []
    opened["send to b"].send_messages([ServiceBusMessage(str(n)) for n in range(25)])

    for message in receiver:
        receiver.complete_message(message)
        received.append(str(message))
        if len(received) == 25:
            break

    assert received == [str(n) for n in range(25)]


def test_an_abandoned_and_then_dead_lettered_message_ends_in_the_dead_letter_queue(opened):
    receiver = opened["receive from c"]
    opened["send to c"].send_messages(ServiceBusMessage("m"))
    (message,) = receiver.receive_messages(1, max_wait_time=5)
    receiver.abandon_message(message)
    (message,) = receiver.receive_messages(1, max_wait_time=5)
    assert message.delivery_count == 1

    receiver.renew_message_lock(message)
    receiver.dead_letter_message(message, reason="Poison")

    (dead,) = opened["dead letters of c"].receive_messages(1, max_wait_time=5)
    assert (str(dead), dead.dead_letter_reason) == ("m", "Poison")
