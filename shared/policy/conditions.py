"""What a rule asks of the facts, and which facts there are."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

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
    # what the push says
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
    # what follows from it
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
"""By name: the values it can have, None for any. `campaign.<parameter>` comes on top, and what providers and
CRMs tell: names without one of our prefixes (`industry`, `employees`)."""

FACT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_OURS = {name.partition(".")[0] for name in KNOWN_FACTS if "." in name}


def expect_fact(name: str) -> None:
    """Refuse a name that no fact can have.

    Raises:
        ValueError: says the nearest name that exists.
    """
    if not FACT_NAME.fullmatch(name):
        raise ValueError("`fact` must begin with a letter and hold letters, digits, `.`, `_`, `-`")
    if name not in KNOWN_FACTS and name.partition(".")[0] in _OURS:
        raise ValueError(f"there is no fact `{name}`{_nearest(name, KNOWN_FACTS)}")


def expect_value(name: str, value: object) -> None:
    """Refuse a value that the fact never has.

    Raises:
        ValueError: says what it can be.
    """
    values = KNOWN_FACTS.get(name)
    if values and value not in values:
        raise ValueError(f"`{name}` is never that: it is one of {', '.join(values)}")


def expect_interaction(name: str, known: tuple[str, ...]) -> None:
    """Refuse a type of interaction that the policy doesn't list.

    Raises:
        ValueError: says the nearest one that it lists.
    """
    if name not in known:
        raise ValueError(
            f"`interactions` doesn't list `{name}`{_nearest(name, known)}: add it there if it is meant"
        )


def _nearest(name: str, known: object) -> str:
    found = difflib.get_close_matches(name, [str(one) for one in known], 1, 0.75)  # type: ignore[attr-defined]
    return f", perhaps `{found[0]}`" if found else ""


DEEPEST = 8  # conditions within conditions

type Name = Annotated[str, Rules(min_length=1, max_length=64)]
type Text = Annotated[str, Rules(min_length=1, max_length=200)]
type Fact = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One test of one fact, or `all`, `any`, `not` of other conditions.

    Texts are compared without regard to case. A fact that isn't known passes only `exists = false` and `not`.
    """

    fact: Name | None = None
    equals: Fact | None = None
    in_: tuple[Fact, ...] | None = None
    contains: Text | tuple[Text, ...] | None = None  # the fact's text holds it, or one of them
    range: tuple[float, float] | None = None  # both ends belong to it; `inf` for no end
    exists: bool | None = None
    all: tuple["Condition", ...] | None = None
    any: tuple["Condition", ...] | None = None
    not_: "Condition | None" = None

    def __post_init__(self) -> None:
        """Refuse a condition without a test, with two, or with one that can never hold."""
        tests = (self.equals, self.in_, self.contains, self.range, self.exists)
        of_fact = sum(test is not None for test in tests)
        of_others = sum(test is not None for test in (self.all, self.any, self.not_))
        if (of_fact, of_others) != ((0, 1) if self.fact is None else (1, 0)):
            raise ValueError(
                "needs either `fact` with exactly one of `equals`, `in`, `contains`, `range`, `exists`; "
                "or exactly one of `all`, `any`, `not`"
            )
        if () in (self.in_, self.contains, self.all, self.any):
            raise ValueError("an empty list never holds")
        if self.range is not None and not self.range[0] <= self.range[1]:
            raise ValueError("`range` must be [least, most]")
        if self.fact is not None:
            expect_fact(self.fact)
            for value in (self.in_ or ()) if self.equals is None else (self.equals,):
                expect_value(self.fact, value)
        if self.depth() > DEEPEST:
            raise ValueError(f"conditions are nested deeper than {DEEPEST}")

    def parts(self) -> tuple["Condition", ...]:
        """The conditions right within this one."""
        return (*(self.all or ()), *(self.any or ()), *((self.not_,) if self.not_ else ()))

    def depth(self) -> int:
        """1 for a test of a fact."""
        return 1 + max((part.depth() for part in self.parts()), default=0)

    def facts(self) -> Iterator[str]:
        """The names it asks for, in the order written."""
        if self.fact is not None:
            yield self.fact
        for part in self.parts():
            yield from part.facts()
