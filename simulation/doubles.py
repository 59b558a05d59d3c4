"""Find effects that a lead's history tells twice, under two numbers.

Neither content nor time decides. Two scores may be equal, even at one instant (an event is never earlier than
the one before it, so many may have the time of a clock that is ahead), and yet answer two reports. An alarm
that another process gives again has another time, maybe another owner. What decides is the cause: a push or a
report is told once, and what follows from one needs another cause to happen again.
"""

import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.leads.events import Event, EventType
from shared.typed_json import to_plain

PUSHES = (EventType.RECEIVED, EventType.TOUCHED)
ALARMS = (EventType.FOLLOW_UP_DUE_SOON, EventType.FOLLOW_UP_MISSED)
_OPEN_CYCLES = (EventType.FOLLOWED_UP, EventType.TOUCHED, EventType.STATUS_CHANGED)
_FOLLOWS_FROM = {
    EventType.STATUS_CHANGED: (*PUSHES, EventType.FOLLOWED_UP, EventType.STATUS_CHANGED),
    EventType.ASSIGNED: (*PUSHES, EventType.STATUS_CHANGED, EventType.ASSIGNED, EventType.FOLLOW_UP_MISSED),
    EventType.ERASED: (EventType.RECEIVED,),
}
"""After which events the same may follow again, if no report told it."""


def doubles(events: Sequence[Event]) -> list[tuple[int, int]]:
    """Pairs of numbers of events that tell the same effect, the earlier one first.

    A score after facts and an equal score after a consent: none. Two scores after one push: a pair.

    Args:
        events: of one lead, in the order of their numbers. Every push has content of its own.
    """
    told = [_Told(event.number, event.type, to_plain(event.data)) for event in events]
    first: dict[Hashable, int] = {}
    pairs = []
    for place, one in enumerate(told):
        known = first.setdefault(_effect(one, told[:place]), one.number)
        if known != one.number:
            pairs.append((known, one.number))
    return pairs


@dataclass(frozen=True)
class _Told:
    """An event, its data as JSON."""

    number: int
    type: EventType
    data: dict[str, Any]

    @property
    def asks_for_score(self) -> bool:
        if self.type is EventType.STATUS_CHANGED:
            is_effective = not self.data.get("superseded")
            return is_effective and ("facts" in self.data or "doNotContact" in self.data)
        return self.type in (*PUSHES, EventType.INTERACTED)

    @property
    def lets_qualify(self) -> bool:
        """A lead is new, also after an erasure, or loses its qualification."""
        is_unqualified = self.type is EventType.SCORED and not self.data["qualified"]
        return is_unqualified or self.type is EventType.RECEIVED


def _effect(one: _Told, before: Sequence[_Told]) -> Hashable:
    """What the event tells, equal for two events of which one is too many."""
    data = one.data
    if one.type in PUSHES:
        return "push", _text_of(data["push"])
    if one.type in (EventType.FOLLOWED_UP, EventType.INTERACTED) and data["id"]:
        return one.type, data.get("type"), data["id"]
    if one.type is EventType.SCORED:
        return one.type, sum(other.asks_for_score for other in before)
    if one.type is EventType.QUALIFIED:
        return one.type, sum(other.lets_qualify for other in before)
    if one.type in ALARMS:
        cycles = sum(other.type in _OPEN_CYCLES for other in before)
        return one.type, data["level"], data.get("plannedAt"), cycles
    causes = () if "at" in data else _FOLLOWS_FROM.get(one.type, ())
    return one.type, _text_of(data), sum(other.type in causes and other.data != data for other in before)


def _text_of(data: Any) -> str:
    return json.dumps(data, sort_keys=True)
