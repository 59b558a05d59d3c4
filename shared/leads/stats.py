"""Statistics over many leads: funnel, speed to lead, missed follow-ups."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.leads.index import StatRow
from shared.leads.lead import LeadStatus

MOST_GROUPS = 50  # of one breakdown
OTHER = "(other)"  # web analytics' name for the row of all groups beyond the limit


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SpeedToLead:
    """How fast leads got their first follow-up, in elapsed seconds; percentiles as in `percentile`."""

    answered: int
    p50_seconds: int | None  # None: no lead was answered
    p90_seconds: int | None
    never_answered: float | None  # 0-1, of the leads that expect an answer; None: no such lead


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Group:
    """The leads of one offer, source, owner or grade."""

    name: str | None  # None: leads without one
    leads: int
    answered: int
    p50_seconds: int | None
    never_answered: float | None  # 0-1
    missed_now: int
    qualified: int  # status `qualified` now: a won lead no longer counts here
    won: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Stats:
    """Statistics of the leads of a time range. Breakdowns are sorted by leads, most first, then by name."""

    leads: int
    funnel: dict[LeadStatus, int]  # all seven, by their status now
    speed_to_lead: SpeedToLead
    missed_now: int
    by_offer: tuple[Group, ...]
    by_source: tuple[Group, ...]
    by_owner: tuple[Group, ...]
    by_grade: tuple[Group, ...]


def stats(leads: Sequence[StatRow]) -> Stats:
    """The statistics of these leads, in any order."""
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
    """The percentile by nearest rank: the least value that at least `percent` % of the values don't exceed.

    Always one of the values: p50 of 10, 20 is 10, p90 is 20. None without values.

    Args:
        ascending: the values in order.
        percent: 1-100.
    """
    rank = -(-percent * len(ascending) // 100)  # rounded up
    return ascending[rank - 1] if ascending else None


def _funnel(leads: Iterable[StatRow]) -> dict[LeadStatus, int]:
    counts = Counter(lead.status for lead in leads)
    return {status: counts[status] for status in LeadStatus}


def _speed(leads: Iterable[StatRow]) -> SpeedToLead:
    expecting = [lead.seconds_to_answer for lead in leads if lead.expects_answer]
    seconds = sorted(value for value in expecting if value is not None)
    return SpeedToLead(
        answered=len(seconds),
        p50_seconds=percentile(seconds, 50),
        p90_seconds=percentile(seconds, 90),
        never_answered=(len(expecting) - len(seconds)) / len(expecting) if expecting else None,
    )


def _missed(leads: Iterable[StatRow]) -> int:
    return sum(lead.missed for lead in leads)


def _groups(leads: Iterable[StatRow], name_of: Callable[[StatRow], str | None]) -> tuple[Group, ...]:
    """The largest groups, then `OTHER` with the rest. A group that itself has this name joins the rest."""
    members: dict[str | None, list[StatRow]] = defaultdict(list)
    for lead in leads:
        members[name_of(lead)].append(lead)
    names = sorted(members, key=lambda name: (-len(members[name]), name is None, name or ""))
    if len(names) <= MOST_GROUPS:
        return tuple(_group(name, members[name]) for name in names)
    largest = [name for name in names if name != OTHER][:MOST_GROUPS]
    groups = [_group(name, members.pop(name)) for name in largest]
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
