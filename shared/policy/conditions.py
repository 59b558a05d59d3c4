"""What a rule asks of the facts."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct, field

from shared.policy.facts import expect_fact, expect_value

DEEPEST = 8  # conditions within conditions

type Name = Annotated[str, Meta(min_length=1, max_length=64)]
type Text = Annotated[str, Meta(min_length=1, max_length=200)]
type Fact = str | int | float | bool


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One test of one fact, or `all`, `any`, `not` of other conditions.

    Texts are compared without regard to case. A fact that isn't known passes only `exists = false` and `not`.
    """

    fact: Name | None = None
    equals: Fact | None = None
    in_: tuple[Fact, ...] | None = field(default=None, name="in")
    contains: Text | tuple[Text, ...] | None = None  # the fact's text holds it, or one of them
    range: tuple[float, float] | None = None  # both ends belong to it; `inf` for no end
    exists: bool | None = None
    all: tuple["Condition", ...] | None = None
    any: tuple["Condition", ...] | None = None
    not_: "Condition | None" = field(default=None, name="not")

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
