"""Import leads from the table that Partner Center writes into, every row once."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from shared.marketplace.import_state import Counts, ImportState, begin_pass, record_page
from shared.services.context import AppContext, LeadImport
from shared.services.errors import ImportChanged, PageLost
from shared.services.import_rows import import_rows
from shared.services.ports import SourcePage, StoredImport
from shared.services.timeouts import IMPORT_STEP_TIMEOUT

ROWS_A_STEP = 1000  # a tenth of what the clock can score or flag in the same minute
ROWS_A_PAGE = 100  # if the process dies within a page, it is read again; marks tell which rows are done

log = logging.getLogger(__name__)


async def import_leads(
    context: AppContext, clock: Callable[[], datetime], rows: int = ROWS_A_STEP
) -> Counts | None:
    """Run one step of the import; the next call continues where this one stopped.

    Args:
        context: ports and policy.
        clock: returns now, aware UTC; a step ends after `IMPORT_STEP_TIMEOUT`, between two pages.
        rows: after so many, at the end of a page, the step ends too.

    Returns:
        What became of the rows of this step; None without an import or a usable id key, or while this process
        runs another step.

    Raises:
        StoreUnavailable, LeadChanged: some rows may not be imported; the next call repeats them.
    """
    turn = context.locks.of("import")
    if context.lead_import is None or context.id_key is None or turn.locked():
        return None
    async with turn:
        return await _step(context, context.lead_import, clock, rows)


async def _step(
    context: AppContext, lead_import: LeadImport, clock: Callable[[], datetime], rows: int
) -> Counts:
    """Import page after page. Two processes at once do no harm: the second to save a page ends its step."""
    until, total, ended = clock() + timedelta(seconds=IMPORT_STEP_TIMEOUT), Counts(), False
    try:
        stored = await _get_or_create_state(lead_import, clock())
        while not ended and total.rows < rows and clock() < until:
            state = begin_pass(stored.state, clock())
            page = await _read_page(lead_import, state)
            counts = await import_rows(context, lead_import, page.rows, state, clock)
            stored = await lead_import.ledger.save_state(
                stored, record_page(state, counts, page.continuation, clock())
            )
            total, ended = total + counts, page.continuation is None
    except ImportChanged:
        log.info("import: another process is running it")
        return total
    _log_step(total, stored.state)
    return total


async def _get_or_create_state(lead_import: LeadImport, now: datetime) -> StoredImport:
    """Read the state; the very first call stores `now`, which divides history from leads to be called."""
    stored = await lead_import.ledger.find_state()
    return stored or await lead_import.ledger.save_state(None, ImportState(switched_on_at=now))


async def _read_page(lead_import: LeadImport, state: ImportState) -> SourcePage:
    """The next page; the first again if the service refuses the continuation: marks tell what is done."""
    continuation = state.under_way.continuation if state.under_way else None
    try:
        return await lead_import.table.list_rows(state.watermark, continuation, ROWS_A_PAGE)
    except PageLost:
        log.warning("import: the pass starts again, the service refused its continuation")
        return await lead_import.table.list_rows(state.watermark, None, ROWS_A_PAGE)


def _log_step(counts: Counts, state: ImportState) -> None:
    """Log counts, never content; log nothing if no row came."""
    if not (counts.taken or counts.refused or state.under_way):
        return
    so_far = f"{state.under_way.rows} rows so far in this pass" if state.under_way else "pass ended"
    log.info(
        "import: %d taken, %d known, %d refused; %s, %d taken in all",
        *(counts.taken, counts.known, counts.refused, so_far, state.taken),
    )
