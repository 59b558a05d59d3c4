"""Mistakes in a policy: all of a table at once, under the names in the file, in texts safe to show."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from shared.mistakes import Mistake, Place, Unreadable

LONGEST_SHOWN = 64  # characters of a text
MOST_SHOWN = 10  # names of a list

_NAMED = {"models": "model", "rules": "rule"}  # lists whose entries have a name
_LOCAL_PART = r"[^\s@]+@"  # of an e-mail address


@dataclass(frozen=True, slots=True, repr=False)
class PolicyMistake(Mistake):
    """A mistake in a policy. `place` counts lists from 0; `entry` names the same place for people."""

    entry: str = ""  # "rule `decider` of model `default`", by its number from 1 if it has no name

    def __str__(self) -> str:
        """A line: "rule `decider` of model `default`: `scoring.models.0.rules.3.points` must ..."."""
        subject = f"`{'.'.join(quote(str(part)) for part in self.place)}`" if self.place else "the file"
        return f"{self.entry}: {subject} {self.rule}" if self.entry else f"{subject} {self.rule}"


def refuse(mistakes: Iterable[Mistake]) -> None:
    """Raise the mistakes, if there are any.

    Raises:
        Unreadable: with every mistake; places are relative to the table that is checked.
    """
    all_mistakes = tuple(mistakes)
    if all_mistakes:
        raise Unreadable(all_mistakes)


def quote(text: str, longest: int = LONGEST_SHOWN) -> str:
    """Make a text safe to quote: one line, cut to `longest`, an e-mail address as `***@contoso.com`."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * longest])
    masked = re.sub(_LOCAL_PART, "***@", line)
    return masked if len(masked) <= longest else masked[: longest - 3] + "..."


def list_names(names: Collection[str]) -> str:
    """List the first ten names: "`a`, `b`"; "none" without names."""
    first = ", ".join(f"`{quote(name)}`" for name in list(names)[:MOST_SHOWN])
    more = len(names) - MOST_SHOWN
    return f"{first} and {more} more" if more > 0 else first or "none"


def suggest(name: str, known: Collection[str]) -> str:
    """Suggest the known name with the most similar spelling: ", perhaps `call`"; empty if none is similar."""
    import difflib  # noqa: PLC0415 - only for a wrong policy

    similar = difflib.get_close_matches(name, known, 1, 0.75)
    return f", perhaps `{quote(similar[0])}`" if similar else ""


def with_entry(mistake: Mistake, tables: dict[str, Any]) -> PolicyMistake:
    """Add the entry that the mistake is in, by its name in the file."""
    entry = " of ".join(reversed(list(_entries(mistake.place, tables))))
    return PolicyMistake(mistake.place, mistake.rule, entry)


def _entries(place: Place, value: Any) -> Iterator[str]:
    """The named entries around a place, from the outside in: "model `default`", "rule `decider`"."""
    kind: str | int = ""
    for part in place:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return  # a field that is missing
        if kind in _NAMED and isinstance(part, int):
            name = value.get("name") if isinstance(value, dict) else None
            label = f"`{quote(name)}`" if isinstance(name, str) and name else part + 1
            yield f"{_NAMED[str(kind)]} {label}"
        kind = part
