"""How values of a lead look as JSON: the names of members, and which are left out."""

import enum
from collections.abc import Callable
from dataclasses import MISSING, Field
from typing import Any, ClassVar, Literal


def camel(name: str) -> str:
    """`last_touch_at` becomes `lastTouchAt`, `from_` becomes `from`."""
    first, *others = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in others)


class Absent(enum.Enum):
    """What stands for a member that isn't there, where None already means null."""

    ABSENT = enum.auto()

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> dict[str, Any]:
        """No JSON stands for it: a reader finds it only as a default."""
        return {"type": "is-instance", "cls": cls}


ABSENT: Literal[Absent.ABSENT] = Absent.ABSENT


class OmitsDefaults:
    """A dataclass whose JSON leaves out every member that has its default value.

    Rows, events and answers grow with what there is to say, and what `ABSENT` stands for never shows.
    """

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Read as any dataclass; written in full by pydantic, then without what says nothing."""
        schema = handler(source)
        dataclass = handler.resolve_ref_schema(schema)
        members = {
            one["name"]: one.get("serialization_alias", one["name"]) for one in dataclass["schema"]["fields"]
        }
        optional = [
            (one.name, members[one.name], one.default)
            for one in cls.__dataclass_fields__.values()
            if one.default is not MISSING
        ]

        def write(value: Any, write_all: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
            written = write_all(value)
            for name, member, default in optional:
                if getattr(value, name) == default:
                    del written[member]
            return written

        dataclass["serialization"] = {"type": "function-wrap", "function": write}
        return schema
