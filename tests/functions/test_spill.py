"""The trigger of the queue `spill`, given messages as the platform decodes them."""

from dataclasses import replace
from datetime import timedelta

import azure.functions as func
import pytest

from functions import spill
from functions.queued_message import Refused
from shared.messaging.memory import MemoryQueue
from shared.messaging.message_queue import copy_of
from shared.messaging.service_bus import PAUSE_AFTER_FAILURE
from shared.services import put_off
from shared.services.ports import BusUnavailable
from shared.services.put_off import SPILL
from shared.services.spill import receive_or_spill
from tests.examples import NOW, a_desk, a_push
from tests.functions.test_activity import delivered
from tests.functions.triggers import TRIGGERS
from tests.services.test_spill import Away

LATER = NOW + timedelta(minutes=40)


@pytest.fixture
def desk(monkeypatch):
    desk = a_desk(store=Away())
    monkeypatch.setattr(spill, "desk", lambda: desk)
    monkeypatch.setattr(spill, "utc_now", lambda: LATER)
    return desk


async def called(message):
    await TRIGGERS["receive_spilled"].get_user_function()(message)


def as_delivered(message):
    """As the platform hands over what was sent."""
    sent = copy_of(message)
    return delivered(message.body, sent.application_properties, MessageId=message.message_id)


def test_the_trigger_takes_bytes_of_the_queue_in_the_settings():
    (binding,) = TRIGGERS["receive_spilled"].get_bindings()
    said = binding.get_dict_repr()
    assert (said["queueName"], said["connection"]) == ("%LEADS_SPILL_QUEUE%", "LEADS_BUS")
    assert said["dataType"] == func.DataType.BINARY


async def test_a_push_waits_for_the_store_and_is_then_received_as_of_when_it_came(desk):
    receipt = await receive_or_spill(desk, a_push(), slug="backup", at=NOW)
    (message,) = desk.spill.sent
    for attempt in range(1, 9):
        await called(as_delivered(message))
        at, message = desk.spill.put_off[-1]
        pause = timedelta(seconds=min(5 * 2 ** (attempt - 1), 300))
        assert (at - LATER, message.attempts) == (pause, attempt)
    desk.store.is_away = False
    for _ in range(2):
        await called(as_delivered(message))
    lead = (await desk.store.get(receipt.lead_id)).lead
    assert (lead.received_at, lead.offer, lead.touches) == (NOW, "backup", 1)
    assert desk.spill.refused == []


async def test_what_isnt_a_push_is_refused_with_a_reason_and_then_left_to_the_platform(desk):
    for body in (b"", b"{", b"[1]", b"\xff", b"[" * 60_000):
        await called(delivered(body, {"c4n4ry": "c4n4ry"}))
    assert [one.refusal for one in desk.spill.refused][2].startswith("The body is JSON, but not an object")
    assert len(desk.spill.refused) == 5
    with pytest.raises(Refused):
        await called(as_delivered(desk.spill.refused[0]))


async def test_after_fourteen_days_of_attempts_a_push_is_refused_and_kept_among_the_dead_letters(desk):
    await receive_or_spill(desk, a_push(), slug=None, at=NOW)
    (message,) = desk.spill.sent
    await called(as_delivered(replace(message, attempts=SPILL.attempts)))
    (refused,) = desk.spill.refused
    assert "fourteen days" in refused.refusal
    assert refused.body == message.body


async def test_a_bus_that_rests_after_a_failure_is_waited_for(desk, monkeypatch):
    """Ten deliveries of some milliseconds would make a dead letter of it."""

    class Resting(MemoryQueue):
        async def again(self, message, at):
            self.is_down = not self.is_down
            await super().again(message, at)

        async def refuse(self, message, reason):
            self.is_down = not self.is_down
            await super().refuse(message, reason)

    assert put_off.PAUSE > PAUSE_AFTER_FAILURE
    monkeypatch.setattr(put_off, "PAUSE", 0)
    desk = replace(desk, spill=Resting())
    monkeypatch.setattr(spill, "desk", lambda: desk)
    await receive_or_spill(desk, a_push(), slug=None, at=NOW)
    await called(as_delivered(desk.spill.sent[0]))
    await called(delivered(b"{"))
    assert (len(desk.spill.put_off), len(desk.spill.refused)) == (1, 1)


async def test_a_bus_that_takes_no_copy_leaves_the_message_to_the_platform(desk, monkeypatch):
    monkeypatch.setattr(put_off, "PAUSE", 0)
    await receive_or_spill(desk, a_push(), slug=None, at=NOW)
    (message,) = desk.spill.sent
    desk.spill.is_down = True
    with pytest.raises(BusUnavailable):
        await called(as_delivered(message))


async def test_no_log_line_holds_what_the_customer_wrote(desk, caplog):
    caplog.set_level("DEBUG")
    push = a_push(FirstName="c4n4ry", Email="c4n4ry@contoso.example", Description="c4n4ry")
    await receive_or_spill(desk, push, slug="c4n4ry", at=NOW)
    await called(as_delivered(desk.spill.sent[0]))
    await called(delivered(b'{"c4n4ry"', {"c4n4ry": "c4n4ry"}, MessageId="c4n4ry"))
    assert len(caplog.records) >= 3
    assert "c4n4ry" not in caplog.text
