"""Constraints of route parameters: `{id:int}`, `{name:alpha:maxlength(20)}`."""

import re
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

type Constraint = Callable[[str], bool]


class InvalidConstraint(ValueError):
    """No constraint has that name, or its arguments are wrong."""


def parse_constraint(name: str, arguments: str | None) -> Constraint:
    """The predicate for `name` or `name(arguments)`; `arguments` is None without parentheses.

    Raises:
        InvalidConstraint: the constraint is unknown to this host, or its arguments are wrong.
    """
    if arguments is None and name in _PLAIN:
        return _PLAIN[name]
    if arguments is not None and name == "regex":
        return _matches(arguments)
    if arguments is not None and name in _NUMERIC:
        return _NUMERIC[name](*_numbers(name, arguments))
    raise InvalidConstraint(f"unknown route constraint {name!r}")


def _numbers(name: str, arguments: str) -> list[int]:
    try:
        numbers = [int(argument) for argument in arguments.split(",")]
    except ValueError as exc:
        raise InvalidConstraint(f"route constraint {name}({arguments}) takes whole numbers") from exc
    if len(numbers) not in _ARGUMENT_COUNTS[name]:
        raise InvalidConstraint(f"route constraint {name}({arguments}) has the wrong number of arguments")
    return numbers


def _matches(pattern: str) -> Constraint:
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as exc:
        raise InvalidConstraint(f"route constraint regex({pattern}) isn't valid: {exc}") from exc
    return lambda value: compiled.search(value) is not None


def _integer(bits: int) -> Constraint:
    limit = 1 << (bits - 1)
    return lambda value: _is_integer(value) and -limit <= int(value) < limit


def _is_integer(value: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]+", value) is not None


def _is_decimal(value: str) -> bool:
    return re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", value) is not None


def _is_float(value: str) -> bool:
    return re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", value) is not None


def _is_guid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return not value.startswith("urn:")


def _is_datetime(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_PLAIN: dict[str, Constraint] = {
    "int": _integer(32),
    "long": _integer(64),
    "decimal": _is_decimal,
    "double": _is_float,
    "float": _is_float,
    "bool": lambda value: value.lower() in {"true", "false"},
    "guid": _is_guid,
    "datetime": _is_datetime,
    "alpha": lambda value: re.fullmatch(r"[A-Za-z]*", value) is not None,
    "required": lambda value: bool(value.strip()),
}

_NUMERIC: dict[str, Callable[..., Constraint]] = {
    "min": lambda low: lambda value: _is_integer(value) and int(value) >= low,
    "max": lambda high: lambda value: _is_integer(value) and int(value) <= high,
    "range": lambda low, high: lambda value: _is_integer(value) and low <= int(value) <= high,
    "minlength": lambda low: lambda value: len(value) >= low,
    "maxlength": lambda high: lambda value: len(value) <= high,
    "length": lambda low, high=None: lambda value: low <= len(value) <= (low if high is None else high),
}

_ARGUMENT_COUNTS = {
    "min": {1},
    "max": {1},
    "range": {2},
    "minlength": {1},
    "maxlength": {1},
    "length": {1, 2},
}
