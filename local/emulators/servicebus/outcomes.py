"""How a delivery ended, and errors, as AMQP writes them."""

from dataclasses import dataclass
from enum import IntEnum

from local.emulators.servicebus import codec
from local.emulators.servicebus.codec import NULL, CodecError

_ERROR, _RECEIVED = 0x1D, 0x23


class Ending(IntEnum):
    """What became of a delivery, by the descriptor of the outcome."""

    ACCEPTED = 0x24
    REJECTED = 0x25
    RELEASED = 0x26
    MODIFIED = 0x27


@dataclass(frozen=True, slots=True)
class Outcome:
    """A client's word on a delivery.

    Attributes:
        undeliverable_here: of a modification, which then means deferring.
        properties: what the client wants set on the message, encoded; with a rejection its reasons, too.
    """

    ending: Ending
    undeliverable_here: bool = False
    properties: tuple[tuple[str, bytes], ...] = ()

    def echo(self) -> bytes:
        """The same in our words; a rejection without its error, which would mean that we failed."""
        fields: list[bytes] = []
        if self.ending is Ending.MODIFIED:
            fields = [codec.encode_boolean(True), codec.encode_boolean(self.undeliverable_here)]
        return codec.encode_described(self.ending, codec.encode_list(fields))


ACCEPTED = Outcome(Ending.ACCEPTED).echo()


def encode_error(condition: str, description: str) -> bytes:
    """An error with all of its fields: where the info map is missing, the Python client fails or hangs."""
    info = codec.encode_map([(codec.encode_symbol("source"), codec.encode_string("servicebus-emulator"))])
    fields = [codec.encode_symbol(condition), codec.encode_string(description), info]
    return codec.encode_described(_ERROR, codec.encode_list(fields))


def rejected(condition: str, description: str) -> bytes:
    """The outcome that says why not."""
    return codec.encode_described(Ending.REJECTED, codec.encode_list([encode_error(condition, description)]))


def read_outcome(state: bytes | None) -> Outcome | None:
    """What a client says of a delivery; None while it says nothing final.

    Raises:
        CodecError: it isn't a state of a delivery.
    """
    if state is None:
        return None
    code, fields = codec.described_list(state)
    if code == _RECEIVED:
        return None
    if code not in tuple(Ending):
        raise CodecError(f"{code!r} isn't the descriptor of an outcome")
    first, second, third = [*fields, NULL, NULL, NULL][:3]
    match Ending(code):
        case Ending.REJECTED:
            return Outcome(Ending.REJECTED, properties=_info(first))
        case Ending.MODIFIED:
            return Outcome(Ending.MODIFIED, codec.decode(second) is True, _properties(third))
        case ending:
            return Outcome(ending)


def _info(error: bytes) -> tuple[tuple[str, bytes], ...]:
    fields = [] if error == NULL else codec.described_list(error)[1]
    return _properties(fields[2]) if len(fields) > 2 else ()


def _properties(encoded: bytes) -> tuple[tuple[str, bytes], ...]:
    return () if encoded == NULL else tuple((str(name), value) for name, value in codec.map_items(encoded))
