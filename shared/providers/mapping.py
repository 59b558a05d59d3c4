"""Which values of a provider's answer become facts."""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from shared.policy.conditions import FACT_NAME

type Facts = dict[str, str | int | float | bool]

MAX_FACTS = 50
MAX_TEXT = 200  # characters
MAX_INTEGER = 2**63 - 1
_PATH = r"[^.=]+(\.[^.=]+)*"
_INDEX = r"[0-9]{1,4}"
_SURROGATE = r"[\ud800-\udfff]"  # can't be encoded, so couldn't be stored


def read_mapping(text: str) -> dict[str, str]:
    """Read paths by fact from a setting: `industry=company.category.industry, tag=tags.0`.

    Raises:
        ValueError: with the broken rule and the number of the entry, from 1; never its text.
    """
    mapping: dict[str, str] = {}
    for position, entry in enumerate(text.split(","), start=1):
        name, equals, path = (part.strip() for part in entry.partition("="))
        if not equals:
            raise ValueError(f"must be `fact=path` with commas between (entry {position})")
        if not FACT_NAME.fullmatch(name):
            raise ValueError(
                f"must name facts by a letter, then at most 63 of A-Z, a-z, 0-9, _ . - (entry {position})"
            )
        if not re.fullmatch(_PATH, path):
            raise ValueError(
                f"must have paths of names or list indexes with single dots between (entry {position})"
            )
        if name in mapping:
            raise ValueError(f"must name each fact once (entry {position})")
        mapping[name] = path
    if len(mapping) > MAX_FACTS:
        raise ValueError(f"must name at most {MAX_FACTS} facts")
    return mapping


def facts_in(answer: Any, mapping: Mapping[str, str]) -> Facts:
    """The facts in an answer; values that are missing, nested or too long are left out."""
    facts: Facts = {}
    for name, path in mapping.items():
        fact = _fact(_value_at(answer, path))
        if fact is not None:
            facts[name] = fact
    return facts


def _value_at(value: Any, path: str) -> Any:
    """The value at a path; None if there is none. A list's first index is 0."""
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and re.fullmatch(_INDEX, step):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def _fact(value: Any) -> str | int | float | bool | None:
    if isinstance(value, str):
        text = value.strip()
        return text if 0 < len(text) <= MAX_TEXT and not re.search(_SURROGATE, text) else None
    if isinstance(value, int):
        return value if abs(value) <= MAX_INTEGER else None
    return value if isinstance(value, float) and isfinite(value) else None
