"""A message as its sender encoded it: sections are kept byte for byte, decoded only where needed."""

from collections.abc import Mapping
from copy import replace
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

from local.emulators.servicebus import codec
from local.emulators.servicebus.codec import CodecError, Reader

HEADER = 0x70
MESSAGE_ANNOTATIONS = 0x72
PROPERTIES = 0x73
APPLICATION_PROPERTIES = 0x74
DATA = 0x75
AMQP_VALUE = 0x77
FOOTER = 0x78

BATCH_FORMAT = 0x80013700  # of a transfer whose data sections are whole messages

# Fields of the properties section, in the order of the specification.
PROPERTY_FIELDS = (
    "message_id",
    "user_id",
    "to",
    "subject",
    "reply_to",
    "correlation_id",
    "content_type",
    "content_encoding",
    "absolute_expiry_time",
    "creation_time",
    "group_id",
    "group_sequence",
    "reply_to_group_id",
)
# Set by the broker only; a client's values, from a message that it forwards, are dropped.
BROKER_ANNOTATIONS = frozenset(
    {
        "x-opt-sequence-number",
        "x-opt-enqueued-time",
        "x-opt-enqueue-sequence-number",
        "x-opt-locked-until",
        "x-opt-lock-token",
        "x-opt-message-state",
    }
)


def sections(raw: bytes) -> list[tuple[int, bytes]]:
    """The sections of an encoded message in their order: descriptor, and the value as it is encoded.

    Raises:
        CodecError: the bytes aren't a sequence of sections.
    """
    reader, found = Reader(raw), []
    while not reader.at_end:
        if reader.unsigned(1) != 0:
            raise CodecError(f"no section starts at {reader.position - 1}")
        descriptor = reader.value()
        if not isinstance(descriptor, int) or not HEADER <= descriptor <= FOOTER:
            raise CodecError(f"{descriptor!r} isn't the descriptor of a message section")
        found.append((descriptor, reader.raw()))
    return found


@dataclass(frozen=True)
class Message:
    """A message as it was sent. Encoded parts are AMQP values without their section descriptor."""

    durable: bool = False
    priority: int | None = None
    time_to_live: float | None = None  # seconds, from the header; None = the entity decides
    annotations: tuple[tuple[str, bytes], ...] = ()  # name, encoded value
    encoded_properties: bytes = b"\x45"
    encoded_application_properties: bytes | None = None
    body: bytes = b""  # the body sections and the footer, descriptors included

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """Every field of the properties section by its name; None where the sender set nothing."""
        values = _of_type(list, codec.decode(self.encoded_properties))
        return dict.fromkeys(PROPERTY_FIELDS) | dict(zip(PROPERTY_FIELDS, values, strict=False))

    @cached_property
    def application_properties(self) -> Mapping[str, Any]:
        return _of_type(dict, codec.decode(self.encoded_application_properties or codec.encode_map([])))

    @cached_property
    def scheduled_for(self) -> float | None:
        """When the message is to be enqueued, in seconds since the epoch; None = at once."""
        encoded = dict(self.annotations).get("x-opt-scheduled-enqueue-time")
        return _seconds(None if encoded is None else codec.decode(encoded))

    def with_application_properties(self, changes: Mapping[str, bytes]) -> "Message":
        """A copy with these properties set; values are encoded already."""
        present = codec.map_items(self.encoded_application_properties or codec.encode_map([]))
        merged = {**dict(present), **changes}
        pairs = [(codec.encode_string(name), value) for name, value in merged.items()]
        return replace(self, encoded_application_properties=codec.encode_map(pairs))

    def encode(self, delivery_count: int, broker_annotations: Mapping[str, bytes]) -> bytes:
        """Encode the message for a receiver, with the broker's annotations."""
        annotations = [
            (codec.encode_symbol(name), value)
            for name, value in (*self.annotations, *broker_annotations.items())
        ]
        parts = [
            codec.encode_described(HEADER, self._encode_header(delivery_count)),
            codec.encode_described(MESSAGE_ANNOTATIONS, codec.encode_map(annotations)),
            codec.encode_described(PROPERTIES, self.encoded_properties),
        ]
        if self.encoded_application_properties is not None:
            parts.append(codec.encode_described(APPLICATION_PROPERTIES, self.encoded_application_properties))
        return b"".join([*parts, self.body])

    def _encode_header(self, delivery_count: int) -> bytes:
        priority, ttl = self.priority, self.time_to_live
        return codec.encode_list(
            [
                codec.encode_boolean(self.durable),
                codec.NULL if priority is None else codec.encode_ubyte(priority),
                codec.NULL if ttl is None else codec.encode_uint(round(ttl * 1000)),
                codec.NULL,  # first-acquirer
                codec.encode_uint(delivery_count),
            ]
        )


def parse_message(raw: bytes) -> Message:
    """Read an encoded message, and give it a message id if it has none.

    Without one the JavaScript client could receive the message but never settle it.

    Raises:
        CodecError: the bytes aren't an AMQP message.
    """
    found = sections(raw)
    values = dict(found)
    durable, priority, ttl = _header(values.get(HEADER))
    message = Message(
        durable=bool(durable),
        priority=priority,
        time_to_live=_seconds(ttl),
        annotations=_client_annotations(values.get(MESSAGE_ANNOTATIONS)),
        encoded_properties=values.get(PROPERTIES, codec.encode_list([])),
        encoded_application_properties=values.get(APPLICATION_PROPERTIES),
        body=b"".join(codec.encode_described(section, value) for section, value in found if section >= DATA),
    )
    _decode_all(message)
    return _with_message_id(message)


def parse_batch(raw: bytes) -> list[Message]:
    """Read the messages of a batch: each data section of the envelope holds a whole encoded message.

    Raises:
        CodecError: the envelope or one of its messages isn't valid; a batch is accepted whole or not at all.
    """
    return [parse_message(codec.decode(value)) for descriptor, value in sections(raw) if descriptor == DATA]


def _header(value: bytes | None) -> tuple[Any, Any, Any]:
    fields = [] if value is None else _of_type(list, codec.decode(value))
    durable, priority, ttl = [*fields, None, None, None][:3]
    return durable, priority, ttl


def _seconds(milliseconds: Any) -> float | None:
    return None if milliseconds is None else _of_type(int, milliseconds) / 1000


def _of_type[T](expected: type[T], value: Any) -> T:
    if not isinstance(value, expected):
        raise CodecError(f"{expected.__name__} expected, {type(value).__name__} found")
    return value


def _decode_all(message: Message) -> None:
    """Raise now, while the delivery can be rejected, if a part can't be decoded; the values are cached."""
    _ = message.properties, message.application_properties, message.scheduled_for


def _client_annotations(value: bytes | None) -> tuple[tuple[str, bytes], ...]:
    pairs = [] if value is None else codec.map_items(value)
    return tuple((str(name), encoded) for name, encoded in pairs if name not in BROKER_ANNOTATIONS)


def _with_message_id(message: Message) -> Message:
    if message.properties["message_id"] is not None:
        return message
    others = codec.list_items(message.encoded_properties)[1:]
    encoded = codec.encode_list([codec.encode_string(uuid4().hex), *others])
    return replace(message, encoded_properties=encoded)
