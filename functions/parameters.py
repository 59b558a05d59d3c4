"""Parameters of a query: each reads itself, and says what it takes: one source for both."""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from functions.http import InvalidRequest

LONGEST_TEXT = 200  # characters
LONGEST_NUMBER = 8  # figures


class Parameter(Protocol):
    """What the document tells of each; its `read` gives None where the query doesn't have it."""

    @property
    def name(self) -> str:
        """As callers write it."""

    @property
    def about(self) -> str:
        """What it asks for, in words for callers."""

    @property
    def schema(self) -> dict[str, Any]:
        """What it takes, as JSON Schema."""


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    name: str
    about: str

    @property
    def schema(self) -> dict[str, Any]:
        """Two words."""
        return {"type": "boolean"}

    def read(self, params: Mapping[str, str]) -> bool | None:
        """Raises InvalidRequest."""
        text = params.get(self.name)
        if text not in (None, "true", "false"):
            raise InvalidRequest(f"`{self.name}` must be true or false.")
        return None if text is None else text == "true"


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number within bounds."""

    name: str
    about: str
    least: int
    most: int
    default: int | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """Its bounds, and what goes without saying."""
        bounds = {"type": "integer", "minimum": self.least, "maximum": self.most}
        return bounds if self.default is None else {**bounds, "default": self.default}

    def read(self, params: Mapping[str, str]) -> int | None:
        """The number, the default where the query has none; raises InvalidRequest."""
        text = params.get(self.name)
        if text is None:
            return self.default
        is_number = re.fullmatch(f"[0-9]{{1,{LONGEST_NUMBER}}}", text)
        if not is_number or not self.least <= int(text) <= self.most:
            raise InvalidRequest(f"`{self.name}` must be a number from {self.least} to {self.most}.")
        return int(text)


@dataclass(frozen=True, slots=True)
class Text:
    """Any text, of bounded length."""

    name: str
    about: str
    most: int = LONGEST_TEXT  # characters

    @property
    def schema(self) -> dict[str, Any]:
        """Its length."""
        return {"type": "string", "maxLength": self.most}

    def read(self, params: Mapping[str, str]) -> str | None:
        """Raises InvalidRequest."""
        text = params.get(self.name)
        if text is not None and len(text) > self.most:
            raise InvalidRequest(f"`{self.name}` must have at most {self.most} characters.")
        return text


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text of a form."""

    name: str
    about: str
    form: str  # a regular expression for the whole text, as Python and ECMAScript read it
    rule: str  # the form in words: what the error says behind the name

    @property
    def schema(self) -> dict[str, Any]:
        """Its form."""
        return {"type": "string", "pattern": f"^{self.form}$"}

    def read(self, params: Mapping[str, str]) -> str | None:
        """Raises InvalidRequest."""
        text = params.get(self.name)
        if text is not None and not re.fullmatch(self.form, text):
            raise InvalidRequest(f"`{self.name}` {self.rule}")
        return text


@dataclass(frozen=True, slots=True)
class Choice[Value: enum.StrEnum]:
    """One of a few words."""

    name: str
    about: str
    choices: type[Value]

    @property
    def schema(self) -> dict[str, Any]:
        """The words, in the order of their definition."""
        return {"type": "string", "enum": [choice.value for choice in self.choices]}

    def read(self, params: Mapping[str, str]) -> Value | None:
        """Raises InvalidRequest."""
        text = params.get(self.name)
        if text is None:
            return None
        if text not in set(self.choices):
            raise InvalidRequest(f"`{self.name}` must be one of {', '.join(self.choices)}.")
        return self.choices(text)
