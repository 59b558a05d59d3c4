"""Events reach the subscriptions whose rules let them through."""

import asyncio
from pathlib import Path

from azure.servicebus import ServiceBusMessage

from local.emulators import servicebus
from local.emulators.servicebus import Emulator
from tests.local.emulators.servicebus.clients.links import Links
from tests.receiving import receive, texts


async def test_subscriptions_get_what_their_rules_let_through(links):
    names = ("all", "red", "label", "best")
    sender, *subscriptions = await asyncio.gather(
        links.topic_sender("events"), *(links.subscription("events", name) for name in names)
    )
    await sender.send_messages(
        [
            ServiceBusMessage("red", application_properties={"colour": "red"}),
            ServiceBusMessage("red bytes", application_properties={b"colour": b"red"}),
            ServiceBusMessage("scored", subject="lead.scored", application_properties={"score": 82}),
            ServiceBusMessage("weak", subject="lead.scored", application_properties={"score": 12}),
        ]
    )

    received = await asyncio.gather(
        receive(subscriptions[0], 4),
        receive(subscriptions[1], 1),
        receive(subscriptions[2], 2),
        receive(subscriptions[3], 1),
    )

    assert dict(zip(names, map(texts, received), strict=True)) == {
        "all": ["red", "red bytes", "scored", "weak"],
        "red": ["red"],
        "label": ["scored", "weak"],
        "best": ["scored"],
    }


async def test_the_shipped_entities_route_events_to_those_who_subscribed():
    shipped = Path(servicebus.__file__).with_name("Config.json")
    with Emulator(shipped) as bus:
        links = Links(bus)
        sender, scoring, everything, alerts = await asyncio.gather(
            links.topic_sender("leads"),
            *(links.subscription("leads", name) for name in ("scoring", "all", "alerts")),
        )
        await sender.send_messages(
            [
                ServiceBusMessage(kind, application_properties={"cloudEvents_type": kind})
                for kind in ("lead.received", "lead.touched", "lead.scored", "lead.follow_up_missed")
            ]
        )

        received = await asyncio.gather(receive(scoring, 2), receive(everything, 4), receive(alerts, 1))

        assert texts(received[0]) == ["lead.received", "lead.touched"]
        assert texts(received[2]) == ["lead.follow_up_missed"]
        await links.close()
