"""What goes wrong in real life: the app dies, the bus is away, the stack restarts. No lead is lost."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from shared.services.ports import LeadFilter
from shared.storage.client import Table, table_client
from shared.storage.lead_index import TableLeadIndex
from shared.storage.lead_store import TableLeadStore
from tests.end_to_end.conftest import Caller, a_stack, listening, start_stack
from tests.samples import push_body

SLOW_CLOCK = "0 0 0 1 1 *"  # once a year: the bus does all the work, or nobody


async def until_changed(stack, part, pid, within=30.0):
    deadline = time.monotonic() + within
    while stack.facts["pids"][part] == pid:
        assert time.monotonic() < deadline, f"{part} wasn't started again"
        await asyncio.sleep(0.05)


async def until_open(table, limit, within=10.0):
    """The ids of the open leads, once there are that many."""
    deadline = time.monotonic() + within
    while True:
        page = await TableLeadIndex(table).list_by_score(LeadFilter(), 50, None)
        if len(page.lead_ids) >= limit:
            return page.lead_ids
        assert time.monotonic() < deadline, "the lead isn't stored"
        await asyncio.sleep(0.01)


async def test_an_app_killed_between_commit_and_publish_publishes_after_its_restart(tmp_path, session):
    async with a_stack(tmp_path / "data") as stack:
        table = Table(table_client(stack.facts["storage"], "Leads", by_identity=False))
        store = TableLeadStore(table)
        bus, app = stack.signal("bus", signal.SIGSTOP), stack.facts["pids"]["app"]
        push = asyncio.create_task(Caller(session, stack.facts).push(push_body()))
        (lead_id,) = await until_open(table, 1)
        stored = await store.get(lead_id)
        assert stored.lead.bookkeeping.outbox.unpublished == (1,)  # the bus doesn't answer
        stack.signal("app", signal.SIGKILL)
        await asyncio.gather(push, return_exceptions=True)  # usually no answer came before the end
        stack.signal("bus", signal.SIGCONT)
        assert stack.facts["pids"]["bus"] == bus
        await until_changed(stack, "app", app)
        async with listening(stack.facts["bus"]) as subscriber:
            await subscriber.until(lead_id, "lead.received", within=60)
            await subscriber.until(lead_id, "lead.scored", within=60)
            assert {one.message_id for one in subscriber.of(lead_id)} >= {f"{lead_id}:1", f"{lead_id}:2"}
        again = await Caller(session, stack.facts).push(push_body())
        assert again == (202, {"leadId": lead_id, "result": "repeated"})
        await table.close()


async def test_while_the_bus_is_away_pushes_are_taken_and_scored_by_the_clock(tmp_path, session):
    async with a_stack(tmp_path / "data") as stack:
        caller = Caller(session, stack.facts)
        stack.signal("bus", signal.SIGSTOP)
        bodies = [push_body(Email=f"someone{number}@contoso.example") for number in range(5)]
        answers = await asyncio.gather(*(caller.push(body) for body in bodies))
        assert {status for status, _ in answers} == {202}
        ids = {receipt["leadId"] for _, receipt in answers}
        for lead_id in ids:
            await caller.until(f"leads/{lead_id}", lambda lead: lead["score"], within=40)
        stack.signal("bus", signal.SIGCONT)
        async with listening(stack.facts["bus"]) as subscriber:
            for lead_id in ids:
                # A slow machine tries to publish while the bus is away, and then again after a minute or two.
                await subscriber.until(lead_id, "lead.received", within=200)
                await subscriber.until(lead_id, "lead.scored", within=60)


async def test_a_bus_that_dies_is_started_again_and_found_again_by_the_app(tmp_path, session):
    async with a_stack(tmp_path / "data", LEADS_CLOCK_SCHEDULE=SLOW_CLOCK) as stack:
        caller = Caller(session, stack.facts)
        _, first = await caller.push(push_body())
        await caller.until(f"leads/{first['leadId']}", lambda lead: lead["score"])
        dead = stack.signal("bus", signal.SIGKILL)
        await until_changed(stack, "bus", dead)
        deadline = time.monotonic() + 40
        for number in range(40):  # until the app has found the bus: its publisher pauses after a failure
            _, receipt = await caller.push(push_body(Email=f"someone{number}@contoso.example"))
            await asyncio.sleep(1)
            if (await caller.get(f"leads/{receipt['leadId']}"))["score"]:
                return
            assert time.monotonic() < deadline
    pytest.fail("the app never found the bus again")


async def test_leads_keys_and_alarms_outlive_a_restart_of_everything(tmp_path, session):
    async with a_stack(tmp_path / "data") as stack:
        caller = Caller(session, stack.facts)
        _, receipt = await caller.push(push_body())
        lead = await caller.until(f"leads/{receipt['leadId']}", lambda lead: lead["score"])
        before = stack.facts
    assert not (tmp_path / "data" / "stack.json").exists()
    async with a_stack(tmp_path / "data") as stack:
        caller = Caller(session, stack.facts)
        assert await caller.get(f"leads/{receipt['leadId']}") == lead
        secrets = ("functionKey", "adminKey")
        assert [stack.facts[name] for name in secrets] == [before[name] for name in secrets]
        _, again = await caller.push(push_body())
        assert again == {"leadId": receipt["leadId"], "result": "repeated"}


async def test_a_stack_that_is_killed_outright_leaves_no_part_behind(tmp_path):
    stack = await start_stack(tmp_path / "data")
    pids = stack.facts["pids"].values()
    stack.process.kill()
    await stack.process.wait()
    deadline = time.monotonic() + 20
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, "parts outlive their stack"
        await asyncio.sleep(0.1)


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # ended, waiting for whoever collects it


async def test_two_stacks_never_work_on_one_folder(tmp_path):
    async with a_stack(tmp_path / "data"):
        with pytest.raises(AssertionError, match="Another stack runs on"):
            await start_stack(tmp_path / "data")


async def test_without_auth_nobody_needs_a_key(tmp_path, session):
    async with a_stack(tmp_path / "data", "", "--no-auth") as stack:
        assert "code=" not in stack.facts["pushUrl"]
        async with session.get(f"{stack.facts['apiUrl']}/leads") as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("policy", "settings", "told"),
    [
        ('[follow_up]\ntarget = "soon"\n', {}, "`follow_up.target`"),
        ("", {"LEADS_TABLE": "no-table"}, "LEADS_TABLE"),
    ],
    ids=["policy", "setting"],
)
async def test_a_wrong_policy_or_setting_stops_the_start_and_is_named(tmp_path, policy, settings, told):
    with pytest.raises(AssertionError, match="the stack ended"):
        await start_stack(tmp_path / "data", policy, **settings)
    said = (tmp_path / "data.log").read_text()
    assert told in said
    assert "Traceback" not in said
