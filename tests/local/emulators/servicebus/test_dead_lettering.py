"""Messages that fail too often, or that somebody gives up, lie among the dead letters and stay there."""

import pytest

from local.emulators.servicebus import codec
from tests.local.emulators.servicebus.builders import LOCK, START, dead_letters, message, subscribed


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
