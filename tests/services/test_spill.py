"""Pushes that the table can't take: kept in the queue, received once, as of when they came."""

import asyncio
import json
import time
from copy import replace
from datetime import timedelta

import pytest
from azure.core.exceptions import HttpResponseError

from shared.leads.events import EventType
from shared.marketplace.parse import InvalidPush, parse_push
from shared.mistakes import Mistake, Unreadable
from shared.services import spill as service
from shared.services.errors import LeadChanged, StoreUnavailable
from shared.services.health import check_health
from shared.services.ports import QueuedMessage
from shared.services.receive import Intake, Result, receive
from shared.services.run_due import run_due
from shared.services.spill import receive_or_spill, receive_spilled, spill_message
from shared.typed_json import to_plain
from tests.builders import a_context, a_push
from tests.fakes.messaging import MemoryQueue
from tests.fakes.table import MemoryTable, ports_over
from tests.samples import DAY, NOW
from tests.services.test_receive import LosesAnswers

MINUTE = timedelta(minutes=1)
LATER = NOW + timedelta(hours=5)


class Away(MemoryTable):
    """A store that can be switched off; then nothing happens to what is asked, or only the answer is lost."""

    is_away = True
    loses_answers = False

    async def get(self, lead_id):
        self._expect_up()
        return await super().get(lead_id)

    async def create(self, change):
        if self.loses_answers:
            await super().create(change)
        self._expect_up()
        return await super().create(change)

    async def replace(self, read, change):
        self._expect_up()
        return await super().replace(read, change)

    def _expect_up(self):
        if self.is_away:
            raise StoreUnavailable("away")


async def pushed(context, push=None, at=NOW, slug=None):
    return await receive_or_spill(context, Intake(push or a_push(), at, slug))


async def drained(context, at=LATER):
    return [await receive_spilled(context, message, at) for message in context.spill.sent]


async def lead_of(context, lead_id):
    return (await context.lead_store.get(lead_id)).lead


async def test_while_the_store_is_there_nothing_is_spilled():
    context = a_context()
    assert (await pushed(context)).result is Result.CREATED
    assert context.spill.sent == []


async def test_a_push_during_an_outage_is_a_lead_afterwards_as_of_when_it_came():
    context = a_context(table=Away())
    receipt = await pushed(context, slug="Backup")
    assert receipt.result is Result.QUEUED
    assert context.publisher.published == []
    context.lead_store.is_away = False
    (drained_receipt,) = await drained(context)
    lead = await lead_of(context, receipt.lead_id)
    assert (drained_receipt.lead_id, drained_receipt.result) == (receipt.lead_id, Result.CREATED)
    assert (lead.offer, lead.received_at, lead.follow_up.due_at) == ("backup", NOW, NOW + DAY)
    (event,) = context.publisher.published
    assert (to_plain(event.data)["push"], to_plain(event.data)["at"]) == (
        a_push().as_sent,
        "2026-03-02T09:00:00Z",
    )
    assert event.time == LATER  # subscribers and past scores know nothing of it before


async def test_a_promise_that_an_outage_has_outlived_is_missed_at_once():
    context = a_context(table=Away())
    receipt = await pushed(context)
    context.lead_store.is_away = False
    await drained(context)
    await run_due(context, NOW + DAY + MINUTE)
    lead = await lead_of(context, receipt.lead_id)
    assert (lead.follow_up.state, lead.score is None) == ("missed", False)


@pytest.mark.parametrize("notes", [0, 3, 40], ids=["nothing", "some touches", "many touches"])
async def test_a_write_whose_answer_was_lost_is_no_second_touch_whatever_came_between(notes):
    context = a_context(table=Away())
    context.lead_store.loses_answers = True
    receipt = await pushed(context)
    assert receipt.result is Result.QUEUED
    context.lead_store.is_away = context.lead_store.loses_answers = False
    for number in range(notes):
        at = NOW + timedelta(hours=number + 1)
        await receive(context, Intake(a_push(Description=f"note {number}"), at))
    again = await drained(context) + await drained(context)
    assert [one.result for one in again] == [Result.REPEATED] * 2
    assert (await lead_of(context, receipt.lead_id)).touches == 1 + notes
    assert len(await context.lead_store.list_events(receipt.lead_id)) == 1 + notes


async def test_a_write_that_happens_after_its_caller_has_gone_is_no_second_touch(monkeypatch):
    class Slow(MemoryTable):
        async def create(self, change):
            await super().create(change)
            await asyncio.Event().wait()

    monkeypatch.setattr(service, "PUSH_STORE_TIMEOUT", 0.01)
    context = a_context(table=Slow())
    assert (await pushed(context)).result is Result.QUEUED
    assert [one.result for one in await drained(context)] == [Result.REPEATED]


async def test_a_push_that_the_sender_repeats_during_an_outage_is_one_lead():
    context = a_context(table=Away())
    receipts = [await pushed(context, at=NOW + MINUTE * minutes) for minutes in (0, 1, 5)]
    context.lead_store.is_away = False
    results = [one.result for one in await drained(context)]
    assert results == [Result.CREATED, Result.REPEATED, Result.REPEATED]
    assert (await lead_of(context, receipts[0].lead_id)).received_at == NOW


async def test_pushes_that_come_back_in_any_order_are_one_lead_with_the_newest_values():
    context = a_context(table=Away())
    for number in range(5):
        await pushed(context, a_push(Description=f"note {number}"), NOW + MINUTE * number)
    context.lead_store.is_away = False
    context.spill.sent.reverse()
    first, *others = await drained(context)
    lead = await lead_of(context, first.lead_id)
    assert (first.result, {one.result for one in others}) == (Result.CREATED, {Result.TOUCHED})
    assert (lead.touches, lead.note, lead.received_at) == (5, "note 4", NOW)
    assert lead.follow_up.due_at == NOW + DAY


async def test_a_store_that_loses_every_write_or_every_race_is_no_reason_to_send_a_customer_away():
    class Contested(MemoryTable):
        async def create(self, change):
            raise LeadChanged(change.lead.id)

    for store in (LosesAnswers(requests=100), Contested()):
        context = a_context(table=store, chance=lambda: 0.0)
        assert (await pushed(context)).result is Result.QUEUED
        assert len(context.spill.sent) == 1


@pytest.mark.parametrize(
    "failure",
    [HttpResponseError("EntityTooLarge"), Unreadable([Mistake(("status",), "must be a status")])],
    ids=["refused by the table", "a row of a newer deployment"],
)
async def test_a_failure_that_nobody_expected_is_no_reason_to_lose_a_customer(failure, caplog):
    class Failing(MemoryTable):
        async def create(self, change):
            raise failure

    context = a_context(table=Failing())
    receipt = await pushed(context, a_push(FirstName="c4n4ry"))
    assert receipt.result is Result.QUEUED
    assert receipt.lead_id in caplog.text
    assert "c4n4ry" not in caplog.text
    (drained_receipt,) = await drained(replace(context, **ports_over(MemoryTable())))
    assert drained_receipt.lead_id == receipt.lead_id


async def test_if_the_bus_is_away_too_nothing_is_claimed():
    context = a_context(table=Away(), spill=MemoryQueue(is_down=True))
    with pytest.raises(StoreUnavailable):
        await pushed(context)
    assert context.spill.sent == []


async def test_a_store_and_a_bus_that_hang_cost_a_sender_their_patience_and_no_more(monkeypatch):
    class HangingStore(MemoryTable):
        async def create(self, change):
            await asyncio.Event().wait()

    class HangingQueue(MemoryQueue):
        async def send(self, message):
            await asyncio.Event().wait()

    assert service.PUSH_STORE_TIMEOUT + service.PUSH_SPILL_TIMEOUT <= 13
    monkeypatch.setattr(service, "PUSH_STORE_TIMEOUT", 0.1)
    monkeypatch.setattr(service, "PUSH_SPILL_TIMEOUT", 0.1)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await pushed(a_context(table=HangingStore(), spill=HangingQueue()))
    assert time.monotonic() - began < 2


# The message


def test_the_same_push_of_the_same_instant_is_the_same_message_and_no_other_is():
    def id_of(push=None, lead_id="a" * 24, at=NOW):
        return spill_message(Intake(push or a_push(), at), lead_id).message_id

    others = {id_of(a_push(Description="x")), id_of(lead_id="b" * 24), id_of(at=NOW + MINUTE), id_of()}
    assert (id_of() == id_of(), len(others)) == (True, 4)


@pytest.mark.parametrize(
    "sent",
    [
        b'{"Email": "\xc3\xa4@contoso.example", "Deep": [[[[[[[[[[[[[[1]]]]]]]]]]]]]], "Huge": 1e999}',
        b'[["00N", "x"], ["email", "ada@contoso.example"]]',
        b'{"Numbers": [%s], "Text": "%s"}' % (b",".join([b"1e15"] * 1_900), b"x" * 50_000),
        b'{"a": "\\ud800", "b": 123456789012345678901234567890, "c": 0.1}',
    ],
    ids=["nested", "a form", "grows", "odd values"],
)
async def test_whatever_can_be_pushed_comes_back_as_it_was(sent):
    context = a_context()
    push = parse_push(sent)
    receipt = await receive(context, Intake(push, NOW, "x"))
    message = spill_message(Intake(push, NOW, "x"), receipt.lead_id)
    assert parse_push(message.body, service.LARGEST) == push
    assert await receive_spilled(context, message, LATER) == type(receipt)(receipt.lead_id, Result.REPEATED)


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"receivedAt": "yesterday"},
        {"receivedAt": 7, "offer": 7},
        {"receivedAt": "2026-03-02T09:00:00"},
        {"receivedAt": "0001-01-01T00:00:00+14:00"},
        {"receivedAt": None, "offer": None},
    ],
)
async def test_a_message_that_doesnt_say_when_it_came_counts_from_when_it_was_sent(properties):
    context = a_context()
    body = json.dumps(a_push().as_sent).encode()
    receipt = await receive_spilled(context, QueuedMessage(body, "m", NOW, properties=properties), LATER)
    assert (await lead_of(context, receipt.lead_id)).received_at == NOW


async def test_what_isnt_a_push_is_refused():
    with pytest.raises(InvalidPush):
        await receive_spilled(a_context(), QueuedMessage(b"[]", "m", NOW), NOW)


async def test_work_for_a_push_that_waited_isnt_old_work():
    context = a_context(table=Away())
    await pushed(context)
    context.lead_store.is_away = False
    await context.desk_state.record_clock_run(LATER)
    await drained(context)
    health = await check_health(context, LATER + timedelta(seconds=31))  # five of grace
    assert (health.is_ready, max(health.oldest_due.values())) == (True, timedelta(seconds=26))


async def test_a_clock_of_the_drainer_that_is_behind_changes_nothing():
    context = a_context(table=Away())
    receipt = await pushed(context)
    context.lead_store.is_away = False
    await drained(context, NOW - MINUTE)
    assert (await lead_of(context, receipt.lead_id)).received_at == NOW
    (event,) = context.publisher.published
    assert event.time == NOW


async def test_nobody_hears_of_a_push_before_it_is_stored():
    context = a_context(table=Away())
    await pushed(context)
    context.lead_store.is_away = False
    await drained(context)
    assert [event.type for event in context.publisher.published] == [EventType.RECEIVED]
