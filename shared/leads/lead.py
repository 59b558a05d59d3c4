"""The lead, the only truth; every index row follows from it."""

import enum
from datetime import datetime

from msgspec import Struct, field

from shared.enrichment.facts import Enrichment
from shared.follow_up.state import FollowUp
from shared.marketplace.push import Contact, RawPush
from shared.scoring.interaction import Interaction
from shared.scoring.score import Score


class LeadStatus(enum.StrEnum):
    """The life of a lead; the last three close it."""

    NEW = "new"
    CONTACTED = "contacted"
    NURTURING = "nurturing"
    QUALIFIED = "qualified"
    WON = "won"
    LOST = "lost"
    DISQUALIFIED = "disqualified"

    @property
    def is_open(self) -> bool:
        """There is still something to do."""
        return self not in CLOSED


CLOSED = (LeadStatus.WON, LeadStatus.LOST, LeadStatus.DISQUALIFIED)


class CloseReason(enum.StrEnum):
    """Why a lead was lost or disqualified: the eight codes of Partner Center's referrals."""

    BUDGET = "budget"
    NO_RESPONSE = "no_response"
    OTHER_VENDOR = "other_vendor"
    REQUIREMENT_UNMET = "requirement_unmet"
    NOT_A_CUSTOMER = "not_a_customer"
    TIMELINE_TOO_SHORT = "timeline_too_short"
    ABUSE = "abuse"  # spam and phishing too
    OTHER = "other"


class Milestone(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Something that a lead reaches once."""

    what: str
    at: datetime  # aware UTC
    by: str | None = None


class SeenPush(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The trace of a push, to know a repeat by."""

    digest: str
    at: datetime  # aware UTC


class Setback(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
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
    PARKED = "parked"


ALARMS = (DueKind.DUE_SOON, DueKind.FOLLOW_UP, DueKind.ESCALATE, DueKind.NEXT_CONTACT)


class Assignment(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
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
    setbacks: dict[DueKind, Setback] = field(default_factory=dict)
    cycle_began_at: datetime | None = None  # of the follow-up cycle: what was done before doesn't end it
    reports: tuple[str, ...] = ()  # what senders reported, by their ids, newest last; see `reports`
    assignment: Assignment = Assignment()
    told_at: dict[str, datetime] = field(default_factory=dict)  # of values older than the newest push
    permission_at: datetime | None = None  # when somebody last forbade contact, or asked for it
    attended_at: datetime | None = None  # when somebody last called, or closed the lead
    taken_over_at: datetime | None = None  # when a push of it last came from a table or the queue `spill`
    is_imported: bool = False  # so far all its pushes are history: nobody has to call

    def without_setback(self, *kinds: DueKind) -> dict[DueKind, Setback]:
        """The setbacks but those of work that is done."""
        return {kind: setback for kind, setback in self.setbacks.items() if kind not in kinds}


class Lead(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One person's interest in one offer. Times are aware UTC."""

    id: str
    offer: str | None
    offer_title: str | None
    source: str | None
    action: str | None
    status: LeadStatus = LeadStatus.NEW
    close_reason: CloseReason | None = None  # of a lead that is lost or disqualified
    test: bool
    do_not_contact: bool
    contact: Contact
    note: str | None
    campaign: dict[str, str]
    received_at: datetime
    last_touch_at: datetime
    touches: int = 1
    enrichment: Enrichment = Enrichment()
    score: Score | None = None
    follow_up: FollowUp = FollowUp()
    owner: str | None = None
    team: str | None = None
    owner_because: str | None = None  # why it is theirs
    milestones: tuple[Milestone, ...] = ()
    raw: RawPush
    bookkeeping: Bookkeeping = Bookkeeping()

    @property
    def awaits_score(self) -> bool:
        """Something came in that no score has seen. Test leads are never scored."""
        return self.score_due_since is not None

    @property
    def score_due_since(self) -> datetime | None:
        """Since when a score is owed, aware UTC; None if none is."""
        if self.test:
            return None
        if self.bookkeeping.touches_scored < self.touches:
            return max(self.last_touch_at, self.bookkeeping.taken_over_at or self.last_touch_at)
        return self.bookkeeping.score_asked_at
