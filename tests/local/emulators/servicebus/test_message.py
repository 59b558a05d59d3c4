"""Messages: what the sender encoded reaches the receiver byte for byte, plus what the broker knows."""

import pytest

from local.emulators.servicebus import codec
from local.emulators.servicebus.codec import CodecError
from local.emulators.servicebus.message import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    DATA,
    FOOTER,
    HEADER,
    MESSAGE_ANNOTATIONS,
    PROPERTIES,
    parse_batch,
    parse_message,
    sections,
)

BODY = codec.encode_described(DATA, codec.encode_binary(b"body"))


def properties(*encoded):
    return codec.encode_described(PROPERTIES, codec.encode_list(encoded))


def annotations(**encoded):
    pairs = [(codec.encode_symbol(name.replace("_", "-")), value) for name, value in encoded.items()]
    return codec.encode_described(MESSAGE_ANNOTATIONS, codec.encode_map(pairs))


def test_sections_pass_through_byte_for_byte():
    application = codec.encode_map(
        [
            (codec.encode_string("byte"), b"\x51\xff"),  # types that Python can't tell apart
            (codec.encode_string("int"), b"\x71\x00\x00\x00\x01"),
            (codec.encode_string("decimal"), b"\x84" + bytes(8)),
        ]
    )
    sent = (
        properties(codec.encode_string("id"), codec.encode_binary(b"user"))
        + codec.encode_described(APPLICATION_PROPERTIES, application)
        + codec.encode_described(AMQP_VALUE, codec.encode_double(1.5))
        + codec.encode_described(FOOTER, codec.encode_map([]))
    )

    received = parse_message(sent).encode(0, {})

    assert received.endswith(sent)


def test_the_receiver_gets_the_header_with_the_delivery_count():
    header = codec.encode_described(
        HEADER,
        codec.encode_list([codec.encode_boolean(True), codec.encode_ubyte(7), codec.encode_uint(1500)]),
    )

    received = dict(sections(parse_message(header + BODY).encode(3, {})))

    assert codec.decode(received[HEADER]) == [True, 7, 1500, None, 3]


def test_annotations_of_the_sender_are_kept_but_not_those_only_the_broker_sets():
    sent = annotations(x_opt_partition_key=codec.encode("k"), x_opt_sequence_number=codec.encode(99)) + BODY

    received = parse_message(sent).encode(0, {"x-opt-sequence-number": codec.encode(1)})

    assert codec.decode(dict(sections(received))[MESSAGE_ANNOTATIONS]) == {
        "x-opt-partition-key": "k",
        "x-opt-sequence-number": 1,
    }


@pytest.mark.parametrize("sent", [BODY, properties(codec.NULL, codec.NULL, codec.encode("to")) + BODY])
def test_a_message_without_an_id_gets_one(sent):
    message = parse_message(sent)

    assert len(message.properties["message_id"]) == 32
    assert message.properties["to"] == ("to" if sent != BODY else None)


def test_the_id_the_sender_chose_is_kept():
    assert parse_message(properties(codec.encode("mine")) + BODY).properties["message_id"] == "mine"


def test_the_time_to_enqueue_is_read_from_the_annotation():
    sent = annotations(x_opt_scheduled_enqueue_time=codec.encode_timestamp(1_500)) + BODY

    assert parse_message(sent).scheduled_for == 1.5
    assert parse_message(BODY).scheduled_for is None


def test_setting_application_properties_leaves_the_others_as_they_were():
    pairs = [(codec.encode("a"), b"\x51\x01"), (codec.encode("b"), b"\x51\x02")]
    sent = codec.encode_described(APPLICATION_PROPERTIES, codec.encode_map(pairs)) + BODY
    original = parse_message(sent)

    changed = original.with_application_properties({"b": codec.encode("new"), "c": codec.encode(3)})

    assert changed.application_properties == {"a": 1, "b": "new", "c": 3}
    assert original.application_properties == {"a": 1, "b": 2}
    assert b"\x51\x01" in changed.encode(0, {})


def test_a_batch_is_taken_apart_into_its_messages():
    inner = [properties(codec.encode(name)) + BODY for name in ("first", "second")]
    envelope = b"".join(codec.encode_described(DATA, codec.encode_binary(raw)) for raw in inner)

    assert [message.properties["message_id"] for message in parse_batch(envelope)] == ["first", "second"]


@pytest.mark.parametrize(
    "raw",
    [
        b"\x01",
        b"\x00\x53\x20\x40",  # a descriptor of something else
        BODY[:-1],
        codec.encode_described(MESSAGE_ANNOTATIONS, codec.encode_string("not a map")),
        codec.encode_described(PROPERTIES, codec.encode_string("not a list")),
    ],
)
def test_bytes_that_are_no_message_are_refused(raw):
    with pytest.raises(CodecError):
        parse_message(raw)
