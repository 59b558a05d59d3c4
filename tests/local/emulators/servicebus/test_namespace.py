"""Topics, their subscriptions, and the addresses of all entities."""

from datetime import timedelta

import pytest

from local.emulators.servicebus import codec
from local.emulators.servicebus.entities import QueueSettings
from local.emulators.servicebus.errors import EntityNotFoundError, MessageNotFoundError, NotAllowedError
from local.emulators.servicebus.filters import CorrelationFilter, TrueFilter
from local.emulators.servicebus.namespace import Namespace
from tests.local.emulators.servicebus.builders import START, message, subscribed


@pytest.fixture
def namespace(clock) -> Namespace:
    namespace = Namespace(clock)
    namespace.add_queue("Spill", QueueSettings())
    red = CorrelationFilter({}, {"colour": "red"})
    namespace.add_topic(
        "leads",
        timedelta(seconds=100),
        {
            "all": (QueueSettings(), [TrueFilter()]),
            "red": (QueueSettings(), [red]),
            "twice": (QueueSettings(), [red, TrueFilter()]),
        },
    )
    return namespace


def bodies(namespace: Namespace, path: str) -> list[bytes]:
    return [brokered.message.body for brokered in namespace.source(path).peek(0, 100)]


def test_each_subscription_gets_its_own_copy_of_what_matches_and_only_once(namespace):
    topic = namespace.destination("leads")
    topic.send(message("plain"))
    topic.send(message("rot").with_application_properties({"colour": codec.encode("red")}))

    assert bodies(namespace, "leads/subscriptions/all") == [b"plain", b"rot"]
    assert bodies(namespace, "leads/subscriptions/red") == [b"rot"]
    assert bodies(namespace, "leads/subscriptions/twice") == [b"plain", b"rot"]
    (red,) = namespace.source("leads/subscriptions/red").peek(0, 10)
    assert (red.sequence_number, red.enqueued_sequence_number) == (1, 2)


def test_completing_a_copy_leaves_the_other_subscriptions_theirs(namespace):
    receiver = subscribed(namespace.source("leads/subscriptions/all"))
    namespace.destination("leads").send(message("m"))

    namespace.source("leads/subscriptions/all").complete(receiver.tokens[0])

    assert bodies(namespace, "leads/subscriptions/all") == []
    assert bodies(namespace, "leads/subscriptions/twice") == [b"m"]


def test_the_time_to_live_of_a_topic_limits_its_messages(namespace, clock):
    namespace.destination("leads").send(message())

    clock.now += 100
    namespace.advance()

    assert bodies(namespace, "leads/subscriptions/all") == []


def test_a_message_scheduled_on_a_topic_is_fanned_out_when_it_is_due(namespace, clock):
    topic = namespace.destination("leads")
    topic.send(message("due", due=START + 50))
    cancelled = topic.send(message("cancelled", due=START + 50))
    topic.cancel_scheduled(cancelled)
    assert bodies(namespace, "leads/subscriptions/all") == []

    clock.now += 50
    namespace.advance()

    assert bodies(namespace, "leads/subscriptions/all") == [b"due"]
    with pytest.raises(MessageNotFoundError):
        topic.cancel_scheduled(cancelled)


# Addresses


@pytest.mark.parametrize("address", ["spill", "SPILL", "/spill/", "amqps://localhost:5672/Spill"])
def test_an_entity_is_found_whatever_the_case_and_the_host(namespace, address):
    assert namespace.destination(address).path == "Spill"


def test_what_is_not_there_is_not_found(namespace):
    for find in (namespace.destination, namespace.source):
        with pytest.raises(EntityNotFoundError, match="nowhere"):
            find("nowhere")


@pytest.mark.parametrize("address", ["leads/subscriptions/all", "spill/$deadletterqueue"])
def test_nobody_can_send_to_a_subscription_or_a_dead_letter_queue(namespace, address):
    assert namespace.source(address)
    with pytest.raises(NotAllowedError):
        namespace.destination(address)


def test_nobody_can_receive_from_a_topic(namespace):
    with pytest.raises(NotAllowedError):
        namespace.source("leads")
