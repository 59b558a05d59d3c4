"""What the desk remembers about its own work on a lead. Never leaves the desk."""

import enum
from datetime import datetime

from msgspec import Struct, field

from shared.leads.interactions import Interaction


class SeenPush(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The trace of a push, to know a repeat by."""

    digest: str
    at: datetime  # aware UTC


class RetryState(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A kind of due work that failed."""

    attempts: int
    retry_at: datetime  # aware UTC
    parked: bool = False  # given up: waits for a person


class DueKind(enum.StrEnum):
    """What falls due. `parked` never does: it only keeps given-up work countable."""

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


class AssignmentState(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How far the books of owners are in step with the lead. It is due while `asked` and `settled` differ."""

    asked: int = 0  # how often an owner, or another count, was needed
    settled: int = 0
    asked_at: datetime | None = None  # aware UTC
    counts_for: str | None = None  # whose open leads it is counted among
    without: str | None = None  # who had it and didn't call


class Bookkeeping(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the desk must remember about its own work on a lead. Never leaves the desk."""

    operations: tuple[str, ...] = ()  # ids of the last changes, newest last: a lost answer is found here
    recent_pushes: tuple[SeenPush, ...] = ()
    touches_scored: int = 0
    score_asked_at: datetime | None = None  # aware UTC; something other than a push asks for a new score
    interactions: tuple[Interaction, ...] = ()  # the newest in time, pushes too: what scores look at
    events_written: int = 0
    events_unpublished: tuple[int, ...] = ()  # their numbers, ascending
    publish_due_at: datetime | None = None  # when the clock publishes them, if nobody did by then
    setbacks: dict[DueKind, RetryState] = field(default_factory=dict)
    cycle_began_at: datetime | None = None  # of the follow-up cycle: what was done before doesn't end it
    reports: tuple[str, ...] = ()  # what senders reported, by their ids, newest last; see `reports`
    assignment: AssignmentState = AssignmentState()
    purge_at: datetime | None = None  # when the clock erases the lead, or takes its tombstone away
    erased_at: datetime | None = None  # since when it is a tombstone, without personal data
    erased_through: int = 0  # the number of the last event of a life that was erased, till they are gone
    told_at: dict[str, datetime] = field(default_factory=dict)  # of values older than the newest push
    permission_at: datetime | None = None  # when somebody last forbade contact, or asked for it
    attended_at: datetime | None = None  # when somebody last called, or closed the lead
    taken_over_at: datetime | None = None  # when a push of it last came from a table or the queue `spill`
    is_imported: bool = False  # so far all its pushes are history: nobody has to call

    def without_setback(self, *kinds: DueKind) -> dict[DueKind, RetryState]:
        """The setbacks but those of work that is done."""
        return {kind: setback for kind, setback in self.setbacks.items() if kind not in kinds}
