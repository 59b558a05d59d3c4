"""Points for what customers did: so often within so long, worth less as time goes by."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import fsum

from shared.leads.interactions import Interaction
from shared.leads.score import Evidence
from shared.policy.scoring import Behaviour

EVENTS_NAMED = 10  # in the evidence of a line

type ByType = Mapping[str, Sequence[Interaction]]


def by_type(interactions: Sequence[Interaction], at: datetime) -> dict[str, list[Interaction]]:
    """What happened up to the instant `at`, by type, the oldest first, whatever order it was reported in."""
    found: dict[str, list[Interaction]] = {}
    for one in interactions:
        if one.at <= at:
            found.setdefault(one.type, []).append(one)
    for of_type in found.values():
        of_type.sort(key=_in_time)
    return found


def counted(behaviour: Behaviour, interactions: ByType, at: datetime) -> list[Interaction]:
    """The interactions that a rule counts, the oldest first; none unless there are as many as it wants."""
    found = [one for type_ in behaviour.types if type_ in interactions for one in interactions[type_]]
    if not found:
        return found
    if behaviour.within is not None:
        found = [one for one in found if at - one.at <= behaviour.within]
    if behaviour.detail is not None:
        text = behaviour.detail.casefold()
        found = [one for one in found if text in (one.detail or "").casefold()]
    if len(behaviour.types) > 1:
        found.sort(key=_in_time)
    return found if len(found) >= behaviour.at_least else []


def weight(behaviour: Behaviour, found: Sequence[Interaction], at: datetime) -> float:
    """How many times a rule gives its points: by the latest interaction, or by each; halved per half-life.

    The same in whatever order the interactions came, and never more at a later instant.
    """
    ages = [at - one.at for one in (found if behaviour.each else found[-1:])]
    if behaviour.half_life is None:
        return float(len(ages))
    half_life = behaviour.half_life
    return fsum(0.5 ** (age / half_life) for age in ages)


def evidence(found: Sequence[Interaction]) -> tuple[Evidence, ...]:
    """What was counted, by type."""
    types = dict.fromkeys(one.type for one in found)
    return tuple(_of_type(type_, [one for one in found if one.type == type_]) for type_ in types)


def _of_type(type_: str, found: list[Interaction]) -> Evidence:
    events = tuple(one.number for one in found[-EVENTS_NAMED:])
    return Evidence(interaction=type_, count=len(found), last_at=found[-1].at, events=events)


def _in_time(one: Interaction) -> tuple[datetime, int]:
    return one.at, one.number
