"""Mailboxes that belong to a function: info@, einkauf@, sales-emea@."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from iso3166 import countries_by_alpha2

from shared.enrichment.letters import bare

_SHIPPED = Path(__file__).with_name("mailbox_words.toml")
_WORD = re.compile(r"[^\W\d_]+")


class _Words(NamedTuple):
    roles: frozenset[str]
    beside: frozenset[str]


def is_role_account(local_part: str) -> bool:
    """The name says a function, and nothing but functions, places and figures; a plus begins a tag."""
    words = _WORD.findall(bare(local_part.partition("+")[0]))
    roles, beside = _words()
    if "".join(words) in roles:
        return True
    return not roles.isdisjoint(words) and all(word in roles or word in beside for word in words)


@cache
def _words() -> _Words:
    lists = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
    beside = {*lists.pop("beside").split(), *map(str.lower, countries_by_alpha2)}
    roles = {bare(word) for words in lists.values() for word in words.split()}
    return _Words(frozenset(roles), frozenset(beside))
