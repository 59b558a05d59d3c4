"""AMQP types: what is encoded is read back, whatever is cut off is refused."""

import contextlib
import math
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.emulators.servicebus import codec
from local.emulators.servicebus.codec import CodecError, Described, Reader, Symbol, Timestamp

INT64 = st.integers(-(2**63), 2**63 - 1)
ASCII = st.text(st.characters(codec="ascii"))
SCALARS = (
    st.none()
    | st.booleans()
    | INT64
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.uuids()
    | ASCII.map(Symbol)
    | INT64.map(Timestamp)
)


@given(SCALARS)
def test_a_value_is_read_back_with_its_type(value):
    decoded = codec.decode(codec.encode(value))

    assert decoded == value
    assert type(decoded) is type(value)


@given(st.lists(SCALARS))
def test_a_list_of_any_length_is_read_back(values):
    encoded = codec.encode_list([codec.encode(value) for value in values])

    assert codec.decode(encoded) == values
    assert codec.list_items(encoded) == [codec.encode(value) for value in values]


@given(st.dictionaries(st.text(), SCALARS))
def test_a_map_is_read_back_in_its_order(values):
    pairs = [(codec.encode(key), codec.encode(value)) for key, value in values.items()]
    encoded = codec.encode_map(pairs)

    assert list(codec.decode(encoded).items()) == list(values.items())
    assert codec.map_items(encoded) == [(key, codec.encode(value)) for key, value in values.items()]


@given(st.lists(st.uuids(), min_size=1))
def test_an_array_is_read_back(values):
    assert codec.decode(codec.encode_array([codec.encode_uuid(value) for value in values])) == values


@given(SCALARS, SCALARS)
def test_skipping_a_value_ends_where_the_next_one_starts(first, second):
    reader = Reader(codec.encode(first) + codec.encode_described(0x70, codec.encode(second)))

    assert reader.raw() == codec.encode(first)
    assert reader.value() == Described(0x70, second)
    assert reader.at_end


@given(st.lists(SCALARS, min_size=1), st.data())
def test_a_value_that_is_cut_off_is_refused(values, data):
    encoded = codec.encode_list([codec.encode(value) for value in values])
    length = data.draw(st.integers(0, len(encoded) - 1))

    with pytest.raises(CodecError):
        codec.decode(encoded[:length])


@given(st.binary(max_size=64))
def test_arbitrary_bytes_are_read_or_refused_but_nothing_else(raw):
    with contextlib.suppress(CodecError):
        codec.decode(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("40", None),
        ("41", True),
        ("5600", False),
        ("43", 0),
        ("44", 0),
        ("45", []),
        ("50ff", 255),
        ("51ff", -1),
        ("52ff", 255),
        ("5380", 128),
        ("54fe", -2),
        ("55fe", -2),
        ("60ffff", 65535),
        ("61ffff", -1),
        ("70ffffffff", 2**32 - 1),
        ("71ffffffff", -1),
        ("723fc00000", 1.5),
        ("73000000e9", "é"),
        ("80ffffffffffffffff", 2**64 - 1),
        ("b100000002c3a9", "é"),
        ("c003024142", [True, False]),
        ("c10100", {}),
    ],
)
def test_every_width_of_a_type_is_understood(raw, value):
    assert codec.decode(bytes.fromhex(raw)) == value


def test_not_a_number_survives():
    assert math.isnan(codec.decode(codec.encode(math.nan)))


def test_text_of_more_than_255_bytes_gets_a_longer_length():
    assert codec.decode(codec.encode("é" * 200)) == "é" * 200


def test_an_unknown_constructor_is_refused():
    with pytest.raises(CodecError, match="0x3f"):
        codec.decode(b"\x3f\x00")


def test_a_type_without_an_amqp_counterpart_is_refused():
    with pytest.raises(CodecError, match="object"):
        codec.encode(object())


def test_a_uuid_is_in_network_byte_order():
    value = UUID("00112233-4455-6677-8899-aabbccddeeff")

    assert codec.encode(value) == b"\x98" + bytes.fromhex("00112233445566778899aabbccddeeff")


@pytest.mark.parametrize("constructor", ["40", "41", "43", "45"])
def test_an_array_of_items_without_a_width_is_bounded(constructor):
    few, endless = f"f000000005000000ff{constructor}", f"f000000005ffffffff{constructor}"

    assert len(codec.decode(bytes.fromhex(few))) == 255
    with pytest.raises(CodecError, match="4294967295 items"):
        codec.decode(bytes.fromhex(endless))


def test_values_nested_too_deep_are_refused():
    described = b"\x00" * 100_000 + b"\x40"
    lists = b"\x40"
    for _ in range(3000):
        lists = codec.encode_list([lists])

    for raw in (described, lists):
        with pytest.raises(CodecError, match="too deep"):
            codec.decode(raw)


def test_described_values_are_skipped_whole():
    nested = bytes.fromhex("00 00 5301 5302 5303") + b"\x41"  # its descriptor is described, too
    reader = Reader(nested)

    assert reader.raw() == nested[:-1]
    assert reader.value() is True


def test_a_described_list_is_taken_apart_without_being_decoded():
    items = [codec.encode_int(1), codec.encode_ulong(2)]

    assert codec.described_list(codec.encode_described(0x25, codec.encode_list(items))) == (0x25, items)
    with pytest.raises(CodecError):
        codec.described_list(codec.encode_list(items))
