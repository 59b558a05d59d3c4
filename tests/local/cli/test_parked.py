"""`dev.py parked repair`: leads are compared with their rows, and those that are missing are written."""

import uuid

import pytest

from local.azurite import connection_string
from local.cli.parked import arguments, run
from shared.leads.identity import all_shards, shard_of
from shared.services.receive import Intake, receive
from shared.storage.client import table_client
from simulation.table_proxy import TableProxy
from tests.builders import a_context, a_push, ports_of
from tests.samples import NOW
from tests.sick_rows import damaged, lead_address

LEADS = 12


class Store:
    """A table with leads, some of which are sick: one lacks its alarm, one can't be read."""

    def __init__(self, storage):
        self.name = f"t{uuid.uuid4().hex}"
        self.client = table_client(storage, self.name, by_identity=False)
        self.context = a_context(**ports_of(self.client))

    async def fill(self):
        self.ids = []
        for number in range(LEADS):
            push = a_push(Email=f"someone{number}@contoso.example")
            self.ids.append((await receive(self.context, Intake(push, NOW))).lead_id)
        self.torn, self.unreadable, *_ = self.ids
        read = await self.context.lead_store.get(self.torn)
        self.alarm = next(row.key for row in read.index if "!follow_up!" in row.key)
        await self.client.delete_entity(shard_of(self.torn), self.alarm)
        await self.client.upsert_entity(
            damaged(dict(await self.client.get_entity(*lead_address(self.unreadable))))
        )


@pytest.fixture
async def store(storage):
    store = Store(storage)
    await store.fill()
    yield store
    await store.client.close()


async def repair(storage, store, *words):
    return await run(arguments(["repair", "--storage", storage, "--table", store.name, *words]))


async def test_all_leads_are_repaired_and_those_that_are_left_are_named(storage, store, capsys):
    assert await repair(storage, store) == 1
    said, complained = capsys.readouterr()
    lines = said.splitlines()
    assert f"{store.torn}: repaired" in lines
    assert [line.split(":")[0] for line in lines if line.startswith("partition")] == [
        f"partition {shard}" for shard in all_shards()
    ]
    assert lines[-1] == f"in all: {LEADS} leads, 1 repaired, 1 left"
    assert complained == f"{store.unreadable}: this version can't read it, it stays as it is\n"
    assert (await store.client.get_entity(shard_of(store.torn), store.alarm))["since"]
    assert await repair(storage, store) == 1
    assert f"in all: {LEADS} leads, 0 repaired, 1 left" in capsys.readouterr().out


async def test_only_the_named_leads_are_looked_at(storage, store, capsys):
    assert await repair(storage, store, store.torn, store.ids[-1]) == 0
    assert capsys.readouterr().out == f"{store.torn}: repaired\nin all: 2 leads, 1 repaired, 0 left\n"


async def test_a_partition_that_is_away_is_named_and_the_others_are_repaired(storage, store, capsys):
    proxy = TableProxy(int(storage.rsplit(":", 1)[1].split("/")[0]), away={shard_of(store.unreadable)})
    await proxy.start()
    assert await repair(connection_string(proxy.port), store) == 1
    await proxy.stop()
    said, complained = capsys.readouterr()
    assert f"{store.torn}: repaired" in said
    assert f"partition {shard_of(store.unreadable)}: the table answered 503; repair again later" in complained


def test_the_help_says_what_it_does(capsys):
    with pytest.raises(SystemExit) as ended:
        arguments(["repair", "--help"])
    assert ended.value.code == 0
    assert "torn between rows" in capsys.readouterr().out
