"""`dev.py deadletters` against the emulator, over real AMQP with the unmodified client."""

import asyncio
import gc
import json
import subprocess
import sys
import time
import warnings
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender
from azure.servicebus.amqp import AmqpAnnotatedMessage, AmqpMessageBodyType

from local.dead_letters.__main__ import bus_of_stack, run
from local.dead_letters.arguments import arguments
from local.dead_letters.links import BusRefused
from local.servicebus.emulator import Emulator, connection_string
from tests.conftest import ROOT, free_port

DEADLINE = 20.0  # seconds until a test gives up waiting
UNUSED = "unused"
DEAD = ServiceBusSubQueue.DEAD_LETTER


def queue(name, **properties):
    return {"Name": name, "Properties": {"LockDuration": "PT1M", "MaxDeliveryCount": 2, **properties}}


CONFIG = {
    "UserConfig": {
        "Namespaces": [
            {
                "Name": "sbemulatorns",
                # A queue for each test, so that none sees what another left.
                "Queues": [
                    *(queue(f"queue-{number}") for number in range(19)),
                    queue(UNUSED),
                    *(queue(f"short-{number}", LockDuration="PT2S") for number in range(2)),
                ],
                "Topics": [{"Name": "events", "Subscriptions": [queue("dead"), queue("other")]}],
            }
        ],
        "Logging": {"Type": "Console"},
    }
}


@pytest.fixture(scope="module")
def emulator():
    with Emulator(CONFIG) as emulator:
        yield emulator
    with warnings.catch_warnings():  # the client forgets sockets that the other side has closed
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
async def client(emulator):
    async with ServiceBusClient.from_connection_string(emulator.connection_string) as client:
        yield client


@pytest.fixture
def command(emulator, capsys):
    """Runs a command; its exit code and what it printed."""

    async def command(*words, bus=emulator.connection_string):
        capsys.readouterr()
        code = await run(arguments([*map(str, words), "--bus", bus]))
        return code, capsys.readouterr().out

    return command


@asynccontextmanager
async def links(*closed):
    """Open links all at once: each alone takes the client a second."""
    try:
        yield await asyncio.gather(*(link.__aenter__() for link in closed))
    finally:
        await asyncio.gather(*(link.close() for link in closed))


@dataclass
class Grave:
    """A queue of a test's own, and its dead letters."""

    name: str
    sender: ServiceBusSender
    receiver: ServiceBusReceiver
    dead: ServiceBusReceiver

    async def bury(self, *messages, reason="NotALead", description="no e-mail"):
        """Dead-letter these."""
        await self.sender.send_messages(list(messages))
        for message in await receive(self.receiver, len(messages)):
            await self.receiver.dead_letter_message(message, reason=reason, error_description=description)

    async def alive_ids(self):
        return ids(await stored(self.receiver))

    async def dead_ids(self):
        return ids(await stored(self.dead))


@pytest.fixture(scope="module")
async def graves(client):
    """Every queue, opened."""
    names = [
        each["Name"] for each in CONFIG["UserConfig"]["Namespaces"][0]["Queues"] if each["Name"] != UNUSED
    ]
    closed = [
        link
        for name in names
        for link in (
            client.get_queue_sender(name),
            client.get_queue_receiver(name),
            client.get_queue_receiver(name, sub_queue=DEAD),
        )
    ]
    async with links(*closed) as opened:
        yield [
            Grave(name, *triple) for name, triple in zip(names, batched(opened, 3, strict=True), strict=True)
        ]


@pytest.fixture
def grave(graves):
    return graves.pop(0)


@pytest.fixture
def short_grave(graves):
    """One whose locks last two seconds."""
    return graves.pop()


async def receive(receiver, count):
    """Exactly this many messages, or a failure at the deadline."""
    received, give_up = [], time.monotonic() + DEADLINE
    while len(received) < count and time.monotonic() < give_up:
        received += await receiver.receive_messages(count - len(received), max_wait_time=1)
    assert len(received) == count
    return received


async def stored(receiver):
    """What is there, in whatever state; on its own the client peeks from where it last received."""
    return await receiver.peek_messages(100, sequence_number=1)


def ids(messages):
    return [message.message_id for message in messages]


def numbered(count):
    return [ServiceBusMessage(f"body {number}", message_id=f"m{number}") for number in range(1, count + 1)]


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


# Stopped in between


class Wire:
    """A wire to the bus that holds every frame that completes a message until it is let go."""

    def __init__(self, port):
        self._bus = port
        self.stopped, self.let_go = asyncio.Event(), asyncio.Event()
        self._writers, self._carrying = [], []

    @property
    def connection_string(self):
        return connection_string(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_):
        self.cut()
        await self._server.wait_closed()
        await asyncio.gather(*self._carrying)

    def cut(self):
        """Nothing goes through any more, nobody gets a new connection."""
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self.let_go.set()

    async def _connect(self, reader, writer):
        self._carrying.append(asyncio.current_task())
        bus_reader, bus_writer = await asyncio.open_connection("127.0.0.1", self._bus)
        self._writers += [writer, bus_writer]
        back = asyncio.create_task(self._carry(bus_reader, writer))
        try:
            await self._carry_frames(reader, bus_writer)
        finally:
            bus_writer.transport.abort()
            await back

    async def _carry(self, reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except OSError:
            pass
        writer.transport.abort()

    async def _carry_frames(self, reader, writer):
        try:
            while True:
                head = await reader.readexactly(8)
                size = 8 if head.startswith(b"AMQP") else int.from_bytes(head[:4])
                frame = head + await reader.readexactly(size - 8)
                if frame[8:11] == DISPOSITION and ACCEPTED in frame:
                    self.stopped.set()
                    await self.let_go.wait()
                writer.write(frame)
        except (asyncio.IncompleteReadError, OSError):
            pass


DISPOSITION, ACCEPTED = b"\x00\x53\x15", b"\x00\x53\x24"  # AMQP 1.0, 2.7.6 and 3.4.2


@asynccontextmanager
async def process(*words):
    """The command as a process of its own."""
    line = [sys.executable, "-m", "local.dead_letters", *map(str, words)]
    pipe = subprocess.PIPE
    one = await asyncio.create_subprocess_exec(*line, cwd=ROOT, stdout=pipe, stderr=pipe)
    try:
        yield one
    finally:
        if one.returncode is None:
            one.kill()
        await one.communicate()


async def test_killed_between_sending_and_completing_it_repeats_rather_than_loses(
    emulator, short_grave, command
):
    await short_grave.bury(*numbered(1))
    async with (
        Wire(emulator.port) as wire,
        process("replay", short_grave.name, "--bus", wire.connection_string) as killed,
        asyncio.timeout(DEADLINE),
    ):
        await wire.stopped.wait()
        killed.kill()
        await killed.wait()

    assert await short_grave.alive_ids() == ["m1"]
    assert await short_grave.dead_ids() == ["m1"]
    give_up = time.monotonic() + DEADLINE
    while (await command("replay", short_grave.name))[0]:  # its lock outlives the killed
        assert time.monotonic() < give_up
    assert await short_grave.alive_ids() == ["m1", "m1"]
    assert await stored(short_grave.dead) == []


async def test_a_lock_that_ends_before_the_completing_is_told(emulator, short_grave, command):
    await short_grave.bury(*numbered(1))
    async with Wire(emulator.port) as wire:
        replaying = asyncio.create_task(command("replay", short_grave.name, bus=wire.connection_string))
        async with asyncio.timeout(DEADLINE):
            await wire.stopped.wait()
        await receive(short_grave.dead, 1)  # the lock has ended
        wire.let_go.set()
        code, said = await replaying

    assert code == 1
    assert said.splitlines() == [
        f"{short_grave.name}: replayed 0 of 1",
        "  1 was left: sent, but its lock ended before it was taken out: another replay sends it twice",
    ]


@pytest.mark.usefixtures("forgetful_client")
async def test_a_bus_that_goes_away_on_the_way_ends_the_replay_and_it_is_said_how_far_it_came(
    emulator, grave
):
    await grave.bury(*numbered(2))
    async with (
        Wire(emulator.port) as wire,
        process("replay", grave.name, "--bus", wire.connection_string, "--timeout", 5) as cut_off,
        asyncio.timeout(2 * DEADLINE),
    ):
        await wire.stopped.wait()
        wire.cut()
        said, errors = (text.decode() for text in await cut_off.communicate())

    assert (cut_off.returncode, errors) == (1, "")
    head, first, second = said.splitlines()
    assert head == f"{grave.name}: replayed 0 of 2"
    assert first.startswith("  1 was left: sent, but perhaps not taken out: the bus ")
    assert second.startswith("  2 was left: not tried: the bus ")
    assert await grave.dead_ids() == ["m1", "m2"]


# Refusals


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("list", "--queue", "nowhere"), "There is no queue nowhere on this bus."),
        (("list", "--subscription", "events/nobody"), "There is no subscription events/nobody on this bus."),
        (("show", "nowhere", 1), "There is no queue nowhere on this bus."),
        (("replay", "nowhere"), "There is no queue nowhere on this bus."),
        (("replay", "events/nobody", 1), "There is no subscription events/nobody on this bus."),
    ],
)
async def test_a_place_that_is_not_there_is_named(command, words, says):
    with pytest.raises(BusRefused) as refused:
        await command(*words)
    assert str(refused.value) == says


async def test_a_wrong_key_is_said_and_not_shown(emulator, command):
    wrong = emulator.connection_string.replace("SAS_KEY_VALUE", "wrong-key")
    with pytest.raises(BusRefused, match=r"^unused: the bus refuses the key\.$"):
        await command("list", "--queue", UNUSED, bus=wrong)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client's own socket
@pytest.mark.usefixtures("forgetful_client")
async def test_a_bus_that_never_answers_is_given_up_on(command):
    writers = []

    async def never(_, writer):
        writers.append(writer)

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    silent = connection_string(server.sockets[0].getsockname()[1])
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(BusRefused, match=r"^activity: the bus doesn't answer within 1 seconds\.$"):
            await command("list", "--timeout", 1, bus=silent)
    for writer in writers:
        writer.close()
        await writer.wait_closed()
    server.close()


def said_by(*words):
    line = [sys.executable, "-m", "local.dead_letters", *map(str, words)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_a_bus_that_is_away_is_one_sentence_without_the_key():
    away = f"Endpoint=sb://localhost:{free_port()};SharedAccessKeyName=a;SharedAccessKey=secret;"
    away += "UseDevelopmentEmulator=true;"
    done = said_by("list", "--bus", away)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "activity: the bus can't be reached.\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("list", "--bus", "a secret"), "What --bus names is no connection string of a Service Bus."),
        (("list", "--data", "nowhere"), "No stack runs here: "),
    ],
)
def test_what_is_missing_is_one_sentence(words, says):
    done = said_by(*words)
    assert done.returncode == 1
    assert done.stderr.startswith(says)
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr


def test_the_bus_of_the_running_stack_is_the_default(emulator, tmp_path: Path):
    (tmp_path / "stack.json").write_text(json.dumps({"bus": emulator.connection_string}))
    done = said_by("list", "--queue", UNUSED, "--data", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{UNUSED}: no dead letters\n", "")


@pytest.mark.parametrize("content", ["", "[]", "{}"])
def test_a_broken_description_of_the_stack_is_named(tmp_path: Path, content):
    (tmp_path / "stack.json").write_text(content)
    with pytest.raises(BusRefused, match="doesn't say where the bus is: start the stack again"):
        bus_of_stack(tmp_path)


async def test_a_connection_string_for_another_entity_is_refused(emulator, command):
    with pytest.raises(BusRefused, match="activity: the connection string is for another entity"):
        await command("replay", "activity", bus=f"{emulator.connection_string}EntityPath=spill")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("list", "--limit", "0"),
        ("list", "--queue", "a", "--subscription", "b/c"),
        ("list", "--subscription", "leads"),
        ("show", "activity"),
        ("show", "activity", "first"),
        ("replay", "activity", "-1"),
        ("replay", "leads/", "1"),
        ("replay", ""),
        ("list", "--queue", ""),
    ],
)
def test_wrong_words_are_refused(words, capsys):
    with pytest.raises(SystemExit) as exit_:
        arguments(words)
    assert exit_.value.code == 2
