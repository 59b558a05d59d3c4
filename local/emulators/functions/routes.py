"""Route templates as ASP.NET reads them: `leads/{id:int?}/files/{*path}`.

A segment is literal text, one parameter, or both mixed. Matching ignores case. Of several templates
that match, the one that is more literal from the left wins.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote

from local.emulators.functions.constraints import Constraint, InvalidConstraint, parse_constraint

# ASP.NET's order of precedence for a segment, lowest first.
_LITERAL, _CONSTRAINED, _UNCONSTRAINED, _CONSTRAINED_CATCH_ALL, _CATCH_ALL = 1, 2, 3, 4, 5

_PARAMETER = re.compile(r"\{(\*{0,2})(\w+)((?::\w+(?:\(.*?\)(?=[:?=}]))?)*)(\?|=[^{}]*)?\}")
_CONSTRAINT = re.compile(r":(\w+)(?:\((.*?)\)(?=:|$))?")
_ESCAPED_BRACES = (("{{", "\x01"), ("}}", "\x02"))  # placeholders while the template is parsed


class InvalidRoute(ValueError):
    """The template is invalid; the message says why."""


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    constraints: tuple[Constraint, ...] = ()
    catch_all: bool = False
    optional: bool = False
    default: str | None = None

    @classmethod
    def parse(cls, match: re.Match[str]) -> Self:
        stars, name, constraints, ending = match.groups()
        return cls(
            name=name,
            constraints=tuple(_constraint(*found.groups()) for found in _CONSTRAINT.finditer(constraints)),
            catch_all=bool(stars),
            optional=ending == "?",
            default=ending[1:] if ending and ending != "?" else None,
        )

    def accepts(self, value: str) -> bool:
        return all(constraint(value) for constraint in self.constraints)


def _constraint(name: str, arguments: str | None) -> Constraint:
    try:
        return parse_constraint(name, None if arguments is None else _restore_braces(arguments))
    except InvalidConstraint as exc:
        raise InvalidRoute(str(exc)) from exc


def _restore_braces(text: str) -> str:
    for escaped, placeholder in _ESCAPED_BRACES:
        text = text.replace(placeholder, escaped[0])
    return text


@dataclass(frozen=True, slots=True)
class _Segment:
    pattern: re.Pattern[str]
    parameters: tuple[_Parameter, ...]
    literal: bool  # has text besides parameters

    @classmethod
    def parse(cls, text: str) -> Self:
        matches = list(_PARAMETER.finditer(text))
        between = _PARAMETER.sub("\0", text)
        if "{" in between or "}" in between:
            raise InvalidRoute(f"the braces of {_restore_braces(text)!r} don't form a parameter")
        literals = [re.escape(_restore_braces(part)) for part in between.split("\0")]
        return cls(
            pattern=re.compile("(.+?)".join(literals), re.IGNORECASE),
            parameters=tuple(_Parameter.parse(match) for match in matches),
            literal=any(literals),
        )

    @property
    def catch_all(self) -> bool:
        return any(parameter.catch_all for parameter in self.parameters)

    @property
    def rank(self) -> int:
        constrained = self.literal or any(parameter.constraints for parameter in self.parameters)
        if not self.parameters:
            return _LITERAL
        if self.catch_all:
            return _CONSTRAINED_CATCH_ALL if constrained else _CATCH_ALL
        return _CONSTRAINED if constrained else _UNCONSTRAINED

    def match(self, text: str) -> dict[str, str] | None:
        """The values of its parameters; None if the text doesn't match."""
        match = self.pattern.fullmatch(text)
        if match is None:
            return None
        pairs = list(zip(self.parameters, match.groups(), strict=True))
        if not all(parameter.accepts(value) for parameter, value in pairs):
            return None
        return {parameter.name: value for parameter, value in pairs}

    def match_nothing(self) -> dict[str, str] | None:
        """The values if the path ends before this segment; None if it may not."""
        if self.literal or len(self.parameters) != 1:
            return None
        parameter = self.parameters[0]
        if parameter.default is not None:
            return {parameter.name: parameter.default}
        return {} if parameter.optional or parameter.catch_all else None


@dataclass(frozen=True, slots=True)
class RouteTemplate:
    """A parsed template."""

    text: str
    segments: tuple[_Segment, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a template; slashes at its start and end are ignored.

        Raises:
            InvalidRoute: unknown constraint, stray brace, repeated parameter, or a catch-all before the end.
        """
        unbraced = text.strip("/")
        for escaped, placeholder in _ESCAPED_BRACES:
            unbraced = unbraced.replace(escaped, placeholder)
        segments = tuple(_Segment.parse(part) for part in unbraced.split("/")) if unbraced else ()
        names = [parameter.name.lower() for segment in segments for parameter in segment.parameters]
        if len(set(names)) < len(names):
            raise InvalidRoute(f"the route {text!r} repeats a parameter")
        if any(segment.catch_all for segment in segments[:-1]):
            raise InvalidRoute(f"the catch-all of the route {text!r} isn't its last segment")
        return cls(text, segments)

    @property
    def rank(self) -> tuple[int, ...]:
        """Sort key: templates are tried in ascending order."""
        return tuple(segment.rank for segment in self.segments)

    def match(self, parts: Sequence[str]) -> dict[str, str] | None:
        """The route values for a path from `split_path`; None if it doesn't match.

        An absent optional parameter has no value; an absent one with a default has the default.
        """
        values: dict[str, str] = {}
        for position, segment in enumerate(self.segments):
            rest = parts[position:]
            text = "/".join(rest) if segment.catch_all else next(iter(rest), "")
            found = segment.match(text) if text else segment.match_nothing()
            if found is None or (rest and not text and not segment.catch_all):
                return None
            values |= found
            if segment.catch_all:
                return values
        return values if len(parts) <= len(self.segments) else None


def split_path(raw_path: str) -> list[str]:
    """The decoded segments of a percent-encoded path; one slash at its end is ignored.

    An encoded slash stays encoded, as in ASP.NET, so that it can't split a segment.
    """
    path = raw_path.removeprefix("/").removesuffix("/")
    if not path:
        return []
    return [unquote(re.sub("%2f", "%252F", part, flags=re.IGNORECASE)) for part in path.split("/")]


@dataclass(slots=True)
class RouteTable[Endpoint]:
    """Endpoints by template and method."""

    _routes: list[tuple[RouteTemplate, frozenset[str], Endpoint]] = field(default_factory=list)

    def add(self, template: RouteTemplate, methods: Collection[str], endpoint: Endpoint) -> None:
        """Add an endpoint; no methods means every method. Equal ranks keep the order of adding."""
        self._routes.append((template, frozenset(method.upper() for method in methods), endpoint))
        self._routes.sort(key=lambda route: route[0].rank)

    def find(self, method: str, raw_path: str) -> tuple[Endpoint, Mapping[str, str]] | None:
        """The first endpoint whose template and methods both match, with its route values."""
        parts = split_path(raw_path)
        for template, methods, endpoint in self._routes:
            if methods and method.upper() not in methods:
                continue
            values = template.match(parts)
            if values is not None:
                return endpoint, values
        return None
