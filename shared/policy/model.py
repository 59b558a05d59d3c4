"""Schema of the whole `policy.toml`, and of its short tables: `[clock]`, `[retention]`, `[offers]`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from shared.leads.retries import Backoff
from shared.marketplace.offer import slugify
from shared.marketplace.words import Words, fold_word, known_action, known_source
from shared.mistakes import Mistake, Place
from shared.policy.calendars import CalendarPolicy
from shared.policy.conditions import Name, Text
from shared.policy.duration import Duration
from shared.policy.follow_up import FollowUpPolicy, NurturePolicy
from shared.policy.mistakes import list_names, quote, refuse
from shared.policy.routing import RoutingPolicy
from shared.policy.scoring import ScoringPolicy
from shared.typed_json import Rules

MOST_ATTEMPTS = 100
LONGEST_PAUSE = timedelta(days=1)  # how far ahead health looks for work that waits for a retry


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ClockPolicy:
    """Schema of `[clock]`: failed due work is retried with exponential back-off, then parked."""

    attempts: Annotated[int, Rules(ge=1, le=MOST_ATTEMPTS)] = 8  # failures of one kind of work on one lead
    first_pause: Duration = Duration(minutes=1)  # each pause is twice as long as the one before
    longest_pause: Duration = Duration(hours=1)

    def __post_init__(self) -> None:
        """Refuse a longest pause below the first pause, or beyond what health looks ahead."""
        refuse(self._mistakes())

    def _mistakes(self) -> Iterator[Mistake]:
        if self.first_pause > self.longest_pause:
            yield Mistake(("first_pause",), "must not be longer than `longest_pause`")
        if self.longest_pause > LONGEST_PAUSE:
            yield Mistake(("longest_pause",), "must not be longer than 1d")

    @property
    def backoff(self) -> Backoff:
        """The back-off of due work."""
        return Backoff(self.first_pause, self.longest_pause, self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RetentionPolicy:
    """Schema of `[retention]`: counted from the last touch, interaction, follow-up or closure."""

    leads_after: Duration | None = None  # closed and do-not-contact leads; None: never erased
    open_leads_after: Duration | None = None  # all others; None: never erased


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Offer:
    """Schema of an offer of `[offers]`."""

    titles: tuple[str, ...] = ()  # that Microsoft shows for it


type Spellings = Annotated[tuple[Text, ...], Rules(max_length=100)]
type Names = Annotated[dict[Name, Spellings], Rules(max_length=100)]  # of sources, of actions: other words


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Policy:
    """Schema of the whole file."""

    follow_up: FollowUpPolicy
    nurture: NurturePolicy = NurturePolicy()
    routing: RoutingPolicy = RoutingPolicy()
    retention: RetentionPolicy = RetentionPolicy()
    calendars: dict[Name, CalendarPolicy] = field(default_factory=dict)
    offers: dict[str, Offer]
    sources: Names = field(default_factory=dict)
    actions: Names = field(default_factory=dict)
    clock: ClockPolicy = ClockPolicy()
    scoring: ScoringPolicy

    def __post_init__(self) -> None:
        """Refuse an unknown calendar, a title of two offers, and a word of two sources or actions."""
        words = (
            *_word_mistakes("sources", self.sources, known_source),
            *_word_mistakes("actions", self.actions, known_action),
        )
        refuse([*self._calendar_mistakes(), *self._offer_mistakes(), *words])

    def _calendar_mistakes(self) -> Iterator[Mistake]:
        follow_up: Place = ("follow_up", "calendar")
        for place, name in ((follow_up, self.follow_up.calendar), *self.routing.calendars()):
            if name is not None and name not in self.calendars:
                known = list_names(self.calendars)
                yield Mistake(place, f"must be a calendar, not `{quote(name)}`; calendars: {known}")

    def _offer_mistakes(self) -> Iterator[Mistake]:
        offer_of: dict[str, str] = {}
        for id_, offer in self.offers.items():
            if not id_.strip():
                yield Mistake(("offers", id_), "must have an id")
            for number, title in enumerate(offer.titles):
                if (first := offer_of.setdefault(slugify(title), id_)) != id_:
                    rule = f"must not be a title of `{quote(first)}` too: `{quote(title)}`"
                    yield Mistake(("offers", id_, "titles", number), rule)

    @property
    def contacts_before_no_response(self) -> int:
        """Follow-ups needed since the customer's last push before `no_response` may close a lead."""
        return self.nurture.attempts

    def team_of(self, owner: str | None, *, first: str | None = None) -> str | None:
        """The team of an owner: `first` if they are a member, else the first they are in, else None."""
        return self.routing.team_of(owner, first)

    def calendar_for(self, owner: str | None, team: str | None) -> CalendarPolicy | None:
        """The owner's calendar, else the team's, else that of `[follow_up]`; None: every hour counts."""
        of_owner = self.routing.owner(owner).calendar if owner is not None else None
        of_team = self.routing.teams[team].calendar if team in self.routing.teams else None
        name = of_owner or of_team or self.follow_up.calendar
        return None if name is None else self.calendars[name]

    @property
    def words(self) -> Words:
        """The words for sources and actions, each name among its own."""
        return Words(_by_word(self.sources), _by_word(self.actions))


def _by_word(names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {fold_word(text): name for name, texts in names.items() for text in (name, *texts)}


def _word_mistakes(
    table: str, names: Mapping[str, tuple[str, ...]], known: Callable[[str], str | None]
) -> Iterator[Mistake]:
    """Refuse words of two names, and words that the desk knows by another name: `DNC` stays that."""
    name_of: dict[str, str] = {}
    for name, texts in names.items():
        written = [((table, name), name), *(((table, name, nr), text) for nr, text in enumerate(texts))]
        for place, text in written:
            word, meant = fold_word(text), known(text)
            if not word:
                yield Mistake(place, "must have a letter or a digit")
            elif meant is not None and meant != name:
                yield Mistake(place, f"is known as `{meant}`, and must not be `{quote(name)}`")
            elif (first := name_of.setdefault(word, name)) != name:
                yield Mistake(place, f"must not stand for `{quote(first)}` too: `{quote(text)}`")
