"""Points for interactions: which ones a rule counts, and how their points decay with time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import fsum

from shared.leads.interactions import Interaction
from shared.leads.score import Evidence
from shared.policy.scoring import Behaviour, Part

EVENTS_NAMED = 10  # numbers of events in a ledger line's evidence

type ByType = Mapping[str, Sequence[Interaction]]


def group_by_type(interactions: Sequence[Interaction], at: datetime) -> dict[str, list[Interaction]]:
    """The interactions up to `at` by type, oldest first, in whatever order they were reported."""
    groups: dict[str, list[Interaction]] = {}
    for interaction in interactions:
        if interaction.at <= at:
            groups.setdefault(interaction.type, []).append(interaction)
    for group in groups.values():
        group.sort(key=_by_time)
    return groups


def select_interactions(behaviour: Behaviour | Part, interactions: ByType, at: datetime) -> list[Interaction]:
    """The interactions that a rule counts, oldest first; none if there are fewer than `at_least`."""
    selected = [known for type_ in behaviour.types if type_ in interactions for known in interactions[type_]]
    if not selected:
        return selected
    if behaviour.within is not None:
        selected = [known for known in selected if at - known.at <= behaviour.within]
    if behaviour.detail is not None:
        text = behaviour.detail.casefold()
        selected = [known for known in selected if text in (known.detail or "").casefold()]
    if len(behaviour.types) > 1:
        selected.sort(key=_by_time)
    if behaviour.once_a_day:
        selected = list({known.at.astimezone(UTC).date(): known for known in selected}.values())
    return selected if len(selected) >= behaviour.at_least else []


def select_all(parts: Sequence[Part], interactions: ByType, at: datetime) -> list[Interaction]:
    """The interactions of all parts together, oldest first; none if one of the parts has none."""
    selected: dict[int, Interaction] = {}
    for part in parts:
        of_part = select_interactions(part, interactions, at)
        if not of_part:
            return []
        selected |= {id(known): known for known in of_part}
    return sorted(selected.values(), key=_by_time)


def last_seen(behaviour: Behaviour, interactions: ByType) -> Interaction | None:
    """From which interaction on none was seen: the latest of the rule's; without any, the lead's first.

    A lead without any interaction at all gives None. With `not_seen_for = "45d"` and demos as the types, a
    lead that was pushed on 1 March and watched none is unseen from 15 April on.
    """
    types = behaviour.types or tuple(interactions)
    text = (behaviour.detail or "").casefold()
    seen = [
        known
        for type_ in types
        for known in interactions.get(type_, ())
        if text in (known.detail or "").casefold()
    ]
    if seen:
        return max(seen, key=_by_time)
    return min((group[0] for group in interactions.values()), key=_by_time, default=None)


def weight(behaviour: Behaviour, interactions: Sequence[Interaction], at: datetime) -> float:
    """How many times a rule gives its points: for the latest interaction, or for each; faded by their age.

    With a half-life of 14 days, 10 points are worth 5 after 14 days and 2.5 after 28, before rounding; with a
    decay of 25 percent every 30 days, 7.5 after 30 days, 5 after 60 and none after 120. The order of reports
    makes no difference, and a later instant never gives more.
    """
    counting = interactions if behaviour.each else interactions[-1:]
    ages = [at - interaction.at for interaction in counting]
    if behaviour.decay is not None:
        lost, every = behaviour.decay.percent / 100, behaviour.decay.every
        return fsum(max(0.0, 1 - lost * (age / every)) for age in ages)
    if behaviour.half_life is None:
        return float(len(ages))
    half_life = behaviour.half_life
    return fsum(0.5 ** (age / half_life) for age in ages)


def evidence(interactions: Sequence[Interaction]) -> tuple[Evidence, ...]:
    """The evidence of a ledger line: the counted interactions, summed up by type."""
    types = dict.fromkeys(interaction.type for interaction in interactions)
    return tuple(
        _evidence_of(type_, [each for each in interactions if each.type == type_]) for type_ in types
    )


def _evidence_of(type_: str, interactions: list[Interaction]) -> Evidence:
    events = tuple(interaction.number for interaction in interactions[-EVENTS_NAMED:])
    return Evidence(interaction=type_, count=len(interactions), last_at=interactions[-1].at, events=events)


def _by_time(interaction: Interaction) -> tuple[datetime, int]:
    return interaction.at, interaction.number
