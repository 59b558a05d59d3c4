"""One partition of sixteen fails as in Azure, while the others answer: a proxy before Azurite plays it."""

import uuid
from datetime import timedelta

import pytest

from local.azurite import connection_string
from shared.leads.change import Change
from shared.leads.commands import UpdateLead
from shared.leads.events import EventType
from shared.leads.identity import shard_of
from shared.leads.lead import LeadStatus
from shared.services.commands import update_lead
from shared.services.errors import StoreUnavailable
from shared.services.health import check_health
from shared.services.ports import LeadFilter
from shared.services.queries import Incomplete, lead_stats, list_leads
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.storage import client as client_module
from shared.storage.client import table_client
from simulation.table_proxy import TableProxy
from tests.builders import a_context, a_push, ports_of
from tests.samples import DAY, NOW

MINUTE = timedelta(minutes=1)
LEADS = 20


@pytest.fixture
async def proxy(storage):
    proxy = TableProxy(int(storage.rsplit(":", 1)[1].split("/")[0]))
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def context(proxy):
    """The app over a table behind the proxy, with leads that nobody has told or scored."""
    client = table_client(connection_string(proxy.port), f"t{uuid.uuid4().hex}", by_identity=False)
    context = a_context(**ports_of(client))
    context.publisher.is_down = True
    for number in range(LEADS):
        await receive(context, Intake(a_push(Email=f"someone{number}@contoso.example"), NOW))
    context.publisher.is_down = False
    yield context
    await client.close()


async def ids_of(context):
    page = await list_leads(context, LeadFilter(), limit=200, after=None, now=NOW)
    return [lead.id for lead in page.leads]


def told(context, lead_ids, type_):
    found = {event.id.partition(":")[0] for event in context.publisher.published if event.type is type_}
    return found & {*lead_ids}


async def split(context):
    """A partition with leads, its leads, and all others."""
    ids = await ids_of(context)
    assert len(ids) == LEADS
    sick = shard_of(ids[0])
    return sick, {one for one in ids if shard_of(one) == sick}, {one for one in ids if shard_of(one) != sick}


async def test_the_fifteen_others_are_scored_told_and_flagged_and_the_sick_one_when_it_is_back(
    context, proxy
):
    sick, away, others = await split(context)
    proxy.away = {sick}
    for minute in (1, 2):
        await run_due(context, NOW + minute * MINUTE)
    assert told(context, others, EventType.SCORED) == others
    await run_due(context, NOW + DAY)
    assert told(context, others, EventType.FOLLOW_UP_MISSED) == others
    health = await check_health(context, NOW + DAY)
    assert (health.is_ready, health.partitions_away) == (True, (sick,))
    assert health.last_clock_run == NOW + DAY
    assert told(context, away, EventType.RECEIVED) == set()
    proxy.away = set()
    for minute in (1, 2):
        await run_due(context, NOW + DAY + minute * MINUTE)
    for type_ in (EventType.RECEIVED, EventType.SCORED, EventType.FOLLOW_UP_MISSED):
        assert told(context, away, type_) == away
        events = [event.id for event in context.publisher.published if event.type is type_]
        assert len(events) == len({*events})
    assert (await check_health(context, NOW + DAY + 2 * MINUTE)).partitions_away == ()


async def test_a_list_and_figures_say_what_is_missing(context, proxy):
    sick, _, others = await split(context)
    proxy.away = {sick}
    page = await list_leads(context, LeadFilter(), limit=200, after=None, now=NOW)
    assert ({lead.id for lead in page.leads}, page.incomplete) == (others, Incomplete(partitions=(sick,)))
    figures, incomplete = await lead_stats(context, NOW, NOW + DAY)
    assert (figures.leads, incomplete) == (len(others), Incomplete(partitions=(sick,)))


async def test_a_partition_that_doesnt_answer_at_all_is_waited_for_no_longer_than_it_may(
    context, proxy, monkeypatch
):
    sick, _, others = await split(context)
    monkeypatch.setattr(client_module, "PARTITION_TIMEOUT", 0.5)
    proxy.silent = {sick}
    page = await context.lead_index.list_by_score(LeadFilter(), 200, None)
    assert ({*page.lead_ids}, page.away) == (others, (sick,))
    due = await context.due_index.list_due(NOW + DAY, 1_000)
    assert ({row.lead_id for row in due}, due.away) == (others, (sick,))


async def test_a_partition_that_cant_be_written_delays_no_other(context, proxy):
    sick, unwritten, others = await split(context)
    proxy.unwritable = {sick}
    await run_due(context, NOW + MINUTE)
    assert told(context, others, EventType.SCORED) == others
    with pytest.raises(StoreUnavailable):
        await update_lead(
            context, next(iter(unwritten)), UpdateLead(status=LeadStatus.CONTACTED), now=NOW + MINUTE
        )
    proxy.unwritable = set()
    await run_due(context, NOW + 2 * MINUTE)
    await run_due(context, NOW + 3 * MINUTE)
    assert told(context, unwritten, EventType.SCORED) == unwritten


async def test_no_partition_at_all_is_a_store_that_is_away(context, proxy):
    await split(context)
    proxy.away = {f"{number:x}" for number in range(16)}
    with pytest.raises(StoreUnavailable):
        await run_due(context, NOW)
    with pytest.raises(StoreUnavailable):
        await list_leads(context, LeadFilter(), limit=10, after=None, now=NOW)
    with pytest.raises(StoreUnavailable):
        await lead_stats(context, NOW, NOW + DAY)


async def test_the_proxy_relays_what_isnt_away(context, proxy):
    """What the others rely on: refusals are counted, and writes get through."""
    sick, away, others = await split(context)
    proxy.away = {sick}
    read = await context.lead_store.get(next(iter(others)))
    await context.lead_store.replace(read, Change(read.lead))
    assert proxy.refused == 0
    with pytest.raises(StoreUnavailable):
        await context.lead_store.get(next(iter(away)))
    assert proxy.refused > 0
