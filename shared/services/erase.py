"""Erase a person, and finish every erasure, whether a request or the retention policy started it."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change
from shared.leads.events import ErasureReason, Received, Touched
from shared.leads.json_form import ABSENT
from shared.leads.lead import Lead
from shared.leads.retries import schedule_retry
from shared.marketplace.parse import push_of
from shared.marketplace.words import named
from shared.privacy.erasure import (
    LaterPush,
    clear_tombstone,
    entomb,
    entomb_and_reopen,
    expire,
    finish_sweep,
    first_event,
    stand_in,
)
from shared.privacy.matching import PersonMatcher
from shared.services.aliases import Person, find_person, remove_aliases
from shared.services.assign import release_assignment
from shared.services.context import AppContext
from shared.services.errors import (
    BusUnavailable,
    LeadChanged,
    LeadNotFound,
    LeadUnreadable,
    StoreUnavailable,
)
from shared.services.ports import StoredLead, UnreadMessage
from shared.services.publish import PUBLISH_BACKOFF, publish_and_note
from shared.services.spill import instant_of
from shared.services.timeouts import ERASE_PUBLISH_TIMEOUT, ERASE_UNREADABLE_TIMEOUT
from shared.services.unit_of_work import Apply, change_lead

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Removed:
    """What was deleted. `rows` counts all rows of the table, those of leads and events included."""

    leads: int = 0
    events: int = 0
    rows: int = 0
    messages: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        """Add up, count by count."""
        return Removed(
            self.leads + other.leads,
            self.events + other.events,
            self.rows + other.rows,
            self.messages + other.messages,
        )


async def purge(context: AppContext, lead_id: str, now: datetime) -> None:
    """Erase a lead whose retention has ended, or continue an erasure; a second call does nothing.

    Raises:
        LeadNotFound: there is nothing (more) to do.
        StoreUnavailable, LeadChanged: try again later.
    """
    tombstone = await context.lead_store.find_tombstone(lead_id)
    if tombstone is None:
        await _sweep(context, lead_id)
        await change_lead(
            context, lead_id, lambda lead: expire(lead, policy=context.policy.retention, now=now)
        )
        tombstone = await context.lead_store.find_tombstone(lead_id)
    if tombstone is not None:
        await finish(context, tombstone, now)


async def finish(context: AppContext, tombstone: StoredLead, now: datetime) -> Removed:
    """Do all that follows the tombstone, each step safe to repeat; delete it too, once its time is over."""
    lead = tombstone.lead
    through = lead.bookkeeping.erasure.erased_through
    aliases = await remove_aliases(context, lead.id) if through else 0
    events = await context.lead_store.delete_events(lead.id, through) if through else 0
    assignments = int(await release_assignment(context, lead.id))
    is_published = await _publish_erasure(context, lead)
    try:
        await _note(context, tombstone, now, is_published=is_published)
    except LeadChanged:
        log.info("lead %s: its erasure is finished elsewhere, or the customer is back", lead.id)
    return Removed(events=events, rows=events + assignments + aliases)


async def _publish_erasure(context: AppContext, lead: Lead) -> bool:
    """Publish the tombstone's unpublished events; return whether none is left."""
    numbers = lead.bookkeeping.outbox.unpublished
    if not numbers:
        return True
    events = await context.lead_store.list_events(lead.id, first=numbers[0], limit=len(numbers))
    try:
        async with asyncio.timeout(ERASE_PUBLISH_TIMEOUT):
            await context.publisher.publish(lead, events)
    except (BusUnavailable, TimeoutError) as exc:
        log.warning("lead %s: erased, event not published yet (%r)", lead.id, exc)
        return False
    return True


async def _note(context: AppContext, tombstone: StoredLead, now: datetime, *, is_published: bool) -> None:
    """Record how far the erasure is, or delete a finished tombstone; `LeadChanged` if another actor did."""
    lead = tombstone.lead
    is_due = lead.bookkeeping.erasure.purge_at is None or lead.bookkeeping.erasure.purge_at <= now
    if is_due and is_published:
        await context.lead_store.delete_tombstone(tombstone)
        return
    noted = (
        schedule_retry(lead, DueKind.PURGE, now=now, backoff=PUBLISH_BACKOFF)
        if is_due
        else clear_tombstone(lead, is_published=is_published)
    )
    if noted is not None:
        await context.lead_store.replace(tombstone, noted)


async def _sweep(context: AppContext, lead_id: str) -> int:
    """Delete the events that an earlier erasure of this lead left; return how many.

    Raises `LeadNotFound` if no such lead exists.
    """
    read = await context.lead_store.get(lead_id)
    through = read.lead.bookkeeping.erasure.erased_through
    if not through:
        return 0
    deleted = await context.lead_store.delete_events(lead_id, through)
    await change_lead(context, lead_id, lambda lead: finish_sweep(lead, through), read=read)
    return deleted


LEADS_A_ROUND = 100
EVENTS_READ = 5000  # of one lead, of those after the request began
ROUNDS = 10  # in one call
MOST_LEADS = LEADS_A_ROUND * ROUNDS  # a thousand, more than any real customer has


async def erase_person(context: AppContext, email: str, *, now: datetime) -> Removed:
    """Erase all leads of the person who has this address, and unread messages about them.

    A push that comes after the request is a new lead: the customer is back. What came before is told by the
    numbers of the leads' events when the call begins, as clocks differ; only a push that waits in a queue is
    judged by its own instant, and is erased too if that is before `now`, even if it is taken out meanwhile.
    A second call is a new request: it does what the first left undone.

    Args:
        context: ports and policy.
        email: as the person wrote it; upper and lower case are alike.
        now: when it was requested, aware UTC.

    Raises:
        StoreUnavailable, LeadChanged, BusUnavailable: something may be left: call again. The clock finishes
            the leads whose erasure has begun.
        NotConfigured: without the table's id key a person isn't found, nor a push that waits in `spill`.
    """
    key = context.require_id_key()
    person = await find_person(context, email, MOST_LEADS, now)
    others = frozenset(person.others)
    request = await _begin(context, person.all(MOST_LEADS), now)
    removed = await _erase_leads(context, person, request)
    matcher = PersonMatcher(key, person=person.key, lead_ids=others)
    return removed + await _erase_messages(context, matcher, request)


async def erase_lead(context: AppContext, lead_id: str, *, now: datetime) -> Removed:
    """Erase one lead by its id, and unread messages about it, as `erase_person` does."""
    key = context.require_id_key()
    request = await _begin(context, [lead_id], now)
    removed = await _erase(context, lead_id, request)
    return removed + await _erase_messages(
        context, PersonMatcher(key, lead_ids=frozenset({lead_id})), request
    )


class _Request(NamedTuple):
    """A request to erase, and what there was when it began."""

    at: datetime  # aware UTC
    last_numbers: Mapping[str, int]  # of the last event of each lead; a lead that isn't here came later


async def _begin(context: AppContext, lead_ids: Sequence[str], now: datetime) -> _Request:
    last_numbers = {}
    for lead_id in lead_ids:
        with suppress(LeadNotFound, LeadUnreadable):
            read = await context.lead_store.get(lead_id)
            last_numbers[lead_id] = read.lead.bookkeeping.outbox.written
    return _Request(now, last_numbers)


async def _erase_leads(context: AppContext, found: Person, request: _Request) -> Removed:
    """Erase all leads of a person; `StoreUnavailable` if there are more than one call may erase."""
    removed, person = Removed(), found.key
    for lead_id in found.others:
        removed += await _erase(context, lead_id, request)
    for _ in range(ROUNDS):
        lead_ids = await context.lead_store.list_leads_of(person, LEADS_A_ROUND)
        begun = await context.lead_store.list_tombstones_of(person, LEADS_A_ROUND)
        for lead_id in (*begun, *lead_ids):
            removed += await _erase(context, lead_id, request)
        if len(lead_ids) < LEADS_A_ROUND:
            return removed
    raise StoreUnavailable("more leads than one call erases")


async def _erase(context: AppContext, lead_id: str, request: _Request) -> Removed:
    """Erase one lead, or finish its erasure. After the first write the clock would finish it too."""
    try:
        removed = await _entomb(context, lead_id, request)
        tombstone = await context.lead_store.find_tombstone(lead_id)
    except LeadUnreadable:
        removed = await _entomb_remains(context, lead_id, request.at)
        tombstone = await context.lead_store.find_tombstone(lead_id)
    return removed if tombstone is None else removed + await finish(context, tombstone, request.at)


async def _entomb(context: AppContext, lead_id: str, request: _Request) -> Removed:
    """Make the lead a tombstone; if the customer came back after the request, a new lead instead."""
    for _ in range(ROUNDS):
        try:
            read = await context.lead_store.get(lead_id)
            life = await _pushes_of(context, read.lead, request)
            if not life.has_earlier:
                return Removed()  # the customer came back after the request: another lead
            apply = _erasure(read.lead, life.later, request.at)
            outcome = await change_lead(context, lead_id, apply, read=read)
        except LeadNotFound:  # no such lead, or another call was faster
            return Removed()
        except _Touched:
            continue
        log.info("lead %s: erased", lead_id)
        removed = Removed(leads=1, rows=1 + len(read.index))
        if not life.later:
            return removed
        events = await _sweep(context, lead_id)
        await publish_and_note(context, outcome)
        return removed + Removed(events=events, rows=events)
    raise StoreUnavailable("the lead was touched again and again")


class _Touched(Exception):
    """The lead has more events than when its later pushes were listed."""


def _erasure(read: Lead, later: list[LaterPush], now: datetime) -> Apply:
    def apply(lead: Lead) -> Change:
        if lead.bookkeeping.outbox.written != read.bookkeeping.outbox.written:
            raise _Touched
        return entomb_and_reopen(lead, later, ErasureReason.REQUESTED, now=now)

    return apply


class _Pushes(NamedTuple):
    """The pushes of a lead, apart by a request to erase it."""

    has_earlier: bool
    later: list[LaterPush]  # in the order of their numbers


async def _pushes_of(context: AppContext, lead: Lead, request: _Request) -> _Pushes:
    """Tell the pushes of a lead apart.

    One that came directly is later if its event has a higher number than there was: whose clock gave it its
    time doesn't matter. One that waited somewhere may have been pushed before, so its own instant counts.
    """
    last_number = request.last_numbers.get(lead.id, 0)
    if lead.bookkeeping.outbox.written <= last_number:
        return _Pushes(has_earlier=True, later=[])
    first = first_event(lead)
    oldest = await context.lead_store.list_events(lead.id, first=first, limit=1)
    has_earlier, later = not oldest or oldest[0].number <= last_number, []
    newer = max(first, last_number + 1)
    for event in await context.lead_store.list_events(lead.id, first=newer, limit=EVENTS_READ):
        push = event.data
        if not isinstance(push, Received | Touched):
            continue
        at = event.time if push.at is ABSENT else push.at
        if push.late and at <= request.at:
            has_earlier = True
        else:
            pushed = named(push_of(push.push), push.source, push.action)
            later.append(LaterPush(pushed, at, is_late=push.late))
    return _Pushes(has_earlier, later)


async def _entomb_remains(context: AppContext, lead_id: str, now: datetime) -> Removed:
    """Entomb a lead, or a tombstone, that can't be read: its keys say which rows it has.

    Its assignment, and events up to the last, go as those of any other lead.
    """
    try:
        async with asyncio.timeout(ERASE_UNREADABLE_TIMEOUT):
            remains = await context.lead_store.find_remains(lead_id)
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long to find the rows of a lead that can't be read") from exc
    if remains is None:
        return Removed()
    lead = stand_in(lead_id, offer=remains.offer, last_number=remains.last_number, at=now)
    change = entomb(lead, ErasureReason.REQUESTED, now=now)
    await context.lead_store.replace(StoredLead(lead, remains.etag, remains.index), change)
    log.info("lead %s: erased, without having been read", lead_id)
    return Removed(leads=1, rows=1 + len(remains.index))


async def _erase_messages(context: AppContext, matcher: PersonMatcher, request: _Request) -> Removed:
    """Delete matching messages, and erase leads of pushes that left a queue before it was searched."""

    def matches(message: UnreadMessage) -> bool:
        received_at = instant_of(message.received_at)
        is_back = received_at is not None and received_at > request.at  # a push that waits
        return not is_back and matcher.matches(message.texts, message.body)

    removed = Removed()
    for _ in range(ROUNDS):
        removed += Removed(messages=await context.unread.delete_matching(matches))
        reopened = await _list_reopened(context, matcher, request)
        if not reopened:
            return removed
        for lead_id in reopened:
            removed += await _erase(context, lead_id, request)
    raise StoreUnavailable("more pushes came out of a queue than one call erases")


async def _list_reopened(context: AppContext, matcher: PersonMatcher, request: _Request) -> list[str]:
    """Leads that exist again with a push from before the request to erase them."""
    lead_ids = list(matcher.lead_ids)
    if matcher.person:
        lead_ids += await context.lead_store.list_leads_of(matcher.person, LEADS_A_ROUND)
    reopened = []
    for lead_id in lead_ids:
        with suppress(LeadNotFound):
            if await _is_from_before(context, lead_id, request):
                reopened.append(lead_id)
    return reopened


async def _is_from_before(context: AppContext, lead_id: str, request: _Request) -> bool:
    """Whether the lead has a push from before the request, as far as it can be read."""
    try:
        lead = (await context.lead_store.get(lead_id)).lead
        return (await _pushes_of(context, lead, request)).has_earlier
    except LeadUnreadable:
        return True
