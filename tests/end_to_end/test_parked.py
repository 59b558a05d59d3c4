"""Parked work over the real host: counted by health, shown and revived by the command, then done."""

import asyncio
import os
import sys
from datetime import timedelta

from shared.bootstrap import utc_now
from shared.leads.change import Change, mark_published
from shared.storage.client import Table, table_client
from shared.storage.lead_store import TableLeadStore
from tests.builders import a_first_push, with_parked_score
from tests.conftest import ROOT


async def dev_parked(stack, *words, **environment):
    """Run `dev.py parked`: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "local.cli.parked", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        said, complained = await process.communicate()
    return process.returncode, said.decode(), complained.decode()


async def test_a_parked_lead_is_counted_shown_revived_and_scored(stack, caller):
    table = Table(table_client(stack.facts["storage"], "Leads", by_identity=False))
    store = TableLeadStore(table)
    first = a_first_push(at=utc_now(), Email="parked@contoso.example")
    lead = with_parked_score(mark_published(first.lead, frozenset({1})))  # else the bus would have it scored
    await store.create(Change(lead, first.events))
    await table.close()
    data = ("--data", str(stack.data))

    ready = await caller.until("health/ready", lambda body: body["parked"] == 1)
    assert ready["status"] == "ready"
    code, said, _ = await dev_parked(stack, "list", *data)
    since = lead.received_at + timedelta(seconds=5)
    assert (code, said) == (0, f"score        {lead.id}  since {since:%Y-%m-%dT%H:%M:%SZ}  8 attempts\n")
    assert (await caller.get(f"leads/{lead.id}"))["score"] is None

    code, said, _ = await dev_parked(stack, "revive", lead.id, *data)
    assert (code, said) == (0, f"{lead.id}: score\nrevived 1 of 1 leads\n")
    await caller.until(f"leads/{lead.id}", lambda lead: lead["score"])
    await caller.until("health/ready", lambda body: body["parked"] == 0)
    assert (await dev_parked(stack, "list", LEADS_STORAGE=stack.facts["storage"]))[1] == "nothing is parked\n"
    code, said, complained = await dev_parked(stack, "revive", "a" * 24, *data)
    assert (code, said) == (1, "revived 0 of 1 leads\n")
    assert complained == f"{'a' * 24}: there is no such lead\n"
    assert (await dev_parked(stack, "revive", "--all", *data))[:2] == (0, "revived 0 of 0 leads\n")
    assert (await dev_parked(stack, "revive"))[0] == 2
    code, _, complained = await dev_parked(stack, "list", "--storage", "nonsense")
    assert (code, complained) == (1, "What names the store is no connection string of a storage account.\n")


async def test_health_tells_how_many_dead_letters_each_entity_has(caller):
    ready = await caller.until("health/ready", lambda body: body["deadLettered"])
    assert ready["deadLettered"].keys() == {"scoring", "activity", "spill", "all", "alerts"}
