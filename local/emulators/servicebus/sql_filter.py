"""SQL filters of subscriptions, compiled once; as in the service, a condition is true, false or unknown."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from local.emulators.servicebus.filters import SYSTEM_PROPERTIES
from local.emulators.servicebus.message import Message

MAX_LENGTH = 1024  # characters, as in the service

type Expression = Callable[[Message], Any]  # None is unknown: a value is missing or can't be compared

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+\.\d+|\d+)
    | (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"[^"]+"|\[[^\]]+\])
    | (?P<word>[A-Za-z_@\#][\w.\-$]*)
    | (?P<operator><=|>=|<>|!=|[=<>(),+\-*/%])
    )""",
    re.VERBOSE,
)
_RESERVED = {"and", "or", "not", "in", "like", "is", "exists", "escape"}
_SYSTEM = {name.lower(): field_name for name, field_name in SYSTEM_PROPERTIES.items()}


class SqlFilterError(ValueError):
    """The expression is invalid, or not supported by this emulator."""


class Token(NamedTuple):
    kind: str
    text: str


@dataclass(frozen=True)
class SqlFilter:
    """A condition on system properties (`sys.Label`) and application properties (`user.grade` or `grade`).

    Raises:
        SqlFilterError: when made from an expression that is too long or not valid.
    """

    expression: str
    _condition: Expression = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_condition", _Parser(self.expression).parse())

    def matches(self, message: Message) -> bool:
        """Whether the condition is true; unknown doesn't match."""
        return self._condition(message) is True


def _tokens(expression: str) -> Iterator[Token]:
    if len(expression) > MAX_LENGTH:
        raise SqlFilterError(f"longer than {MAX_LENGTH} characters")
    position, end = 0, len(expression.rstrip())
    while position < end:
        match = _TOKEN.match(expression, position)
        if match is None or match.lastgroup is None:
            raise SqlFilterError(f"not understood from {expression[position:].strip()!r} on")
        yield Token(match.lastgroup, match.group(match.lastgroup))
        position = match.end()


class _Parser:
    """Recursive descent, loosest operator first: OR, AND, NOT, comparison, sum, product, sign."""

    def __init__(self, expression: str) -> None:
        self._tokens = list(_tokens(expression))
        self._position = 0

    def parse(self) -> Expression:
        condition = self._disjunction()
        if self._position < len(self._tokens):
            self._fail()
        return condition

    def _disjunction(self) -> Expression:
        left = self._conjunction()
        while self._accept("or"):
            left = _or(left, self._conjunction())
        return left

    def _conjunction(self) -> Expression:
        left = self._negation()
        while self._accept("and"):
            left = _and(left, self._negation())
        return left

    def _negation(self) -> Expression:
        return _not(self._negation()) if self._accept("not") else self._comparison()

    def _comparison(self) -> Expression:
        if self._accept("exists"):
            return self._exists()
        left = self._sum()
        if self._accept("is"):
            return self._is_null(left)
        negated = self._accept("not") is not None
        if self._accept("in"):
            condition = _in(left, self._values())
        elif self._accept("like"):
            condition = self._like(left)
        elif negated:
            self._fail()
        elif operator := self._accept(*_COMPARISONS):
            condition = _compare(_COMPARISONS[operator], left, self._sum())
        else:
            return left
        return _not(condition) if negated else condition

    def _exists(self) -> Expression:
        self._expect("(")
        value = self._property()
        self._expect(")")
        return lambda message: value(message) is not None

    def _is_null(self, value: Expression) -> Expression:
        negated = self._accept("not") is not None
        self._expect("null")
        return lambda message: (value(message) is None) != negated

    def _values(self) -> list[Expression]:
        self._expect("(")
        values = [self._sum()]
        while self._accept(","):
            values.append(self._sum())
        self._expect(")")
        return values

    def _like(self, value: Expression) -> Expression:
        pattern = self._sum()
        escape = self._literal_text() if self._accept("escape") else None
        return _like(value, pattern, escape)

    def _sum(self) -> Expression:
        left = self._product()
        while operator := self._accept("+", "-"):
            left = _calculate(operator, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._operand()
        while operator := self._accept("*", "/", "%"):
            left = _calculate(operator, left, self._operand())
        return left

    def _operand(self) -> Expression:
        if self._accept("("):
            inner = self._disjunction()
            self._expect(")")
            return inner
        if self._accept("-"):
            return _calculate("-", _constant(0), self._operand())
        if self._accept("+"):
            return self._operand()
        return self._literal() or self._property()

    def _literal(self) -> Expression | None:
        token = self._peek()
        if word := self._accept(*_CONSTANTS):
            return _constant(_CONSTANTS[word])
        if token is None or token.kind not in ("number", "text"):
            return None
        if token.kind == "text":
            return _constant(self._literal_text())
        self._position += 1
        return _constant(float(token.text) if "." in token.text else int(token.text))

    def _literal_text(self) -> str:
        token = self._peek()
        if token is None or token.kind != "text":
            self._fail()
        self._position += 1
        return token.text[1:-1].replace("''", "'")

    def _property(self) -> Expression:
        token = self._peek()
        if token is None or token.kind not in ("word", "quoted") or token.text.lower() in _RESERVED:
            self._fail()
        self._position += 1
        return _application_property(token.text[1:-1]) if token.kind == "quoted" else _scoped(token.text)

    def _peek(self) -> Token | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _accept(self, *wanted: str) -> str | None:
        token = self._peek()
        if token is None or token.kind not in ("word", "operator") or token.text.lower() not in wanted:
            return None
        self._position += 1
        return token.text.lower()

    def _expect(self, wanted: str) -> None:
        if not self._accept(wanted):
            self._fail()

    def _fail(self) -> NoReturn:
        token = self._peek()
        raise SqlFilterError("ends too early" if token is None else f"{token.text!r} isn't expected there")


def _constant(value: Any) -> Expression:
    return lambda _: value


def _application_property(name: str) -> Expression:
    return lambda message: message.application_properties.get(name)


def _scoped(name: str) -> Expression:
    scope, dot, rest = name.partition(".")
    if dot and scope.lower() == "user":
        return _application_property(rest)
    if not dot or scope.lower() != "sys":
        return _application_property(name)
    field_name = _SYSTEM.get(rest.lower())
    if field_name is None:
        raise SqlFilterError(f"there is no system property {rest!r}")
    return lambda message: message.properties[field_name]


def _or(left: Expression, right: Expression) -> Expression:
    def either(message: Message) -> bool | None:
        values = _truth(left(message)), _truth(right(message))
        return True if True in values else None if None in values else False

    return either


def _and(left: Expression, right: Expression) -> Expression:
    def both(message: Message) -> bool | None:
        values = _truth(left(message)), _truth(right(message))
        return False if False in values else None if None in values else True

    return both


def _not(condition: Expression) -> Expression:
    def opposite(message: Message) -> bool | None:
        value = _truth(condition(message))
        return None if value is None else not value

    return opposite


def _truth(value: Any) -> bool | None:
    """The value as a condition; a number or a text is unknown."""
    return value if isinstance(value, bool) else None


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}
_CONSTANTS = {"true": True, "false": False, "null": None}


def _kind(value: Any) -> type:
    """Values compare within their kind only: numbers with numbers, text with text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return type(value)
    return str if isinstance(value, str) else float


def _compare(comparison: Callable[[Any, Any], bool], left: Expression, right: Expression) -> Expression:
    def compare(message: Message) -> bool | None:
        values = (left(message), right(message))
        if None in values or _kind(values[0]) is not _kind(values[1]):
            return None
        return comparison(*values)

    return compare


def _in(value: Expression, candidates: list[Expression]) -> Expression:
    found = _compare(_COMPARISONS["="], value, candidates[0])
    for candidate in candidates[1:]:
        found = _or(found, _compare(_COMPARISONS["="], value, candidate))
    return found


def _like(value: Expression, pattern: Expression, escape: str | None) -> Expression:
    def like(message: Message) -> bool | None:
        text, wanted = value(message), pattern(message)
        if not isinstance(text, str) or not isinstance(wanted, str):
            return None
        return re.fullmatch(_like_pattern(wanted, escape), text, re.DOTALL) is not None

    return like


def _like_pattern(pattern: str, escape: str | None) -> str:
    parts, characters = [], iter(pattern)
    for character in characters:
        if character == escape:
            parts.append(re.escape(next(characters, character)))
        else:
            parts.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
    return "".join(parts)


def _calculate(operator: str, left: Expression, right: Expression) -> Expression:
    def calculate(message: Message) -> Any:
        values = (left(message), right(message))
        if None in values or _kind(values[0]) is not _kind(values[1]):
            return None
        return _arithmetic(operator, *values)

    return calculate


def _arithmetic(operator: str, left: Any, right: Any) -> Any:
    """The result, or None where there is none (text minus text, division by zero)."""
    if isinstance(left, str):
        return left + right if operator == "+" else None
    if operator in ("/", "%"):
        return _divide(operator, left, right)
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def _divide(operator: str, left: float, right: float) -> float | None:
    """Division of whole numbers drops the fraction, and a remainder has the sign of the left side."""
    if right == 0:
        return None
    quotient = int(left / right) if isinstance(left, int) and isinstance(right, int) else left / right
    return quotient if operator == "/" else left - int(left / right) * right
