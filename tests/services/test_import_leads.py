"""Leads that lie in a table become leads of the desk, each row once; history rings no alarm."""

from shared.leads.commands import ReportFollowUp, UpdateLead
from shared.leads.events import EventType
from shared.leads.lead import LeadStatus
from shared.services.commands import report_follow_up, update_lead
from shared.services.context import LeadImport
from shared.services.health import check_health
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.typed_json import to_plain
from tests.builders import a_context, a_push
from tests.fakes.marketplace_import import MemoryImportLedger
from tests.samples import DAY, NOW, YEAR, a_row
from tests.services.imports import (
    HOUR,
    MINUTE,
    an_importing_context,
    import_step,
    imported_lead,
    imported_leads,
)


async def test_without_an_import_nothing_happens():
    assert await import_step(a_context()) is None


async def test_rows_become_leads_that_were_received_when_they_were_created():
    context = an_importing_context(*(a_row(number, NOW - number * YEAR) for number in (1, 2, 3)))
    counts = await import_step(context)
    assert (counts.taken, counts.known, counts.refused) == (3, 0, 0)
    found = await imported_leads(context)
    assert {one.received_at for one in found} == {NOW - number * YEAR for number in (1, 2, 3)}
    assert [event.type for event in context.publisher.published] == [EventType.RECEIVED] * 3


async def test_rows_are_taken_over_once_however_often_they_are_read():
    context = an_importing_context(*(a_row(number) for number in range(5)))
    for minutes in range(3):
        await import_step(context, NOW + minutes * MINUTE)
    fresh = an_importing_context(
        table=context.lead_store, lead_import=LeadImport(context.lead_import.table, MemoryImportLedger())
    )
    counts = await import_step(fresh, NOW + HOUR)
    assert (counts.taken, counts.known) == (0, 5)
    assert [one.touches for one in await imported_leads(context)] == [1] * 5
    assert len(context.publisher.published) == 5
    assert fresh.publisher.published == []


async def test_alike_rows_of_one_person_are_as_many_touches():
    context = an_importing_context(*(a_row(n, NOW - YEAR + n * MINUTE, customer={}) for n in range(4)))
    await import_step(context)
    assert (await imported_lead(context)).touches == 4
    assert [
        event.number for event in await context.lead_store.list_events((await imported_lead(context)).id)
    ] == [
        1,
        2,
        3,
        4,
    ]


async def test_a_row_touches_a_lead_that_was_pushed():
    context = an_importing_context(a_row(1, NOW - YEAR, customer={"Title": "CTO"}, Description="Call me"))
    await receive(context, Intake(a_push(), NOW - HOUR))
    await import_step(context)
    one = await imported_lead(context)
    assert (one.touches, one.received_at, one.last_touch_at) == (2, NOW - YEAR, NOW - HOUR)
    assert (one.contact.title, one.note) == ("IT Director", "Call me")
    assert one.follow_up.due_at == NOW - HOUR + DAY


# History and leads to be called


async def test_history_rings_no_alarm_and_is_scored_and_what_came_since_is_called():
    context = an_importing_context(
        a_row(1, NOW - YEAR), a_row(2, NOW - DAY), a_row(3, NOW - 23 * HOUR), a_row(4, NOW + HOUR)
    )
    await import_step(context)
    for hours in range(0, 99, 3):
        await run_due(context, NOW + hours * HOUR)
        await import_step(context, NOW + hours * HOUR)
    found = sorted(await imported_leads(context), key=lambda one: one.received_at)
    assert [one.follow_up.state for one in found] == ["none", "none", "missed", "missed"]
    assert all(one.score for one in found)
    is_history = {one.id: any(each.what == "imported" for each in one.milestones) for one in found}
    assert list(is_history.values()) == [True, True, False, False]
    alarms = (EventType.FOLLOW_UP_DUE_SOON, EventType.FOLLOW_UP_MISSED)
    for event in context.publisher.published:
        assert to_plain(event.data).get("imported", False) is is_history[event.id.partition(":")[0]]
        assert event.type not in alarms or not is_history[event.id.partition(":")[0]]


async def test_whoever_calls_a_lead_of_history_has_called_it():
    context = an_importing_context(a_row(1, NOW - YEAR))
    await import_step(context)
    report = ReportFollowUp(by="sam", at=NOW, next_contact_at=NOW + DAY)
    called = await report_follow_up(context, (await imported_lead(context)).id, report, now=NOW)
    assert (called.follow_up.state, called.follow_up.first_at, called.follow_up.attempts) == ("done", NOW, 1)
    await run_due(context, NOW + DAY)
    assert (await imported_lead(context)).follow_up.state == "waiting"


async def test_a_row_that_an_outage_of_ours_delayed_is_flagged_at_once_and_is_no_history():
    context = an_importing_context()
    await import_step(context, NOW - 9 * DAY)
    context.lead_import.table.put(a_row(1, NOW - 3 * DAY))
    await import_step(context)
    await run_due(context, NOW)
    one = await imported_lead(context)
    assert (one.follow_up.due_at, one.follow_up.missed_at) == (NOW - 2 * DAY, NOW)
    assert [each.what for each in one.milestones] == ["received"]


async def test_an_import_does_not_make_the_desk_look_stale():
    context = an_importing_context(a_row(1, NOW - YEAR), a_row(2, NOW - 2 * HOUR), a_row(3, NOW - 23 * HOUR))
    await context.desk_state.record_clock_run(NOW)
    await import_step(context)
    health = await check_health(context, NOW + MINUTE)
    assert health.is_ready
    assert max(health.oldest_due.values()) <= MINUTE


async def test_no_old_row_re_opens_a_lead_that_was_closed():
    context = an_importing_context()
    receipt = await receive(context, Intake(a_push(), NOW - 5 * HOUR))
    await update_lead(context, receipt.lead_id, UpdateLead(status=LeadStatus.WON), now=NOW - HOUR)
    for number, hours in enumerate((9999, 3)):
        context.lead_import.table.put(a_row(number, NOW - hours * HOUR, customer={}))
    await import_step(context)
    one = await imported_lead(context)
    assert (one.status, one.follow_up.state, one.touches) == (LeadStatus.WON, "none", 3)
