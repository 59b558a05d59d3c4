"""The rows of one page become leads and touches, several at once, the rows of one lead in order."""

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.leads.arrival import first_push, later_push
from shared.leads.change import Change, Mark
from shared.leads.lead import Lead
from shared.leads.taken_over import TakenOver, is_old
from shared.marketplace.import_state import Counts, ImportState
from shared.marketplace.parse import InvalidPush
from shared.marketplace.table_row import SourceRow
from shared.services.change_lead import DoneBefore, create_or_change_lead
from shared.services.desk import Desk, Takeover
from shared.services.ports import LeadChanged, RefusedRow, StoreUnavailable
from shared.services.publish import publish_new
from shared.services.row_arrival import Arrival, read_arrival, row_key

LEADS_AT_ONCE = 8
PATIENCE = 2.0  # seconds that the next row waits for an event to be published
PARKED_KNOWN = 1000  # beyond it every good row is taken off the list of the refused, as if it stood there

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What all rows of a page share."""

    desk: Desk
    takeover: Takeover
    state: ImportState
    clock: Callable[[], datetime]
    parked: Mapping[str, str]  # reasons of rows refused before by key, at most `PARKED_KNOWN`

    def is_parked(self, key: str) -> bool:
        """Whether a row may have been refused before."""
        return key in self.parked or len(self.parked) == PARKED_KNOWN


async def take_over_rows(
    desk: Desk,
    takeover: Takeover,
    rows: Sequence[SourceRow],
    state: ImportState,
    clock: Callable[[], datetime],
) -> Counts:
    """Take rows over; those that are no leads are parked.

    Raises:
        StoreUnavailable, LeadChanged: rows not begun by then are left out, those begun are done or not.
    """
    if not rows:
        return Counts()
    parked = {row.key: row.reason for row in await takeover.ledger.parked(PARKED_KNOWN)}
    work = Work(desk, takeover, state, clock, parked)
    found = await asyncio.gather(*(_read(desk, row) for row in rows), return_exceptions=True)
    counts = Counts()
    for row, one in zip(rows, found, strict=True):
        if not isinstance(one, Arrival):
            counts += await _refuse(work, row, _reason(one))
    for group in await _by_lead(work, [one for one in found if isinstance(one, Arrival)]):
        counts += group
    return counts


async def _read(desk: Desk, row: SourceRow) -> Arrival:
    return read_arrival(desk, row)


def _reason(failure: BaseException) -> str:
    """Why a row isn't taken over, quoting nothing of it. A bug of ours must not stop the other rows."""
    if not isinstance(failure, Exception):
        raise failure
    return str(failure) if isinstance(failure, InvalidPush) else f"It failed: {type(failure).__name__}."


async def _by_lead(work: Work, arrivals: Sequence[Arrival]) -> list[Counts]:
    """Several leads at once. The first failure of the store ends the page after the rows that were begun."""
    groups: dict[str, list[Arrival]] = {}
    for one in sorted(arrivals, key=lambda one: one.at):
        groups.setdefault(one.lead_id, []).append(one)
    slots, failures = asyncio.Semaphore(LEADS_AT_ONCE), list[Exception]()

    async def in_turn(group: list[Arrival]) -> Counts:
        counts = Counts()
        for one in group:
            async with slots:
                if failures:
                    return counts
                counts += await _outcome_of(work, one, failures)
        return counts

    done = await asyncio.gather(*(in_turn(group) for group in groups.values()))
    if failures:
        raise failures[0]
    return done


async def _outcome_of(work: Work, one: Arrival, failures: list[Exception]) -> Counts:
    """Take one row over. A failure that isn't the store's would come again and again: the row is parked."""
    (outcome,) = await asyncio.gather(_take(work, one), return_exceptions=True)
    if isinstance(outcome, Counts):
        return outcome
    if isinstance(outcome, StoreUnavailable | LeadChanged):
        failures.append(outcome)
        return Counts()
    return await _refuse(work, one.source, _reason(outcome))


async def _take(work: Work, one: Arrival) -> Counts:
    """What this pass took, also if the step before died of it, or what an earlier one did."""
    mark = await _known(work, one) or await _store(work, one)
    work.takeover.recent.keep(mark)
    if work.is_parked(one.key):
        await work.takeover.ledger.release(one.key)
    return Counts(taken=1) if mark.said == work.state.pass_id else Counts(known=1)


async def _known(work: Work, one: Arrival) -> Mark | None:
    """The mark of a row that was taken over before. In a first pass hardly one was: the write will tell."""
    mark = work.takeover.recent.of(one.mark)
    if mark or not work.state.passes:
        return mark
    return await work.desk.store.mark_of(one.lead_id, one.mark)


async def _store(work: Work, one: Arrival) -> Mark:
    """Store the row's push, with its mark, and publish it; the mark that is there if somebody did before."""
    desk, mark = work.desk, Mark(one.mark, work.state.pass_id)
    opened = first_push(one.push, one.lead_id, one.offer, one.at).lead
    over = TakenOver(work.clock(), is_old(opened, desk.policy, work.state.switched_on_at))
    first = first_push(one.push, one.lead_id, one.offer, one.at, over=over)

    def touch(lead: Lead) -> Change | None:
        change = later_push(lead, one.push, one.at, over=over)
        return change and dataclasses.replace(change, mark=mark)

    try:
        outcome = await create_or_change_lead(desk, dataclasses.replace(first, mark=mark), touch)
    except DoneBefore as exc:
        return exc.mark
    await publish_new(desk, outcome, PATIENCE)
    return mark


async def _refuse(work: Work, row: SourceRow, reason: str) -> Counts:
    """Park a row, and say so once; it is read again when it is repaired at its source."""
    key = row_key(row, work.desk.id_key)
    if work.parked.get(key) == reason:
        return Counts(known=1)
    await work.takeover.ledger.park(RefusedRow(key, row.partition, row.row, reason))
    log.warning("import: row %s is parked: %s", key, reason)
    return Counts(refused=1)
