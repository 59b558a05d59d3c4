"""Queues under a clock that moves only when told to."""

import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from local.servicebus import codec
from local.servicebus.entities import (
    BrokeredMessage,
    MessageState,
    Queue,
    QueueSettings,
    queue_with_dead_letters,
)
from local.servicebus.errors import (
    MessageLockLostError,
    MessageNotFoundError,
)
from tests.local.servicebus_parts import START, Clock, message, subscribed

LOCK = 60.0  # seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_queue(clock) -> Callable[..., Queue]:
    def make(**settings) -> Queue:
        given = {"lock_duration": timedelta(seconds=LOCK)} | settings
        return queue_with_dead_letters("q", QueueSettings(**given), clock)

    return make


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


# Dead letters


def dead_letters(queue: Queue) -> list[BrokeredMessage]:
    assert queue.dead_letters is not None
    return queue.dead_letters.peek(0, 100)


@pytest.mark.parametrize("failure", ["abandon", "lock expiry"])
def test_the_last_attempt_allowed_dead_letters_the_message(new_queue, clock, failure):
    queue = new_queue(max_delivery_count=3)
    receiver = subscribed(queue)
    queue.send(message("poison"))

    for attempt in range(3):
        assert dead_letters(queue) == []
        if failure == "abandon":
            queue.abandon(receiver.tokens[attempt])
        else:
            clock.now += LOCK
            queue.advance()

    (dead,) = dead_letters(queue)
    assert len(receiver.received) == 3
    assert queue.peek(0, 10) == []
    assert dead.message.body == b"poison"
    assert dead.message.application_properties["DeadLetterReason"] == "MaxDeliveryCountExceeded"
    assert "3 delivery attempts" in dead.message.application_properties["DeadLetterErrorDescription"]
    assert dead.delivery_count == 3


def test_a_dead_lettered_message_carries_its_reason_and_where_it_came_from(new_queue, clock):
    queue = new_queue()
    queue.send(message("a"))
    queue.send(message("b"))
    receiver = subscribed(queue)
    clock.now += 5

    queue.dead_letter(receiver.tokens[1], "NotALead", "no e-mail", {"by": codec.encode("scoring")})

    (dead,) = dead_letters(queue)
    assert dead.message.application_properties == {
        "DeadLetterReason": "NotALead",
        "DeadLetterErrorDescription": "no e-mail",
        "by": "scoring",
    }
    assert (dead.sequence_number, dead.enqueued_sequence_number, dead.enqueued_at) == (1, 2, START)


def test_a_dead_letter_stays_however_often_it_fails_and_however_old_it_is(new_queue, clock):
    queue = new_queue(max_delivery_count=1)
    queue.send(message("poison"))
    receiver = subscribed(queue, credit=1)
    queue.abandon(receiver.tokens[0])

    operator = subscribed(queue.dead_letters)
    for _ in range(20):
        queue.dead_letters.abandon(operator.tokens[-1])
    queue.dead_letters.dead_letter(operator.tokens[-1], "StillBad")
    clock.now += 7200
    queue.dead_letters.advance()

    (dead,) = dead_letters(queue)
    assert dead.message.application_properties["DeadLetterReason"] == "StillBad"


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
