"""AMQP 1.0 performatives as named tuples, decoded and encoded.

Fields that are only passed on or echoed stay encoded.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, get_args

from local.emulators.servicebus import codec
from local.emulators.servicebus.codec import NULL, CodecError, Reader


class Open(NamedTuple):
    container_id: str
    hostname: str | None = None
    max_frame_size: int | None = None  # bytes
    channel_max: int | None = None
    idle_time_out: int | None = None  # milliseconds
    outgoing_locales: bytes | None = None
    incoming_locales: bytes | None = None
    offered_capabilities: bytes | None = None
    desired_capabilities: bytes | None = None
    properties: bytes | None = None


class Begin(NamedTuple):
    remote_channel: int | None
    next_outgoing_id: int
    incoming_window: int  # transfer frames, like all windows
    outgoing_window: int
    handle_max: int | None = None
    offered_capabilities: bytes | None = None
    desired_capabilities: bytes | None = None
    properties: bytes | None = None


class Attach(NamedTuple):
    name: str
    handle: int
    role: bool  # RECEIVER or SENDER, of the peer that attaches
    snd_settle_mode: int | None = None
    rcv_settle_mode: int | None = None
    source: bytes | None = None
    target: bytes | None = None
    unsettled: bytes | None = None
    incomplete_unsettled: bool | None = None
    initial_delivery_count: int | None = None
    max_message_size: int | None = None  # bytes
    offered_capabilities: bytes | None = None
    desired_capabilities: bytes | None = None
    properties: bytes | None = None


class Flow(NamedTuple):
    next_incoming_id: int | None
    incoming_window: int
    next_outgoing_id: int
    outgoing_window: int
    handle: int | None = None
    delivery_count: int | None = None
    link_credit: int | None = None
    available: int | None = None
    drain: bool = False
    echo: bool = False
    properties: bytes | None = None


class Transfer(NamedTuple):
    handle: int
    delivery_id: int | None = None
    delivery_tag: bytes | None = None
    message_format: int | None = None
    settled: bool | None = None
    more: bool = False
    rcv_settle_mode: int | None = None
    state: bytes | None = None
    resume: bool = False
    aborted: bool = False
    batchable: bool = False


class Disposition(NamedTuple):
    role: bool  # RECEIVER or SENDER, of the peer that sends it
    first: int  # delivery id
    last: int | None = None
    settled: bool = False
    state: bytes | None = None
    batchable: bool = False


class Detach(NamedTuple):
    handle: int
    closed: bool = False
    error: bytes | None = None


class End(NamedTuple):
    error: bytes | None = None


class Close(NamedTuple):
    error: bytes | None = None


class SaslMechanisms(NamedTuple):
    mechanisms: bytes


class SaslInit(NamedTuple):
    mechanism: str
    initial_response: bytes | None = None
    hostname: str | None = None


class SaslOutcome(NamedTuple):
    code: int
    additional_data: bytes | None = None


type Performative = (
    Open
    | Begin
    | Attach
    | Flow
    | Transfer
    | Disposition
    | Detach
    | End
    | Close
    | SaslMechanisms
    | SaslInit
    | SaslOutcome
)

SENDER, RECEIVER = False, True
SETTLED = 1  # sender settle mode: deliveries are sent settled


class _FieldType(NamedTuple):
    """How a field is decoded and encoded."""

    read: Callable[[Reader], Any]
    encode: Callable[[Any], bytes]


def _typed(expected: type, encode: Callable[[Any], bytes]) -> _FieldType:
    def read(reader: Reader) -> Any:
        value = reader.value()
        if value is not None and not isinstance(value, expected):
            raise CodecError(f"{expected.__name__} expected, {type(value).__name__} found")
        return value

    return _FieldType(read, encode)


def _read_encoded(reader: Reader) -> bytes | None:
    raw = reader.raw()
    return None if raw == NULL else raw


_BOOLEAN = _typed(bool, codec.encode_boolean)
_UBYTE = _typed(int, codec.encode_ubyte)
_USHORT = _typed(int, codec.encode_ushort)
_UINT = _typed(int, codec.encode_uint)
_ULONG = _typed(int, codec.encode_ulong)
_STRING = _typed(str, codec.encode_string)
_SYMBOL = _typed(str, codec.encode_symbol)
_BINARY = _typed(bytes, codec.encode_binary)
_ANY = _FieldType(_read_encoded, bytes)

_PERFORMATIVES: dict[int, tuple[type[Any], tuple[_FieldType, ...]]] = {
    0x10: (Open, (_STRING, _STRING, _UINT, _USHORT, _UINT, _ANY, _ANY, _ANY, _ANY, _ANY)),
    0x11: (Begin, (_USHORT, _UINT, _UINT, _UINT, _UINT, _ANY, _ANY, _ANY)),
    0x12: (
        Attach,
        (
            *(_STRING, _UINT, _BOOLEAN, _UBYTE, _UBYTE, _ANY, _ANY),
            *(_ANY, _BOOLEAN, _UINT, _ULONG, _ANY, _ANY, _ANY),
        ),
    ),
    0x13: (
        Flow,
        (_UINT, _UINT, _UINT, _UINT, _UINT, _UINT, _UINT, _UINT, _BOOLEAN, _BOOLEAN, _ANY),
    ),
    0x14: (
        Transfer,
        (_UINT, _UINT, _BINARY, _UINT, _BOOLEAN, _BOOLEAN, _UBYTE, _ANY, _BOOLEAN, _BOOLEAN, _BOOLEAN),
    ),
    0x15: (Disposition, (_BOOLEAN, _UINT, _UINT, _BOOLEAN, _ANY, _BOOLEAN)),
    0x16: (Detach, (_UINT, _BOOLEAN, _ANY)),
    0x17: (End, (_ANY,)),
    0x18: (Close, (_ANY,)),
    0x40: (SaslMechanisms, (_ANY,)),
    0x41: (SaslInit, (_SYMBOL, _BINARY, _STRING)),
    0x44: (SaslOutcome, (_UBYTE, _BINARY)),
}
_CODES = {performative_type: code for code, (performative_type, _) in _PERFORMATIVES.items()}
_REQUIRED = object()


def _defaults(performative_type: type[Any]) -> tuple[Any, ...]:
    """The default of each field, which a null stands for."""
    return tuple(
        performative_type._field_defaults.get(name, None if type(None) in get_args(annotation) else _REQUIRED)
        for name, annotation in performative_type.__annotations__.items()
    )


_DEFAULTS = {code: _defaults(performative_type) for code, (performative_type, _) in _PERFORMATIVES.items()}


def decode_performative(body: bytes) -> tuple[Performative, bytes]:
    """The performative in the body of a frame, and the payload behind it.

    Raises:
        CodecError: it isn't a performative, or lacks a required field.
    """
    reader = Reader(body)
    if reader.byte() != 0:
        raise CodecError("a frame that doesn't begin with a performative")
    code = reader.value()
    if not isinstance(code, int) or code not in _PERFORMATIVES:
        raise CodecError(f"{code!r} isn't the descriptor of a performative")
    count, content = reader.items()
    performative_type, field_types = _PERFORMATIVES[code]
    values = [field_type.read(content) for field_type in field_types[:count]]
    values += [None] * (len(field_types) - len(values))
    fields = [
        default if value is None else value for value, default in zip(values, _DEFAULTS[code], strict=True)
    ]
    if _REQUIRED in fields:
        raise CodecError(f"{performative_type.__name__} lacks a required field")
    return performative_type(*fields), body[reader.position :]


def encode_performative(performative: Performative) -> bytes:
    """Encode every field, nulls included: older Python clients expect them all."""
    code = _CODES[type(performative)]
    field_types = _PERFORMATIVES[code][1]
    fields = [
        NULL if value is None else field_type.encode(value)
        for field_type, value in zip(field_types, performative, strict=True)
    ]
    return codec.encode_described(code, codec.encode_list(fields))
