"""A replay that is stopped, held up or cut off repeats rather than loses."""

import asyncio
import subprocess
import sys
import time
from contextlib import asynccontextmanager

import pytest

from tests.conftest import ROOT
from tests.local.cli.dead_letters.graves import DEADLINE, numbered
from tests.local.cli.dead_letters.wire import Wire
from tests.receiving import receive, stored


@asynccontextmanager
async def process(*words):
    """The command as a process of its own."""
    line = [sys.executable, "-m", "local.cli.dead_letters", *map(str, words)]
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
