"""Rows that can't be read are parked and told once, and taken over when somebody mends them."""

import logging

from shared.services import import_rows
from shared.services.health import check_health
from tests.samples import NOW, a_row
from tests.services.imports import (
    HOUR,
    MINUTE,
    an_importing_context,
    import_step,
    imported_lead,
    imported_leads,
)


async def test_bad_rows_are_parked_and_told_once_and_keep_nobody_from_the_others(caplog):
    bad = a_row(1, customer="{secret@contoso.example")
    context = an_importing_context(bad, a_row(2), a_row(3, customer="[]"))
    with caplog.at_level(logging.INFO):
        counts = [await import_step(context, NOW + minutes * MINUTE) for minutes in range(3)]
    assert [(one.taken, one.refused) for one in counts] == [(1, 2), (0, 0), (0, 0)]
    parked = await context.lead_import.ledger.list_refused(10)
    assert (bad.partition, bad.row) in {(row.partition, row.row) for row in parked}
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 2
    assert "@" not in caplog.text + repr(parked)
    assert (await check_health(context, NOW + 3 * MINUTE)).lead_import.refused == 2


async def test_a_row_that_is_repaired_is_taken_over_and_no_longer_parked():
    context = an_importing_context(a_row(1, NOW - HOUR, customer="{"))
    await import_step(context)
    context.lead_import.table.put(a_row(1, NOW - HOUR, written=NOW + 9 * HOUR))
    counts = await import_step(context, NOW + 10 * HOUR)
    assert (counts.taken, await context.lead_import.ledger.list_refused(10)) == (1, [])
    assert (await imported_lead(context)).received_at == NOW - HOUR


async def test_a_row_that_is_edited_is_taken_over_again_only_if_it_is_another_persons_now():
    context = an_importing_context(*(a_row(number) for number in range(40)))
    await import_step(context)
    for number in range(40):
        edited = {"customer": {"Email": f"mended{number}@contoso.example"}} if number < 30 else {}
        context.lead_import.table.put(a_row(number, written=NOW, Description="edited", **edited))
    counts = await import_step(context, NOW + MINUTE)
    assert (counts.taken, counts.known) == (30, 10)
    assert len(await imported_leads(context)) == 70


async def test_a_row_that_our_own_fault_stops_is_parked_and_the_others_go_on(monkeypatch):
    real = import_rows.identity_of

    def faulty(context, push, slug):
        if push.note == "the fault":
            raise ZeroDivisionError(push.note)
        return real(context, push, slug)

    monkeypatch.setattr(import_rows, "identity_of", faulty)
    context = an_importing_context(a_row(1, Description="the fault"), a_row(2))
    assert (await import_step(context)).taken == 1
    assert [row.reason for row in await context.lead_import.ledger.list_refused(9)] == [
        "It failed: ZeroDivisionError."
    ]
    monkeypatch.undo()
    assert (
        await import_step(context, NOW + MINUTE)
    ).taken == 0  # long before the watermark: it must be touched
    context.lead_import.table.put(a_row(1, written=NOW))
    assert (await import_step(context, NOW + MINUTE)).taken == 1
