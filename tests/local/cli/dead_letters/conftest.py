"""The bus of these tests, and the command."""

import gc
import warnings
from itertools import batched

import pytest
from azure.servicebus.aio import ServiceBusClient

from local.cli.dead_letters.__main__ import run
from local.cli.dead_letters.arguments import arguments
from local.emulators.servicebus.emulator import Emulator
from tests.local.cli.dead_letters.graves import CONFIG, DEAD, UNUSED, Grave, links


@pytest.fixture(scope="package")
def emulator():
    with Emulator(CONFIG) as emulator:
        yield emulator
    with warnings.catch_warnings():  # the client forgets sockets that the other side has closed
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
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
