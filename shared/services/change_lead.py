"""Read, apply a pure change, write; again if somebody else was faster, or if the answer was lost."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from shared.leads.change import Change, Mark, signed
from shared.leads.consequences import with_consequences
from shared.leads.erasure import continued
from shared.leads.lead import Lead
from shared.services.desk import Desk
from shared.services.ports import LeadChanged, LeadExists, LeadNotFound, StoredLead, StoreUnavailable

MAX_ATTEMPTS = 40  # each lost race means that somebody else's change went through
MAX_LOSSES = 2  # answers lost before the caller is told; each may take the client's time-out
PATIENCE = 20.0  # seconds for one change, its turn included: a caller waits for it
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
class Outcome:
    """The lead as stored; `change` is what this call did, None if there was nothing to do."""

    stored: StoredLead
    change: Change | None


async def change_lead(desk: Desk, lead_id: str, apply: Apply, *, read: StoredLead | None = None) -> Outcome:
    """Change a stored lead.

    Args:
        desk: the ports.
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
    return await _in_turn(desk, lead_id, _write(desk, lead_id, apply, read=read))


async def create_or_change_lead(
    desk: Desk, first: Change, apply: Apply, patience: float = PATIENCE
) -> Outcome:
    """Store a new lead with one write; if it is there already, change it as `change_lead` does.

    With marks on the changes, it is done once: whoever comes second gets `DoneBefore`.
    """
    return await _in_turn(desk, first.lead.id, _write(desk, first.lead.id, apply, first=first), patience)


async def _in_turn(
    desk: Desk, lead_id: str, write: Coroutine[Any, Any, Outcome], patience: float = PATIENCE
) -> Outcome:
    """One after the other per lead; nobody waits longer than `patience`, for whatever reason."""
    try:
        async with asyncio.timeout(patience), desk.turns.of(lead_id):
            return await write
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc
    finally:
        write.close()  # if its turn never came


async def _write(
    desk: Desk,
    lead_id: str,
    apply: Apply,
    *,
    first: Change | None = None,
    read: StoredLead | None = None,
) -> Outcome:
    operation = desk.new_id()
    tried: Change | None = None
    assume_absent, losses = first is not None, 0
    for attempt in range(MAX_ATTEMPTS):
        if read is None and not assume_absent:
            read = await _read(desk, lead_id, may_be_absent=first is not None or _erases(tried))
        if read is not None and operation in read.lead.bookkeeping.operations:
            return Outcome(read, tried)  # our answer was lost
        if first is None and _alive(read) is None:
            raise LeadNotFound(lead_id)
        if tried is not None:
            await _expect_new(desk, tried)
        step = _step(read, first, apply)
        if step is None:
            return Outcome(_known(read), None)
        after = with_consequences(_alive(read), step, desk.policy)
        tried = Change(signed(after.lead, operation), after.events, step.mark)
        try:
            return Outcome(await _store(desk, read, tried), tried)
        except (LeadExists, LeadChanged):
            read, assume_absent = None, False
        except StoreUnavailable:
            losses += 1
            if losses == MAX_LOSSES:
                raise
            read, assume_absent = None, False
        await asyncio.sleep(desk.chance() * min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))
    raise LeadChanged(lead_id)


async def _expect_new(desk: Desk, change: Change) -> None:
    """After a conflict or a lost answer: was it the mark?"""
    if change.mark and (mark := await desk.store.mark_of(change.lead.id, change.mark.key)):
        raise DoneBefore(mark)


async def _read(desk: Desk, lead_id: str, *, may_be_absent: bool) -> StoredLead | None:
    try:
        return await desk.store.get(lead_id)
    except LeadNotFound:
        if may_be_absent:
            return await desk.store.tombstone_of(lead_id)
        raise


def _step(read: StoredLead | None, first: Change | None, apply: Apply) -> Change | None:
    """What is to be written; a new lead where one was erased goes on from the tombstone."""
    if read is None or first is None:
        return first if read is None else apply(read.lead)
    return continued(first, read.lead) if read.lead.is_erased else apply(read.lead)


def _erases(tried: Change | None) -> bool:
    """Then its trace is on a tombstone."""
    return tried is not None and tried.lead.is_erased


def _alive(read: StoredLead | None) -> Lead | None:
    return None if read is None or read.lead.is_erased else read.lead


async def _store(desk: Desk, read: StoredLead | None, change: Change) -> StoredLead:
    return await (desk.store.create(change) if read is None else desk.store.replace(read, change))


def _known(read: StoredLead | None) -> StoredLead:
    if read is None:
        raise AssertionError("a change of an absent lead is never nothing")
    return read
