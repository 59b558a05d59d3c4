"""Locks and lives that end, and messages that come later; under a clock that moves only when told to."""

from datetime import timedelta

import pytest

from local.emulators.servicebus.errors import MessageLockLostError, MessageNotFoundError
from tests.local.emulators.servicebus.builders import LOCK, START, dead_letters, message, subscribed

# Locks


@pytest.mark.parametrize(
    ("elapsed", "deliveries"), [(LOCK - 0.001, 1), (LOCK, 2)], ids=["just before", "at the moment"]
)
def test_a_lock_ends_after_its_duration_and_the_message_is_delivered_again(
    new_queue, clock, elapsed, deliveries
):
    queue = new_queue()
    receiver = subscribed(queue)
    queue.send(message())

    clock.now += elapsed
    queue.advance()

    assert len(receiver.received) == deliveries
    assert receiver.received[-1].delivery_count == deliveries - 1


def test_an_expired_lock_is_lost_even_if_nobody_has_looked_yet(new_queue, clock):
    queue = new_queue()
    queue.send(message())
    receiver = subscribed(queue, credit=1)

    clock.now += LOCK

    with pytest.raises(MessageLockLostError):
        queue.complete(receiver.tokens[0])
    assert len(queue.peek(0, 10)) == 1


def test_a_renewed_lock_holds_for_another_full_duration(new_queue, clock):
    queue = new_queue()
    queue.send(message())
    receiver = subscribed(queue, credit=1)
    clock.now += LOCK - 1

    until = queue.renew_lock(receiver.tokens[0])
    clock.now += LOCK - 1
    queue.advance()
    queue.complete(receiver.tokens[0])

    assert until == START + LOCK - 1 + LOCK


# Time to live


@pytest.mark.parametrize(
    ("of_queue", "of_message", "expected"),
    [(100.0, None, 100.0), (100.0, 30.0, 30.0), (30.0, 100.0, 30.0)],
    ids=["the queue's", "the message's own", "never longer than the queue's"],
)
def test_a_message_expires_after_the_shorter_time_to_live(new_queue, clock, of_queue, of_message, expected):
    queue = new_queue(time_to_live=timedelta(seconds=of_queue))
    queue.send(message(ttl=of_message))

    clock.now += expected - 0.001
    assert len(queue.peek(0, 10)) == 1
    clock.now += 0.001

    assert queue.peek(0, 10) == []
    assert dead_letters(queue) == []


def test_an_expired_message_is_dead_lettered_where_the_queue_says_so(new_queue, clock):
    queue = new_queue(dead_letter_on_expiration=True)
    queue.send(message("late", ttl=1))

    clock.now += 1
    queue.advance()

    (dead,) = dead_letters(queue)
    assert dead.message.application_properties["DeadLetterReason"] == "TTLExpiredException"


def test_an_expired_message_is_not_delivered_even_if_nobody_has_looked_yet(new_queue, clock):
    queue = new_queue()
    queue.send(message(ttl=1))

    clock.now += 1

    assert subscribed(queue).received == []


def test_a_locked_message_can_be_completed_after_its_time_to_live(new_queue, clock):
    queue = new_queue()
    queue.send(message(ttl=10))
    receiver = subscribed(queue)

    clock.now += 11
    queue.complete(receiver.tokens[0])

    assert queue.peek(0, 10) == []


def test_a_locked_message_given_back_after_its_time_to_live_expires(new_queue, clock):
    queue = new_queue()
    queue.send(message(ttl=10))
    receiver = subscribed(queue)

    clock.now += 11
    queue.abandon(receiver.tokens[0])

    assert len(receiver.received) == 1
    assert queue.peek(0, 10) == []


# Scheduling


def test_a_scheduled_message_is_delivered_when_it_is_due_and_its_time_to_live_starts_then(new_queue, clock):
    queue = new_queue()
    receiver = subscribed(queue)
    queue.send(message("later", due=START + 50, ttl=10))

    clock.now += 49.999
    queue.advance()
    assert receiver.received == []
    clock.now += 0.001
    queue.advance()

    (received,) = receiver.received
    assert received.enqueued_at == START + 50
    assert received.expires_at == START + 60


def test_a_time_that_has_passed_already_schedules_nothing(new_queue):
    queue = new_queue()
    queue.send(message(due=START - 1))

    assert len(subscribed(queue).received) == 1


def test_a_cancelled_message_is_never_delivered(new_queue, clock):
    queue = new_queue()
    receiver = subscribed(queue)
    number = queue.send(message(due=START + 50))

    queue.cancel_scheduled(number)
    clock.now += 100
    queue.advance()

    assert receiver.received == []
    with pytest.raises(MessageNotFoundError):
        queue.cancel_scheduled(number)


def test_what_was_enqueued_can_no_longer_be_cancelled(new_queue, clock):
    queue = new_queue()
    number = queue.send(message(due=START + 50))
    clock.now += 50

    with pytest.raises(MessageNotFoundError):
        queue.cancel_scheduled(number)
