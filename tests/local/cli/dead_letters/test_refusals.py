"""What can't be done is one sentence, with nothing secret in it."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from local.cli.dead_letters.arguments import arguments
from local.cli.dead_letters.links import BusRefused
from local.emulators.servicebus.emulator import connection_string
from tests.conftest import ROOT, free_port
from tests.local.cli.dead_letters.graves import DEADLINE, UNUSED


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
    line = [sys.executable, "-m", "local.cli.dead_letters", *map(str, words)]
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
