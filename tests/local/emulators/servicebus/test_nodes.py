"""The nodes `$cbs` and `$management`, asked directly."""

from urllib.parse import quote_plus
from uuid import uuid4

import pytest

from local.emulators.servicebus import codec
from local.emulators.servicebus.cbs import KEY_NAME, put_token, signature
from local.emulators.servicebus.entities import QueueSettings
from local.emulators.servicebus.errors import (
    InvalidRequestError,
    MessageLockLostError,
    NotAllowedError,
    NotBuiltError,
    UnauthorizedError,
)
from local.emulators.servicebus.filters import TrueFilter
from local.emulators.servicebus.management import manage
from local.emulators.servicebus.message import AMQP_VALUE, APPLICATION_PROPERTIES, PROPERTIES, sections
from local.emulators.servicebus.namespace import Namespace
from local.emulators.servicebus.request_response import (
    Request,
    Response,
    encode_response,
    parse_request,
    refusal,
)

NOW = 1_000_000


def request(operation="put-token", body=None, message_id=codec.NULL):
    return Request(operation, body, None, message_id, {})


def token(expiry=str(NOW + 60), key_name=KEY_NAME, signed=None):
    resource = "sb%3a%2f%2flocalhost%2fq"
    return (
        f"SharedAccessSignature sr={resource}&sig={quote_plus(signed or signature(resource, expiry))}"
        f"&se={expiry}&skn={key_name}"
    )


# $cbs


def test_a_token_signed_with_the_key_is_accepted():
    assert put_token(request(body=token()), NOW).status == 202


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (None, "InvalidToken"),
        (7, "InvalidToken"),
        ("Bearer x", "InvalidToken"),
        ("SharedAccessSignature nonsense", "InvalidSignature"),
        (token(signed="c2lnbmF0dXJl"), "InvalidSignature"),
        (token(signed="é"), "InvalidSignature"),
        (token(key_name="Listen"), "InvalidSignature"),
        (token(expiry=str(NOW)), "ExpiredToken"),
        (token(expiry="never"), "ExpiredToken"),
    ],
)
def test_any_other_token_is_refused(body, complaint):
    with pytest.raises(UnauthorizedError, match=complaint):
        put_token(request(body=body), NOW)


def test_cbs_knows_no_other_operation():
    with pytest.raises(UnauthorizedError, match="delete-token"):
        put_token(request("delete-token", token()), NOW)


# $management


@pytest.fixture
def namespace():
    namespace = Namespace(clock=lambda: float(NOW))
    namespace.add_queue("q", QueueSettings())
    namespace.add_topic("t", None, {"s": (QueueSettings(), [TrueFilter()])})
    return namespace


@pytest.mark.parametrize(
    "operation", ["receive-by-sequence-number", "get-session-state", "add-rule", "enumerate-rules", ""]
)
def test_an_operation_that_is_not_built_answers_501(namespace, operation):
    with pytest.raises(NotBuiltError) as refused:
        manage(namespace.find("q"), request(f"com.microsoft:{operation}", {}))

    assert refusal(refused.value).status == 501


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("peek-message", None),
        ("peek-message", {"from-sequence-number": 1}),
        ("peek-message", {"from-sequence-number": "1", "message-count": 1}),
        ("renew-lock", {}),
        ("renew-lock", {"lock-tokens": ["not a uuid"]}),
        ("schedule-message", {"messages": [{"message": "text"}]}),
        ("schedule-message", {"messages": ["no map"]}),
        ("update-disposition", {"lock-tokens": [uuid4()]}),
    ],
)
def test_a_request_with_something_missing_or_of_the_wrong_type_answers_400(namespace, operation, body):
    with pytest.raises(InvalidRequestError):
        manage(namespace.find("q"), request(f"com.microsoft:{operation}", body))


@pytest.mark.parametrize("status", ["completed", "abandoned", "suspended"])
def test_settling_an_unknown_lock_answers_that_it_is_lost(namespace, status):
    body = {"disposition-status": status, "lock-tokens": [uuid4()]}
    with pytest.raises(MessageLockLostError):
        manage(namespace.find("q"), request("com.microsoft:update-disposition", body))


def test_deferring_is_not_built(namespace):
    body = {"disposition-status": "defered", "lock-tokens": [uuid4()]}
    with pytest.raises(NotBuiltError):
        manage(namespace.find("q"), request("com.microsoft:update-disposition", body))


def test_a_topic_has_nothing_to_peek(namespace):
    with pytest.raises(NotAllowedError):
        manage(
            namespace.find("t"),
            request("com.microsoft:peek-message", {"from-sequence-number": 1, "message-count": 1}),
        )


def test_an_empty_peek_answers_204(namespace):
    body = {"from-sequence-number": 1, "message-count": 10}

    assert manage(namespace.find("q"), request("com.microsoft:peek-message", body)).status == 204


# Requests and replies


def test_a_reply_repeats_the_message_id_with_its_type():
    message_id = codec.encode(uuid4())
    asked = parse_request(
        codec.encode_described(
            PROPERTIES, codec.encode_list([message_id, *[codec.NULL] * 3, codec.encode("r")])
        )
        + codec.encode_described(
            APPLICATION_PROPERTIES, codec.encode_map([(codec.encode("operation"), codec.encode("op"))])
        )
        + codec.encode_described(AMQP_VALUE, codec.encode_map([(codec.encode("a"), codec.encode(1))]))
    )
    reply = dict(sections(encode_response(asked, Response(200, "OK"), hyphenated=True)))

    assert (asked.operation, asked.reply_to, asked.body) == ("op", "r", {"a": 1})
    assert codec.list_items(reply[PROPERTIES])[5] == message_id
    assert codec.decode(reply[APPLICATION_PROPERTIES]) == {"status-code": 200, "status-description": "OK"}


def test_a_refusal_carries_its_condition():
    reply = dict(sections(encode_response(request(), refusal(MessageLockLostError()), hyphenated=False)))

    properties = codec.decode(reply[APPLICATION_PROPERTIES])
    assert (properties["statusCode"], properties["errorCondition"]) == (
        410,
        "com.microsoft:message-lock-lost",
    )
