"""Preserve members of stored JSON that this version doesn't know when it changes the rest.

A later version wrote them, and reads them again after a roll-back. Each stays in its object, or with its list
item, even if that has moved.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class Unknown:
    """The unknown part of a stored object or list."""

    members: dict[str, Any] = field(default_factory=dict)  # of an object: unknown members by name
    within: dict[str, "Unknown"] = field(default_factory=dict)  # of an object: inside known members
    items: tuple["UnknownOfItem", ...] = ()  # of a list


@dataclass(frozen=True, slots=True, repr=False)
class UnknownOfItem:
    """The unknown part of a list item, and how the item is found again."""

    number: int  # its place in the list, from 0
    known: Any  # the item as we know it
    rank: int  # how many items that we know as the same stand before it
    unknown: Unknown


def unknown_in(stored: Any, known: Any) -> Unknown | None:
    """The part of the stored JSON that this version doesn't know; None if it knows all.

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
    """The JSON as we write it, with the unknown part put back in its place."""
    if unknown is None:
        return written
    if isinstance(written, dict):
        completed = {
            name: with_unknown(written[name], found)
            for name, found in unknown.within.items()
            if name in written
        }
        return {**written, **completed, **_absent(unknown.members, written)}
    if isinstance(written, list):
        return _with_items(written, unknown)
    return written


def _items(stored: list[Any], known: list[Any]) -> Iterator[UnknownOfItem]:
    for number, (value, item) in enumerate(zip(stored, known, strict=True)):
        found = unknown_in(value, item)
        if found is not None:
            yield UnknownOfItem(number, item, known[:number].count(item), found)


def _absent(members: dict[str, Any], written: dict[str, Any]) -> dict[str, Any]:
    """The members without those that this version has written itself by now."""
    return {name: value for name, value in members.items() if name not in written}


def _with_items(written: list[Any], unknown: Unknown) -> list[Any]:
    """Find each item by its known part; an item that was changed is taken to be at its old index."""
    items = list(written)
    for one in unknown.items:
        same = [place for place, item in enumerate(written) if item == one.known]
        place = same[one.rank] if one.rank < len(same) else one.number
        if place < len(items):
            items[place] = with_unknown(items[place], one.unknown)
    return items
