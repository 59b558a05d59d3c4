"""Listing, showing and replaying, over real AMQP with the unmodified client."""

import json
from datetime import UTC, datetime

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.amqp import AmqpAnnotatedMessage, AmqpMessageBodyType

from local.cli.dead_letters.links import BusRefused
from tests.local.cli.dead_letters.graves import DEADLINE, ids, links, numbered
from tests.receiving import receive, stored

# list


async def test_a_list_says_what_died_when_and_why_and_changes_nothing(grave, command):
    await grave.bury(*numbered(2), description="x" * 150 + "\n\x1b[2J")
    before = await stored(grave.dead)

    code, said = await command("list", "--queue", grave.name)

    head, first, second = said.splitlines()
    assert (code, head) == (0, f"{grave.name}: 2 dead letters")
    assert first.split()[0] == "1"
    at = datetime.strptime(first.split()[1], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - at).total_seconds()) < DEADLINE
    assert first.split()[2:4] == ["m1", "NotALead:"]
    assert first.endswith(" " + "x" * 100 + "...")
    assert second.split()[2] == "m2"
    after = await stored(grave.dead)
    assert [(m.message_id, m.delivery_count, m.locked_until_utc) for m in after] == [
        (m.message_id, m.delivery_count, m.locked_until_utc) for m in before
    ]


async def test_a_message_that_nobody_could_consume_is_listed_with_the_reason_of_the_bus(grave, command):
    await grave.sender.send_messages(ServiceBusMessage("poison", message_id="poison"))
    for _ in range(2):
        (message,) = await receive(grave.receiver, 1)
        await grave.receiver.abandon_message(message)

    _, said = await command("list", "--queue", grave.name)

    assert "poison  MaxDeliveryCountExceeded: Message could not be consumed" in said


async def test_a_list_that_is_cut_says_at_least(grave, command):
    await grave.bury(*numbered(3))

    _, cut = await command("list", "--queue", grave.name, "--limit", 2)
    _, whole = await command("list", "--queue", grave.name, "--limit", 3)

    assert cut.splitlines()[0] == f"{grave.name}: at least 2 dead letters"
    assert len(cut.splitlines()) == 3
    assert whole.splitlines()[0] == f"{grave.name}: 3 dead letters"


async def test_more_than_a_page_is_listed(grave, command):
    await grave.bury(*numbered(60))

    _, said = await command("list", "--queue", grave.name)

    assert [line.split()[2] for line in said.splitlines()[1:]] == [f"m{n}" for n in range(1, 61)]


async def test_without_a_place_all_shipped_ones_are_listed(bus, command):
    code, said = await command("list", bus=bus.connection_string)

    assert code == 0
    assert said.splitlines() == [
        f"{place}: no dead letters"
        for place in ("activity", "spill", "leads/scoring", "leads/all", "leads/alerts")
    ]


# show


async def test_one_is_shown_whole_and_its_body_as_json(grave, command):
    body = json.dumps({"leadId": "L1", "by": "Zoë\x1b[2J"})
    lead = ServiceBusMessage(
        body,
        message_id="m",
        session_id="L1",
        application_properties={"grade": "A1", "score": 82, "test": False},
    )
    await grave.bury(lead, description="d" * 150)

    code, said = await command("show", grave.name, 1)

    lines = said.splitlines()
    assert code == 0
    assert "reason:          NotALead" in lines
    assert f"description:     {'d' * 150}" in lines
    assert "delivery count:  0" in lines
    assert "session id:      L1" in lines
    assert lines[lines.index("properties:") + 1 :] == [
        "  grade = A1",
        "  score = 82",
        "  test = False",
        "body:",
        "{",
        '  "leadId": "L1",',
        '  "by": "Zoë\\u001b[2J"',
        "}",
    ]


async def test_a_body_that_is_no_json_is_shown_as_it_is_but_does_not_reach_the_terminal_raw(grave, command):
    await grave.bury(ServiceBusMessage(b"caf\xe9 \x1b[2J"))

    _, said = await command("show", grave.name, 1)

    assert said.endswith("body:\ncaf\\xe9 \ufffd[2J\n")


async def test_a_number_that_is_not_there_is_refused(grave, command):
    await grave.bury(*numbered(2))
    with pytest.raises(BusRefused, match=rf"^{grave.name} has no dead letter 3\.$"):
        await command("show", grave.name, 3)


# replay


async def test_a_replayed_message_is_the_one_that_was_sent(grave, command):
    sent = {
        "message_id": "lead:1",
        "session_id": "lead",
        "content_type": "application/json",
        "correlation_id": "c",
        "subject": "lead.scored",
    }
    properties = {"grade": "A1", "score": 82, "test": False, "share": 0.5, "nothing": None}
    body = bytes(range(256)) * 400
    await grave.bury(ServiceBusMessage(body, application_properties=properties, **sent))

    code, said = await command("replay", grave.name)

    assert (code, said) == (0, f"{grave.name}: replayed 1 of 1\n")
    (message,) = await receive(grave.receiver, 1)
    assert b"".join(message.body) == body
    assert {field: getattr(message, field) for field in sent} == sent
    assert {key.decode(): value for key, value in message.application_properties.items()} == {
        **properties,
        "grade": b"A1",
    }
    assert message.delivery_count == 0
    assert await stored(grave.dead) == []


async def test_a_replayed_property_still_matches_a_filter_on_strings(bus, command):
    async with ServiceBusClient.from_connection_string(bus.connection_string) as client:
        event = ServiceBusMessage("m", application_properties={"cloudEvents_type": "lead.follow_up_missed"})
        async with links(
            client.get_topic_sender("leads"), client.get_subscription_receiver("leads", "alerts")
        ) as (sender, alerts):
            await sender.send_messages(event)
            (message,) = await receive(alerts, 1)
            await alerts.dead_letter_message(message, reason="Full")
            code, _ = await command("replay", "leads/alerts", bus=bus.connection_string)
            assert code == 0
            assert [str(message) for message in await receive(alerts, 1)] == ["m"]


async def test_a_dead_letter_of_a_subscription_goes_to_the_topic_and_so_to_all_subscribers(client, command):
    async with links(
        client.get_topic_sender("events"),
        client.get_subscription_receiver("events", "dead"),
        client.get_subscription_receiver("events", "other"),
    ) as (sender, dead, other):
        await sender.send_messages(ServiceBusMessage("m", message_id="e:1"))
        (message,) = await receive(dead, 1)
        await dead.dead_letter_message(message, reason="NotALead")
        (first,) = await receive(other, 1)
        await other.complete_message(first)

        _, before = await command("list", "--subscription", "events/dead")
        assert before.startswith("events/dead: 1 dead letter\n")
        assert await command("replay", "events/dead") == (0, "events/dead: replayed 1 of 1\n")
        assert ids(await receive(dead, 1)) == ids(await receive(other, 1)) == ["e:1"]
    _, after = await command("list", "--subscription", "events/dead")
    assert after == "events/dead: no dead letters\n"


async def test_of_several_those_that_are_named_are_replayed_and_the_others_given_back(grave, command):
    await grave.bury(*numbered(4))

    code, said = await command("replay", grave.name, 2, 4, 9)

    assert code == 1
    assert said.splitlines() == [f"{grave.name}: replayed 2 of 3", "  9 was left: no such dead letter"]
    assert await grave.alive_ids() == ["m2", "m4"]
    left = await receive(grave.dead, 2)  # given back: their locks would have lasted a minute
    assert ids(left) == ["m1", "m3"]
    assert left[0].dead_letter_reason == "NotALead"


async def test_nothing_to_replay_is_said_and_no_error(grave, command):
    assert await command("replay", grave.name) == (0, f"{grave.name}: no dead letters\n")


async def test_text_that_came_as_an_amqp_value_is_replayed_as_one(grave, command):
    await grave.bury(AmqpAnnotatedMessage(value_body="from a plain AMQP client"))

    code, _ = await command("replay", grave.name)

    assert code == 0
    (message,) = await receive(grave.receiver, 1)
    assert (message.body_type, message.body) == (AmqpMessageBodyType.VALUE, b"from a plain AMQP client")


async def test_what_would_arrive_as_something_else_is_left_and_the_rest_goes_on(grave, command):
    dated = ServiceBusMessage("m", message_id="dated", application_properties={"at": datetime.now(UTC)})
    mapped = AmqpAnnotatedMessage(value_body={"a": 1}, properties={"message_id": "mapped"})
    await grave.bury(dated, mapped, *numbered(1))

    code, said = await command("replay", grave.name)

    assert code == 1
    assert said.splitlines() == [
        f"{grave.name}: replayed 1 of 3",
        "  1 was left: its property 'at' is a date or a large number, which can't be copied exactly",
        "  2 was left: its body isn't bytes or text, so it can't be copied exactly",
    ]
    assert await grave.alive_ids() == ["m1"]
    assert await grave.dead_ids() == ["dated", "mapped"]


async def test_a_replay_is_bounded(grave, command):
    await grave.bury(*numbered(4))

    code, said = await command("replay", grave.name, "--limit", 2)
    assert (code, said.splitlines()) == (
        0,
        [f"{grave.name}: replayed 2 of 2", "  more are there: replay again, or raise --limit"],
    )
    code, said = await command("replay", grave.name, 4, "--limit", 1)
    assert (code, said.splitlines()[0]) == (0, f"{grave.name}: replayed 1 of 1")


async def test_a_message_behind_too_many_others_is_left(grave, command):
    await grave.bury(*numbered(4))
    code, said = await command("replay", grave.name, 4, "--limit", 2)
    assert code == 1
    assert "  4 was left: more than 2 other messages lie before it (--limit)" in said
    assert await grave.dead_ids() == ["m1", "m2", "m3", "m4"]


async def test_a_message_that_another_receiver_holds_is_left(grave, command):
    await grave.bury(*numbered(2))
    await receive(grave.dead, 1)

    code, said = await command("replay", grave.name)

    assert code == 1
    assert said.splitlines() == [
        f"{grave.name}: replayed 1 of 2",
        "  1 was left: another receiver holds it, or has taken it",
    ]


# activities that the desk refused


async def test_a_refused_activity_is_listed_and_shown_with_the_reason_of_the_desk(grave, command):
    refusal = {"refusal": "There is no lead\nwith this id.", "sentAt": "2026-03-02T09:00:00Z"}
    await grave.bury(ServiceBusMessage("m", message_id="m1", application_properties=refusal))

    _, listed = await command("list", "--queue", grave.name)
    _, shown = await command("show", grave.name, 1)

    assert listed.endswith("  m1  refused: There is no lead with this id.\n")
    assert "refused:         There is no lead with this id." in shown.splitlines()
    assert "reason:          NotALead" in shown.splitlines()


async def test_a_refused_activity_is_replayed_without_what_the_desk_noted_on_it(grave, command):
    noted = {"refusal": "no", "attempts": 148, "sentAt": "2026-03-02T09:00:00Z", "crm": "contoso"}
    await grave.bury(ServiceBusMessage("m", message_id="m1", application_properties=noted))

    assert (await command("replay", grave.name))[0] == 0

    (message,) = await receive(grave.receiver, 1)
    assert (message.message_id, str(message)) == ("m1", "m")
    assert message.application_properties == {b"crm": b"contoso"}
