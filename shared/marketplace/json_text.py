"""Read JSON from untrusted senders: bounded in size and depth, and always storable."""

import json
import math
from dataclasses import dataclass
from typing import Any

from shared.leads.push import is_blank

MAX_DEPTH = 16  # levels; the deepest known push has two
MAX_VALUES = 2000  # members and items; the largest known push has 20; 10,000 take 80 ms


class UnreadableJson(ValueError):
    """The text isn't JSON, or is beyond the bounds. Says what and where, and quotes nothing of the text."""


def read_json(text: str, levels: int = MAX_DEPTH, values: int = MAX_VALUES) -> Any:
    """Parse JSON; strings have no lone surrogates, and numbers are finite.

    A lone surrogate (`"\\ud800"`) can't be encoded or stored, so U+FFFD replaces it. A number that overflows
    becomes text.

    Raises:
        UnreadableJson: not JSON, nested deeper than `levels`, or more than `values` members and items.
    """
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=str)
    except json.JSONDecodeError as exc:
        raise UnreadableJson(f"it isn't JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}") from exc
    except (ValueError, RecursionError) as exc:
        raise UnreadableJson("it is nested too deep, or has a number that is too long") from exc
    return _storable(value, 1, _Bounds(levels, values))


def read_json_object(text: str) -> dict[str, Any] | None:
    """Parse a JSON object; None if the text is anything else."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = read_json(text)
    except UnreadableJson:
        return None
    return value if isinstance(value, dict) else None


def as_text(value: Any) -> str:
    """A JSON value as the text a person would expect: strings bare, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def trim(value: Any) -> str | None:
    """A JSON value as trimmed text; None if blank, as an object without a filled member is."""
    if isinstance(value, str):
        return value.strip() or None
    return None if is_blank(value) else as_text(value)


def _finite(number: str) -> float | str:
    value = float(number)
    return value if math.isfinite(value) else number


@dataclass(slots=True)
class _Bounds:
    """The bounds of a JSON value, and how many values were counted so far."""

    levels: int
    values: int
    seen: int = 0


def _storable(value: Any, level: int, bounds: _Bounds) -> Any:
    """The value with storable strings; `level` is its nesting level, from 1."""
    if level > bounds.levels and isinstance(value, dict | list):
        raise UnreadableJson(f"it is nested deeper than {bounds.levels} levels")
    bounds.seen += 1
    if bounds.seen > bounds.values:
        raise UnreadableJson(f"it has more than {bounds.values} values")
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, dict):
        return {_encodable(name): _storable(member, level + 1, bounds) for name, member in value.items()}
    if isinstance(value, list):
        return [_storable(member, level + 1, bounds) for member in value]
    return value


def _encodable(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
