"""Compile the conditions of a policy to functions of facts."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from shared.policy.conditions import Condition

type Facts = Mapping[str, Any]
type Holds = Callable[[Facts], bool]


def compile_condition(condition: Condition) -> Holds:  # noqa: PLR0911 - one kind of test a line
    """Compile a condition to a function of facts.

    Texts are compared without regard to case; a boolean isn't a number. A text that writes a number, or
    true or false, counts as that where the policy asks for one: HubSpot and Salesforce send every property as
    a text. An unknown fact, or a value that is neither text, number nor boolean, passes only `exists = false`
    and `not`.
    """
    name = condition.fact or ""
    if condition.all is not None:
        return _all(tuple(compile_condition(part) for part in condition.all))
    if condition.any is not None:
        return _any(tuple(compile_condition(part) for part in condition.any))
    if condition.not_ is not None:
        return _not(compile_condition(condition.not_))
    if condition.exists is not None:
        return _exists(name, condition.exists)
    if condition.contains is not None:
        return _contains(name, condition.contains)
    if condition.contains_word is not None:
        return _contains_word(name, condition.contains_word)
    if condition.range is not None:
        return _range(name, *condition.range)
    return _equals(name, condition.in_ or (condition.equals,))


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether facts meet a condition."""
    return compile_condition(condition)(facts)


def _all(parts: tuple[Holds, ...]) -> Holds:
    return lambda facts: all(part(facts) for part in parts)


def _any(parts: tuple[Holds, ...]) -> Holds:
    return lambda facts: any(part(facts) for part in parts)


def _not(part: Holds) -> Holds:
    return lambda facts: not part(facts)


def _exists(name: str, is_wanted: bool) -> Holds:
    return lambda facts: (facts.get(name) is not None) is is_wanted


def _equals(name: str, wanted: tuple[Any, ...]) -> Holds:
    keys = frozenset(_key(value) for value in wanted)
    texts = frozenset(key for key in keys if isinstance(key, str))
    others = keys - texts

    def holds(facts: Facts) -> bool:
        value = facts.get(name)
        if isinstance(value, str):
            is_text = value in texts or value.casefold() in texts
            return is_text or (bool(others) and _key(_meant(value)) in others)
        return value is not None and _key(value) in keys

    return holds


def _contains(name: str, wanted: str | tuple[str, ...]) -> Holds:
    texts = tuple(text.casefold() for text in ((wanted,) if isinstance(wanted, str) else wanted))

    def holds(facts: Facts) -> bool:
        value = facts.get(name)
        if not isinstance(value, str):
            return False
        folded = value.casefold()
        return any(text in folded for text in texts)

    return holds


def _contains_word(name: str, wanted: str | tuple[str, ...]) -> Holds:
    """A word ends where neither a letter, a digit, `_` nor a mark follows: `intern` is in `intern, sales`."""
    texts = [_folded(text) for text in ((wanted,) if isinstance(wanted, str) else wanted)]
    words = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in texts))

    def holds(facts: Facts) -> bool:
        value = facts.get(name)
        return isinstance(value, str) and words.search(_folded(value)) is not None

    return holds


def _folded(text: str) -> str:
    """A text without case, its letters with their marks in one piece."""
    return text.casefold() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def _range(name: str, least: float, most: float) -> Holds:
    def holds(facts: Facts) -> bool:
        value = facts.get(name)
        value = _meant(value) if isinstance(value, str) else value
        return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most

    return holds


_NUMBER = r"\s*[+-]?\d{1,15}(?:\.\d{1,15})?\s*"
_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}


def _meant(text: str) -> bool | float | None:
    """The number or boolean that a text writes, else None."""
    if re.fullmatch(_NUMBER, text, re.ASCII):
        return float(text)
    return _BOOLEANS.get(text.strip().casefold())


def _key(value: Any) -> Any:
    """The key by which two values are equal; the empty tuple for a value that equals none."""
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, bool | int | float):
        return (isinstance(value, bool), value)
    return ()
