"""AMQP 1.0 on one connection: frames, sessions, links, credit, windows, and what ends it."""

import logging
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.emulators.servicebus import codec, outcomes
from local.emulators.servicebus.codec import NULL
from local.emulators.servicebus.frames import HEARTBEAT, MAX_FRAME_SIZE, PROTOCOL_HEADERS, SASL, encode_frame
from local.emulators.servicebus.links import MAX_MESSAGE_SIZE
from local.emulators.servicebus.message import BATCH_FORMAT
from local.emulators.servicebus.performatives import (
    RECEIVER,
    SENDER,
    Attach,
    Begin,
    Close,
    Detach,
    Disposition,
    End,
    Flow,
    Open,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
    Transfer,
    decode_performative,
    encode_performative,
)
from tests.local.emulators.servicebus.wire import (
    BEGUN,
    HEADER,
    OPEN,
    Peer,
    attach,
    begin,
    flow,
    frame,
    only,
    transfer,
)

STREAM = b"".join(
    [
        BEGUN,
        attach("a", 0),
        attach("a", 1, RECEIVER),
        attach("b", 2),
        HEARTBEAT,
        transfer(0, 0, 0, payload=b"1"),
        transfer(0, 1, BATCH_FORMAT, more=True, payload=b"AMQP" * 20),
        transfer(2, 2, BATCH_FORMAT, payload=b"2"),
        transfer(0, 1, more=True, payload=b"-"),
        transfer(0, 1, payload=b"3"),
        transfer(0, 3, 0, more=True, payload=b"never"),
        transfer(0, 3, aborted=True, more=True, payload=b""),
        transfer(0, 4, BATCH_FORMAT, payload=b"4"),
        frame(Detach(0, closed=True)),
        attach("a", 0),
        transfer(0, 5, 0, payload=b"5"),
    ]
)


@given(st.sets(st.integers(0, len(STREAM))))
def test_messages_arrive_whole_with_their_format_wherever_the_bytes_are_cut(cuts):
    peer = Peer()
    for start, end in pairwise([0, *sorted(cuts), len(STREAM)]):
        peer.protocol.feed(STREAM[start:end])

    assert peer.messages == [
        ("a", 0, b"1"),
        ("b", BATCH_FORMAT, b"2"),
        ("a", BATCH_FORMAT, b"AMQP" * 20 + b"-3"),
        ("a", BATCH_FORMAT, b"4"),
        ("a", 0, b"5"),
    ]


def test_equal_handles_on_two_channels_are_two_links():
    peer = Peer()
    peer.send(BEGUN + begin(channel=1) + attach("a", 0) + attach("b", 0, channel=1))
    peer.send(transfer(0, channel=1))

    assert peer.messages == [("b", 0, b"body")]


def test_an_ended_session_takes_its_links_along():
    peer = Peer()
    peer.send(BEGUN + attach("a", 0) + transfer(0, more=True))
    answers = peer.send(frame(End()) + begin() + attach("a", 0) + transfer(0, 7))

    assert len(only(answers, End)) == 1
    assert [end.is_detached for end in peer.ends] == [True, False]
    assert peer.messages == [("a", 0, b"body")]


@pytest.mark.parametrize(
    "data",
    [
        transfer(7),
        transfer(0, channel=5),
        transfer(1),
        attach("again", 0),
        attach("far", 100_000),
        begin(),
        begin(channel=60_000),
        frame(Open("again")),
        frame(SaslInit("PLAIN")),
        encode_frame(codec.encode_described(0x12, codec.encode_list([]))),
        encode_frame(codec.encode_described(0x14, codec.encode_list([codec.encode_string("0")]))),
        encode_frame(codec.encode_described(0x99, codec.encode_list([]))),
        encode_frame(b"\x00" * 1000),
        encode_frame(b"no performative"),
        encode_frame(b"", kind=SASL),
        bytes.fromhex("0000000c02000000005314c0"),
        (MAX_FRAME_SIZE + 1).to_bytes(4) + b"\x02\x00\x00\x00",
        bytes.fromhex("0000000702000000"),
        bytes.fromhex("0000000801000000"),
        bytes.fromhex("0000000805000000"),
    ],
    ids=[
        *("no link", "no session", "wrong direction", "handle in use", "handle too high"),
        *("channel in use", "channel too high", "opened twice", "SASL too late"),
        *("field lacks", "field of a wrong type", "unknown", "nested", "no performative", "SASL frame"),
        *("cut", "too long", "too short", "offset too low", "offset too high"),
    ],
)
def test_what_makes_no_sense_ends_the_connection_with_the_reason(data):
    peer = Peer()
    peer.send(BEGUN + attach("a", 0) + attach("b", 1, RECEIVER))
    answers = peer.send(data)

    [close] = only(answers, Close)
    assert b"amqp:connection:framing-error" in close.error
    assert peer.protocol.is_closed
    assert all(end.is_detached for end in peer.ends)
    assert peer.send(transfer(0)) == []


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.builds(encode_frame, st.binary(max_size=40), channel=st.integers(0, 2)),
            st.builds(
                lambda code, items: encode_frame(codec.encode_described(code, codec.encode_list(items))),
                st.integers(0x10, 0x18),
                st.lists(
                    st.sampled_from(
                        [
                            *(NULL, codec.encode_boolean(True), codec.encode_uint(0), codec.encode_uint(1)),
                            *(codec.encode_uint(2**32 - 1), codec.encode_string("x"), outcomes.ACCEPTED),
                        ]
                    ),
                    max_size=14,
                ),
            ),
        ),
        max_size=5,
    )
)
def test_no_bytes_of_a_client_make_the_protocol_fail(garbage):
    peer = Peer()
    peer.send(BEGUN + attach("a", 0) + attach("b", 1, RECEIVER) + flow(1, 10))
    logging.disable(logging.WARNING)  # thousands of them
    try:
        peer.protocol.feed(b"".join(garbage))
    finally:
        logging.disable(logging.NOTSET)

    assert b"amqp:internal-error" not in peer.protocol.take_output(0)


def test_a_failure_of_ours_ends_the_connection_loudly(caplog):
    peer = Peer()
    peer.send(BEGUN + attach("a", 0))
    peer.ends[0].on_message = None
    [close] = only(peer.send(transfer(0)), Close)

    assert b"amqp:internal-error" in close.error
    assert "TypeError" in caplog.text


# Opening and closing


@pytest.mark.parametrize("mechanism", ["ANONYMOUS", "PLAIN", "EXTERNAL", "MSSBCBS"])
def test_every_mechanism_that_is_offered_leads_on(mechanism):
    peer = Peer()
    [(_, offered, _)] = peer.send(PROTOCOL_HEADERS[SASL])
    assert isinstance(offered, SaslMechanisms)
    assert mechanism in codec.decode(offered.mechanisms)

    init = SaslInit(mechanism, b"\x00user\x00password")
    [(_, outcome, _)] = peer.send(encode_frame(encode_performative(init), kind=SASL))
    assert outcome == SaslOutcome(0)

    peer.protocol.feed(OPEN)
    assert peer.protocol.take_output(0).startswith(HEADER)


def test_another_mechanism_is_refused():
    peer = Peer()
    peer.send(PROTOCOL_HEADERS[SASL])
    init = encode_performative(SaslInit("SCRAM-SHA-256"))

    assert peer.send(encode_frame(init, kind=SASL)) == [(0, SaslOutcome(1), b"")]
    assert peer.protocol.is_closed


def test_another_protocol_is_answered_with_ours_and_closed():
    peer = Peer()
    peer.protocol.feed(b"AMQP\x00\x00\x09\x01")

    assert peer.protocol.take_output(0) == PROTOCOL_HEADERS[SASL]
    assert peer.protocol.is_closed


def test_whatever_is_wrong_before_open_is_told_behind_an_open():
    peer = Peer()
    answers = peer.send(HEADER + begin())

    assert [type(answer[1]) for answer in answers] == [Open, Close]


def test_a_client_that_closes_gets_an_answer():
    peer = Peer()
    peer.send(BEGUN + attach("a", 0))

    assert peer.send(frame(Close())) == [(0, Close(), b"")]
    assert (peer.protocol.is_closed, peer.ends[0].is_detached) == (True, True)


@pytest.mark.parametrize(("idle_time_out", "heartbeats"), [(10_000, 1), (None, 0), (0, 0)])
def test_a_heartbeat_goes_out_when_half_of_the_clients_patience_is_over(idle_time_out, heartbeats):
    peer = Peer()
    peer.protocol.feed(HEADER + frame(Open("test", idle_time_out=idle_time_out)))
    peer.answers(now=100.0)
    peer.protocol.tick(104.9)
    assert peer.answers(now=104.9) == []

    peer.protocol.tick(105.0)
    assert peer.answers(now=105.0) == [None] * heartbeats
    peer.protocol.tick(109.9)
    assert peer.answers(now=109.9) == []


def test_all_fields_are_written_because_old_clients_count_on_them():
    body = encode_performative(Open("x"))
    _, fields = codec.described_list(body)

    assert len(fields) == len(Open._fields)


def test_a_performative_reads_as_it_was_written():
    written = Attach("n", 3, SENDER, 0, 1, codec.encode_string("s"), None, max_message_size=2**40)

    assert decode_performative(encode_performative(written) + b"rest") == (written, b"rest")


# Links


def test_a_link_gets_its_own_terms_back():
    peer = Peer()
    wanted = Attach("a", 5, RECEIVER, 1, 0, codec.encode_list([codec.encode_string("q")]), None)
    wanted = wanted._replace(
        source=codec.encode_described(0x28, codec.encode_list([codec.encode_string("q")])),
        target=codec.encode_described(0x29, codec.encode_list([codec.encode_string("me")])),
    )
    [answer] = only(peer.send(BEGUN + frame(wanted)), Attach)

    assert answer == wanted._replace(role=SENDER, initial_delivery_count=0)
    assert (peer.ends[0].link.address, peer.ends[0].link.target_address) == ("q", "me")


def test_the_size_of_messages_is_limited_only_where_the_client_sends():
    peer = Peer()
    answers = only(peer.send(BEGUN + attach("a", 0) + attach("b", 1, RECEIVER)), Attach)

    assert [answer.max_message_size for answer in answers] == [MAX_MESSAGE_SIZE, None]


@pytest.mark.parametrize(("role", "missing"), [(SENDER, "target"), (RECEIVER, "source")])
def test_a_refused_link_lacks_our_end_and_is_detached_and_what_was_on_its_way_is_dropped(role, missing):
    peer = Peer()
    answers = peer.send(BEGUN + attach("refused", 0, role))
    [attached], [detached] = only(answers, Attach), only(answers, Detach)
    assert getattr(attached, missing) is None
    assert detached.closed
    assert b"amqp:not-found" in detached.error

    late = transfer(0) if role is SENDER else flow(0, 10)
    assert peer.send(late + frame(Detach(0, closed=True))) == []
    assert only(peer.send(attach("a", 0)), Attach)


def test_the_filters_of_a_source_are_read():
    peer = Peer()
    wanted = codec.encode_map([(codec.encode_symbol("com.microsoft:x"), codec.encode_string("y"))])
    peer.send(BEGUN + attach("a", 0, RECEIVER, filter=wanted) + attach("b", 1, RECEIVER))

    assert [end.link.filters for end in peer.ends] == [{"com.microsoft:x": codec.encode_string("y")}, {}]


def test_a_message_beyond_the_greatest_size_is_counted_but_not_kept():
    peer = Peer()
    peer.send(BEGUN + attach("a", 0))
    taken = []
    peer.ends[0].on_message = taken.append
    part = b"x" * 60_000
    for number in range(10):
        peer.send(transfer(0, 0, payload=part, more=number < 9))

    assert taken[0].size == 600_000
    assert len(taken[0].message) <= MAX_MESSAGE_SIZE


def test_what_the_client_has_settled_gets_no_answer():
    peer = Peer()
    peer.send(BEGUN + attach("a", 0))
    peer.ends[0].on_message = lambda delivery: delivery.settle(outcomes.ACCEPTED)

    assert peer.send(transfer(0, 0, settled=True)) == []
    [answer] = only(peer.send(transfer(0, 1)), Disposition)
    assert answer == Disposition(RECEIVER, 1, 1, settled=True, state=outcomes.ACCEPTED)


# Sending to the client


def receiving(credit=10, **session):
    """A peer that receives on handle 0, and our end of that link."""
    peer = Peer()
    peer.send(OPEN + begin(**session) + attach("a", 0, RECEIVER) + flow(0, credit, **session))
    return peer, peer.ends[0].link


def test_credit_is_counted_from_what_the_client_has_seen():
    peer, link = receiving(credit=2)
    link.send(b"1", b"first")
    assert link.may_send
    link.send(b"2", b"second")
    assert not link.may_send

    peer.send(flow(0, 1, count=1, seen=1))  # written before the second arrived
    assert not link.may_send
    peer.send(flow(0, 1, count=2, seen=2))
    assert link.may_send


def test_the_greatest_credit_and_window_are_as_good_as_others():
    peer, link = receiving(credit=2**32 - 1, window=2**32 - 1)
    for _ in range(3):
        assert link.may_send
        link.send(b"1", b"m")

    peer.send(flow(0, 2**32 - 1, count=1, seen=1, window=2**32 - 1))
    assert link.may_send


def test_drained_credit_is_handed_back():
    peer, link = receiving(credit=5)
    link.send(b"1", b"m")
    [answer] = only(peer.send(flow(0, 5, count=0, seen=1, drain=True)), Flow)

    assert (answer.delivery_count, answer.link_credit, answer.drain) == (5, 0, True)
    assert not link.may_send


def test_drained_credit_is_handed_back_behind_what_waits_for_room():
    peer, link = receiving(window=1)
    link.send(b"1", b"x" * 150_000)  # three frames
    peer.answers()

    assert only(peer.send(flow(0, 10, count=0, seen=1, window=1, drain=True)), Flow) == []
    answers = [answer[1] for answer in peer.send(flow(seen=2, window=5))]
    assert [type(answer) for answer in answers] == [Transfer, Flow]
    assert (answers[1].delivery_count, answers[1].link_credit, answers[1].drain) == (10, 0, True)


def test_an_echo_is_answered_for_a_link_and_for_a_session():
    peer, _ = receiving(credit=5)
    peer.send(attach("b", 1))

    assert [answer.handle for answer in only(peer.send(flow(0, 5, echo=True)), Flow)] == [0]
    assert [answer.handle for answer in only(peer.send(flow(1, echo=True)), Flow)] == [1]
    assert [answer.handle for answer in only(peer.send(flow(echo=True)), Flow)] == [None]


def test_a_long_message_goes_out_in_frames_that_the_client_takes():
    peer = Peer()
    peer.send(
        HEADER + frame(Open("test", max_frame_size=512)) + begin() + attach("a", 0, RECEIVER) + flow(0, 1)
    )
    peer.ends[0].link.send(b"tag" * 10, bytes(range(256)) * 10)
    answers = peer.answers()

    assert all(len(encode_performative(answer[1]) + answer[2]) + 8 <= 512 for answer in answers)
    assert b"".join(answer[2] for answer in answers) == bytes(range(256)) * 10
    assert [answer[1].more for answer in answers] == [True] * (len(answers) - 1) + [False]
    assert {answer[1].delivery_id for answer in answers} == {0}


def test_a_message_waits_for_room_in_the_window_and_the_next_one_with_it():
    peer, link = receiving(window=2)
    long = b"x" * 150_000  # three frames
    link.send(b"1", long)
    assert [len(answer[2]) > 0 for answer in peer.answers()] == [True, True]
    assert not link.may_send
    before = peer.ends[0].credits

    [rest] = peer.send(flow(0, 9, count=1, seen=2, window=2))
    assert (rest[1].more, rest[1].delivery_id) == (False, 0)
    assert link.may_send
    assert peer.ends[0].credits > before


def test_a_detached_link_leaves_nothing_waiting():
    peer, link = receiving(window=1)
    link.send(b"1", b"x" * 150_000)
    peer.answers()
    peer.send(frame(Detach(0, closed=True)) + attach("b", 0, RECEIVER))

    assert only(peer.send(flow(0, 5, seen=1)), Transfer) == []
    assert peer.ends[1].link.may_send


def test_an_outcome_for_a_range_reaches_every_delivery_that_is_open_once():
    peer, link = receiving()
    tokens = [uuid4() for _ in range(3)]
    for token in tokens:
        link.send(token.bytes, b"m", token)
    link.send(b"4", b"m", uuid4(), settled=True)
    disposition = Disposition(RECEIVER, 0, 2**32 - 1, settled=True, state=outcomes.ACCEPTED)
    peer.send(frame(disposition) * 2)

    assert peer.ends[0].outcomes == [(token, outcomes.ACCEPTED) for token in tokens]


def test_an_outcome_is_confirmed_unless_the_client_has_settled():
    peer, link = receiving()
    peer.ends[0].on_outcome = lambda delivery, state: delivery.settle(state)
    link.send(b"1", b"m")
    link.send(b"2", b"m")

    accepted = Disposition(RECEIVER, 0, state=outcomes.ACCEPTED)
    assert only(peer.send(frame(accepted._replace(settled=True))), Disposition) == []
    [answer] = only(peer.send(frame(accepted._replace(first=1))), Disposition)
    assert answer == Disposition(SENDER, 1, 1, settled=True, state=outcomes.ACCEPTED)


def test_what_the_client_says_of_its_own_deliveries_changes_nothing():
    peer, link = receiving()
    link.send(b"1", b"m")
    peer.send(frame(Disposition(SENDER, 0, settled=True)))

    assert peer.ends[0].outcomes == []


# Outcomes


def described(code, *fields):
    return codec.encode_described(code, codec.encode_list(fields))


def test_settlement_properties_keep_their_encoding():
    expected = (("a", codec.encode_int(1)), ("b", codec.encode_ulong(2**63)))
    properties = codec.encode_map([(codec.encode_symbol(name), value) for name, value in expected])
    error = described(0x1D, codec.encode_symbol("com.microsoft:dead-letter"), NULL, properties)
    flags = [codec.encode_boolean(True), codec.encode_boolean(False)]

    assert outcomes.read_outcome(described(0x25, error)).properties == expected
    assert outcomes.read_outcome(described(0x27, *flags, properties)).properties == expected


@pytest.mark.parametrize("state", [None, described(0x23, codec.encode_uint(0), codec.encode_ulong(5))])
def test_progress_is_no_outcome(state):
    assert outcomes.read_outcome(state) is None


@pytest.mark.parametrize(
    "state", [NULL, codec.encode_uint(3), described(0x30), described(0x25, codec.encode_uint(1))]
)
def test_what_is_no_outcome_is_refused(state):
    with pytest.raises(codec.CodecError):
        outcomes.read_outcome(state)


def test_a_rejection_is_echoed_without_its_error_and_a_deferral_as_one():
    rejected = outcomes.read_outcome(outcomes.rejected("a:b", "why"))
    assert rejected.echo() == described(0x25)

    deferred = described(0x27, codec.encode_boolean(True), codec.encode_boolean(True))
    assert outcomes.read_outcome(deferred).echo() == deferred


def test_a_session_tells_what_it_takes():
    peer = Peer()
    [begun] = only(peer.send(BEGUN), Begin)

    assert (begun.remote_channel, begun.handle_max) == (0, 1023)
