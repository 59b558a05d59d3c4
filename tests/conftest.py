"""Real parts for tests: Azurite and the Service Bus emulator, on free ports, ended when the tests are."""

import gc
import socket
import warnings
from pathlib import Path

import pytest
from hypothesis import settings

from local.azurite import azurite, connection_string
from local.emulators.servicebus.emulator import Emulator

ROOT = Path(__file__).resolve().parent.parent
BUS_CONFIG = ROOT / "local" / "emulators" / "servicebus" / "Config.json"
# Files of these wait for real parts. Begun first, they wait while the others work.
BEGIN_WITH = ("end_to_end", "simulation", "functions", "messaging", "local", "services", "storage")

# The same examples in every run, and none that fails for a busy machine.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items):
    """Order the files for several workers, each of which takes the next file when it has none."""
    rank = {ROOT / "tests" / name: number for number, name in enumerate(BEGIN_WITH)}
    items.sort(key=lambda item: min(rank.get(folder, len(rank)) for folder in item.path.parents))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
async def storage():
    """The connection string of an Azurite that keeps its tables in memory."""
    port = free_port()
    part = azurite(port, None)
    await part.start()
    yield connection_string(port)
    await part.stop()


@pytest.fixture(scope="module")
async def marketplace_storage():
    """Another one: the account of the publisher, which Partner Center writes into."""
    port = free_port()
    part = azurite(port, None)
    await part.start()
    yield connection_string(port)
    await part.stop()


@pytest.fixture(scope="module")
def bus():
    """An emulator with the shipped entities, empty for each module."""
    with Emulator(BUS_CONFIG) as emulator:
        yield emulator


@pytest.fixture
def forgetful_client():
    """For tests whose bus goes away: the client forgets sockets that the other side has closed."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
