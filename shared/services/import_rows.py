"""The rows of one page become leads and touches, several at once, the rows of one lead in order."""

import asyncio
import dataclasses
import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from copy import replace
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from shared.enrichment.identity import lead_id
from shared.follow_up.deadline import deadline_after
from shared.leads.change import Change, Mark
from shared.leads.identity import PERSON_LENGTH
from shared.leads.intake import Origin, merge_push, open_lead
from shared.leads.lead import Lead
from shared.leads.push import LeadPush
from shared.marketplace.import_state import Counts, ImportState
from shared.marketplace.offer import offer_of
from shared.marketplace.parse import InvalidPush
from shared.marketplace.table_row import SourceRow, read_row
from shared.policy.load import offers_by_title
from shared.policy.model import Policy
from shared.scoring.appraise import appraise
from shared.services.context import AppContext, LeadImport
from shared.services.errors import LeadChanged, StoreUnavailable
from shared.services.ports import RefusedRow
from shared.services.publish import publish_new
from shared.services.timeouts import IMPORT_PUBLISH_TIMEOUT
from shared.services.unit_of_work import DoneBefore, create_or_change_lead


class ImportedRow(NamedTuple):
    """A row that is a lead."""

    key: str  # of the row
    mark: str  # of the row and the person: if the address is corrected there, it is another lead
    source: SourceRow
    push: LeadPush
    lead_id: str
    offer: str | None
    at: datetime  # when the customer was there


def row_key(row: SourceRow, key: bytes, *person: str) -> str:
    """What a row is known by, for good: a keyed digest of its keys, which may hold anything."""
    keys = json.dumps([row.partition, row.row, *person]).encode()
    return hashlib.blake2b(keys, key=key, digest_size=16).hexdigest()


def read_imported_row(context: AppContext, row: SourceRow) -> ImportedRow:
    """Read a row; raises InvalidPush if it is no lead."""
    read = read_row(row)
    offer = offer_of(read.push, None, offers_by_title(context.policy))
    lead = lead_id(read.push, offer, context.id_key)
    return ImportedRow(
        key=row_key(row, context.id_key),
        mark=row_key(row, context.id_key, lead[:PERSON_LENGTH]),
        source=row,
        push=read.push,
        lead_id=lead,
        offer=offer,
        at=read.created_at,
    )


LEADS_AT_ONCE = 8
PARKED_KNOWN = 1000  # beyond it every good row is taken off the list of the refused, as if it stood there

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What all rows of a page share."""

    context: AppContext
    lead_import: LeadImport
    state: ImportState
    clock: Callable[[], datetime]
    parked: Mapping[str, str]  # reasons of rows refused before by key, at most `PARKED_KNOWN`

    def is_parked(self, key: str) -> bool:
        """Whether a row may have been refused before."""
        return key in self.parked or len(self.parked) == PARKED_KNOWN


async def import_rows(
    context: AppContext,
    lead_import: LeadImport,
    rows: Sequence[SourceRow],
    state: ImportState,
    clock: Callable[[], datetime],
) -> Counts:
    """Import rows; those that are no leads are parked.

    Raises:
        StoreUnavailable, LeadChanged: rows not begun by then are left out, those begun are done or not.
    """
    if not rows:
        return Counts()
    parked = {row.key: row.reason for row in await lead_import.ledger.list_refused(PARKED_KNOWN)}
    work = Work(context, lead_import, state, clock, parked)
    counts, found = Counts(), list[ImportedRow]()
    for row in rows:
        try:
            found.append(read_imported_row(context, row))
        except Exception as exc:  # noqa: BLE001 - a bug that one row meets must not stop the other rows
            counts += await _refuse(work, row, _reason(exc))
    for group in await _by_lead(work, found):
        counts += group
    return counts


def _reason(failure: Exception) -> str:
    """Why a row isn't imported, quoting nothing of it."""
    return str(failure) if isinstance(failure, InvalidPush) else f"It failed: {type(failure).__name__}."


async def _by_lead(work: Work, imported: Sequence[ImportedRow]) -> list[Counts]:
    """Several leads at once. The first failure of the store ends the page after the rows that were begun."""
    groups: dict[str, list[ImportedRow]] = {}
    for row in sorted(imported, key=lambda row: row.at):
        groups.setdefault(row.lead_id, []).append(row)
    slots, failures = asyncio.Semaphore(LEADS_AT_ONCE), list[Exception]()

    async def in_turn(group: list[ImportedRow]) -> Counts:
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


async def _outcome_of(work: Work, one: ImportedRow, failures: list[Exception]) -> Counts:
    """Import one row. A failure that isn't the store's would come again and again: the row is parked."""
    try:
        return await _take(work, one)
    except (StoreUnavailable, LeadChanged) as exc:
        failures.append(exc)
        return Counts()
    except Exception as exc:  # noqa: BLE001 - a bug that one row meets must not stop the other rows
        return await _refuse(work, one.source, _reason(exc))


async def _take(work: Work, one: ImportedRow) -> Counts:
    """Count a row as taken by this pass, also by a step of it that died, or as known from an earlier pass."""
    mark = await _find_mark(work, one) or await _store(work, one)
    if work.is_parked(one.key):
        await work.lead_import.ledger.delete_refused(one.key)
    return Counts(taken=1) if mark.value == work.state.pass_id else Counts(known=1)


async def _find_mark(work: Work, one: ImportedRow) -> Mark | None:
    """The mark of an earlier import; in a first pass hardly any row has one, and the write would find it."""
    if not work.state.passes:
        return None
    return await work.context.lead_store.find_mark(one.lead_id, one.mark)


async def _store(work: Work, one: ImportedRow) -> Mark:
    """Store the row's push, with its mark, and publish it; the mark that is there if it was done before."""
    context, mark = work.context, Mark(one.mark, work.state.pass_id)
    opened = open_lead(one.push, one.lead_id, one.offer, one.at).lead
    origin = Origin(work.clock(), is_history(opened, context.policy, work.state.switched_on_at))
    first = open_lead(one.push, one.lead_id, one.offer, one.at, origin=origin)

    def touch(lead: Lead) -> Change | None:
        change = merge_push(lead, one.push, one.at, origin=origin)
        return change and dataclasses.replace(change, mark=mark)

    try:
        outcome = await create_or_change_lead(context, dataclasses.replace(first, mark=mark), touch)
    except DoneBefore as exc:
        return exc.mark
    await publish_new(context, outcome, IMPORT_PUBLISH_TIMEOUT)
    return mark


async def _refuse(work: Work, row: SourceRow, reason: str) -> Counts:
    """Park a row, and log it once; it is read again when it is repaired at its source."""
    key = row_key(row, work.context.id_key)
    if work.parked.get(key) == reason:
        return Counts(known=1)
    await work.lead_import.ledger.upsert_refused(RefusedRow(key, row.partition, row.row, reason))
    log.warning("import: row %s is parked: %s", key, reason)
    return Counts(refused=1)


def is_history(lead: Lead, policy: Policy, switched_on_at: datetime) -> bool:
    """Whether the deadline had passed when the import was first switched on.

    Args:
        lead: as this push alone would open it.
        policy: targets, which may ask for a grade: then the lead is scored as of its push.
        switched_on_at: aware UTC.
    """
    deadline = deadline_after(lead.received_at, lead, policy)
    if policy.follow_up.targets:
        enrichment, score = appraise(lead, policy.scoring, lead.received_at)
        scored = replace(lead, enrichment=enrichment, score=score)
        deadline = min(deadline, deadline_after(lead.received_at, scored, policy))
    return deadline <= switched_on_at
