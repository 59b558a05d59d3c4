"""The answer of `GET stats`: a group's name stands there under what it is the name of."""

from datetime import datetime
from types import GenericAlias
from typing import Any

from msgspec import Struct, defstruct
from msgspec.structs import fields

from shared.leads.stats import Group, Stats


def _group(kind: str) -> type[Struct]:
    """`Group`, its `name` called `offer`, `source`, ..."""
    members: list[Any] = [(kind if one.name == "name" else one.name, one.type) for one in fields(Group)]
    return _struct(f"{kind.capitalize()}Group", members, Group)


def _stats() -> type[Struct]:
    """`Stats` with its time and its groups."""
    members: list[Any] = [("from", datetime), ("to", datetime)]
    for one in fields(Stats):
        _, by, kind = one.name.partition("by_")
        members.append((one.name, GenericAlias(tuple, (_group(kind), ...)) if by else one.type))
    return _struct("StatsAnswer", members, Stats)


def _struct(name: str, members: list[Any], like: type[Struct]) -> type[Struct]:
    return defstruct(name, members, rename="camel", namespace={"__doc__": like.__doc__})


STATS = _stats()
