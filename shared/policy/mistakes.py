"""Mistakes in a policy: all of a table at once, under names that people know, in texts safe to show."""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from shared.mistakes import Mistake, Place, Unreadable

LONGEST_SHOWN = 64  # characters of a text
MOST_SHOWN = 10  # names of a list

_NAMED = {"models": "model", "rules": "rule"}  # lists whose entries have a name
_LOCAL_PART = re.compile(r"[^\s@]+@")  # of an e-mail address


@dataclass(frozen=True, slots=True)
class PolicyMistake(Mistake):
    """A mistake in a policy. `place` counts lists from 0; `entry` says the same for people."""

    entry: str = ""  # "rule `decider` of model `default`", by its number from 1 if it has no name

    def __str__(self) -> str:
        """A line: "rule `decider` of model `default`: `scoring.models.0.rules.3.points` must ..."."""
        subject = f"`{'.'.join(shown(str(part)) for part in self.place)}`" if self.place else "the file"
        return f"{self.entry}: {subject} {self.rule}" if self.entry else f"{subject} {self.rule}"


def refuse(mistakes: Iterable[Mistake]) -> None:
    """Return if there are none.

    Raises:
        Unreadable: with every mistake; their places count from the table that is checked.
    """
    found = tuple(mistakes)
    if found:
        raise Unreadable(found)


def shown(text: str, longest: int = LONGEST_SHOWN) -> str:
    """A text, safe to quote: one line, cut to `longest`, an e-mail address as `***@contoso.com`."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * longest])
    masked = _LOCAL_PART.sub("***@", line)
    return masked if len(masked) <= longest else masked[: longest - 3] + "..."


def listed(names: Collection[str]) -> str:
    """The names that exist, the first ten of them: "`a`, `b`"; "none" if there are none."""
    first = ", ".join(f"`{shown(name)}`" for name in list(names)[:MOST_SHOWN])
    more = len(names) - MOST_SHOWN
    return f"{first} and {more} more" if more > 0 else first or "none"


def perhaps(name: str, known: Collection[str]) -> str:
    """The known name that is spelt most like it: ", perhaps `call`"; empty if none is near."""
    found = difflib.get_close_matches(name, known, 1, 0.75)
    return f", perhaps `{shown(found[0])}`" if found else ""


def with_entry(mistake: Mistake, tables: dict[str, Any]) -> PolicyMistake:
    """The mistake with the entry that it is in, as the tables of the file name it."""
    entry = " of ".join(reversed(list(_entries(mistake.place, tables))))
    return PolicyMistake(mistake.place, mistake.rule, entry)


def _entries(place: Place, value: Any) -> Iterator[str]:
    """The named entries on the way to a place, from the outside in: "model `default`", "rule `decider`"."""
    kind: str | int = ""
    for part in place:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return  # a field that is missing
        if kind in _NAMED and isinstance(part, int):
            name = value.get("name") if isinstance(value, dict) else None
            known = f"`{shown(name)}`" if isinstance(name, str) and name else part + 1
            yield f"{_NAMED[str(kind)]} {known}"
        kind = part
