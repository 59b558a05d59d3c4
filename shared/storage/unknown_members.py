"""Members of stored JSON that this version doesn't know: kept at their place through a change.

A later version wrote them, and reads them again after a roll-back. Each is kept where it stood: beside
the members that we know, or with its item, wherever that stands in its list by then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class Unknown:
    """What stood in an object, or in a list, beside what we know."""

    members: dict[str, Any] = field(default_factory=dict)  # of an object: whole, by name
    within: dict[str, "Unknown"] = field(default_factory=dict)  # of an object: in members that we know
    items: tuple["UnknownOfItem", ...] = ()  # of a list


@dataclass(frozen=True, slots=True, repr=False)
class UnknownOfItem:
    """What an item of a list holds beyond what we know, and how the item is found again."""

    number: int  # its place in the list, from 0
    known: Any  # the item as we know it
    rank: int  # how many items that we know as the same stand before it
    unknown: Unknown


def unknown_in(stored: Any, known: Any) -> Unknown | None:
    """What the stored JSON holds beyond what we read of it; None if nothing.

    Args:
        stored: the JSON as stored.
        known: the same value as we would write it.
    """
    if isinstance(stored, dict) and isinstance(known, dict):
        members = {name: value for name, value in stored.items() if name not in known}
        within = {
            name: found
            for name, value in stored.items()
            if name in known and (found := unknown_in(value, known[name])) is not None
        }
        return Unknown(members, within) if members or within else None
    if isinstance(stored, list) and isinstance(known, list) and len(stored) == len(known):
        items = tuple(_items(stored, known))
        return Unknown(items=items) if items else None
    return None


def with_unknown(written: Any, unknown: Unknown | None) -> Any:
    """The JSON as we write it, with what was unknown put back at its place."""
    if unknown is None:
        return written
    if isinstance(written, dict):
        put_back = {
            name: with_unknown(written[name], found)
            for name, found in unknown.within.items()
            if name in written
        }
        return {**written, **put_back, **_absent(unknown.members, written)}
    if isinstance(written, list):
        return _with_items(written, unknown)
    return written


def _items(stored: list[Any], known: list[Any]) -> Iterator[UnknownOfItem]:
    for number, (value, item) in enumerate(zip(stored, known, strict=True)):
        found = unknown_in(value, item)
        if found is not None:
            yield UnknownOfItem(number, item, known[:number].count(item), found)


def _absent(members: dict[str, Any], written: dict[str, Any]) -> dict[str, Any]:
    """By the time they are put back, this version may have written a member of that name itself."""
    return {name: value for name, value in members.items() if name not in written}


def _with_items(written: list[Any], unknown: Unknown) -> list[Any]:
    """Items are found by what we know of them; a changed item is still the one at its number."""
    items = list(written)
    for one in unknown.items:
        same = [place for place, item in enumerate(written) if item == one.known]
        place = same[one.rank] if one.rank < len(same) else one.number
        if place < len(items):
            items[place] = with_unknown(items[place], one.unknown)
    return items
