"""The trigger of the queue `activity`, given messages as the platform decodes them."""

from copy import replace
from datetime import timedelta
from types import SimpleNamespace

import azure.functions as func
import pytest

from functions import activity
from functions.queue import _ADDRESSING, DeadLettered, message_of
from shared.services.errors import BusUnavailable, StoreUnavailable
from shared.services.receive import Intake, receive
from shared.services.redelivery import ACTIVITY_REDELIVERY
from tests.builders import a_context, a_push
from tests.fakes.table import MemoryTable, ports_over
from tests.functions.triggers import TRIGGERS, activity_message, given
from tests.samples import NOW

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def context(monkeypatch):
    context = a_context()
    monkeypatch.setattr(activity, "context", given(context))
    monkeypatch.setattr(activity, "utc_now", lambda: LATER)
    return context


async def called(message):
    await TRIGGERS["take_activity"].get_user_function()(message)


async def a_lead(context):
    return (await receive(context, Intake(a_push(), NOW))).lead_id


async def lead_of(context, lead_id):
    return (await context.lead_store.get(lead_id)).lead


def test_the_trigger_takes_bytes_of_the_queue_in_the_settings():
    (binding,) = TRIGGERS["take_activity"].get_bindings()
    said = binding.get_dict_repr()
    assert (said["queueName"], said["connection"]) == ("%LEADS_ACTIVITY_QUEUE%", "LEADS_BUS")
    assert said["dataType"] == func.DataType.BINARY


async def test_a_report_is_done_as_of_when_it_was_sent(context):
    lead_id = await a_lead(context)
    for _ in range(2):
        await called(activity_message({"type": "follow_up", "leadId": lead_id, "by": "sam"}))
    lead = await lead_of(context, lead_id)
    assert lead.follow_up.first_at == NOW + timedelta(minutes=30, milliseconds=123)
    assert lead.bookkeeping.idempotency.reports == ("m-1",)
    assert (context.activity.redelivered, context.activity.dead_lettered) == ([], [])


async def test_what_can_never_be_done_is_refused_with_a_reason_and_then_left_to_the_platform(context):
    bad = activity_message(
        {"type": "follow_up", "leadId": "a" * 24, "by": "sam"}, {"crm": "x"}, ContentType="text/json"
    )
    await called(bad)
    (refused,) = context.activity.dead_lettered
    assert refused.refusal == "There is no lead with this id."
    assert (refused.body, refused.message_id) == (bad.get_body(), "m-1")
    assert (refused.properties, refused.addressing) == ({"crm": "x"}, {"content_type": "text/json"})
    copy = activity_message(
        refused.body, {"crm": "x", "refusal": refused.refusal, "sentAt": "2026-03-02T09:30:00Z"}
    )
    for _ in range(10):
        with pytest.raises(DeadLettered):
            await called(copy)
    assert len(context.activity.dead_lettered) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 60_000, b" " * 70_000, b'{"a": 1e999}']
)
async def test_a_hostile_body_is_refused_and_crashes_nothing(context, body):
    await called(activity_message(body))
    assert len(context.activity.dead_lettered) == 1


async def test_an_illegal_status_is_refused_in_words_of_ours(context):
    lead_id = await a_lead(context)
    await called(activity_message({"type": "status", "leadId": lead_id, "status": "won"}, MessageId="m-1"))
    await called(
        activity_message({"type": "status", "leadId": lead_id, "status": "nurturing"}, MessageId="m-2")
    )
    (refused,) = context.activity.dead_lettered
    assert refused.refusal == "A lead that is won can't become nurturing, only lost."


class Away(MemoryTable):
    """A store that can be switched off."""

    is_away = False

    async def get(self, lead_id):
        if self.is_away:
            raise StoreUnavailable("away")
        return await super().get(lead_id)


async def test_what_can_not_be_done_now_comes_again_and_is_done_once_the_store_is_back(context, monkeypatch):
    context = replace(context, **ports_over(Away()))
    monkeypatch.setattr(activity, "context", given(context))
    lead_id = await a_lead(context)
    context.lead_store.is_away = True
    message = activity_message({"type": "follow_up", "leadId": lead_id, "by": "sam"})
    for attempt in range(1, 4):
        await called(message)
        at, copy = context.activity.redelivered[-1]
        assert (at - LATER, copy.attempts) == (timedelta(seconds=30 * 2 ** (attempt - 1)), attempt)
        noted = {"attempts": copy.attempts, "sentAt": copy.sent_at.isoformat()}
        message = activity_message(
            copy.body, noted, enqueued="2026-03-02T09:59:00Z", MessageId=copy.message_id
        )
    context.lead_store.is_away = False
    await called(message)
    await called(message)
    lead = await lead_of(context, lead_id)
    assert lead.follow_up.first_at == NOW + timedelta(minutes=30, milliseconds=123)
    events = [event.type for event in await context.lead_store.list_events(lead_id)]
    assert events.count("lead.followed_up") == 1
    assert context.activity.dead_lettered == []


async def test_after_a_day_of_attempts_a_message_is_refused(context, monkeypatch):
    context = replace(context, **ports_over(Away()))
    context.lead_store.is_away = True
    monkeypatch.setattr(activity, "context", given(context))
    body = {"type": "follow_up", "leadId": "a" * 24, "by": "sam"}
    await called(activity_message(body, {"attempts": ACTIVITY_REDELIVERY.backoff.attempts - 1}))
    (refused,) = context.activity.dead_lettered
    assert "for a day" in refused.refusal


async def test_a_bus_that_takes_no_copy_leaves_the_message_to_the_platform(context, monkeypatch):
    monkeypatch.setattr("shared.services.redelivery.PAUSE", 0)
    context.activity.is_down = True
    with pytest.raises(BusUnavailable):
        await called(activity_message(b"{"))


async def test_no_log_line_holds_what_the_sender_wrote(context, caplog):
    caplog.set_level("DEBUG")
    body = {"type": "c4n4ry", "email": "c4n4ry@contoso.example", "by": "c4n4ry"}
    await called(activity_message(body, {"c4n4ry": "c4n4ry"}, MessageId="c4n4ry"))
    await called(activity_message({**body, "type": "follow_up"}, MessageId="c4n4ry"))
    assert len(context.activity.dead_lettered) == 2
    assert "c4n4ry" not in caplog.text


# The message


def test_nonsense_under_the_names_of_the_desk_counts_as_not_set():
    for nonsense in ("x", None, [1], -5, True, {"a": 1}, "0001-01-01T00:00:00+14:00"):
        message = message_of(activity_message(b"{}", {"attempts": nonsense, "sentAt": nonsense}), LATER)
        assert (message.attempts, message.properties) == (0, {})
        assert message.sent_at == NOW + timedelta(minutes=30, milliseconds=123)


def test_a_clock_of_the_bus_that_is_fast_tells_no_future():
    assert message_of(activity_message(b"{}"), NOW).sent_at == NOW


def test_a_message_without_an_id_is_known_when_it_is_redelivered_and_only_then():
    first = message_of(activity_message(b"{}", MessageId=None), LATER)
    again = message_of(activity_message(b"{}", MessageId=None), LATER + timedelta(minutes=1))
    assert first.message_id == again.message_id == "7@2026-03-02T09:30:00.123000+00:00"


def test_what_the_platform_sends_empty_is_left_out():
    bare = SimpleNamespace(
        **dict.fromkeys(_ADDRESSING),
        application_properties=None,
        enqueued_time_utc=None,
        message_id="m",
        sequence_number=1,
        get_body=lambda: b"",
    )
    message = message_of(bare, NOW)
    assert (message.sent_at, message.properties, message.addressing) == (NOW, {}, {})
