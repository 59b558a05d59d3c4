"""The JSON form of a lead's values: member names, and which members are left out."""

import enum
import json
from collections.abc import Callable
from dataclasses import MISSING, Field
from typing import Any, ClassVar, Literal


def camel(name: str) -> str:
    """`last_touch_at` becomes `lastTouchAt`, `from_` becomes `from`."""
    first, *others = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in others)


def compact_json(plain: Any) -> str:
    """Plain values as JSON text without blanks; every letter as it is."""
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


class Absent(enum.Enum):
    """Marks a member as left out, where None already means null."""

    ABSENT = enum.auto()

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> dict[str, Any]:
        """No JSON value reads as it: it occurs only as a default."""
        return {"type": "is-instance", "cls": cls}


ABSENT: Literal[Absent.ABSENT] = Absent.ABSENT


class OmitsDefaults:
    """A dataclass whose JSON leaves out every member that has its default value.

    Rows, events and answers hold only what differs from the defaults; a member that is `ABSENT` never shows.
    """

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Read like any dataclass; when written, members with their default value are dropped."""
        schema = handler(source)
        dataclass = handler.resolve_ref_schema(schema)
        members = {
            field["name"]: field.get("serialization_alias", field["name"])
            for field in dataclass["schema"]["fields"]
        }
        optional = [
            (field.name, members[field.name], field.default)
            for field in cls.__dataclass_fields__.values()
            if field.default is not MISSING
        ]

        def write(value: Any, write_all: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
            json_object = write_all(value)
            for name, member, default in optional:
                if getattr(value, name) == default:
                    del json_object[member]
            return json_object

        dataclass["serialization"] = {"type": "function-wrap", "function": write}
        return schema
