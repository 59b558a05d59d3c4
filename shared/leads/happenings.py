"""What happened to a lead, and where the lead stands after it: values that are stored with the lead."""

import enum
from dataclasses import dataclass
from datetime import datetime

from shared.leads.follow_up import FollowUpState
from shared.leads.json_form import ABSENT, Absent, OmitsDefaults


class HappeningKind(enum.StrEnum):
    """Kinds of happenings, in the order in which those of one instant count."""

    PUSH = "push"
    PLANNED_CONTACT = "planned_contact"  # a planned contact fell due
    FOLLOW_UP = "follow_up"
    CONSENT = "consent"
    STATUS = "status"
    OWNER = "owner"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Happening(OmitsDefaults):
    """Something that happened to a lead, at its own instant, whenever it was told."""

    what: HappeningKind
    at: datetime  # aware UTC
    told_at_once: bool = False  # it was done then: it counts after all that was known of that instant
    test: bool = False  # a push: sent by Partner Center's tests
    asks: bool = False  # a push: a call is owed for it
    wants_contact: bool = False  # a push: the customer asks to be contacted
    history: bool = False  # a push: from before the desk
    forbids: bool | None = None  # a push, a consent: contact is forbidden, or allowed; None: says neither
    status: str | None = None
    reason: str | None = None  # of the status
    attempts_needed: int = 0  # follow-ups without which the status is illegal
    owner: str | None = None  # by hand; None: nobody
    team: str | None = None  # of the owner
    next_contact_at: datetime | None = None  # aware UTC; a follow-up: as its reporter planned it


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Standing(OmitsDefaults):
    """Where a lead stands after its happenings. Times are aware UTC; each `..._at` is of the latest."""

    status: str = "new"
    close_reason: str | None = None
    status_at: datetime | None = None
    is_forbidden: bool = False  # to contact the customer
    consent_at: datetime | None = None
    owner: str | Absent | None = ABSENT  # set by hand; ABSENT: nobody was
    team: str | None = None
    owner_at: datetime | None = None
    follow_up: FollowUpState = FollowUpState.NONE  # never `missed`: only the clock can tell
    began_at: datetime | None = None  # of the open cycle, else of the last one
    asked_at: datetime | None = None  # when a push last asked for a call
    attended_at: datetime | None = None  # when the customer was last called, or the lead closed
    first_at: datetime | None = None  # the first follow-up that counted
    attempts: int = 0  # follow-ups since the last push
    last_follow_up: Happening | None = None  # the last that counted: it may plan the next contact
    is_history: bool = True  # every push so far is from before the desk


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Timeline(OmitsDefaults):
    """The latest happenings of a lead, in order of happening, and where it stood before them."""

    base: Standing = Standing()
    base_at: datetime | None = None  # aware UTC, of the last happening in the base; None: the base is empty
    happenings: tuple[Happening, ...] = ()
