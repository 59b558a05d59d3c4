"""The desk's own state of work on a lead, by concern. It is stored with the lead and never published."""

import enum
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime

from shared.leads.happenings import Timeline
from shared.leads.interactions import Interaction


class DueKind(enum.StrEnum):
    """Kinds of due work. `parked` never falls due: its rows only let parked work be counted."""

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
    """The outbox: how many events were written, and which are not confirmed as published."""

    written: int = 0  # number of the lead's last event
    unpublished: tuple[int, ...] = ()  # their numbers, ascending
    publish_due_at: datetime | None = None  # aware UTC; when the clock publishes the rest
    last_event_at: datetime | None = None  # aware UTC; events never go back in time


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ScoringState:
    """Input of the next score, and whether one is due."""

    touches_scored: int = 0
    requested_at: datetime | None = None  # aware UTC; a new score requested by anything but a push
    interactions: tuple[Interaction, ...] = ()  # the latest, pushes included, in order of time
    changes_at: datetime | None = (
        None  # aware UTC; when the score changes though nothing happens; None: never
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SeenPush:
    """The digest of a push: the same content within the idempotency window is a repeat."""

    digest: str
    at: datetime  # aware UTC


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Idempotency:
    """Idempotency keys, newest last: an operation whose key is stored does nothing the second time."""

    operations: tuple[str, ...] = ()  # ids of the last changes: finds a change whose answer was lost
    pushes: tuple[SeenPush, ...] = ()
    reports: tuple[str, ...] = ()  # keys of reports, see `idempotency.report_key`


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RetryState:
    """How often one kind of due work has failed, and when it is tried next."""

    attempts: int
    retry_at: datetime  # aware UTC
    parked: bool = False  # out of attempts: waits for a person


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AssignmentState:
    """The outstanding assignment request: due while `requested` is ahead of `completed`."""

    requested: int = 0  # requests so far, for an owner or for a corrected count of open leads
    completed: int = 0
    requested_at: datetime | None = None  # aware UTC; None while none is outstanding
    counted_for: str | None = None  # the owner whose open leads include this one
    excluded: str | None = None  # the owner who missed the lead: not to be chosen again


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Erasure:
    """When the lead is to be erased, and how far the erasure has got."""

    purge_at: datetime | None = None  # aware UTC; when the clock erases the lead, or deletes its tombstone
    erased_at: datetime | None = None  # aware UTC; when it became a tombstone, without personal data
    erased_through: int = 0  # events up to this number belong to an erased life and may still be stored


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MergeState:
    """When each merged value was pushed or told: the newest wins, in whatever order they arrive."""

    # Aware UTC, by field; a value without an entry is from the last touch.
    older_values: dict[str, datetime] = field(default_factory=dict)
    consent_at: datetime | None = None  # aware UTC; when contact was last forbidden or asked for
    facts_at: dict[str, datetime] = field(default_factory=dict)  # aware UTC, by name: facts that a CRM told


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Cycle:
    """The follow-up cycle; a follow-up from before it began doesn't end it. Times are aware UTC."""

    began_at: datetime | None = None
    attended_at: datetime | None = None  # when the lead was last called, or closed


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LateArrival:
    """Pushes that reached us late: imported from the publisher's table, or replayed from queue `spill`."""

    arrived_at: datetime | None = None  # aware UTC, of the last such push
    is_history: bool = False  # all pushes so far are from before the desk: no call is owed


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Bookkeeping:
    """All concerns together."""

    outbox: Outbox = Outbox()
    scoring: ScoringState = ScoringState()
    idempotency: Idempotency = Idempotency()
    retries: dict[DueKind, RetryState] = field(default_factory=dict)
    assignment: AssignmentState = AssignmentState()
    erasure: Erasure = Erasure()
    merge: MergeState = field(default_factory=MergeState)
    cycle: Cycle = Cycle()
    late: LateArrival = LateArrival()
    timeline: Timeline = field(default_factory=Timeline)

    def retries_without(self, *kinds: DueKind) -> dict[DueKind, RetryState]:
        """The retry states without those of these kinds, whose work is done."""
        return {kind: retry for kind, retry in self.retries.items() if kind not in kinds}


def lightened(bookkeeping: Bookkeeping) -> Bookkeeping | None:
    """Without the oldest tenth of the interactions, or without any, of the reports; None if both are empty.

    The history keeps what is dropped: only scores and repeats that look far back miss it.
    """
    scoring, idempotency = bookkeeping.scoring, bookkeeping.idempotency
    if scoring.interactions:
        kept = _without_oldest_tenth(scoring.interactions)
        return replace(bookkeeping, scoring=replace(scoring, interactions=kept))
    if idempotency.reports:
        reports = _without_oldest_tenth(idempotency.reports)
        return replace(bookkeeping, idempotency=replace(idempotency, reports=reports))
    return None


def _without_oldest_tenth[Item](items: tuple[Item, ...]) -> tuple[Item, ...]:
    return items[max(1, len(items) // 10) :]
