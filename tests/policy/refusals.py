"""Policies that are refused, and what is said of them."""

import re

import pytest

from shared.policy.load import InvalidPolicy, parse_policy


def refusal(text: str) -> InvalidPolicy:
    """The error of a policy that is refused."""
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy(text)
    return refused.value


def lines(text: str) -> list[str]:
    """Its mistakes, a line each."""
    return [str(mistake) for mistake in refusal(text).mistakes]


def places(text: str) -> list[str]:
    """The places of its mistakes, with dots between their parts."""
    return [".".join(map(str, mistake.place)) for mistake in refusal(text).mistakes]


def expect_mistake(text: str, place: str, rule: str) -> None:
    """One mistake, at this place; `rule` is a pattern that its words begin with."""
    (line,) = lines(text)
    assert places(text) == [place]
    subject = f"`{place}` " if place else "the file "
    assert subject in line
    assert re.search(rule, line.partition(subject)[2])
