"""Outcomes of deliveries, and errors, in their AMQP encoding."""

from dataclasses import dataclass
from enum import IntEnum

from local.emulators.servicebus import codec
from local.emulators.servicebus.codec import NULL, CodecError

_ERROR, _RECEIVED = 0x1D, 0x23


class OutcomeKind(IntEnum):
    """The outcomes, each with its AMQP descriptor."""

    ACCEPTED = 0x24
    REJECTED = 0x25
    RELEASED = 0x26
    MODIFIED = 0x27


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome that a client reports for a delivery.

    Attributes:
        undeliverable_here: of `modified`, which then defers the message.
        properties: to set on the message, encoded; of `rejected` also the reason and its description.
    """

    kind: OutcomeKind
    undeliverable_here: bool = False
    properties: tuple[tuple[str, bytes], ...] = ()

    def echo(self) -> bytes:
        """The state that confirms it; `rejected` without its error, which would report a failure of ours."""
        fields: list[bytes] = []
        if self.kind is OutcomeKind.MODIFIED:
            fields = [codec.encode_boolean(True), codec.encode_boolean(self.undeliverable_here)]
        return codec.encode_described(self.kind, codec.encode_list(fields))


ACCEPTED = Outcome(OutcomeKind.ACCEPTED).echo()


def encode_error(condition: str, description: str) -> bytes:
    """An error with all of its fields: where the info map is missing, the Python client fails or hangs."""
    info = codec.encode_map([(codec.encode_symbol("source"), codec.encode_string("servicebus-emulator"))])
    fields = [codec.encode_symbol(condition), codec.encode_string(description), info]
    return codec.encode_described(_ERROR, codec.encode_list(fields))


def rejected(condition: str, description: str) -> bytes:
    """The outcome `rejected` with an error."""
    return codec.encode_described(
        OutcomeKind.REJECTED, codec.encode_list([encode_error(condition, description)])
    )


def read_outcome(state: bytes | None) -> Outcome | None:
    """The outcome in a client's delivery state; None if the state isn't final.

    Raises:
        CodecError: it isn't a delivery state.
    """
    if state is None:
        return None
    code, fields = codec.described_list(state)
    if code == _RECEIVED:
        return None
    if code not in tuple(OutcomeKind):
        raise CodecError(f"{code!r} isn't the descriptor of an outcome")
    first, second, third = [*fields, NULL, NULL, NULL][:3]
    match OutcomeKind(code):
        case OutcomeKind.REJECTED:
            return Outcome(OutcomeKind.REJECTED, properties=_info(first))
        case OutcomeKind.MODIFIED:
            return Outcome(OutcomeKind.MODIFIED, codec.decode(second) is True, _properties(third))
        case kind:
            return Outcome(kind)


def _info(error: bytes) -> tuple[tuple[str, bytes], ...]:
    fields = [] if error == NULL else codec.described_list(error)[1]
    return _properties(fields[2]) if len(fields) > 2 else ()


def _properties(encoded: bytes) -> tuple[tuple[str, bytes], ...]:
    return () if encoded == NULL else tuple((str(name), value) for name, value in codec.map_items(encoded))
