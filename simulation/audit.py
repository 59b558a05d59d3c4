"""Count the outcome of a simulation: what was lost, duplicated, repeated or left undone."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field, fields
from typing import Any, Self

from shared.leads.events import Event, EventType
from simulation.doubles import doubles
from simulation.invariants import Found, broken, pushes_of, unsettled
from simulation.judge import Verdict
from simulation.ports import Fault

WAKE = (EventType.RECEIVED, EventType.TOUCHED, EventType.INTERACTED)  # the scoring trigger


@dataclass
class Result:
    """What the witness saw; counts add up over rounds."""

    pushes: int = 0
    acknowledged: int = 0
    spilled: int = 0  # messages in the queue `spill`
    rows_taken_over: int = 0
    reports: int = 0  # calls that were taken
    told: int = 0  # reports of every kind that were stored
    refused: int = 0  # reports
    told_late: int = 0  # of them, stored after something that happened later
    lost: int = 0  # acknowledged, but not stored, or never received by a subscriber
    silent: int = 0  # stored, acknowledged or not, and never received by a subscriber
    duplicates: int = 0  # one more touch, row or effect than there should be
    events: int = 0
    repeated: int = 0  # received again with the same id
    repeated_otherwise: int = 0  # received again with another id
    unscored: int = 0
    calls: int = 0
    sick_calls: int = 0  # to a partition that doesn't answer
    slow_calls: int = 0  # to a partition that answers late
    wrong_starts: int = 0  # of processes: with a wrong policy, or without the right id key
    rows_of_others: int = 0  # that another version left
    faults: Counter[Fault] = field(default_factory=Counter)
    kills: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)  # of the judge
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __iadd__(self, other: "Result") -> Self:
        for count in fields(self):
            setattr(self, count.name, getattr(self, count.name) + getattr(other, count.name))
        return self


def audited(found: Found) -> Result:
    """Compare what was acknowledged with what is stored and what a subscriber received."""
    stored = {event.id for events in found.events.values() for event in events}
    ids = Counter(event.id for _, event in found.heard)
    heard: dict[str, dict[int, Event]] = defaultdict(dict)
    for lead_id, event in found.heard:
        heard[lead_id][event.number] = event
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
        repeated_otherwise=sum(
            len(doubles([events[number] for number in sorted(events)])) for events in heard.values()
        ),
        unscored=sum(lead.awaits_score for lead in found.leads.values()),
        problems=problems,
    )


def text_of(push: Any) -> bytes:
    """A push as text, equal for equal content."""
    return json.dumps(push, sort_keys=True).encode()
