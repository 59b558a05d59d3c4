"""Find leads that are stored under other ids than the rules of today make, and leads that a title names."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from copy import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.enrichment.identity import (
    IDENTITY_RULES,
    contact_key,
    former_contact_key,
    lead_id,
    title_id,
)
from shared.leads.change import Change
from shared.leads.events import Received
from shared.leads.identity import PERSON_LENGTH, all_shards
from shared.marketplace.offer import title_of
from shared.marketplace.parse import push_of
from shared.policy.load import offers_by_title
from shared.services.context import AppContext
from shared.services.errors import LeadChanged, LeadNotFound, NotConfigured, StoreUnavailable
from shared.services.ports import IdSweep
from shared.services.timeouts import CHANGE_TIMEOUT, ID_SWEEP_READ_TIMEOUT, SWEEP_TIMEOUT
from shared.services.unit_of_work import Apply, Committed, change_lead, create_or_change_lead

KNOWN_FOR = timedelta(minutes=1)  # so long a process relies on how far the search was
LEADS_A_TICK = 200  # of the first pass: 100,000 leads take eight hours
LEADS_A_LATER_TICK = 50
LEADS_AT_ONCE = 8
SECOND_PASS = timedelta(days=1)  # after the first began: instances of the version before may have run on
NEXT_PASS = timedelta(days=16)  # likewise, of any later pass
REST = timedelta(minutes=10)  # after a failure, and at most, until another process's progress is looked at
ALIASES_OF_A_PERSON = 1000
CHANGES_TRIED = 5  # of one alias, if other calls change it at the same time

log = logging.getLogger(__name__)


class Identity(NamedTuple):
    """Which lead a push is about."""

    lead_id: str
    offer: str | None  # None: the push names none
    former_id: str  # by the rules of the version before
    title_id: str | None = None  # of a push whose offer is known by its title only


async def create_or_touch(
    context: AppContext,
    identity: Identity,
    first: Change,
    apply: Apply,
    *,
    now: datetime,
    timeout: float = CHANGE_TIMEOUT,
) -> Committed:
    """Touch the lead of this identity, under whatever id it is stored; open it with one write if it is new.

    Nothing is read before that write once all stored leads are known to have the ids of today, unless the
    offer is known by its title only.

    Args:
        context: ports and policy.
        identity: which lead.
        first: opens the lead under the id of today.
        apply: touches the stored lead, see `change_lead`.
        now: aware UTC.
        timeout: seconds for all of it.

    Raises:
        StoreUnavailable, LeadChanged: it may be stored or not.
        DoneBefore: the change has an idempotency mark that exists already.
    """
    try:
        async with asyncio.timeout(timeout):
            by_title = await _by_title(context, identity)
            for stored_id, alias_id in (await _candidates(context, identity, by_title, now)).items():
                try:
                    outcome = await change_lead(context, stored_id, apply, timeout=timeout)
                except LeadNotFound:  # it was erased, or nothing was ever stored under this id
                    if alias_id is not None:
                        await _remove(context, alias_id, stored_id)
                    continue
                await _remember_title(context, identity, outcome, by_title)
                return outcome
            opened = replace(first, alias=identity.title_id)
            outcome = await create_or_change_lead(context, opened, apply, timeout)
            await _remember_title(context, identity, outcome, by_title=())
    except TimeoutError as exc:
        raise StoreUnavailable("it took too long") from exc
    return outcome


async def _by_title(context: AppContext, identity: Identity) -> tuple[str, ...]:
    """Leads that this person's title led to before."""
    if identity.title_id is None:
        return ()
    alias = await context.aliases.find_alias(identity.title_id)
    return alias.lead_ids if alias else ()


async def _candidates(
    context: AppContext, identity: Identity, by_title: tuple[str, ...], now: datetime
) -> dict[str, str | None]:
    """Ids under which the lead may be stored, the likeliest first, each with the alias that leads to it.

    Empty if only the id of today is possible.
    """
    named: dict[str, str | None] = dict.fromkeys(by_title, identity.title_id)
    state = await _known_state(context, now)
    if _is_clean(state):
        return named
    alias = await context.aliases.find_alias(identity.lead_id)
    others: dict[str, str | None] = dict.fromkeys(alias.lead_ids if alias else (), identity.lead_id)
    if not _is_complete(state) and identity.former_id != identity.lead_id:
        others.setdefault(identity.former_id, None)
    if others:
        others = {identity.lead_id: None, **others}
    return {**named, **others, **named}


async def _remember_title(
    context: AppContext, identity: Identity, outcome: Committed, by_title: Iterable[str]
) -> None:
    """Let the title lead to a touched lead. Of a new one the transaction has done it."""
    lead = outcome.stored.lead
    if identity.title_id is None or outcome.created or lead.id in by_title:
        return
    try:
        await _add(context, identity.title_id, lead.id)
    except (StoreUnavailable, LeadChanged) as exc:  # the push is stored, and the next one tries again
        log.warning("lead %s: its title isn't remembered (%r)", lead.id, exc)


async def list_leads_of(context: AppContext, email: str, limit: int, now: datetime) -> list[str]:
    """Ids of the leads of the person who has this address, however it is spelt, at most `limit`.

    Those of earlier rules are among them. Some may be erased by now.
    """
    return (await find_person(context, email, limit, now)).all(limit)


class Person(NamedTuple):
    """The leads of a person."""

    key: str  # contact key
    lead_ids: list[str]
    others: list[str]  # ids of leads that are stored under other contact keys

    def all(self, limit: int) -> list[str]:
        """The ids of all leads, at most `limit`."""
        return list(dict.fromkeys([*self.lead_ids, *self.others]))[:limit]


async def find_person(context: AppContext, email: str, limit: int, now: datetime) -> Person:
    """The leads of the person who has this address, see `list_leads_of`."""
    key = context.require_id_key()
    person, former = contact_key(email, key), former_contact_key(email, key)
    lead_ids = await context.lead_store.list_leads_of(person, limit)
    others: list[str] = []
    state = await _known_state(context, now)
    if not _is_clean(state):
        aliases = await context.aliases.list_aliases_of(person, ALIASES_OF_A_PERSON)
        others = [stored_id for alias in aliases for stored_id in alias.lead_ids]
    if not _is_complete(state) and former != person:
        for stored_id in await context.lead_store.list_leads_of(former, limit):
            first = await _first_push(context, stored_id)
            if first is not None and _id_of(first, key)[:PERSON_LENGTH] == person:
                others.append(stored_id)
    return Person(person, lead_ids, [one for one in dict.fromkeys(others) if one[:PERSON_LENGTH] != person])


async def remove_aliases(context: AppContext, stored_id: str) -> int:
    """Remove the aliases of a lead that is being erased, before its events are; return how many there were.

    One that stays, since its first event is gone, leads nowhere, and is removed when a push comes by.
    """
    people = {stored_id[:PERSON_LENGTH]}
    if context.id_key is not None and (first := await _first_push(context, stored_id)):
        people.add(_id_of(first, context.id_key)[:PERSON_LENGTH])
    removed = 0
    for person in people:
        for alias in await context.aliases.list_aliases_of(person, ALIASES_OF_A_PERSON):
            if stored_id in alias.lead_ids:
                removed += await _remove(context, alias.id, stored_id)
    return removed


async def sweep_ids(context: AppContext, now: datetime) -> None:
    """Go on with the search for leads that other rules gave their ids; each gets an alias.

    The first pass takes at most `LEADS_A_TICK` leads a tick. Later passes are slow and rare: they find what
    instances of an earlier version stored meanwhile. Two searches at once do no harm.

    Raises:
        StoreUnavailable, TimeoutError: it goes on after a rest.
    """
    memory = context.alias_memory
    if context.id_key is None or (memory.sweep_again_at is not None and now < memory.sweep_again_at):
        return
    memory.sweep_again_at = now + REST
    async with asyncio.timeout(SWEEP_TIMEOUT):
        state = next_pass(await _read_state(context, now), now)
        left = LEADS_A_LATER_TICK if state.passes else LEADS_A_TICK
        is_under_way = state.rules == IDENTITY_RULES and state.partition is not None
        while is_under_way and state.partition is not None and left > 0:
            lead_ids = await context.lead_store.list_ids(state.partition, state.after, left)
            found = await _look_at(context, lead_ids)
            state = advanced(state, lead_ids, found, is_last=len(lead_ids) < left)
            left -= max(1, len(lead_ids))
        if is_under_way:
            await context.desk_state.save_id_sweep(state)
        memory.state = state
    if is_under_way and state.partition is not None:
        memory.sweep_again_at = None


def next_pass(state: IdSweep, now: datetime) -> IdSweep:
    """The search as it stands; the next pass if its time has come."""
    if state.partition is not None or state.rules != IDENTITY_RULES:
        return state
    if now < state.began_at + (SECOND_PASS if state.passes == 1 else NEXT_PASS):
        return state
    return replace(state, began_at=now, partition=all_shards()[0], after=None, found=0)


def advanced(state: IdSweep, lead_ids: Sequence[str], found: int, *, is_last: bool) -> IdSweep:
    """How far the search is behind these leads; behind the last partition the pass is over."""
    state = replace(state, after=lead_ids[-1] if lead_ids else state.after, found=state.found + found)
    if not is_last or state.partition is None:
        return state
    following = all_shards()[all_shards().index(state.partition) + 1 :]
    if following:
        return replace(state, partition=following[0], after=None)
    return replace(state, partition=None, after=None, passes=state.passes + 1, aliases=state.found)


async def _look_at(context: AppContext, lead_ids: Sequence[str]) -> int:
    """Give aliases to those of these leads that need one; return how many do."""
    slots, key = asyncio.Semaphore(LEADS_AT_ONCE), context.require_id_key()

    async def look_at(stored_id: str) -> bool:
        async with slots:
            first = await _first_push(context, stored_id)
            if first is None:
                return False
            await _keep_title(context, stored_id, first)
            if (id_of_today := _id_of(first, key)) == stored_id:
                return False
            await _add(context, id_of_today, stored_id)
            return True

    return sum(await asyncio.gather(*map(look_at, lead_ids)))


async def _keep_title(context: AppContext, stored_id: str, first: Received) -> None:
    """Let the title of a stored lead lead to it, if it may have been known by its title only."""
    push = push_of(first.push)
    title = title_of(push)
    if title is None or first.offer not in (title, offers_by_title(context.policy).get(title)):
        return
    alias_id = title_id(push, title, context.require_id_key())
    if await context.aliases.find_alias(alias_id) is None:
        await _add(context, alias_id, stored_id)


async def _first_push(context: AppContext, stored_id: str) -> Received | None:
    """The push that opened a lead; None if its event is gone, or this version can't read it."""
    try:
        events = await context.lead_store.list_events(stored_id, limit=3)  # behind those of an erasure
    except (ValueError, TypeError):
        log.warning("lead %s: its first event can't be read", stored_id)
        return None
    return next((event.data for event in events if isinstance(event.data, Received)), None)


def _id_of(first: Received, key: bytes) -> str:
    return lead_id(push_of(first.push), first.offer, key)


async def _known_state(context: AppContext, now: datetime) -> IdSweep | None:
    """How far the search is, as this process knows; None if it can't be read in time."""
    memory = context.alias_memory
    if memory.read_again_at is None or now >= memory.read_again_at:
        memory.read_again_at = now + KNOWN_FOR
        with suppress(TimeoutError, StoreUnavailable, NotConfigured):
            async with asyncio.timeout(ID_SWEEP_READ_TIMEOUT):
                memory.state = await _read_state(context, now)
    return memory.state


async def _read_state(context: AppContext, now: datetime) -> IdSweep:
    """How far the search is; begun now if it never was by these rules. An empty table needs none."""
    state = await context.desk_state.find_id_sweep()
    if state is not None and state.rules >= IDENTITY_RULES:
        return state
    first = all_shards()[0]
    stored = await asyncio.gather(*(context.lead_store.list_ids(shard, None, 1) for shard in all_shards()))
    if any(stored):
        state = IdSweep(IDENTITY_RULES, now, partition=first)
    else:
        state = IdSweep(IDENTITY_RULES, now, passes=1)
    await context.desk_state.save_id_sweep(state)
    return state


def _is_complete(state: IdSweep | None) -> bool:
    return state is not None and state.rules == IDENTITY_RULES and state.passes > 0


def _is_clean(state: IdSweep | None) -> bool:
    """Every stored lead has the id of today."""
    return state is not None and _is_complete(state) and not (state.aliases or state.found)


async def _add(context: AppContext, alias_id: str, stored_id: str) -> bool:
    for _ in range(CHANGES_TRIED):
        with suppress(LeadChanged):
            return await context.aliases.add_alias(alias_id, stored_id)
    raise LeadChanged(alias_id)


async def _remove(context: AppContext, alias_id: str, stored_id: str) -> bool:
    for _ in range(CHANGES_TRIED):
        with suppress(LeadChanged):
            return await context.aliases.remove_alias(alias_id, stored_id)
    raise LeadChanged(alias_id)
