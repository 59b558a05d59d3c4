"""One emulator and one client for all of these tests; each test has queues of its own."""

import pytest

from local.emulators.servicebus import Emulator
from tests.local.emulators.servicebus.clients.links import CONFIG, Links


@pytest.fixture(scope="package")
def bus():
    with Emulator(CONFIG) as emulator:
        yield emulator


@pytest.fixture(scope="package")
async def links(bus):
    links = Links(bus)
    await links.open_pairs(long=13, short=5)
    yield links
    await links.close()
