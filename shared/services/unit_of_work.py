"""Read a lead, apply a pure change, write it: again on conflict, or if the answer was lost."""

import asyncio
from collections.abc import Awaitable, Callable
from copy import replace
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from shared.follow_up.deadline import set_deadline
from shared.follow_up.report import set_plan
from shared.leads.change import Change, Mark, number_behind
from shared.leads.idempotency import with_operation
from shared.leads.lead import Lead
from shared.leads.retries import Backoff
from shared.policy.model import Policy
from shared.privacy.erasure import open_over_tombstone
from shared.privacy.retention import schedule_purge
from shared.routing.assignment import request_assignment
from shared.services.context import AppContext
from shared.services.errors import LeadChanged, LeadExists, LeadNotFound, StoreBusy, StoreUnavailable
from shared.services.ports import StoredLead
from shared.services.timeouts import CHANGE_TIMEOUT

# Each lost race means that another actor's change went through.
CONFLICT_BACKOFF = Backoff(timedelta(milliseconds=5), timedelta(milliseconds=500), attempts=40)
MAX_LOSSES = 2  # answers lost before the caller gets the error; each may take the client's time-out
LOSS_PAUSE = 0.8  # seconds at most, after a lost answer: the store may need rest

type Apply = Callable[[Lead], Change | None]


class DoneBefore(Exception):
    """The idempotency mark of a change exists: the change was stored before."""

    def __init__(self, mark: Mark) -> None:
        """Keep the mark as stored."""
        super().__init__(mark.key)
        self.mark = mark


class AnswerLost(StoreUnavailable):
    """A write was sent, and its answer is missing: it may have happened, or may still happen."""


class Committed(NamedTuple):
    """The lead as stored; `change` is what this call did, None if there was nothing to do."""

    stored: StoredLead
    change: Change | None
    created: bool = False  # this call stored a new lead


async def change_lead(
    context: AppContext,
    lead_id: str,
    apply: Apply,
    *,
    read: StoredLead | None = None,
    timeout: float = CHANGE_TIMEOUT,
) -> Committed:
    """Change a stored lead.

    Args:
        context: ports and policy.
        lead_id: which lead.
        apply: takes the stored lead, returns its change, None for no change. Called again on conflict.
            Deadline, assignment request and purge time follow from the policy and are added to the change.
        read: the lead, if the caller has just read or written it.
        timeout: seconds for all attempts, waiting for the lead's turn included.

    Raises:
        LeadNotFound: there is no such lead.
        DoneBefore: the change has an idempotency mark that exists already.
        LeadChanged: other actors were faster in every attempt.
        StoreUnavailable: the store doesn't answer; the change may have been stored.
    """
    write = _Write(context, lead_id, apply, first=None, read=read)
    return await write_in_turn(context, lead_id, write.attempt, timeout=timeout)


async def create_or_change_lead(
    context: AppContext, first: Change, apply: Apply, timeout: float = CHANGE_TIMEOUT
) -> Committed:
    """Store a new lead with one write; if it exists already, change it as `change_lead` does.

    Changes with idempotency marks are stored once: a second call raises `DoneBefore`.
    """
    write = _Write(context, first.lead.id, apply, first=first, read=None)
    return await write_in_turn(context, first.lead.id, write.attempt, timeout=timeout)


async def write_in_turn[T](
    context: AppContext,
    lead_id: str,
    attempt: Callable[[], Awaitable[T]],
    *,
    lock: str | None = None,
    timeout: float = CHANGE_TIMEOUT,
) -> T:
    """Retry an optimistic write on conflict, one at a time within this process.

    Args:
        context: locks, and the source of chance for the pauses.
        lead_id: which lead the write is about.
        attempt: reads, decides and writes; raises `LeadChanged` or `LeadExists` if another actor was faster.
        lock: the name of what is written, if it isn't the lead itself.
        timeout: seconds for all of it, waiting for the lock included.

    Raises:
        StoreUnavailable: the time is up; the change may have been stored.
    """
    try:
        async with asyncio.timeout(timeout), context.locks.of(lock or lead_id):
            return await retry_on_conflict(attempt, lead_id, context.chance)
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc


async def retry_on_conflict[T](
    attempt: Callable[[], Awaitable[T]], lead_id: str, chance: Callable[[], float]
) -> T:
    """Attempt an optimistic write until no other actor is faster.

    Pauses are drawn from 0 to 5, 10, 20, ... 500 ms: actors that collided once retry at different times. The
    pause after a lost answer is drawn from 0 to 800 ms. A store that asks for rest gets it: `StoreBusy` is
    raised at once.

    Raises:
        LeadChanged: other actors were faster in all 40 attempts.
        AnswerLost: the answer of a write was lost twice.
        StoreBusy: what `attempt` raised.
    """
    losses = 0
    for failures in range(1, CONFLICT_BACKOFF.attempts + 1):
        pause = CONFLICT_BACKOFF.pause_after(failures).total_seconds()
        try:
            return await attempt()
        except (LeadExists, LeadChanged):
            pass
        except AnswerLost:
            losses += 1
            if losses == MAX_LOSSES:
                raise
            pause = LOSS_PAUSE
        await asyncio.sleep(chance() * pause)
    raise LeadChanged(lead_id)


# The race: two actors read the same version of a lead and both write. The store takes the first write and
# refuses the second by its ETag (`LeadChanged`), or because the row exists (`LeadExists`); the second actor
# reads again and decides again. A write whose answer is lost may have happened: the lead is read back, and
# contains the id of the operation if it did. What an attempt does with what is stored:
#
#   stored                       may create (a push, a row)              may not (a command, an alarm)
#   nothing                      create the first change                 LeadNotFound
#   the lead                     replace it by `apply(lead)`             replace it by `apply(lead)`
#   a tombstone                  replace it by the first change,         LeadNotFound
#                                numbered on from the tombstone
#   our operation id             the answer was lost, the write          the same, on a tombstone too:
#                                happened: done                          the change was the erasure
#   the mark of our last try     DoneBefore                              DoneBefore
#   the lead as it was read,     its rows contradict it, as after a torn restore: they are repaired, and the
#   though the write was refused change is decided again
#   nothing, though creating was its events are there without it: the new lead numbers on behind them
#   refused
#
# The first attempt of a push doesn't read: most leads are new, and one write is all that they cost.
@dataclass(slots=True)
class _Write:
    """One change, across the attempts that it takes."""

    context: AppContext
    lead_id: str
    apply: Apply
    first: Change | None  # creates the lead; None: the lead must exist
    read: StoredLead | None  # for the first attempt
    operation: str = ""
    tried: Change | None = None  # what the last attempt wrote
    refused: str | None = None  # the ETag under which that write was refused; "": it was to create
    creates: bool = False  # whether that write creates the lead

    def __post_init__(self) -> None:
        self.operation = self.context.new_id()

    async def attempt(self) -> Committed:
        """Read, decide, write; raises `LeadChanged`, `LeadExists` or `AnswerLost` for another attempt."""
        stored = await self._read_stored()
        if stored is not None and self.operation in stored.lead.bookkeeping.idempotency.operations:
            return Committed(stored, self.tried, self.creates)
        alive = None if stored is None or stored.lead.is_erased else stored
        if self.first is None and alive is None:
            raise LeadNotFound(self.lead_id)
        await self._expect_no_mark()
        await self._mend(stored)
        change = self._decide(stored)
        if change is None:
            return Committed(_expect_stored(stored), None)
        after = apply_policy(alive.lead if alive else None, change, self.context.policy)
        self.tried = replace(after, lead=with_operation(after.lead, self.operation), mark=change.mark)
        self.creates = alive is None
        return Committed(await self._store(stored, self.tried), self.tried, self.creates)

    async def _read_stored(self) -> StoredLead | None:
        """The lead or its tombstone; None if neither exists."""
        if self.tried is None and (self.read is not None or self.first is not None):
            return self.read
        try:
            return await self.context.lead_store.get(self.lead_id)
        except LeadNotFound:
            may_be_absent = self.first is not None or (self.tried is not None and self.tried.lead.is_erased)
            if not may_be_absent:
                raise
            return await self.context.lead_store.find_tombstone(self.lead_id)

    async def _expect_no_mark(self) -> None:
        """Raise `DoneBefore` if the last write failed because its idempotency mark exists."""
        if self.tried is None or self.tried.mark is None:
            return
        if mark := await self.context.lead_store.find_mark(self.lead_id, self.tried.mark.key):
            raise DoneBefore(mark)

    async def _mend(self, stored: StoredLead | None) -> None:
        """If a write was refused and no other actor wrote, rows contradict the lead: repair them."""
        refused, self.refused = self.refused, None
        store = self.context.lead_store
        if stored is not None and stored.etag == refused and await store.repair(self.lead_id):
            raise LeadChanged(self.lead_id)
        if stored is None and refused == "" and self.first is not None:
            last = await store.find_last_number(self.lead_id)
            self.first = number_behind(self.first, last - self.first.events[0].number + 1)

    def _decide(self, stored: StoredLead | None) -> Change | None:
        if stored is None:
            return self.first
        if self.first is not None and stored.lead.is_erased:
            return open_over_tombstone(self.first, stored.lead)
        return self.apply(stored.lead)

    async def _store(self, stored: StoredLead | None, change: Change) -> StoredLead:
        store = self.context.lead_store
        try:
            return await (store.create(change) if stored is None else store.replace(stored, change))
        except StoreBusy:
            raise  # it may have happened, but nothing is repeated: who calls again reads first
        except StoreUnavailable as exc:
            raise AnswerLost(str(exc)) from exc
        except (LeadChanged, LeadExists):
            self.refused = stored.etag if stored else ""
            raise


def _expect_stored(read: StoredLead | None) -> StoredLead:
    if read is None:
        raise AssertionError("an absent lead always has a first change")
    return read


def apply_policy(before: Lead | None, change: Change, policy: Policy) -> Change:
    """Add what the policy says to a change: assignment request, planned contact, deadline, purge time.

    Args:
        before: the lead as it was; None for a new lead.
        change: what a use case wants to store.
        policy: deadlines, owners, retention.
    """
    if change.lead.is_erased:
        return change
    planned = set_plan(before, request_assignment(before, change, policy), policy)
    return schedule_purge(set_deadline(planned, policy), policy.retention)
