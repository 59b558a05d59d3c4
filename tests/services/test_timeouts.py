"""How the time-outs relate, as their table says."""

from datetime import timedelta

from shared.services import redelivery, timeouts

SENDER_WAITS = 30.0  # seconds that Partner Center waits for an answer
PLATFORM_WAITS = 230.0  # seconds after which the platform hangs up
LOCK_IS_RENEWED = 300.0  # seconds, of a message that a trigger holds


def test_a_push_is_answered_within_13_seconds_whatever_the_store_and_the_bus_do():
    spilled = timeouts.PUSH_STORE_TIMEOUT + timeouts.PUSH_SPILL_TIMEOUT
    stored = timeouts.PUSH_STORE_TIMEOUT + timeouts.PUSH_PUBLISH_TIMEOUT

    assert max(spilled, stored) == 13.0
    assert 2 * max(spilled, stored) < SENDER_WAITS


def test_any_other_call_is_answered_before_the_platform_hangs_up():
    change = timeouts.CHANGE_TIMEOUT + timeouts.PUBLISH_TIMEOUT + timeouts.ASSIGN_TIMEOUT

    assert max(change, timeouts.STATS_TIMEOUT) < PLATFORM_WAITS
    assert timeouts.PROBE_COUNT_TIMEOUT < timeouts.PROBE_TIMEOUT


def test_a_copy_of_a_message_is_sent_or_given_up_while_its_lock_is_renewed():
    sends, pauses = redelivery.TRIES * timeouts.SEND_TIMEOUT, (redelivery.TRIES - 1) * redelivery.PAUSE

    assert sends + pauses < LOCK_IS_RENEWED
    assert redelivery.PAUSE > timeouts.REST_AFTER_FAILURE


def test_a_step_of_the_import_ends_within_its_minute():
    assert timedelta(seconds=timeouts.IMPORT_STEP_TIMEOUT) < timedelta(minutes=1)
