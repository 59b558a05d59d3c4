"""Schema of a condition (`when`), and the facts that it may ask for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from shared.mistakes import Mistake, Place
from shared.policy.mistakes import quote, refuse, suggest
from shared.policy.spelling import meant_fact
from shared.typed_json import Rules

RANKS = ("owner", "c_level", "vp", "director", "manager", "professional", "assistant")
DEPARTMENTS = (
    "executive", "it", "engineering", "data", "security", "product", "operations", "finance", "procurement",
    "sales", "marketing", "hr", "legal", "support", "education_research", "other",
)  # fmt: skip
BUYING_ROLES = ("decider", "buyer", "influencer", "user", "gatekeeper")
EMAIL_KINDS = ("corporate", "free", "disposable", "education", "tenant", "test")
PHONE_TYPES = ("fixed_line", "mobile", "fixed_line_or_mobile", "toll_free", "premium_rate", "voip")

KNOWN_FACTS: dict[str, tuple[str, ...] | None] = {
    # from the push
    "action": None,
    "source": None,
    "offer": None,
    "publisher": None,  # the part of the offer before its dot
    "offerTitle": None,
    "note": None,
    "touches": None,  # pushes so far
    "returning": None,  # more than one
    "doNotContact": None,
    "contact.firstName": None,
    "contact.lastName": None,
    "contact.email": None,
    "contact.phone": None,
    "contact.country": None,
    "contact.company": None,
    "contact.title": None,
    # derived by enrichment
    "email.canonical": None,
    "email.valid": None,
    "email.kind": EMAIL_KINDS,
    "email.domain": None,
    "email.roleAccount": None,
    "email.suggestion": None,
    "phone.e164": None,
    "phone.valid": None,
    "phone.type": PHONE_TYPES,
    "country.code": None,
    "country.from": ("pushed", "spelling", "phone", "domain"),
    "company.name": None,
    "company.key": None,
    "company.domain": None,
    "person.rank": RANKS,
    "person.department": DEPARTMENTS,
    "person.buyingRole": BUYING_ROLES,
    "timeZone": None,
    "language": None,
    "localHour": None,
    "noteLength": None,
    "completeness": None,
}
"""By name: the values that a fact can have, None for any. There are also `campaign.<parameter>`, and
facts of providers and CRMs, whose names begin with none of these sections (`industry`, `employees`)."""

FACT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_SECTIONS = {name.partition(".")[0] for name in KNOWN_FACTS if "." in name}
_SCORED = ("grade", "score", "qualified")  # facts of targets and of routing
_OPEN_SECTIONS = ("campaign", "facts")  # any name may follow

DEEPEST = 8  # levels of nested conditions

type Name = Annotated[str, Rules(min_length=1, max_length=64)]
type Text = Annotated[str, Rules(min_length=1, max_length=200)]
type Fact = str | int | float | bool

_ONE_TEST = (
    "must have either `fact` with exactly one of `equals`, `in`, `contains`, `contains_word`, `range`, "
    "`exists`; "
    "or exactly one of `all`, `any`, `not`"
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Condition:
    """One test of one fact, or `all`, `any`, `not` of other conditions.

    Texts are compared without regard to case. An unknown fact passes only `exists = false` and `not`.
    """

    fact: Name | None = None
    equals: Fact | None = None
    in_: tuple[Fact, ...] | None = None
    contains: Text | tuple[Text, ...] | None = None  # the fact's text contains this text, or one of these
    range: tuple[float, float] | None = None  # [least, most], both included; `inf` for no limit
    exists: bool | None = None
    all: tuple["Condition", ...] | None = None
    any: tuple["Condition", ...] | None = None
    not_: "Condition | None" = None
    contains_word: Text | tuple[Text, ...] | None = None  # likewise, as whole words: `intern`, `head of`

    def __post_init__(self) -> None:
        """Refuse a condition without a test, with two, or with one that can never hold."""
        refuse(self._mistakes())

    def _mistakes(self) -> Iterator[Mistake]:
        tests = (self.equals, self.in_, self.contains, self.contains_word, self.range, self.exists)
        of_fact = sum(test is not None for test in tests)
        of_others = sum(test is not None for test in (self.all, self.any, self.not_))
        if (of_fact, of_others) != ((0, 1) if self.fact is None else (1, 0)):
            yield Mistake((), _ONE_TEST)
        for name in ("in_", "contains", "contains_word", "all", "any"):
            if getattr(self, name) == ():
                yield Mistake((name.rstrip("_"),), "must not be empty: an empty list never holds")
        for place, text in _texts("contains_word", self.contains_word):
            if not any(map(str.isalnum, text)):
                yield Mistake(place, "must have a letter or a digit: without one it is no word")
        if self.range is not None and not self.range[0] <= self.range[1]:
            yield Mistake(("range",), "must be [least, most]")
        if self.fact is not None:
            yield from _fact_mistakes(self.fact)
            yield from self._value_mistakes(KNOWN_FACTS.get(self.fact))
        if self.depth() > DEEPEST:
            yield Mistake((), f"must not nest conditions deeper than {DEEPEST}")

    def _value_mistakes(self, values: tuple[str, ...] | None) -> Iterator[Mistake]:
        """Refuse values that the fact can't have; `values`: all that it can have, None for any."""
        if values is None:
            return
        rule = f"must be a value of `{self.fact}`: {', '.join(values)}"
        if self.equals is not None and self.equals not in values:
            yield Mistake(("equals",), rule)
        for number, value in enumerate(self.in_ or ()):
            if value not in values:
                yield Mistake(("in", number), rule)

    def parts(self) -> tuple["Condition", ...]:
        """The conditions directly inside this one."""
        return (*(self.all or ()), *(self.any or ()), *((self.not_,) if self.not_ else ()))

    def depth(self) -> int:
        """Levels of conditions; 1 for a test of a fact."""
        return 1 + max((part.depth() for part in self.parts()), default=0)

    def facts(self) -> Iterator[str]:
        """The names of the facts that it tests, in the order written."""
        if self.fact is not None:
            yield self.fact
        for part in self.parts():
            yield from part.facts()


def _texts(name: str, value: str | tuple[str, ...] | None) -> Iterator[tuple[Place, str]]:
    """The texts of a member that takes one or several, each with its place."""
    if isinstance(value, str):
        yield (name,), value
    else:
        yield from (((name, number), text) for number, text in enumerate(value or ()))


def _fact_mistakes(name: str) -> Iterator[Mistake]:
    if not FACT_NAME.fullmatch(name):
        yield Mistake(("fact",), "must begin with a letter and contain letters, digits, `.`, `_`, `-` only")
    elif name in KNOWN_FACTS:
        return
    elif name.partition(".")[0] in _SECTIONS:
        yield Mistake(("fact",), f"must be a known fact, not `{quote(name)}`{suggest(name, KNOWN_FACTS)}")
    elif meant := meant_fact(name, KNOWN_FACTS, exact=_SCORED, sections=_OPEN_SECTIONS):
        yield Mistake(
            ("fact",),
            f"must be a known fact, not `{quote(name)}`, perhaps `{quote(meant)}`; "
            f"a fact of your own with that name is `facts.{quote(name)}`",
        )
