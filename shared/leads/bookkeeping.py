"""What the desk remembers about its own work on a lead, by concern. It never leaves the desk."""

import enum
from dataclasses import dataclass, field
from datetime import datetime

from shared.leads.interactions import Interaction


class DueKind(enum.StrEnum):
    """Kinds of due work. `parked` never falls due: its rows only keep parked work countable."""

    SCORE = "score"
    PUBLISH = "publish"
    DUE_SOON = "due_soon"
    FOLLOW_UP = "follow_up"
    ESCALATE = "escalate"
    NEXT_CONTACT = "next_contact"
    ASSIGN = "assign"
    PURGE = "purge"
    PARKED = "parked"


ALARMS = (DueKind.DUE_SOON, DueKind.FOLLOW_UP, DueKind.ESCALATE, DueKind.NEXT_CONTACT)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Outbox:
    """Events written, and those that no subscriber has confirmed."""

    written: int = 0  # events of the lead so far: the number of the last one
    unpublished: tuple[int, ...] = ()  # their numbers, ascending
    publish_due_at: datetime | None = None  # aware UTC; when the clock publishes them


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ScoringState:
    """What the next score looks at, and whether one is due."""

    touches_scored: int = 0
    requested_at: datetime | None = None  # aware UTC; something other than a push asks for a new score
    interactions: tuple[Interaction, ...] = ()  # the newest in time, pushes included


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SeenPush:
    """The fingerprint of a push: the same content again is a repeat."""

    digest: str
    at: datetime  # aware UTC


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Idempotency:
    """What was done before, newest last: a second time it does nothing."""

    operations: tuple[str, ...] = ()  # ids of the last changes: a change whose answer was lost is found here
    pushes: tuple[SeenPush, ...] = ()
    reports: tuple[str, ...] = ()  # keys of reports, see `idempotency.report_key`


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RetryState:
    """How often one kind of due work has failed, and when it is tried next."""

    attempts: int
    retry_at: datetime  # aware UTC
    parked: bool = False  # given up: it waits for a person


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AssignmentState:
    """The outstanding assignment request: due while `requested` is ahead of `completed`."""

    requested: int = 0  # how many requests there were, for an owner or for another count of open leads
    completed: int = 0
    requested_at: datetime | None = None  # aware UTC; None while none is outstanding
    counted_for: str | None = None  # the owner among whose open leads this one is counted
    excluded: str | None = None  # the owner who had the lead and missed it


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Erasure:
    """When the lead is to be erased, and how far an erasure has come."""

    purge_at: datetime | None = None  # aware UTC; when the clock erases the lead, or deletes its tombstone
    erased_at: datetime | None = None  # aware UTC; since when it is a tombstone, without personal data
    erased_through: int = 0  # number of the last event of an erased life that may still be stored


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MergeState:
    """When merged values were sent: the newest wins, in whatever order pushes arrive."""

    older_values: dict[str, datetime] = field(
        default_factory=dict
    )  # by place; the others are of the last touch
    consent_at: datetime | None = None  # aware UTC; when contact was last forbidden or asked for


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Cycle:
    """The follow-up cycle: what was done before it began doesn't end it. Times are aware UTC."""

    began_at: datetime | None = None
    attended_at: datetime | None = None  # when the lead was last called, or closed


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LateArrival:
    """Pushes that reached us late: imported from the publisher's table, or replayed from queue `spill`."""

    arrived_at: datetime | None = None  # aware UTC, of the last such push
    is_history: bool = False  # so far all pushes are from before the desk: no call is owed


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Bookkeeping:
    """All of it."""

    outbox: Outbox = Outbox()
    scoring: ScoringState = ScoringState()
    idempotency: Idempotency = Idempotency()
    retries: dict[DueKind, RetryState] = field(default_factory=dict)
    assignment: AssignmentState = AssignmentState()
    erasure: Erasure = Erasure()
    merge: MergeState = field(default_factory=MergeState)
    cycle: Cycle = Cycle()
    late: LateArrival = LateArrival()

    def retries_without(self, *kinds: DueKind) -> dict[DueKind, RetryState]:
        """The retries, except those of work that is done."""
        return {kind: retry for kind, retry in self.retries.items() if kind not in kinds}
