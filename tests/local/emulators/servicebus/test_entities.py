"""Queues deliver, settle, show and forget; under a clock that moves only when told to."""

import tracemalloc
from uuid import uuid4

import pytest

from local.emulators.servicebus import codec
from local.emulators.servicebus.entities import MessageState
from local.emulators.servicebus.errors import MessageLockLostError
from tests.local.emulators.servicebus.builders import START, message, subscribed

# Delivering


def test_messages_are_delivered_in_the_order_they_were_sent(new_queue):
    queue = new_queue()
    numbers = [queue.send(message(body)) for body in "abc"]

    receiver = subscribed(queue)

    assert numbers == [1, 2, 3]
    assert receiver.bodies == [b"a", b"b", b"c"]


def test_a_waiting_receiver_gets_a_message_at_once_and_no_more_than_it_has_credit_for(new_queue):
    queue = new_queue()
    receiver = subscribed(queue, credit=1)

    queue.send(message("a"))
    queue.send(message("b"))

    assert receiver.bodies == [b"a"]


def test_receivers_with_credit_take_turns(new_queue):
    queue = new_queue()
    first, second, idle = subscribed(queue), subscribed(queue), subscribed(queue, credit=0)

    for body in "abcd":
        queue.send(message(body))

    assert (len(first.received), len(second.received), len(idle.received)) == (2, 2, 0)


def test_a_receiver_that_left_gets_nothing_more(new_queue):
    queue = new_queue()
    receiver = subscribed(queue)
    queue.unsubscribe(receiver)
    queue.unsubscribe(receiver)

    queue.send(message())

    assert receiver.received == []


def test_a_message_that_is_received_and_deleted_is_gone(new_queue):
    queue = new_queue()
    queue.send(message())

    receiver = subscribed(queue, receives_and_deletes=True)

    assert receiver.received[0].lock_token is None
    assert queue.peek(0, 10) == []


# Settling


def test_a_completed_message_is_gone_and_its_lock_with_it(new_queue):
    queue = new_queue()
    queue.send(message())
    receiver = subscribed(queue)

    queue.complete(receiver.tokens[0])

    assert queue.peek(0, 10) == []
    with pytest.raises(MessageLockLostError):
        queue.complete(receiver.tokens[0])


def test_an_abandoned_message_comes_back_before_later_ones_with_a_higher_delivery_count(new_queue):
    queue = new_queue()
    receiver = subscribed(queue, credit=1)
    queue.send(message("a"))
    queue.send(message("b"))
    assert receiver.received[0].delivery_count == 0

    queue.abandon(receiver.tokens[0], {"note": codec.encode("again")})
    receiver.credit = 1
    queue.dispatch()

    assert receiver.bodies == [b"a", b"a"]
    assert receiver.received[1].delivery_count == 1
    assert receiver.received[1].message.application_properties == {"note": "again"}


def test_a_released_message_comes_back_as_if_nothing_had_happened(new_queue):
    queue = new_queue()
    receiver = subscribed(queue)
    queue.send(message())
    receiver.credit = 1

    queue.release(receiver.tokens[0])

    assert len(receiver.received) == 2
    assert receiver.received[1].delivery_count == 0


@pytest.mark.parametrize("settle", ["complete", "abandon", "dead_letter", "release", "renew_lock"])
def test_nothing_can_be_done_with_an_unknown_lock(new_queue, settle):
    with pytest.raises(MessageLockLostError):
        getattr(new_queue(), settle)(uuid4())


# Peeking


def test_peeking_shows_ready_locked_and_scheduled_messages_and_changes_nothing(new_queue):
    queue = new_queue()
    queue.send(message("locked"))
    receiver = subscribed(queue, credit=1)
    queue.send(message("ready"))
    queue.send(message("scheduled", due=START + 50))

    first, second = queue.peek(0, 10), queue.peek(0, 10)

    assert first == second
    assert [brokered.message.body for brokered in first] == [b"locked", b"ready", b"scheduled"]
    assert [brokered.state for brokered in first] == [
        MessageState.ACTIVE,
        MessageState.ACTIVE,
        MessageState.SCHEDULED,
    ]
    assert len(receiver.received) == 1


def test_peeking_starts_at_a_sequence_number_and_ends_at_a_limit(new_queue):
    queue = new_queue()
    for body in "abcde":
        queue.send(message(body))

    assert [brokered.sequence_number for brokered in queue.peek(2, 3)] == [2, 3, 4]
    assert queue.peek(6, 3) == []


# Memory


def test_messages_that_are_done_with_leave_nothing_behind(new_queue):
    queue = new_queue()
    receiver = subscribed(queue, credit=10**9)

    def work(rounds: int) -> None:
        for _ in range(rounds):
            queue.send(message(ttl=3600))
            queue.complete(receiver.tokens[-1])
            receiver.received.clear()
            receiver.tokens.clear()

    work(1_000)
    tracemalloc.start()
    work(5_000)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 100_000  # bytes
