"""Figures over many leads: how far they came, how fast they were answered, who still waits."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.leads.index import StatRow
from shared.leads.lead import LeadStatus

MOST_GROUPS = 50  # of one breakdown
OTHER = "(other)"  # what web analytics calls the row that sums up all groups beyond the longest table


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SpeedToLead:
    """How fast leads got their first follow-up, in elapsed seconds; percentiles as in `percentile`."""

    answered: int
    p50_seconds: int | None  # None: nobody was answered
    p90_seconds: int | None
    never_answered: float | None  # 0-1, of the leads that expect an answer; None: none does


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Group:
    """The leads that share a name: of an offer, a source, an owner or a grade."""

    name: str | None  # None: those that have none
    leads: int
    answered: int
    p50_seconds: int | None
    never_answered: float | None  # 0-1
    missed_now: int
    qualified: int  # by their status now: who was won is no longer counted here
    won: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Stats:
    """The figures of the leads of one time. Breakdowns come with the most leads first, then by name."""

    leads: int
    funnel: dict[LeadStatus, int]  # all seven, by their status now
    speed_to_lead: SpeedToLead
    missed_now: int
    by_offer: tuple[Group, ...]
    by_source: tuple[Group, ...]
    by_owner: tuple[Group, ...]
    by_grade: tuple[Group, ...]


def stats(leads: Sequence[StatRow]) -> Stats:
    """The figures of these leads, in whatever order they come."""
    return Stats(
        leads=len(leads),
        funnel=_funnel(leads),
        speed_to_lead=_speed(leads),
        missed_now=_missed(leads),
        by_offer=_groups(leads, lambda lead: lead.offer),
        by_source=_groups(leads, lambda lead: lead.source),
        by_owner=_groups(leads, lambda lead: lead.owner),
        by_grade=_groups(leads, lambda lead: lead.grade),
    )


def percentile(ascending: Sequence[int], percent: int) -> int | None:
    """The percentile by nearest rank: the least value that at least `percent` of all don't exceed.

    Always a value that occurs: of two, p50 is the lower one. None of nothing.

    Args:
        ascending: the values in order.
        percent: 1-100.
    """
    rank = -(-percent * len(ascending) // 100)  # rounded up
    return ascending[rank - 1] if ascending else None


def _funnel(leads: Iterable[StatRow]) -> dict[LeadStatus, int]:
    counted = Counter(lead.status for lead in leads)
    return {status: counted[status] for status in LeadStatus}


def _speed(leads: Iterable[StatRow]) -> SpeedToLead:
    expecting = [lead.seconds_to_answer for lead in leads if lead.expects_answer]
    seconds = sorted(one for one in expecting if one is not None)
    return SpeedToLead(
        answered=len(seconds),
        p50_seconds=percentile(seconds, 50),
        p90_seconds=percentile(seconds, 90),
        never_answered=(len(expecting) - len(seconds)) / len(expecting) if expecting else None,
    )


def _missed(leads: Iterable[StatRow]) -> int:
    return sum(lead.missed for lead in leads)


def _groups(leads: Iterable[StatRow], name_of: Callable[[StatRow], str | None]) -> tuple[Group, ...]:
    """The largest groups, and all others as one at the end. A group that is itself named so joins them."""
    members: dict[str | None, list[StatRow]] = defaultdict(list)
    for lead in leads:
        members[name_of(lead)].append(lead)
    names = sorted(members, key=lambda name: (-len(members[name]), name is None, name or ""))
    if len(names) <= MOST_GROUPS:
        return tuple(_group(name, members[name]) for name in names)
    shown = [name for name in names if name != OTHER][:MOST_GROUPS]
    groups = [_group(name, members.pop(name)) for name in shown]
    others = [lead for group in members.values() for lead in group]
    return (*groups, _group(OTHER, others))


def _group(name: str | None, leads: Sequence[StatRow]) -> Group:
    speed, funnel = _speed(leads), _funnel(leads)
    return Group(
        name=name,
        leads=len(leads),
        answered=speed.answered,
        p50_seconds=speed.p50_seconds,
        never_answered=speed.never_answered,
        missed_now=_missed(leads),
        qualified=funnel[LeadStatus.QUALIFIED],
        won=funnel[LeadStatus.WON],
    )
