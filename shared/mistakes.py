"""Mistakes in JSON or TOML that was sent or written: each with its place and its rule, quoting no value.

Reads pydantic's error records as plain data, and doesn't import pydantic: only `typed_json` does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

type Place = tuple[str | int, ...]  # names of members and indexes of items, outermost first; empty: the whole
type ErrorRecord = Mapping[str, Any]  # an item of `ValidationError.errors()`: type, loc, msg, ctx

UNKNOWN_MEMBER = "has a member that is not known"
NOT_JSON = "isn't JSON: {error}"
_UNKNOWN = "unexpected_keyword_argument"
_PREDICATES = ("must ", "is ", "isn't ", "needs ", "lies ", "has ")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong: where it stands, and which rule it breaks. Never quotes the value."""

    place: Place
    rule: str

    def __str__(self) -> str:
        """`follow_up.target` must be ...; or the rule behind a colon, if it is a sentence of its own."""
        if not self.place:
            return self.rule
        colon = "" if self.rule.startswith(_PREDICATES) else ":"
        return f"`{'.'.join(map(str, self.place))}`{colon} {self.rule}"


class Unreadable(ValueError):
    """The text isn't a value of the expected type. Lists every mistake, and quotes no value."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        """With all mistakes, in the order of the type's fields."""
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = tuple(mistakes)


def mistakes_in(errors: Iterable[ErrorRecord], value: Any, *, is_own_file: bool) -> Iterator[Mistake]:
    """One mistake for each place; none for a container that has a mistake inside it.

    Args:
        errors: what pydantic found.
        value: what it read, as JSON's own values; None if that wasn't JSON.
        is_own_file: the text is the operator's own file, so an unknown member is named. The name of one that
            a caller sends may be personal, such as an address: then its object is named instead.
    """
    by_place: dict[Place, list[ErrorRecord]] = {}
    for error in errors:
        if error["type"] not in _ALTERNATIVES:
            place = _place(error["loc"], value)
            is_hidden = error["type"] == _UNKNOWN and not is_own_file
            by_place.setdefault(place[:-1] if is_hidden else place, []).append(error)
    containers = {place[:depth] for place in by_place for depth in range(len(place))}
    for place, at_place in by_place.items():
        if place not in containers or any(error["type"] == _UNKNOWN for error in at_place):
            yield from _mistakes_at(place, at_place, is_named=is_own_file)


def _mistakes_at(place: Place, errors: Sequence[ErrorRecord], *, is_named: bool) -> Iterator[Mistake]:
    """Every mistake that a dataclass's own check (`__post_init__`) found; else one for all union members."""
    cause = errors[0].get("ctx", {}).get("error")
    if isinstance(cause, Unreadable):
        yield from (Mistake((*place, *inner.place), inner.rule) for inner in cause.mistakes)
    else:
        closest = [error for error in errors if error["type"] in _OF_THE_RIGHT_TYPE] or errors
        rules = dict.fromkeys(
            _rule(error["type"], error.get("ctx", {}), error["msg"], is_named) for error in closest
        )
        yield Mistake(place, _join(rules))


def _join(rules: Iterable[str]) -> str:
    """`must be a text or an object`: the rules of a union's members, any of which would do."""
    said = list(rules)
    if _NUMBER in said and _WHOLE_NUMBER in said:
        said.remove(_WHOLE_NUMBER)
    first, *others = said
    return " or ".join((first, *(rule.removeprefix("must be ") for rule in others)))


def _rule(kind: str, context: Mapping[str, Any], message: str, is_named: bool) -> str:
    """The rule in our words, else in pydantic's. The context holds bounds and choices, never the value."""
    if kind == _UNKNOWN:
        return UNKNOWN_MEMBER if not is_named else "is not known"
    if kind in ("enum", "literal_error"):
        return f"must be one of {str(context['expected']).replace(' or ', ', ').replace(chr(39), '')}"
    if "recursion limit" in message:
        return "is nested too deep"
    words = _WORDS.get(kind, message.removeprefix("Value error, ").replace("{", "{{").replace("}", "}}"))
    rule = words.format(**context).replace(" 1 entries", " 1 entry").replace(" 1 characters", " 1 character")
    return rule.replace("an object", "a table") if is_named else rule  # an own file is TOML


_NUMBER, _WHOLE_NUMBER = "must be a number", "must be a whole number"
_DATE, _INSTANT = "must be a date such as 2026-03-02", "must be an instant such as 2026-03-02T09:00:00Z"
_WORDS = {
    "bool_type": "must be true or false",
    "dataclass_exact_type": "must be an object",
    "dataclass_type": "must be an object",
    "date_from_datetime_inexact": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_parsing": _DATE,
    "date_type": _DATE,
    "datetime_from_date_parsing": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_type": _INSTANT,
    "dict_type": "must be an object",
    "finite_number": "must be finite",
    "float_type": _NUMBER,
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_type": _WHOLE_NUMBER,
    "json_invalid": NOT_JSON,
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list",
    "missing": "is missing",
    "missing_argument": "is missing",
    "missing_keyword_only_argument": "is missing",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_type": "must be a text",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "tuple_type": "must be a list",
}


def _place(loc: Place, value: Any) -> Place:
    """The place in the text, without the parts that pydantic adds and the text has no member for."""
    place: list[str | int] = []
    for part in loc:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            if isinstance(part, str) and re.fullmatch(_ADDED, part):
                continue
            value = None
        place.append(part)
    return tuple(place)


# Parts that pydantic adds to a place: the name of a union's alternative, a mark for the key of a dict.
_ADDED = r"(str|int|float|bool|none|constrained-\w+|[\w-]+\[.*\]|\[key\])"
_ALTERNATIVES = ("needs_python_object", "is_instance_of")  # of a union, which no JSON can match
_OF_THE_RIGHT_TYPE = ("string_too_long", "string_too_short", "too_long", "too_short", "value_error")
