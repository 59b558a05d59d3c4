"""What the bodies of callers are made of. Errors name the field and the rule, never the value."""

import codecs
import enum
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from functions.http import InvalidRequest, RequestTooLarge
from shared.leads.identity import LEAD_ID
from shared.scoring.facts import flattened

MAX_BODY = 64 * 1024  # bytes
LONGEST_TEXT = 200  # characters
FACTS_TAKEN = 200  # in one body

END = r"(?!\n)$"  # without it Python takes one more newline, other readers of the pattern don't

type ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]
type LongText = Annotated[str, msgspec.Meta(max_length=10_000)]
type Instant = Annotated[datetime, msgspec.Meta(tz=True)]
type Name = Annotated[ShortText, msgspec.Meta(extra_json_schema={"pattern": r"\S"})]
type Type = Annotated[str, msgspec.Meta(pattern=f"^[a-z][a-z0-9_]{{0,63}}{END}")]
type Address = Annotated[
    str, msgspec.Meta(min_length=3, max_length=1000, extra_json_schema={"pattern": r"\S\s*@\s*\S"})
]
type LeadId = Annotated[str, msgspec.Meta(pattern=f"^{LEAD_ID.pattern}{END}")]


def one_of[Choice: enum.StrEnum](choices: type[Choice], text: str, name: str) -> Choice:
    """The library would quote a text that is none of them."""
    if text not in set(choices):
        raise InvalidRequest(f"`{name}` must be one of {', '.join(choices)}.")
    return choices(text)


def facts_of(facts: dict[str, Any], what: str = "preview") -> dict[str, Any]:
    """By name, nested objects joined by dots: `{"person": {"rank": "vp"}}` is `person.rank`."""
    try:
        found = flattened(facts)
    except RecursionError as exc:
        raise InvalidRequest(f"The body is no {what}: `facts` is nested too deep.") from exc
    if not all(isinstance(value, str | int | float | bool | None) for value in found.values()):
        raise InvalidRequest(f"The body is no {what}: `facts` must be texts, numbers, true or false.")
    return {name: value for name, value in found.items() if value is not None}


def utc(at: datetime | None, what: str) -> datetime | None:
    """The instant in UTC."""
    try:
        return at.astimezone(UTC) if at else None
    except OverflowError as exc:
        raise InvalidRequest(f"The body is no {what}: a time lies beyond the calendar.") from exc


def read_body[Body](body: bytes, type_: type[Body], what: str, most: int = MAX_BODY) -> Body:
    """The body as what it should be, with or without a byte order mark; raises InvalidRequest."""
    if len(body) > most:
        raise RequestTooLarge(f"The body has {len(body)} bytes; at most {most} are taken.")
    try:
        return msgspec.json.decode(body.removeprefix(codecs.BOM_UTF8), type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise InvalidRequest(f"The body is no {what}: {exc}.") from exc
    except RecursionError as exc:
        raise InvalidRequest(f"The body is no {what}: it is nested too deep.") from exc
