"""Message formats are learned from the raw bytes, however the network cuts them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.emulators.servicebus import codec
from local.emulators.servicebus.codec import CodecError
from local.emulators.servicebus.message_formats import BATCH_FORMAT, MessageFormats

SENDER, RECEIVER = False, True  # the client's role on a link


def frame(performative, *fields, channel=0, kind=0, payload=b""):
    body = codec.encode_described(performative, codec.encode_list([field or codec.NULL for field in fields]))
    content = bytes((2, kind)) + channel.to_bytes(2) + body + payload
    return (len(content) + 4).to_bytes(4) + content


def attach(name, handle, role=SENDER, channel=0):
    return frame(
        0x12, codec.encode(name), codec.encode_uint(handle), codec.encode_boolean(role), channel=channel
    )


def transfer(handle, message_format=None, *, more=False, aborted=False, channel=0, payload=b"body"):
    return frame(
        0x14,
        codec.encode_uint(handle),
        codec.encode_uint(0),
        codec.encode_binary(b"tag"),
        None if message_format is None else codec.encode_uint(message_format),
        None,
        codec.encode_boolean(more),
        None,
        None,
        None,
        codec.encode_boolean(aborted),
        channel=channel,
        payload=payload,
    )


def detach(handle, channel=0):
    return frame(0x16, codec.encode_uint(handle), channel=channel)


STREAM = b"".join(
    [
        b"AMQP\x03\x01\x00\x00",
        frame(0x41, codec.encode_symbol("ANONYMOUS"), kind=1),
        b"AMQP\x00\x01\x00\x00",
        attach("a", 0),
        attach("a", 1, RECEIVER),
        attach("b", 2),
        bytes.fromhex("0000000802000000"),  # heartbeat
        transfer(0, 0),
        transfer(0, BATCH_FORMAT, more=True, payload=b"AMQP" * 20),
        transfer(2, BATCH_FORMAT),
        transfer(0, more=True),
        transfer(0),
        transfer(0, 0, more=True),
        transfer(0, aborted=True, more=True),
        transfer(0, BATCH_FORMAT),
        detach(0),
        attach("a", 0),
        transfer(0, 0),
    ]
)


@given(st.sets(st.integers(0, len(STREAM))))
def test_formats_come_in_the_order_of_the_deliveries_wherever_the_bytes_are_cut(cuts):
    formats = MessageFormats()
    edges = [0, *sorted(cuts), len(STREAM)]
    for start, end in pairwise(edges):
        formats.feed(STREAM[start:end])

    assert list(formats.of_next_link("a")) == [0, BATCH_FORMAT, 0, BATCH_FORMAT]
    assert list(formats.of_next_link("b")) == [BATCH_FORMAT]
    assert list(formats.of_next_link("a")) == [0]


def test_equal_handles_on_two_channels_are_two_links():
    formats = MessageFormats()
    formats.feed(attach("a", 0) + attach("b", 0, channel=1))
    formats.feed(transfer(0, BATCH_FORMAT, channel=1))

    assert list(formats.of_next_link("a")) == []
    assert list(formats.of_next_link("b")) == [BATCH_FORMAT]


def test_an_ended_session_takes_its_links_along():
    formats = MessageFormats()
    formats.feed(attach("a", 0) + transfer(0, 0, more=True) + frame(0x17) + attach("a", 0))
    formats.feed(transfer(0, BATCH_FORMAT))

    assert list(formats.of_next_link("a")) == [0]
    assert list(formats.of_next_link("a")) == [BATCH_FORMAT]


@pytest.mark.parametrize(
    "data",
    [transfer(7), frame(0x12), bytes.fromhex("0000000c02000000005314c0")],
    ids=["link", "field", "cut"],
)
def test_a_frame_that_makes_no_sense_is_refused(data):
    with pytest.raises(CodecError):
        MessageFormats().feed(data)
