"""Score a lead: within a second when the bus wakes it, else by the clock; again when the rules change."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.leads.change import Change, mark_published
from shared.leads.identity import shard_of
from shared.leads.lead import Lead
from shared.policy.model import Policy
from shared.policy.scoring import version_of, write_scoring
from shared.scoring.appraise import appraise, changes_at, record_score, request_score, scored_as_of
from shared.services.commands import handle
from shared.services.context import AppContext
from shared.services.errors import LeadNotFound, LeadUnreadable, StoreUnavailable
from shared.services.unit_of_work import change_lead

log = logging.getLogger(__name__)


async def score_lead(
    context: AppContext, lead_id: str, *, now: datetime, published_number: int | None = None
) -> None:
    """Score a lead that changed since its last score; a second call does nothing.

    Args:
        context: ports and policy.
        lead_id: which lead.
        now: aware UTC.
        published_number: of the event that woke the trigger; the same write records that it is published.

    Raises:
        LeadNotFound: no such lead.
        StoreUnavailable, LeadChanged: try again later.
    """
    read = await context.lead_store.get(lead_id) if context.facts else None
    provided = await _list_facts(context, read.lead) if read and read.lead.awaits_score else {}

    def decide(lead: Lead) -> Change | None:
        return _score(lead, published_number, context.policy, now, provided)

    await handle(context, lead_id, decide, now=now, read=read)


async def _list_facts(context: AppContext, lead: Lead) -> dict[str, Any]:
    """The provider's facts about the company of a corporate address, within its own time budget."""
    from shared.enrichment.email import email_facts  # noqa: PLC0415 - only where a provider is asked

    email = email_facts(lead.contact.email)
    if context.facts is None or email.kind != "corporate" or email.domain is None:
        return {}
    try:
        return dict(await context.facts.list_facts(email.domain))
    except Exception:  # the port promises not to raise; if it does, a score must not wait for the repair
        log.exception("lead %s: scored without facts from outside", lead.id)
        return {}


def _score(
    lead: Lead, published_number: int | None, policy: Policy, now: datetime, provided: Mapping[str, Any]
) -> Change | None:
    noted = lead if published_number is None else mark_published(lead, frozenset({published_number}))
    if not lead.is_score_due(now):
        return None if noted is lead else Change(noted)
    at = scored_as_of(lead, now)
    enrichment, score = appraise(lead, policy.scoring, at, provided)
    following = changes_at(lead, enrichment, policy.scoring, at)
    return record_score(noted, enrichment, score, now=at, changes_at=following)


LEADS_A_TICK = 500  # bounds what a changed policy costs each minute
LEADS_AT_ONCE = 8
COUNT_KEPT = timedelta(minutes=1)
FAILURES_OF_A_PARTITION = 3  # in one tick; then that partition waits for the next tick
QUIET = timedelta(hours=1)  # from a search without a lead to the next: another process may have older rules


async def request_scores(context: AppContext, now: datetime) -> int:
    """Queue open leads scored by other rules on the due index; return how many. Two clocks at once are safe.

    The rules are stored under their version too, so that every score can be recomputed. A lead that fails
    stays as it is, and the next call goes on behind it.

    Raises:
        StoreUnavailable: no partition answers.
    """
    watch = context.rescore_watch
    if watch.is_quiet(now):
        return 0
    version = version_of(context.policy.scoring)
    await context.desk_state.upsert_rules(version, write_scoring(context.policy.scoring))
    lead_ids = await context.due_index.list_scored_by_other_rules(version, LEADS_A_TICK, watch.cursor)
    slots = asyncio.Semaphore(LEADS_AT_ONCE)

    failures = Counter[str]()

    async def request(lead_id: str) -> bool:
        async with slots:
            if failures[shard_of(lead_id)] >= FAILURES_OF_A_PARTITION:
                return False
            try:
                await change_lead(context, lead_id, lambda lead: request_score(lead, version, now=now))
            except LeadNotFound:
                return False  # erased meanwhile
            except LeadUnreadable:
                log.warning("lead %s: its row can't be read by this version, its score stays", lead_id)
                return False
            except StoreUnavailable:
                failures[shard_of(lead_id)] += 1
                log.exception("lead %s: can't be queued to be scored again", lead_id)
                return False
            except Exception:  # the failure of one lead must not keep the others' old scores
                log.exception("lead %s: can't be queued to be scored again", lead_id)
                return False
            return True

    requested = sum(await asyncio.gather(*(request(lead_id) for lead_id in lead_ids)))
    watch.has_requested = watch.has_requested or requested > 0
    watch.cursor = lead_ids.cursor
    if watch.cursor is None:
        if not watch.has_requested and not lead_ids.away:
            watch.look_again_at = now + QUIET
        watch.has_requested = False
    return requested


async def count_to_rescore(context: AppContext, limit: int, now: datetime) -> int:
    """How many open leads other rules scored, at most `limit`.

    It is counted once a minute, and not for an hour after a search without one.
    """
    watch = context.rescore_watch
    if watch.is_quiet(now):
        return 0
    if watch.count_again_at is None or now >= watch.count_again_at:
        version = version_of(context.policy.scoring)
        watch.left = len(await context.due_index.list_scored_by_other_rules(version, limit))
        watch.count_again_at = now + (COUNT_KEPT if watch.left else QUIET)
    return watch.left
