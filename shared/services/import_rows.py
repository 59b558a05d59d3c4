"""Import the rows of one page as leads and touches: several leads at once, the rows of one lead in order."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from copy import replace
from datetime import datetime
from typing import NamedTuple

from shared.follow_up.deadline import deadline_after
from shared.leads.change import Change, Mark
from shared.leads.identity import PERSON_LENGTH
from shared.leads.intake import Origin, merge_push, open_lead
from shared.leads.lead import Lead
from shared.leads.push import LeadPush
from shared.marketplace.import_state import Counts, ImportState
from shared.marketplace.lead_source import with_words
from shared.marketplace.parse import InvalidPush
from shared.marketplace.table_row import SourceRow, read_row
from shared.policy.model import Policy
from shared.scoring.appraise import appraise
from shared.services.aliases import Identity, create_or_touch
from shared.services.context import AppContext, LeadImport
from shared.services.errors import LeadChanged, StoreUnavailable
from shared.services.ports import RefusedRow
from shared.services.publish import publish_new
from shared.services.receive import identity_of
from shared.services.timeouts import IMPORT_PUBLISH_TIMEOUT
from shared.services.unit_of_work import DoneBefore


class ImportedRow(NamedTuple):
    """A row that was read as a push, and the lead it is about."""

    key: str  # the row's, see `row_key`
    mark: str  # idempotency mark of row and person: a row with a corrected address is another lead
    source: SourceRow
    push: LeadPush
    identity: Identity
    at: datetime  # aware UTC, when the customer acted

    @property
    def lead_id(self) -> str:
        """The id of the lead by the rules of today."""
        return self.identity.lead_id


def row_key(row: SourceRow, key: bytes, *person: str) -> str:
    """A row's permanent id: a keyed digest of its keys, which may hold personal data."""
    keys = json.dumps([row.partition, row.row, *person]).encode()
    return hashlib.blake2b(keys, key=key, digest_size=16).hexdigest()


def row_mark(context: AppContext, row: SourceRow, lead_id: str) -> str:
    """The idempotency mark of a row on a lead, the same on all leads of its person."""
    return row_key(row, context.require_id_key(), lead_id[:PERSON_LENGTH])


def read_imported_row(context: AppContext, row: SourceRow) -> ImportedRow:
    """Read a row; raises InvalidPush if it is no lead."""
    read = read_row(row)
    identity = identity_of(context, read.push, None)
    return ImportedRow(
        key=row_key(row, context.require_id_key()),
        mark=row_mark(context, row, identity.lead_id),
        source=row,
        push=with_words(read.push, context.policy.words),
        identity=identity,
        at=read.created_at,
    )


LEADS_AT_ONCE = 8
PARKED_KNOWN = (
    1000  # with more refused rows than read here, every imported row is taken off their list, in case
)

log = logging.getLogger(__name__)


class Work(NamedTuple):
    """What the rows of a page share while they are imported."""

    context: AppContext
    lead_import: LeadImport
    state: ImportState
    clock: Callable[[], datetime]
    parked: Mapping[str, str]  # by row key: why it was refused; at most `PARKED_KNOWN`

    def is_parked(self, key: str) -> bool:
        """Whether the row is, or may be, on the list of refused rows."""
        return key in self.parked or len(self.parked) == PARKED_KNOWN


async def import_rows(
    context: AppContext,
    lead_import: LeadImport,
    rows: Sequence[SourceRow],
    state: ImportState,
    clock: Callable[[], datetime],
) -> Counts:
    """Import rows; park those that aren't leads.

    Raises:
        StoreUnavailable, LeadChanged: later rows weren't begun; those begun may be imported or not.
    """
    if not rows:
        return Counts()
    parked = {row.key: row.reason for row in await lead_import.ledger.list_refused(PARKED_KNOWN)}
    work = Work(context, lead_import, state, clock, parked)
    counts, readable = Counts(), list[ImportedRow]()
    for row in rows:
        try:
            readable.append(read_imported_row(context, row))
        except Exception as exc:  # noqa: BLE001 - a bug that one row triggers must not stop the other rows
            counts += await _refuse(work, row, _reason(exc))
    for group in await _import_by_lead(work, readable):
        counts += group
    return counts


def _reason(failure: Exception) -> str:
    """Why a row isn't imported, quoting nothing of it."""
    return str(failure) if isinstance(failure, InvalidPush) else f"It failed: {type(failure).__name__}."


async def _import_by_lead(work: Work, rows: Sequence[ImportedRow]) -> list[Counts]:
    """Import several leads at once. After the first failure of the store no further row is begun."""
    groups: dict[str, list[ImportedRow]] = {}
    for row in sorted(rows, key=lambda row: row.at):
        groups.setdefault(row.lead_id, []).append(row)
    slots, failures = asyncio.Semaphore(LEADS_AT_ONCE), list[Exception]()

    async def in_turn(group: list[ImportedRow]) -> Counts:
        counts = Counts()
        for row in group:
            async with slots:
                if failures:
                    return counts
                counts += await _import_or_park(work, row, failures)
        return counts

    done = await asyncio.gather(*(in_turn(group) for group in groups.values()))
    if failures:
        raise failures[0]
    return done


async def _import_or_park(work: Work, row: ImportedRow, failures: list[Exception]) -> Counts:
    """Import one row. A failure that isn't the store's would repeat in every pass, so it parks the row."""
    try:
        return await _take(work, row)
    except (StoreUnavailable, LeadChanged) as exc:
        failures.append(exc)
        return Counts()
    except Exception as exc:  # noqa: BLE001 - a bug that one row triggers must not stop the other rows
        return await _refuse(work, row.source, _reason(exc))


async def _take(work: Work, row: ImportedRow) -> Counts:
    """Import a row: counted as taken if this pass stored it, even in a step that died, else as known."""
    mark = await _find_mark(work, row) or await _store(work, row)
    if work.is_parked(row.key):
        await work.lead_import.ledger.delete_refused(row.key)
    return Counts(taken=1) if mark.value == work.state.pass_id else Counts(known=1)


async def _find_mark(work: Work, row: ImportedRow) -> Mark | None:
    """The mark of an earlier import. Not read in a first pass: few rows have one, and the write finds it."""
    if not work.state.passes:
        return None
    return await work.context.lead_store.find_mark(row.lead_id, row.mark)


async def _store(work: Work, row: ImportedRow) -> Mark:
    """Store the row's push with its mark, and publish it; return the stored mark if it was done before."""
    context, mark = work.context, Mark(row.mark, work.state.pass_id)
    identity = row.identity
    opened = open_lead(row.push, identity.lead_id, identity.offer, row.at).lead
    origin = Origin(work.clock(), is_history(opened, context.policy, work.state.switched_on_at))
    first = open_lead(row.push, identity.lead_id, identity.offer, row.at, origin=origin)

    def touch(lead: Lead) -> Change | None:
        change = merge_push(lead, row.push, row.at, origin=origin)
        of_this_lead = Mark(row_mark(context, row.source, lead.id), mark.value)
        return change and replace(change, mark=of_this_lead)

    first = replace(first, mark=mark)
    try:
        outcome = await create_or_touch(context, identity, first, touch, now=origin.arrived_at)
    except DoneBefore as exc:
        return exc.mark
    context.unrecognized.count(row.push, context.policy.words)
    await publish_new(context, outcome, IMPORT_PUBLISH_TIMEOUT)
    return mark


async def _refuse(work: Work, row: SourceRow, reason: str) -> Counts:
    """Park a row, and log it once per reason; a repair at its source has it read again."""
    key = row_key(row, work.context.require_id_key())
    if work.parked.get(key) == reason:
        return Counts(known=1)
    await work.lead_import.ledger.upsert_refused(RefusedRow(key, row.partition, row.row, reason))
    log.warning("import: row %s is parked: %s", key, reason)
    return Counts(refused=1)


def is_history(lead: Lead, policy: Policy, switched_on_at: datetime) -> bool:
    """Whether the lead's follow-up deadline had passed when the import was first switched on.

    Args:
        lead: as this push alone would open it.
        policy: follow-up targets; some depend on a grade, so the lead is scored as of its push.
        switched_on_at: aware UTC.
    """
    deadline = deadline_after(lead.received_at, lead, policy)
    if policy.follow_up.targets:
        enrichment, score = appraise(lead, policy.scoring, lead.received_at)
        scored = replace(lead, enrichment=enrichment, score=score)
        deadline = min(deadline, deadline_after(lead.received_at, scored, policy))
    return deadline <= switched_on_at
