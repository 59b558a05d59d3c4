"""What many pushes came to, in numbers."""

import json
from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from shared.leads.events import Event, EventType
from shared.typed_json import to_plain
from simulation.invariants import Found, broken, pushes_of, unsettled
from simulation.ports import Fault

WAKE = (EventType.RECEIVED, EventType.TOUCHED, EventType.INTERACTED)  # the scoring trigger


@dataclass
class Result:
    """What the witness saw; counts add up over rounds."""

    pushes: int = 0
    acknowledged: int = 0
    spilled: int = 0  # messages in the queue `spill`
    rows_taken_over: int = 0
    reports: int = 0
    lost: int = 0  # acknowledged, and nobody holds it, or nobody heard of it
    silent: int = 0  # stored, acknowledged or not, and nobody heard of it
    duplicates: int = 0  # one more touch, row or effect than there should be
    events: int = 0
    repeated: int = 0  # heard again with the same id
    repeated_otherwise: int = 0  # heard again with another id
    unscored: int = 0
    calls: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    kills: int = 0
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __iadd__(self, other: "Result") -> Self:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
        return self


def audited(found: Found) -> Result:
    """What a subscriber and the table say."""
    stored = {event.id for events in found.events.values() for event in events}
    ids = Counter(event.id for _, event in found.heard)
    alike = Counter(
        _meaning(found, *one) for one in {event.id: (lead, event) for lead, event in found.heard}.values()
    )
    wanted = [*found.acknowledged, *found.taken_over]
    times = [pushes_of(found, lead_id).count(push) for lead_id, push in wanted]
    problems = broken(found) + unsettled(found, alarms=True)
    return Result(
        acknowledged=len({text_of(push) for _, push in found.acknowledged}),
        rows_taken_over=len(found.taken_over),
        reports=len(found.reports),
        lost=times.count(0),
        silent=len(stored - ids.keys()),
        duplicates=sum(
            count - 1
            for lead_id in found.leads
            for count in Counter(map(text_of, pushes_of(found, lead_id))).values()
        ),
        events=len(stored),
        repeated=sum(ids.values()) - len(ids),
        repeated_otherwise=sum(alike.values()) - len(alike),
        unscored=sum(lead.awaits_score for lead in found.leads.values()),
        problems=problems,
    )


def _meaning(found: Found, lead_id: str, event: Event) -> tuple[str, str, datetime, int, bytes]:
    """What an event says, whatever its id.

    Two scores of one tick may say the same about two touches: a score answers what came in before it.
    """
    answers = 0
    if event.type is EventType.SCORED:
        before = (one.type for one in found.events.get(lead_id, ()) if one.number < event.number)
        answers = sum(type_ in WAKE for type_ in before)
    return (
        lead_id,
        event.type,
        event.time,
        answers,
        json.dumps(to_plain(event.data), sort_keys=True).encode(),
    )


def text_of(push: Any) -> bytes:
    """The same for the same content."""
    return json.dumps(push, sort_keys=True).encode()
