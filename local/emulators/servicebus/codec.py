"""AMQP 1.0 types: decode values, encode them, and copy encoded ones byte for byte."""

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

_FLOAT = struct.Struct(">f")
_DOUBLE = struct.Struct(">d")


class CodecError(ValueError):
    """The bytes aren't valid AMQP: truncated, an unknown constructor, text that isn't UTF-8."""


class Symbol(str):
    """An AMQP symbol: ASCII text, a type of its own beside string."""

    __slots__ = ()


class Timestamp(int):
    """Milliseconds since the Unix epoch, UTC."""

    __slots__ = ()


class Described(NamedTuple):
    """A value with the descriptor that gives its type."""

    descriptor: Any
    value: Any


def _unsigned(raw: bytes) -> int:
    return int.from_bytes(raw)


def _signed(raw: bytes) -> int:
    return int.from_bytes(raw, signed=True)


def _timestamp(raw: bytes) -> Timestamp:
    return Timestamp(_signed(raw))


def _utf8(raw: bytes) -> str:
    return raw.decode("utf-8")


def _symbol(raw: bytes) -> Symbol:
    return Symbol(raw.decode("ascii"))


# Constructors of fixed width, with the decoder of the bytes that follow. Decimals stay raw bytes.
_FIXED: dict[int, Callable[[bytes], Any]] = {
    0x40: lambda _: None,
    0x41: lambda _: True,
    0x42: lambda _: False,
    0x43: lambda _: 0,
    0x44: lambda _: 0,
    0x45: lambda _: [],
    0x50: _unsigned,
    0x51: _signed,
    0x52: _unsigned,
    0x53: _unsigned,
    0x54: _signed,
    0x55: _signed,
    0x56: lambda raw: raw == b"\x01",
    0x60: _unsigned,
    0x61: _signed,
    0x70: _unsigned,
    0x71: _signed,
    0x72: lambda raw: _FLOAT.unpack(raw)[0],
    0x73: lambda raw: raw.decode("utf-32-be"),
    0x74: bytes,
    0x80: _unsigned,
    0x81: _signed,
    0x82: lambda raw: _DOUBLE.unpack(raw)[0],
    0x83: _timestamp,
    0x84: bytes,
    0x94: bytes,
    0x98: lambda raw: UUID(bytes=raw),
}
_VARIABLE: dict[int, Callable[[bytes], Any]] = {
    0xA0: bytes,
    0xB0: bytes,
    0xA1: _utf8,
    0xB1: _utf8,
    0xA3: _symbol,
    0xB3: _symbol,
}
_LISTS, _MAPS, _ARRAYS = (0xC0, 0xD0), (0xC1, 0xD1), (0xE0, 0xF0)
# The high nibble of a constructor gives the width of the value, or of the size field in front of it.
_VALUE_WIDTHS = {4: 0, 5: 1, 6: 2, 7: 4, 8: 8, 9: 16}
_SIZE_WIDTHS = {0xA: 1, 0xB: 4, 0xC: 1, 0xD: 4, 0xE: 1, 0xF: 4}

# Array items may be zero bytes wide, so a few bytes could claim any number of them.
_MAX_EMPTY_ITEMS = 255


class Reader:
    """Reads encoded values one after another. Every method raises `CodecError` on invalid bytes."""

    __slots__ = ("buffer", "position")

    def __init__(self, buffer: bytes, position: int = 0) -> None:
        self.buffer = buffer
        self.position = position

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.buffer)

    def take(self, size: int) -> bytes:
        """The next `size` bytes, never fewer."""
        start, self.position = self.position, self.position + size
        if self.position > len(self.buffer):
            raise CodecError(f"{size} bytes expected at {start}, the data ends at {len(self.buffer)}")
        return self.buffer[start : self.position]

    def byte(self) -> int:
        """The next byte; the same as `unsigned(1)`, on the path that every value takes."""
        position = self.position
        if position >= len(self.buffer):
            raise CodecError(f"a value expected at {position}, where the data ends")
        self.position = position + 1
        return self.buffer[position]

    def unsigned(self, width: int) -> int:
        return int.from_bytes(self.take(width))

    def value(self) -> Any:
        """The next value, decoded."""
        code = self.byte()
        try:
            return Described(self.value(), self.value()) if code == 0 else self._body(code)
        except UnicodeDecodeError as exc:
            raise CodecError(f"text before {self.position} isn't valid: {exc.reason}") from exc
        except RecursionError:
            raise CodecError("values nested too deep") from None

    def raw(self) -> bytes:
        """The next value as it is encoded, its constructor included."""
        start = self.position
        self.skip()
        return self.buffer[start : self.position]

    def skip(self) -> None:
        """Move past the next value."""
        remaining = 1  # values to skip; a described value is two, the descriptor and the value
        while remaining:
            code = self.byte()
            if code == 0:
                remaining += 1
            else:
                self.take(self._width(code))
                remaining -= 1

    def items(self) -> "tuple[int, Reader]":
        """Count and contents of the next value, which must be a list or a map."""
        code = self.byte()
        if code == 0x45:  # the empty list
            return 0, Reader(b"")
        if code not in _LISTS + _MAPS:
            raise CodecError(f"a list or a map expected, constructor 0x{code:02x} found")
        return self._compound(code)

    def _width(self, code: int) -> int:
        nibble = code >> 4
        width = _VALUE_WIDTHS.get(nibble)
        if width is not None:
            return width
        if nibble not in _SIZE_WIDTHS:
            raise CodecError(f"unknown constructor 0x{code:02x} before {self.position}")
        return self.byte() if _SIZE_WIDTHS[nibble] == 1 else self.unsigned(4)

    def _compound(self, code: int) -> "tuple[int, Reader]":
        content = Reader(self.take(self._width(code)))
        return content.unsigned(_SIZE_WIDTHS[code >> 4]), content

    def _body(self, code: int) -> Any:
        decode = _FIXED.get(code) or _VARIABLE.get(code)
        if decode is not None:
            return decode(self.take(self._width(code)))
        if code in _LISTS:
            count, content = self._compound(code)
            return [content.value() for _ in range(count)]
        if code in _MAPS:
            return self._map(code)
        if code in _ARRAYS:
            return self._array(code)
        raise CodecError(f"unknown constructor 0x{code:02x} before {self.position}")

    def _map(self, code: int) -> dict[Any, Any]:
        count, content = self._compound(code)
        flat = [content.value() for _ in range(count)]
        try:
            return dict(zip(flat[::2], flat[1::2], strict=True))
        except (TypeError, ValueError) as exc:
            raise CodecError(f"a map of {count} items that can't be paired: {exc}") from exc

    def _array(self, code: int) -> list[Any]:
        count, content = self._compound(code)
        constructor = content.unsigned(1)
        if count > max(len(content.buffer), _MAX_EMPTY_ITEMS):
            raise CodecError(f"an array of {count} items in {len(content.buffer)} bytes")
        return [content._body(constructor) for _ in range(count)]  # noqa: SLF001 - another Reader of ours


def decode(raw: bytes) -> Any:
    """Decode the value in `raw`."""
    return Reader(raw).value()


def map_items(raw: bytes) -> list[tuple[Any, bytes]]:
    """The pairs of an encoded map in their order: key decoded, value as it is encoded."""
    count, content = Reader(raw).items()
    return [(content.value(), content.raw()) for _ in range(count // 2)]


def list_items(raw: bytes) -> list[bytes]:
    """The items of an encoded list, each as it is encoded."""
    count, content = Reader(raw).items()
    return [content.raw() for _ in range(count)]


NULL = b"\x40"


def encode_boolean(value: bool) -> bytes:
    return b"\x41" if value else b"\x42"


def encode_ubyte(value: int) -> bytes:
    return b"\x50" + value.to_bytes(1)


def encode_ushort(value: int) -> bytes:
    return b"\x60" + value.to_bytes(2)


def encode_uint(value: int) -> bytes:
    return b"\x70" + value.to_bytes(4)


def encode_ulong(value: int) -> bytes:
    return b"\x80" + value.to_bytes(8)


def encode_int(value: int) -> bytes:
    return b"\x71" + value.to_bytes(4, signed=True)


def encode_long(value: int) -> bytes:
    return b"\x81" + value.to_bytes(8, signed=True)


def encode_double(value: float) -> bytes:
    return b"\x82" + _DOUBLE.pack(value)


def encode_timestamp(milliseconds: int) -> bytes:
    return b"\x83" + milliseconds.to_bytes(8, signed=True)


def encode_uuid(value: UUID) -> bytes:
    return b"\x98" + value.bytes


def _variable(code: int, raw: bytes) -> bytes:
    if len(raw) <= 0xFF:  # the length fits into one byte
        return bytes((code, len(raw))) + raw
    return bytes((code | 0x10,)) + len(raw).to_bytes(4) + raw


def encode_binary(value: bytes) -> bytes:
    return _variable(0xA0, value)


def encode_string(value: str) -> bytes:
    return _variable(0xA1, value.encode())


def encode_symbol(value: str) -> bytes:
    return _variable(0xA3, value.encode("ascii"))


def _compound(code: int, count: int, content: bytes) -> bytes:
    if count <= 0xFF and len(content) < 0xFF:  # the size includes the byte of the count
        return bytes((code, len(content) + 1, count)) + content
    return bytes((code | 0x10,)) + (len(content) + 4).to_bytes(4) + count.to_bytes(4) + content


def encode_list(items: Sequence[bytes]) -> bytes:
    """A list of encoded items."""
    return _compound(0xC0, len(items), b"".join(items)) if items else b"\x45"


def encode_map(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A map of encoded keys and values, in the order given."""
    flat = [part for pair in pairs for part in pair]
    return _compound(0xC1, len(flat), b"".join(flat))


def encode_array(items: Sequence[bytes]) -> bytes:
    """An array of encoded items, at least one, all with the same constructor."""
    return _compound(0xE0, len(items), items[0][:1] + b"".join(item[1:] for item in items))


def described_list(raw: bytes) -> tuple[Any, list[bytes]]:
    """The descriptor and the items, as they are encoded, of an encoded described list."""
    reader = Reader(raw)
    if reader.byte() != 0:
        raise CodecError("a described list expected")
    descriptor = reader.value()
    count, content = reader.items()
    return descriptor, [content.raw() for _ in range(count)]


def encode_described(descriptor: int, value: bytes) -> bytes:
    """An encoded value with one of the specification's numeric descriptors (below 256)."""
    return bytes((0x00, 0x53, descriptor)) + value


_ENCODERS: list[tuple[type, Callable[[Any], bytes]]] = [
    (bool, encode_boolean),  # before int, its base class
    (Timestamp, encode_timestamp),
    (int, encode_long),
    (float, encode_double),
    (Symbol, encode_symbol),
    (str, encode_string),
    (bytes, encode_binary),
    (UUID, encode_uuid),
]


def encode(value: Any) -> bytes:
    """A single value in the widest AMQP type of its Python type (an `int` becomes a long).

    Raises:
        CodecError: the type has no AMQP counterpart here; lists and maps are encoded by their own functions.
    """
    if value is None:
        return NULL
    for python_type, encoder in _ENCODERS:
        if isinstance(value, python_type):
            return encoder(value)
    raise CodecError(f"a value of type {type(value).__name__} can't be encoded")
