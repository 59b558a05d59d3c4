"""Read a lead, apply a pure change, write it; again on conflict, or if the answer was lost."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from shared.follow_up.deadline import set_deadline
from shared.leads.change import Change, Mark
from shared.leads.idempotency import with_operation
from shared.leads.lead import Lead
from shared.policy.model import Policy
from shared.privacy.erasure import open_over_tombstone
from shared.privacy.retention import schedule_purge
from shared.routing.assignment import request_assignment
from shared.services.context import AppContext
from shared.services.errors import LeadChanged, LeadExists, LeadNotFound, StoreUnavailable
from shared.services.ports import StoredLead

MAX_ATTEMPTS = 40  # each lost race means that somebody else's change went through
MAX_LOSSES = 2  # answers lost before the caller is told; each may take the client's time-out
CHANGE_TIMEOUT = 20.0  # seconds for one change, its turn included: a caller waits for it
LONGEST_PAUSE = 0.5  # seconds
FIRST_PAUSE = 0.005  # seconds

type Apply = Callable[[Lead], Change | None]


class DoneBefore(Exception):
    """The mark of a change is there: it was stored before, by whomever."""

    def __init__(self, mark: Mark) -> None:
        """With the mark as stored."""
        super().__init__(mark.key)
        self.mark = mark


@dataclass(frozen=True, slots=True)
class Committed:
    """The lead as stored; `change` is what this call did, None if there was nothing to do."""

    stored: StoredLead
    change: Change | None


async def change_lead(
    context: AppContext, lead_id: str, apply: Apply, *, read: StoredLead | None = None
) -> Committed:
    """Change a stored lead.

    Args:
        context: ports and policy.
        lead_id: which lead.
        apply: from the lead as it is to the change; None if nothing is to be done. Called again on conflict.
            What follows from the change by the policy is added to it.
        read: the lead, if the caller has just read or written it.

    Raises:
        LeadNotFound: there is no such lead.
        DoneBefore: the change has a mark that is there already.
        LeadChanged: others were faster `MAX_ATTEMPTS` times.
        StoreUnavailable: the store doesn't answer; the change may have been stored.
    """
    return await _in_turn(context, lead_id, _write(context, lead_id, apply, read=read))


async def create_or_change_lead(
    context: AppContext, first: Change, apply: Apply, timeout: float = CHANGE_TIMEOUT
) -> Committed:
    """Store a new lead with one write; if it is there already, change it as `change_lead` does.

    With marks on the changes, it is done once: whoever comes second gets `DoneBefore`.
    """
    return await _in_turn(context, first.lead.id, _write(context, first.lead.id, apply, first=first), timeout)


async def _in_turn(
    context: AppContext, lead_id: str, write: Coroutine[Any, Any, Committed], timeout: float = CHANGE_TIMEOUT
) -> Committed:
    """One after the other per lead; nobody waits longer than `patience`, for whatever reason."""
    try:
        async with asyncio.timeout(timeout), context.locks.of(lead_id):
            return await write
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc
    finally:
        write.close()  # if its turn never came


async def _write(
    context: AppContext,
    lead_id: str,
    apply: Apply,
    *,
    first: Change | None = None,
    read: StoredLead | None = None,
) -> Committed:
    operation = context.new_id()
    tried: Change | None = None
    assume_absent, losses = first is not None, 0
    for attempt in range(MAX_ATTEMPTS):
        if read is None and not assume_absent:
            read = await _read(context, lead_id, may_be_absent=first is not None or _erases(tried))
        if read is not None and operation in read.lead.bookkeeping.operations:
            return Committed(read, tried)  # our answer was lost
        if first is None and _alive(read) is None:
            raise LeadNotFound(lead_id)
        if tried is not None:
            await _expect_new(context, tried)
        step = _step(read, first, apply)
        if step is None:
            return Committed(_known(read), None)
        after = apply_policy(_alive(read), step, context.policy)
        tried = Change(with_operation(after.lead, operation), after.events, step.mark)
        try:
            return Committed(await _store(context, read, tried), tried)
        except (LeadExists, LeadChanged):
            read, assume_absent = None, False
        except StoreUnavailable:
            losses += 1
            if losses == MAX_LOSSES:
                raise
            read, assume_absent = None, False
        await asyncio.sleep(context.chance() * min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))
    raise LeadChanged(lead_id)


async def _expect_new(context: AppContext, change: Change) -> None:
    """After a conflict or a lost answer: was it the mark?"""
    if change.mark and (mark := await context.lead_store.find_mark(change.lead.id, change.mark.key)):
        raise DoneBefore(mark)


async def _read(context: AppContext, lead_id: str, *, may_be_absent: bool) -> StoredLead | None:
    try:
        return await context.lead_store.get(lead_id)
    except LeadNotFound:
        if may_be_absent:
            return await context.lead_store.find_tombstone(lead_id)
        raise


def _step(read: StoredLead | None, first: Change | None, apply: Apply) -> Change | None:
    """What is to be written; a new lead where one was erased goes on from the tombstone."""
    if read is None or first is None:
        return first if read is None else apply(read.lead)
    return open_over_tombstone(first, read.lead) if read.lead.is_erased else apply(read.lead)


def _erases(tried: Change | None) -> bool:
    """Then its trace is on a tombstone."""
    return tried is not None and tried.lead.is_erased


def _alive(read: StoredLead | None) -> Lead | None:
    return None if read is None or read.lead.is_erased else read.lead


async def _store(context: AppContext, read: StoredLead | None, change: Change) -> StoredLead:
    return await (
        context.lead_store.create(change) if read is None else context.lead_store.replace(read, change)
    )


def _known(read: StoredLead | None) -> StoredLead:
    if read is None:
        raise AssertionError("a change of an absent lead is never nothing")
    return read


def apply_policy(before: Lead | None, change: Change, policy: Policy) -> Change:
    """The change as it is stored.

    Args:
        before: the lead as it was; None for a new one.
        change: what a use case wants.
        policy: deadlines, owners, how long leads are kept.
    """
    if change.lead.is_erased:
        return change
    promised = set_deadline(request_assignment(before, change, policy), policy)
    return schedule_purge(promised, policy.retention)
