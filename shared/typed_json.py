"""Read and write dataclasses as JSON: members in camelCase, times in RFC 3339.

The one module that reads and writes values with pydantic. It imports pydantic at the first value, not with
the app, whose import stays quick.
"""

import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from shared.leads.json_form import camel
from shared.mistakes import NOT_JSON, Mistake, Unreadable, mistakes_in

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, TypeAdapter

type Names = Callable[[str], str]
type Unknown = Literal["ignore", "forbid"]


class Rules:
    """Limits of a field beyond its type: `Annotated[int, Rules(ge=0)]`, with the names of `pydantic.Field`.

    Unlike `Field` itself it doesn't import pydantic with the app: pydantic asks for the rules when it builds
    the reader. `Rules` goes first in `Annotated`, and only once.
    """

    __slots__ = ("_rules", "_words")

    def __init__(self, *, words: str = "", **rules: Any) -> None:
        """Keep the rules until pydantic asks; `words` replace its own: for the `pattern`, else for all."""
        self._rules = rules
        self._words = words

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> Any:
        """Hand the rules to pydantic."""
        from pydantic import Field  # noqa: PLC0415 - see the module

        schema = handler.generate_schema(Annotated[source, Field(**self._rules)])
        if not self._words:
            return schema
        if "pattern" in self._rules:
            function = {"type": "no-info", "function": self._read_pattern}
            return {"type": "function-wrap", "function": function, "schema": schema}
        words = {"custom_error_type": "rule", "custom_error_message": self._words}
        return {"type": "custom-error", "schema": schema, **words}

    def _read_pattern(self, text: Any, read: Callable[[Any], Any]) -> Any:
        from pydantic import ValidationError  # noqa: PLC0415 - see the module

        try:
            return read(text)
        except ValidationError as exc:
            if exc.errors()[0]["type"] != "string_pattern_mismatch":
                raise
        raise ValueError(self._words)


class Instant:
    """Marks a time that callers send: RFC 3339 with a zone, read as aware UTC.

    Without the mark pydantic also accepts a number of seconds, a date alone and a time without a zone. The
    last year of the calendar is refused: what follows an instant, such as a deadline, must have one too.
    """

    LAST_YEAR = 9998

    _FORM = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> Any:
        """Check the form of the text before pydantic reads it."""

        def read(text: Any, read_instant: Callable[[Any], datetime]) -> datetime:
            if not isinstance(text, str) or not self._FORM.fullmatch(text):
                raise ValueError("must be an instant with a zone, such as 2026-03-02T09:00:00Z")
            try:
                at = read_instant(text).astimezone(UTC)
            except OverflowError as exc:
                raise ValueError("lies beyond the calendar") from exc
            if at.year > self.LAST_YEAR:
                raise ValueError("lies beyond the calendar")
            return at

        return {
            "type": "function-wrap",
            "function": {"type": "no-info", "function": read},
            "schema": {**handler(source), "strict": False},  # a text, whose form is checked by then
        }


class Checked:
    """Marks a value that a function checks, or replaces, once pydantic has read it. Goes after `Rules`.

    A ValueError of the function becomes a mistake at the value's place; its text is the rule.
    """

    __slots__ = ("_check",)

    def __init__(self, check: Callable[[Any], Any]) -> None:
        """With the function."""
        self._check = check

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> Any:
        """Call the function last."""
        function = {"type": "no-info", "function": self._check}
        return {"type": "function-after", "function": function, "schema": handler(source)}


def check_finite(value: Any) -> Any:
    """Check open JSON that callers send: its numbers must be finite."""
    if not all(math.isfinite(number) for number in _floats_in(value)):
        raise ValueError("must hold finite numbers only")
    return value


def _floats_in(value: Any) -> Iterator[float]:
    """Every float, level by level: deep nesting would exhaust a recursion."""
    level = [value]
    while level:
        yield from (node for node in level if isinstance(node, float))
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]


def as_written(name: str) -> str:
    """The field's own name, without the underscore that distinguishes it from a keyword: `for_` is `for`."""
    return name.rstrip("_")


def to_json(value: object) -> bytes:
    """A dataclass as JSON."""
    return adapter(type(value)).dump_json(value)


def to_plain(value: object) -> Any:
    """A dataclass as JSON's own values: dicts, lists, texts, numbers, true, false, None."""
    return adapter(type(value)).dump_python(value, mode="json")


def rfc3339(at: datetime) -> str:
    """An aware instant as JSON has it: `2026-03-02T09:00:00Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_json[Value](type_: type[Value], text: str | bytes, *, unknown: Unknown = "ignore") -> Value:
    """Read a value. Members that the type doesn't have are dropped, or are mistakes if they are forbidden.

    Raises:
        Unreadable: the text isn't JSON, or isn't a value of the type; with every mistake.
    """
    return cast(Value, _read(adapter(type_, unknown=unknown), text))


def expect_json(text: str | bytes) -> None:
    """Check a text that `from_json` has read: in members that it ignores, pydantic accepts NaN and Infinity.

    Raises:
        Unreadable: the text isn't JSON.
    """
    from pydantic_core import from_json as parse  # noqa: PLC0415 - see the module

    try:
        parse(text, allow_inf_nan=False)
    except ValueError as exc:  # names a line and a column
        raise Unreadable([Mistake((), NOT_JSON.format(error=exc))]) from None


def from_plain[Value](type_: type[Value], value: Any, *, unknown: Unknown = "ignore") -> Value:
    """Read JSON's own values as strictly as JSON: a text isn't a number. See `from_json`."""
    from pydantic_core import to_json as as_text  # noqa: PLC0415 - see the module

    return cast(Value, _read(adapter(type_, unknown=unknown), as_text(value, inf_nan_mode="constants")))


def from_tables[Value](type_: type[Value], tables: Mapping[str, Any]) -> Value:
    """Read TOML: members are named like the fields, any other is a mistake. See `from_json`."""
    from pydantic_core import to_json as as_text  # noqa: PLC0415 - see the module

    reader = adapter(type_, names=as_written, unknown="forbid")
    return cast(Value, _read(reader, as_text(tables, inf_nan_mode="constants"), is_own_file=True))


def adapter(type_: Any, *, names: Names = camel, unknown: Unknown = "ignore") -> "TypeAdapter[Any]":
    """Pydantic's reader and writer of a type and the dataclasses in it, with these names; built once."""
    return _built(type_, names, unknown)


@functools.cache
def _built(type_: Any, names: Names, unknown: Unknown) -> "TypeAdapter[Any]":
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415 - see the module

    config = ConfigDict(
        alias_generator=names,
        extra=unknown,
        strict=True,
        serialize_by_alias=True,
        ser_json_inf_nan="constants",
        hide_input_in_errors=True,
        json_schema_serialization_defaults_required=True,
    )
    return TypeAdapter(_Configured[type_], config=config)


type _Configured[Value] = Value  # pydantic accepts a config for an alias, and applies it to its dataclasses


def _read(reader: "TypeAdapter[Any]", text: str | bytes, *, is_own_file: bool = False) -> Any:
    from pydantic import ValidationError  # noqa: PLC0415 - see the module

    try:
        return reader.validate_json(text)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False)
        found = tuple(mistakes_in(errors, _json(text), is_own_file=is_own_file))
        raise Unreadable(found) from None  # pydantic's own error holds the input


def _json(text: str | bytes) -> Any:
    """The text as JSON's own values, to find places in; None if it isn't JSON."""
    from pydantic_core import from_json as parse  # noqa: PLC0415 - see the module

    try:
        return parse(text)
    except ValueError:
        return None
