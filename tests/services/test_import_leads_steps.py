"""An import goes on in steps and passes, however many work at it, and says how far it is."""

import asyncio
import logging
from datetime import timedelta

from shared.marketplace.import_state import ImportState
from shared.services.context import LeadImport
from shared.services.errors import PageLost
from shared.services.health import check_health
from shared.services.import_leads import ROWS_A_PAGE, import_leads
from shared.services.timeouts import IMPORT_STEP_TIMEOUT
from tests.builders import a_context
from tests.fakes.marketplace_import import MemoryImportLedger, MemoryMarketplaceTable
from tests.fakes.table import MemoryTable
from tests.samples import DAY, NOW, YEAR, a_row
from tests.services.imports import (
    HOUR,
    MINUTE,
    an_importing_context,
    import_state,
    import_step,
    imported_leads,
)


async def test_a_step_is_bounded_in_rows_and_the_next_goes_on():
    context = an_importing_context(*(a_row(number) for number in range(3 * ROWS_A_PAGE - 50)))
    assert (await import_step(context, rows=150)).taken == 2 * ROWS_A_PAGE
    going = await import_state(context)
    assert (going.under_way.rows, going.taken, going.watermark) == (200, 200, None)
    assert (await import_step(context, NOW + HOUR)).taken == 50
    done = await import_state(context)
    assert (done.under_way, done.taken, done.last_pass_at) == (None, 250, NOW + HOUR)
    assert done.watermark == NOW - timedelta(minutes=15)


async def test_a_step_is_bounded_in_time():
    context = an_importing_context(*(a_row(number) for number in range(3 * ROWS_A_PAGE)))
    now = NOW

    def clock():
        nonlocal now
        now += timedelta(seconds=IMPORT_STEP_TIMEOUT / 4)
        return now

    assert (await import_leads(context, clock)).taken == ROWS_A_PAGE
    assert (await import_state(context)).under_way is not None


class ForgetfulTable(MemoryMarketplaceTable):
    """Refuses where a page begins, once."""

    has_forgotten = False

    async def list_rows(self, since, continuation, limit):
        if continuation is not None and not self.has_forgotten:
            self.has_forgotten = True
            raise PageLost
        return await super().list_rows(since, continuation, limit)


async def test_a_pass_whose_continuation_the_service_refuses_begins_again_and_takes_each_row_once():
    table = ForgetfulTable()
    for number in range(250):
        table.put(a_row(number))
    context = an_importing_context(lead_import=LeadImport(table, MemoryImportLedger()))
    assert (await import_step(context, rows=100)).taken == 100
    assert (
        await import_step(context)
    ).taken == 150 + 100  # those of this pass that are done already count as its own
    assert (await import_state(context)).under_way is None
    assert len(await imported_leads(context)) == 250
    assert {one.touches for one in await imported_leads(context)} == {1}


async def test_rows_that_come_while_a_pass_is_under_way_are_all_taken_in_front_and_behind():
    rows = [a_row(number, NOW - YEAR) for number in range(100, 400)]
    context = an_importing_context(*rows)
    await import_step(context, rows=1)
    behind, ahead = a_row(1, NOW - YEAR, written=NOW + MINUTE), a_row(999, NOW - YEAR, written=NOW + MINUTE)
    late = a_row(2, NOW - YEAR, written=NOW - 14 * MINUTE)  # the service's clock is behind ours
    for row in (behind, ahead, late):
        context.lead_import.table.put(row)
    for minutes in range(2, 6):
        await import_step(context, NOW + minutes * MINUTE)
    assert len(await imported_leads(context)) == 303
    assert (await import_state(context)).taken == 303


async def test_a_pass_without_news_reads_only_the_overlap():
    context = an_importing_context(*(a_row(number, NOW - DAY - number * MINUTE) for number in range(100)))
    await import_step(context)
    context.lead_import.table.put(a_row(500, NOW + MINUTE))
    counts = [await import_step(context, NOW + minutes * MINUTE) for minutes in range(1, 40)]
    assert [one.rows for one in counts] == [1] * 17 + [0] * 22
    assert sum(one.taken for one in counts) == 1


async def test_two_at_once_in_one_process_are_one():
    context = an_importing_context(*(a_row(number) for number in range(30)))
    assert sorted(
        [type(one).__name__ for one in await asyncio.gather(import_step(context), import_step(context))]
    ) == [
        "Counts",
        "NoneType",
    ]


async def test_two_processes_at_once_take_each_row_once_and_count_it_once():
    class Slow(MemoryTable):
        async def create(self, change):
            await asyncio.sleep(0)
            return await super().create(change)

    rows = [
        a_row(number, NOW - YEAR, customer={"Email": f"p{number % 90}@x.example"}) for number in range(250)
    ]
    one = an_importing_context(*rows, table=Slow())
    other = an_importing_context(
        table=one.lead_store, lead_import=LeadImport(one.lead_import.table, one.lead_import.ledger)
    )
    while (await one.lead_import.ledger.find_state()) is None or (await import_state(one)).passes == 0:
        await asyncio.gather(import_step(one), import_step(other))
    assert sum(lead.touches for lead in await imported_leads(one)) == 250
    assert (await import_state(one)).taken == 250
    told = [event.id for event in (*one.publisher.published, *other.publisher.published)]
    assert len(told) == len(set(told)) == 250


async def test_a_slow_process_does_not_turn_the_import_back():
    read = asyncio.Event()

    class Slow(MemoryMarketplaceTable):
        async def list_rows(self, since, continuation, limit):
            page = await super().list_rows(since, continuation, limit)
            await read.wait()
            return page

    one = an_importing_context(*(a_row(number) for number in range(150)))
    slow = Slow()
    slow.rows = one.lead_import.table.rows
    other = an_importing_context(table=one.lead_store, lead_import=LeadImport(slow, one.lead_import.ledger))
    await one.lead_import.ledger.save_state(None, ImportState(switched_on_at=NOW))
    behind = asyncio.create_task(import_step(other))
    await asyncio.sleep(0)
    await import_step(one, NOW + MINUTE)
    done = await import_state(one)
    read.set()
    await behind
    assert (done.passes, await import_state(one)) == (1, done)


async def test_progress_is_told_in_counts_only(caplog):
    context = an_importing_context(*(a_row(number) for number in range(150)))
    with caplog.at_level(logging.INFO, logger="shared.services.import_leads"):
        await import_step(context, rows=1)
        await import_step(context)
        await import_step(context, NOW + HOUR)
    assert caplog.messages == [
        "import: 100 taken, 0 known, 0 refused; 100 rows so far in this pass, 100 taken in all",
        "import: 50 taken, 0 known, 0 refused; pass ended, 150 taken in all",
    ]
    assert "@" not in caplog.text


async def test_health_shows_an_import_that_goes_on_and_nothing_without_one():
    context = an_importing_context(*(a_row(number) for number in range(150)))
    await context.desk_state.record_clock_run(NOW)
    assert (await check_health(context, NOW)).lead_import.taken == 0
    await import_step(context, rows=1)
    going = (await check_health(context, NOW)).lead_import
    assert (going.taken, going.last_pass_at, going.under_way.rows) == (100, None, 100)
    await import_step(context, NOW + MINUTE)
    done = (await check_health(context, NOW + MINUTE)).lead_import
    assert (done.taken, done.last_pass_at, done.under_way) == (150, NOW + MINUTE, None)
    assert (await check_health(a_context(), NOW)).lead_import is None
