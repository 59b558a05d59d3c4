"""The judge: what must have become of a lead, worked out from what was told and from nothing else.

It shares no code with the desk. It puts what happened in the order in which it happened, by the instants
told, follows it with a few plain rules, and compares: the points of every score, the alarms, and where the
lead stands in the end.
"""

import enum
from collections.abc import Iterator, Sequence
from copy import replace
from dataclasses import dataclass
from datetime import datetime, timedelta

TARGET = timedelta(minutes=20)  # from the push that asks for a call to the deadline, by the witness's policy
WARNING = timedelta(minutes=5)  # before it
LATEST_ALARM = timedelta(minutes=10)  # after it: a tick a minute, clocks a minute off, and a failure or two
POINTS_OF_COMPANY, POINTS_OF_SOFTWARE = 42, 6  # by the witness's policy, as are a point a push and a visit


class Verdict(enum.StrEnum):
    """What may be wrong."""

    UNCOUNTED = "scores that don't count what was told before them"
    MISSING = "alarms missing"
    FALSE = "alarms false"
    PERMISSION = "permission to contact wrong"
    STATUS = "status wrong"
    FOLLOW_UP = "state of the follow-up wrong"
    OWNER = "owner wrong"
    INSTANT = "instants that nobody told"
    BACKWARDS = "times that run backwards"


class Kind(enum.IntEnum):
    """What can happen, in the order in which things of one instant count."""

    PUSH = 0
    CALL = 1
    CONSENT = 2
    STATUS = 3
    OWNER = 4
    FACT = 5
    VISIT = 6


TIMELINE = (Kind.PUSH, Kind.CALL, Kind.CONSENT, Kind.STATUS, Kind.OWNER)


@dataclass(frozen=True)
class Happened:
    """One thing that happened to a lead."""

    kind: Kind
    at: datetime  # aware UTC, as told
    known_at: int = 0  # the number of the lead's last event when it was stored
    value: str | None = None  # status, owner, industry
    asks: bool = False  # for a call
    forbids: bool | None = None  # contact; None: says neither
    is_history: bool = False  # a push from before the desk
    is_direct: bool = False  # a push whose sender waited
    is_silent: bool = False  # no event tells it: it said what was so already
    is_last: bool = False  # of its instant: it was done then, after all that was known

    @property
    def counts(self) -> bool:
        """It gives a point."""
        return self.kind is Kind.VISIT or (self.kind is Kind.PUSH and not self.is_last)


@dataclass(frozen=True)
class Told:
    """An event as a subscriber reads it, as far as the judge looks."""

    number: int
    type: str
    time: datetime
    total: int | None = None  # of a score
    level: int | None = None  # of an alarm
    due_at: datetime | None = None  # of an alarm


@dataclass(frozen=True)
class End:
    """Where the desk says that the lead stands, long after every deadline."""

    status: str
    is_forbidden: bool
    follow_up: str
    owner: str | None


@dataclass
class Standing:
    """Where a lead stands after what happened."""

    status: str = "new"
    is_forbidden: bool = False
    call: str = "none"  # or open, done
    began_at: datetime | None = None
    owner: str | None = None  # by hand, since contact was last forbidden
    is_history: bool = True

    @property
    def owed_since(self) -> datetime | None:
        """When the customer began to wait for a call; None: they don't."""
        return self.began_at if self.call == "open" else None

    def follow(self, one: Happened) -> None:
        """One thing more happens."""
        match one.kind:
            case Kind.PUSH:
                self._push(one)
            case Kind.CALL:
                self.status = "contacted" if self.status == "new" else self.status
                if self.call != "none" or (self.is_history and self.status != "lost"):
                    self.call = "done"
            case Kind.CONSENT:
                self._permit(one, opens=self.is_forbidden and self.status != "lost")
            case Kind.STATUS if one.value == "lost":
                self.status, self.call = "lost", "none"
            case Kind.STATUS:
                if self.status == "lost" and not self.is_forbidden:
                    self._open(one.at)
                self.status = one.value or self.status
            case Kind.OWNER if not self.is_forbidden:
                self.owner = one.value

    def _push(self, push: Happened) -> None:
        self.is_history = self.is_history and push.is_history
        if push.forbids is not None:
            self._permit(push, opens=False)
        if push.asks and not self.is_forbidden:
            self.status = "new" if self.status == "lost" else self.status
            self._open(push.at)

    def _permit(self, one: Happened, *, opens: bool) -> None:
        self.is_forbidden = bool(one.forbids)
        if self.is_forbidden:
            self.call, self.owner = "none", None
        elif opens:
            self._open(one.at)

    def _open(self, at: datetime) -> None:
        if self.call != "open":
            self.call, self.began_at = "open", at


@dataclass(frozen=True)
class Case:
    """One lead: what was told about it, what its history says, and where it is said to stand."""

    happened: Sequence[Happened]
    events: Sequence[Told]
    end: End

    def judged(self) -> list[tuple[Verdict, str]]:
        """Everything that is wrong, with a few words."""
        alarms = (*self._false_alarms(), *self._missing_alarms())
        return [*self._backwards(), *self._uncounted(), *alarms, *self._end()]

    def standing(self, known: Sequence[Happened]) -> Standing:
        """Where the lead stands by what is known, in the order in which it happened."""
        standing = Standing()
        for one in sorted(known, key=_order):
            standing.follow(one)
        return standing

    def _before(self, number: int) -> list[Happened]:
        """What was known when the event with this number was written."""
        return [one for one in self.happened if one.known_at < number]

    def _backwards(self) -> Iterator[tuple[Verdict, str]]:
        for one, following in zip(self.events, self.events[1:], strict=False):
            if following.time < one.time:
                yield Verdict.BACKWARDS, f"event {following.number} is before event {one.number}"

    def _uncounted(self) -> Iterator[tuple[Verdict, str]]:
        """A score counts what the lead had when it was written: all of it, and each thing once."""
        for score in self.events:
            if score.total is None:
                continue
            known = self._before(score.number)
            counted = [one for one in known if one.counts]
            facts = sorted((one for one in known if one.kind is Kind.FACT), key=_order)
            is_software = bool(facts) and facts[-1].value == "software"
            points = POINTS_OF_COMPANY + len(counted) + (POINTS_OF_SOFTWARE if is_software else 0)
            if score.total != points:
                yield Verdict.UNCOUNTED, f"event {score.number} says {score.total} points, it is {points}"
            if any(one.at > score.time for one in counted):
                yield Verdict.UNCOUNTED, f"event {score.number} is older than what it counts"

    def _false_alarms(self) -> Iterator[tuple[Verdict, str]]:
        """A warning or a miss of a call that isn't owed, by what was known, or not yet."""
        for event in self.events:
            if event.due_at is None or event.level not in (0, 1):
                continue
            standing = self.standing(self._before(event.number))
            allowed_at = event.due_at - (WARNING if event.level == 0 else timedelta())
            if standing.owed_since is None:
                yield Verdict.FALSE, f"event {event.number}: no call was owed"
            elif event.due_at != standing.owed_since + TARGET or event.time < allowed_at:
                yield Verdict.FALSE, f"event {event.number}: due at {standing.owed_since + TARGET}"

    def _missing_alarms(self) -> Iterator[tuple[Verdict, str]]:
        """A call that is owed, by what is known after an event, long after the deadline, and not flagged."""
        owed: datetime | None = None
        owed_known_at: datetime | None = None
        flagged: datetime | None = None  # the miss of a call that has been owed since then
        for event, following in zip(self.events, [*self.events[1:], None], strict=True):
            known = self._before(event.number + 1)
            loud = [one for one in known if not one.is_silent or one.known_at < event.number]
            since = self.standing(loud).owed_since
            if since != owed:
                owed, owed_known_at = since, event.time
            if event.level == 1:
                flagged = since
            if flagged is not None and (since is None or since > flagged):
                flagged = None
            if since is None or owed_known_at is None or self.standing(known).owed_since != since:
                continue
            latest = max(since + TARGET, owed_known_at) + LATEST_ALARM
            if flagged is None and (following is None or following.time > latest):
                yield Verdict.MISSING, f"after event {event.number}: due at {since + TARGET}"

    def _end(self) -> Iterator[tuple[Verdict, str]]:
        standing, end = self.standing(self.happened), self.end
        if end.is_forbidden != standing.is_forbidden:
            yield Verdict.PERMISSION, f"forbidden: {end.is_forbidden}"
        if end.status != standing.status:
            yield Verdict.STATUS, f"{end.status}, it is {standing.status}"
        follow_up = "missed" if standing.call == "open" else standing.call
        if end.follow_up != follow_up:
            yield Verdict.FOLLOW_UP, f"{end.follow_up}, it is {follow_up}"
        if standing.owner is not None and end.owner != standing.owner:
            yield Verdict.OWNER, f"{end.owner}, it is {standing.owner}"


def asked_directly(happened: Sequence[Happened]) -> list[Happened]:
    """What happened, with what is owed to senders who waited: they pushed just now, so nobody has answered.

    A call or a closure that was known, and seems to be later, was told by a clock that is ahead.
    """
    following: list[Happened] = []
    for push in happened:
        known = [one for one in happened if one.known_at < push.known_at and one.kind in TIMELINE]
        answers = [one for one in known if one.kind is Kind.CALL or one.value == "lost"]
        if push.kind is Kind.PUSH and push.is_direct and any(one.at >= push.at for one in answers):
            now = max(one.at for one in known)
            following.append(replace(push, asks=False))
            following.append(replace(push, at=now, forbids=None, is_last=True))
        else:
            following.append(push)
    return following


def _order(one: Happened) -> tuple[datetime, bool, int, bool, int, int]:
    """In order of happening; of what is told of one instant, what forbids contact comes last."""
    told_then = one.known_at if one.is_last else 0
    return (one.at, one.is_last, told_then, bool(one.forbids), one.kind, one.known_at)
