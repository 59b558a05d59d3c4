"""The trigger of the queue `spill`, given messages as the platform decodes them."""

from copy import replace
from datetime import timedelta

import azure.functions as func
import pytest

from functions import spill
from functions.queue import DeadLettered
from shared.messaging.queue import copy_of
from shared.services import redelivery
from shared.services.errors import BusUnavailable
from shared.services.receive import Intake
from shared.services.redelivery import SPILL_REDELIVERY
from shared.services.spill import receive_or_spill
from shared.services.timeouts import REST_AFTER_FAILURE
from tests.builders import a_context, a_push
from tests.fakes.messaging import MemoryQueue
from tests.functions.triggers import TRIGGERS, activity_message, given
from tests.samples import NOW
from tests.services.test_spill import Away

LATER = NOW + timedelta(minutes=40)


@pytest.fixture
def context(monkeypatch):
    context = a_context(table=Away())
    monkeypatch.setattr(spill, "context", given(context))
    monkeypatch.setattr(spill, "utc_now", lambda: LATER)
    return context


async def called(message):
    await TRIGGERS["receive_spilled"].get_user_function()(message)


def as_delivered(message):
    """As the platform hands over what was sent."""
    sent = copy_of(message)
    return activity_message(message.body, sent.application_properties, MessageId=message.message_id)


def test_the_trigger_takes_bytes_of_the_queue_in_the_settings():
    (binding,) = TRIGGERS["receive_spilled"].get_bindings()
    said = binding.get_dict_repr()
    assert (said["queueName"], said["connection"]) == ("%LEADS_SPILL_QUEUE%", "LEADS_BUS")
    assert said["dataType"] == func.DataType.BINARY


async def test_a_push_waits_for_the_store_and_is_then_received_as_of_when_it_came(context):
    receipt = await receive_or_spill(context, Intake(a_push(), NOW, "backup"))
    (message,) = context.spill.sent
    for attempt in range(1, 9):
        await called(as_delivered(message))
        at, message = context.spill.redelivered[-1]
        pause = timedelta(seconds=min(5 * 2 ** (attempt - 1), 300))
        assert (at - LATER, message.attempts) == (pause, attempt)
    context.lead_store.is_away = False
    for _ in range(2):
        await called(as_delivered(message))
    lead = (await context.lead_store.get(receipt.lead_id)).lead
    assert (lead.received_at, lead.offer, lead.touches) == (NOW, "backup", 1)
    assert context.spill.dead_lettered == []


async def test_what_isnt_a_push_is_refused_with_a_reason_and_then_left_to_the_platform(context):
    for body in (b"", b"{", b"[1]", b"\xff", b"[" * 60_000):
        await called(activity_message(body, {"c4n4ry": "c4n4ry"}))
    assert [one.refusal for one in context.spill.dead_lettered][2].startswith(
        "The body is JSON, but not an object"
    )
    assert len(context.spill.dead_lettered) == 5
    with pytest.raises(DeadLettered):
        await called(as_delivered(context.spill.dead_lettered[0]))


async def test_after_fourteen_days_of_attempts_a_push_is_refused_and_kept_among_the_dead_letters(context):
    await receive_or_spill(context, Intake(a_push(), NOW))
    (message,) = context.spill.sent
    await called(as_delivered(replace(message, attempts=SPILL_REDELIVERY.backoff.attempts - 1)))
    (refused,) = context.spill.dead_lettered
    assert "fourteen days" in refused.refusal
    assert refused.body == message.body


async def test_a_bus_that_rests_after_a_failure_is_waited_for(context, monkeypatch):
    """Ten deliveries of some milliseconds would make a dead letter of it."""

    class Resting(MemoryQueue):
        async def send_at(self, message, at):
            self.is_down = not self.is_down
            await super().send_at(message, at)

        async def dead_letter(self, message, reason):
            self.is_down = not self.is_down
            await super().dead_letter(message, reason)

    assert redelivery.PAUSE > REST_AFTER_FAILURE
    monkeypatch.setattr(redelivery, "PAUSE", 0)
    context = replace(context, spill=Resting())
    monkeypatch.setattr(spill, "context", given(context))
    await receive_or_spill(context, Intake(a_push(), NOW))
    await called(as_delivered(context.spill.sent[0]))
    await called(activity_message(b"{"))
    assert (len(context.spill.redelivered), len(context.spill.dead_lettered)) == (1, 1)


async def test_a_bus_that_takes_no_copy_leaves_the_message_to_the_platform(context, monkeypatch):
    monkeypatch.setattr(redelivery, "PAUSE", 0)
    await receive_or_spill(context, Intake(a_push(), NOW))
    (message,) = context.spill.sent
    context.spill.is_down = True
    with pytest.raises(BusUnavailable):
        await called(as_delivered(message))


async def test_no_log_line_holds_what_the_customer_wrote(context, caplog):
    caplog.set_level("DEBUG")
    push = a_push(FirstName="c4n4ry", Email="c4n4ry@contoso.example", Description="c4n4ry")
    await receive_or_spill(context, Intake(push, NOW, "c4n4ry"))
    await called(as_delivered(context.spill.sent[0]))
    await called(activity_message(b'{"c4n4ry"', {"c4n4ry": "c4n4ry"}, MessageId="c4n4ry"))
    assert len(caplog.records) >= 3
    assert "c4n4ry" not in caplog.text
