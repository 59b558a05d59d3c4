"""Read leads, their history, lists, statistics and previews."""

import asyncio
from collections.abc import Iterable
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.leads.behaviour import as_interaction
from shared.leads.commands import ReportInteraction
from shared.leads.enrichment import Enrichment
from shared.leads.events import Event
from shared.leads.identity import shard_of
from shared.leads.intake import open_lead
from shared.leads.interactions import with_interaction
from shared.leads.lead import Lead, with_bookkeeping
from shared.leads.push import LeadPush
from shared.leads.score import Score
from shared.marketplace.lead_source import with_words
from shared.marketplace.offer import offer_of
from shared.policy.load import offers_by_title
from shared.policy.model import Policy
from shared.privacy.erasure import first_event
from shared.scoring.appraise import appraise, score_at
from shared.scoring.replay import NothingToReplay, Replay
from shared.services.context import AppContext
from shared.services.errors import LeadNotFound, LeadUnreadable, StoreUnavailable
from shared.services.ports import LeadFilter, StoredLead
from shared.services.timeouts import STATS_TIMEOUT

if TYPE_CHECKING:
    from shared.leads.stats import Stats

EVENTS_A_PAGE = 200
LEADS_AT_ONCE = 16


async def get_lead(context: AppContext, lead_id: str, now: datetime) -> Lead:
    """The lead with its score as of `now`, aware UTC; raises LeadNotFound."""
    return score_at((await context.lead_store.get(lead_id)).lead, context.policy.scoring, now)


async def list_events(context: AppContext, lead_id: str, *, first: int = 1) -> tuple[list[Event], int | None]:
    """A page of the lead's history from event number `first` on, and the next page's first number, if any.

    Raises:
        LeadNotFound: no such lead.
    """
    stored = await context.lead_store.get(lead_id)
    first = max(first, first_event(stored.lead))
    events = await context.lead_store.list_events(lead_id, first=first, limit=EVENTS_A_PAGE + 1)
    following = events[EVENTS_A_PAGE].number if len(events) > EVENTS_A_PAGE else None
    return events[:EVENTS_A_PAGE], following


class Incomplete(NamedTuple):
    """What is missing in an answer."""

    partitions: tuple[str, ...] = ()  # that didn't answer; each holds a sixteenth of all leads
    unreadable: int = 0  # leads that this version can't read, of those that the answer looked at
    more: bool = False  # not all leads were looked at


class LeadList(NamedTuple):
    """A page of leads; `cursor` is None on the last page, `incomplete` if nothing is missing."""

    leads: list[Lead]
    cursor: str | None
    incomplete: Incomplete | None


async def list_leads(
    context: AppContext, which: LeadFilter, *, limit: int, after: str | None, now: datetime
) -> LeadList:
    """A page of open leads, or of leads of a closed status, the best stored score first.

    Each lead has its score as of `now`, aware UTC: it may have decayed since it was stored. A lead that is
    re-scored between two pages may show up twice or not at all. Leads that can't be read are left out.

    Raises:
        StoreUnavailable: no partition answers.
    """
    page = await context.lead_index.list_by_score(which, limit, after)
    slots = asyncio.Semaphore(LEADS_AT_ONCE)
    away, unreadable = set(page.away), 0

    async def read(lead_id: str) -> StoredLead | None:
        nonlocal unreadable
        async with slots:
            if shard_of(lead_id) in away:
                return None
            try:
                return await context.lead_store.get(lead_id)
            except LeadNotFound:
                return None  # erased since the index was read
            except LeadUnreadable:
                unreadable += 1
            except StoreUnavailable:
                away.add(shard_of(lead_id))
            return None

    reads = await asyncio.gather(*(read(lead_id) for lead_id in page.lead_ids))
    leads = [score_at(stored.lead, context.policy.scoring, now) for stored in reads if stored]
    return LeadList(leads, page.cursor, _incomplete(away, unreadable))


def _incomplete(away: Iterable[str], unreadable: int) -> Incomplete | None:
    found = Incomplete(partitions=tuple(sorted(away)), unreadable=unreadable)
    return None if found == Incomplete() else found


MOST_LEADS = 100_000  # in one answer; all are in memory at once


class TooManyLeads(ValueError):
    """More leads were received in this time than one answer may count."""


async def lead_stats(
    context: AppContext, begin: datetime, end: datetime
) -> "tuple[Stats, Incomplete | None]":
    """Statistics of the leads received from `begin` to before `end`, aware UTC, without test leads.

    The second value says which leads are missing; None if none is.

    Raises:
        TooManyLeads: there are more than `MOST_LEADS`; statistics of a part would mislead.
        StoreUnavailable: no partition answers, or not all within `STATS_TIMEOUT`.
    """
    from shared.leads.stats import stats  # noqa: PLC0415 - 3 ms that no push needs

    try:
        async with asyncio.timeout(STATS_TIMEOUT):
            leads = await context.lead_index.list_received_between(begin, end, MOST_LEADS + 1)
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc
    if len(leads) > MOST_LEADS:
        raise TooManyLeads(f"More than {MOST_LEADS:,} leads came in this time: ask for a shorter range.")
    counted = await asyncio.to_thread(stats, leads)  # in a thread: this process answers pushes meanwhile
    return counted, _incomplete(leads.away, leads.unreadable)


EVENTS_REPLAYED = 20_000  # of a lead's history, to replay it up to an instant
_NO_ID = "preview"


@dataclass(frozen=True, slots=True)
class PushPreview:
    """A hypothetical push, with facts and interactions added to it."""

    push: LeadPush
    at: datetime  # aware UTC
    facts: dict[str, Any] = field(default_factory=dict)  # by name; they replace facts from the push
    interactions: tuple[ReportInteraction, ...] = ()
    policy: Policy | None = None  # None: the desk's


class LeadPreview(NamedTuple):
    """A stored lead, scored by another policy, or as it was at an earlier instant."""

    lead_id: str
    policy: Policy | None = None  # None: the desk's
    at: datetime | None = None  # aware UTC; None: as it is now


async def preview(
    context: AppContext, request: PushPreview | LeadPreview, now: datetime
) -> tuple[Enrichment, Score]:
    """Compute facts and score, with the ledger, without storing them.

    Raises:
        LeadNotFound: no such lead.
        NothingToReplay: `at` lies before the lead's first push, or the lead has too many events.
        StoreUnavailable: the lead can't be read.
    """
    policy = request.policy or context.policy
    if isinstance(request, PushPreview):
        return await asyncio.to_thread(
            lambda: appraise(_open_hypothetical(request, policy), policy.scoring, request.at)
        )
    lead, at = (await context.lead_store.get(request.lead_id)).lead, request.at or now
    if request.at is not None:
        lead = await _replay_until(context, lead, at)
    return await asyncio.to_thread(appraise, lead, policy.scoring, at)


async def _replay_until(context: AppContext, lead: Lead, at: datetime) -> Lead:
    """The lead as it was at an instant, from its history, a page at a time: an event may take 64 KB."""
    replay, first, read = Replay(), first_event(lead), 0
    while events := await context.lead_store.list_events(lead.id, first=first, limit=EVENTS_A_PAGE):
        for event in events:
            if event.time <= at:
                replay.apply(event)
        first, read = events[-1].number + 1, read + len(events)
        if read > EVENTS_REPLAYED:
            raise NothingToReplay(f"The lead has more than {EVENTS_REPLAYED:,} events.")
    return replay.lead()


def _open_hypothetical(request: PushPreview, policy: Policy) -> Lead:
    """The lead that the push would open, with the facts and interactions of the preview."""
    from shared.enrichment.enrich import from_crm, with_facts  # noqa: PLC0415 - as in `appraise`

    offer = offer_of(request.push, None, offers_by_title(policy))
    lead = open_lead(with_words(request.push, policy.words), _NO_ID, offer, request.at).lead
    scoring = lead.bookkeeping.scoring
    interactions = scoring.interactions
    for number, report in enumerate(request.interactions, 2):
        interactions = with_interaction(interactions, as_interaction(report, number))
    enrichment = with_facts(lead.enrichment, request.facts, from_crm(request.facts))
    lead = with_bookkeeping(lead, scoring=replace(scoring, interactions=interactions))
    return replace(lead, enrichment=enrichment)
