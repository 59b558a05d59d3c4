"""A queue of the emulator, under a clock that moves only when told to."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from local.emulators.servicebus.entities import Queue, QueueSettings, queue_with_dead_letters
from tests.local.emulators.servicebus.builders import LOCK, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_queue(clock) -> Callable[..., Queue]:
    def make(**settings) -> Queue:
        given = {"lock_duration": timedelta(seconds=LOCK)} | settings
        return queue_with_dead_letters("q", QueueSettings(**given), clock)

    return make
