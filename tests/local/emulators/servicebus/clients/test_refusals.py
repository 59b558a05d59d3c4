"""Links that can't be and clients that may not are refused, with the reason."""

import asyncio

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.exceptions import (
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
    ServiceBusError,
)

from local.emulators.servicebus.performatives import RECEIVER
from tests.local.emulators.servicebus.wire import BEGUN, attach
from tests.receiving import DEADLINE


@pytest.fixture(scope="module")
async def refused(links):
    """The errors with which links that can't be are refused, by what is wrong with them."""
    wrong = {
        "unknown destination": links.sender("nowhere"),
        "unknown source": links.receiver("nowhere"),
        "unknown subscription": links.subscription("events", "nobody"),
        "sender to a dead-letter queue": links.sender("long-0/$DeadLetterQueue"),
        "receiver of a topic": links.receiver("events"),
        "session": links.receiver("long-0", session_id="s"),
    }
    errors = await asyncio.gather(*wrong.values(), return_exceptions=True)
    return dict(zip(wrong, errors, strict=True))


@pytest.mark.parametrize(
    ("wrong", "error", "explanation"),
    [
        ("unknown destination", MessagingEntityNotFoundError, "nowhere"),
        ("unknown source", MessagingEntityNotFoundError, "nowhere"),
        ("unknown subscription", MessagingEntityNotFoundError, "nobody"),
        ("sender to a dead-letter queue", ServiceBusError, "only received"),
        ("receiver of a topic", ServiceBusError, "one of its subscriptions"),
        ("session", ServiceBusError, "no sessions"),
    ],
)
def test_a_link_that_can_not_be_is_refused_with_the_reason(refused, wrong, error, explanation):
    with pytest.raises(error, match=explanation):
        raise refused[wrong]


async def test_a_wrong_key_is_refused(bus):
    wrong = bus.connection_string.replace("SAS_KEY_VALUE", "another key")
    async with ServiceBusClient.from_connection_string(wrong, retry_total=0) as client:
        sender = client.get_queue_sender("long-0")

        with pytest.raises((ServiceBusAuthenticationError, ServiceBusAuthorizationError)):
            await sender.send_messages(ServiceBusMessage("m"))
        await sender.close()


async def test_a_client_without_a_token_can_not_use_an_entity(bus):
    reader, writer = await asyncio.open_connection("127.0.0.1", bus.port)
    writer.write(BEGUN + attach("long-0", 0, RECEIVER))
    writer.write_eof()

    refused = await asyncio.wait_for(reader.read(), DEADLINE)

    assert b"amqp:unauthorized-access" in refused
    assert b"A token must be put to $cbs" in refused
    writer.close()
    await writer.wait_closed()
