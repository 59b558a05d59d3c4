"""What the ports promise about rows that are missing, stray or unreadable, in memory and on a real table."""

from copy import replace
from datetime import timedelta

import pytest

from shared.follow_up.alarms import flag_missed
from shared.leads.bookkeeping import DueKind
from shared.leads.change import Change, mark_published, number_behind
from shared.leads.commands import ReportFollowUp, UpdateLead
from shared.leads.events import ErasureReason
from shared.leads.identity import all_shards, shard_of
from shared.leads.intake import merge_push
from shared.leads.lead import LeadStatus
from shared.privacy.erasure import clear_tombstone, entomb, stand_in
from shared.services.commands import report_follow_up, update_lead
from shared.services.erase import erase_lead
from shared.services.errors import LeadChanged, LeadNotFound, LeadUnreadable
from shared.services.ports import StoredLead, Sweep
from shared.services.score import score_lead
from tests.builders import a_context, a_first_push, a_push, scored
from tests.samples import DAY, NOW, PROMISE
from tests.sick_rows import (
    LATER_KIND,
    damaged,
    due_row,
    later_key,
    lead_address,
    of_a_later_version,
    with_later_work,
)
from tests.storage.conftest import ABSENT, LATER

MINUTE = timedelta(minutes=1)


async def stored(ports, **changes):
    return await ports.lead_store.create(a_first_push(**changes))


async def made_unreadable(ports, lead_id, how=damaged):
    entity = await ports.rows.take(*lead_address(lead_id))
    await ports.rows.put(how(entity))
    return entity


async def due(ports, now=NOW + DAY):
    return list(await ports.due_index.list_due(now, 100))


def index_keys(read):
    return {(shard_of(read.lead.id), row.key) for row in read.index}


# Leads that can't be read


@pytest.mark.parametrize("how", [damaged, of_a_later_version])
async def test_a_lead_that_cant_be_read_is_neither_absent_nor_a_bug(ports, how):
    lead_id = (await stored(ports)).lead.id
    await made_unreadable(ports, lead_id, how)
    with pytest.raises(LeadUnreadable):
        await ports.lead_store.get(lead_id)
    with pytest.raises(LeadUnreadable):
        await ports.lead_store.repair(lead_id)


async def test_its_due_row_is_put_off_and_counts_how_often(ports):
    lead_id = (await stored(ports)).lead.id
    await made_unreadable(ports, lead_id)
    row = (await due(ports))[0]
    assert (row.kind, row.unreadable) == (DueKind.SCORE, 0)
    await ports.due_index.put_off(row, NOW + 2 * DAY)
    await ports.due_index.put_off(row, NOW + 2 * DAY)  # another clock was faster
    assert DueKind.SCORE not in [one.kind for one in await due(ports)]
    (later,) = [one for one in await due(ports, NOW + 2 * DAY) if one.kind is DueKind.SCORE]
    assert later == row._replace(at=NOW + 2 * DAY, unreadable=1)
    await ports.due_index.put_off(later, NOW + 3 * DAY)
    (last,) = [one for one in await due(ports, NOW + 3 * DAY) if one.kind is DueKind.SCORE]
    assert (last.unreadable, last.since) == (2, row.since)


async def test_what_remains_of_it_is_enough_to_erase_it(ports):
    read = await stored(ports)
    read = await ports.lead_store.replace(read, scored(read.lead, 50))
    await made_unreadable(ports, read.lead.id)
    remains = await ports.lead_store.find_remains(read.lead.id)
    assert {row.key for row in remains.index} == {row.key for row in read.index}
    assert (remains.offer, remains.last_number) == (read.lead.offer, 2)
    lead = stand_in(read.lead.id, offer=remains.offer, last_number=remains.last_number, at=LATER)
    change = entomb(lead, ErasureReason.REQUESTED, now=LATER)
    tombstone = await ports.lead_store.replace(StoredLead(lead, remains.etag, remains.index), change)
    assert await ports.lead_store.delete_events(lead.id, 2) == 2
    cleared = clear_tombstone(tombstone.lead, is_published=True)
    await ports.lead_store.delete_tombstone(await ports.lead_store.replace(tombstone, cleared))
    assert await ports.rows.keys() == []


async def test_its_rows_are_searched_if_its_list_of_them_is_damaged_too(ports):
    read = await stored(ports)
    await stored(ports, Email="eva@fabrikam.example")
    entity = await ports.rows.take(*lead_address(read.lead.id))
    await ports.rows.put({**damaged(entity), "index": "["})
    remains = await ports.lead_store.find_remains(read.lead.id)
    assert {row.key for row in remains.index} == {row.key for row in read.index}
    assert await ports.lead_store.find_remains(ABSENT) is None


async def test_a_lead_whose_list_of_rows_alone_is_damaged_is_repaired(ports):
    read = await stored(ports)
    entity = await ports.rows.take(*lead_address(read.lead.id))
    await ports.rows.put({**entity, "index": "["})
    with pytest.raises(LeadUnreadable):
        await ports.lead_store.get(read.lead.id)
    assert await ports.lead_store.repair(read.lead.id)
    assert (await ports.lead_store.get(read.lead.id)).index == read.index


# Rows that are missing


CHANGES = {
    "score": lambda lead: scored(lead, 50),
    "open": lambda lead: Change(replace(lead, status=LeadStatus.LOST)),
    "publish": lambda lead: Change(mark_published(lead, frozenset({1}))),
    "follow_up": lambda lead: flag_missed(lead, policy=PROMISE, now=NOW + DAY),
}


@pytest.mark.parametrize("kind", CHANGES)
async def test_a_change_succeeds_without_the_row_that_it_replaces_and_the_others_are_there(ports, kind):
    read = await stored(ports)
    (gone,) = [row.key for row in read.index if kind in row.key.split("!")]
    stat = next(row.key for row in read.index if row.key.startswith("stat!"))
    for key in (gone, stat):
        await ports.rows.take(shard_of(read.lead.id), key)
    change = CHANGES[kind](read.lead)
    read = await ports.lead_store.replace(read, change)
    stored_keys = {key for key in await ports.rows.keys() if not key[1].startswith(("lead!", "event!"))}
    assert stored_keys == index_keys(read)
    assert gone not in {key for _, key in stored_keys}
    assert (await ports.lead_store.get(read.lead.id)).lead == change.lead


@pytest.mark.parametrize("what", ["follow-up", "status", "score", "erasure"])
async def test_no_use_case_stops_at_a_missing_alarm(ports, what):
    context = a_context(**{name: port for name, port in vars(ports).items() if name != "rows"})
    read = await stored(ports)
    lead_id = read.lead.id
    key = next(row.key for row in read.index if "!follow_up!" in row.key)
    await ports.rows.take(shard_of(lead_id), key)
    match what:
        case "follow-up":
            lead = await report_follow_up(context, lead_id, ReportFollowUp(by="sam", at=LATER), now=LATER)
            assert lead.follow_up.state == "done"
        case "status":
            lead = await update_lead(context, lead_id, UpdateLead(status=LeadStatus.WON), now=LATER)
            assert lead.status is LeadStatus.WON
        case "score":
            await score_lead(context, lead_id, now=LATER)
            assert (await ports.lead_store.get(lead_id)).lead.score is not None
        case "erasure":
            assert (await erase_lead(context, lead_id, now=LATER)).leads == 1


async def test_with_a_row_missing_a_stale_change_is_refused_all_the_same(ports):
    read = await stored(ports)
    touched = merge_push(read.lead, a_push(Description="Call me"), LATER)
    await ports.lead_store.replace(read, touched)
    for key in [row.key for row in read.index if "!score!" in row.key]:
        if (shard_of(read.lead.id), key) in await ports.rows.keys():
            await ports.rows.take(shard_of(read.lead.id), key)
    with pytest.raises(LeadChanged):
        await ports.lead_store.replace(read, scored(read.lead, 50))
    assert (await ports.lead_store.get(read.lead.id)).lead == touched.lead


@pytest.mark.parametrize("missing", ["due!", "event!"])
async def test_a_tombstone_is_deleted_without_the_rows_that_are_missing(ports, missing):
    read = await stored(ports)
    change = entomb(read.lead, ErasureReason.REQUESTED, now=LATER)
    tombstone = await ports.lead_store.replace(read, change)
    await ports.lead_store.delete_events(read.lead.id, 1)
    for partition, key in await ports.rows.keys():
        if key.startswith(missing):
            await ports.rows.take(partition, key)
    await ports.lead_store.delete_tombstone(tombstone)
    assert await ports.rows.keys() == []


async def test_a_repair_writes_rows_that_are_missing_or_wrong_once(ports):
    read = await stored(ports)
    before = await ports.rows.keys()
    assert await ports.lead_store.repair(read.lead.id) == 0
    assert (await ports.lead_store.get(read.lead.id)).etag == read.etag  # nothing was written
    shard = shard_of(read.lead.id)
    keys = {row.key.partition("!")[0]: row.key for row in read.index}
    await ports.rows.take(shard, keys["stat"])
    listed = await ports.rows.take(shard, keys["open"])
    await ports.rows.put({**listed, "owner": "somebody else"})
    assert await ports.lead_store.repair(read.lead.id) == 2
    assert await ports.lead_store.repair(read.lead.id) == 0
    assert await ports.rows.keys() == before
    assert (await ports.rows.take(shard, keys["open"]))["owner"] == listed["owner"]


async def later_work(ports, read):
    """Have a later version add work of a kind of its own to the lead."""
    key = later_key(read.lead.id)
    await ports.rows.put(with_later_work(await ports.rows.take(*lead_address(read.lead.id))))
    await ports.rows.put({"PartitionKey": shard_of(read.lead.id), "RowKey": key})
    return await ports.lead_store.get(read.lead.id), (shard_of(read.lead.id), key)


async def test_a_repair_keeps_what_a_later_version_added(ports):
    read, later = await later_work(ports, await stored(ports))
    shard = shard_of(read.lead.id)
    key = next(row.key for row in read.index if row.key.startswith("open!"))
    listed = await ports.rows.take(shard, key)
    await ports.rows.put({**listed, "mood": "keen"})
    assert await ports.lead_store.repair(read.lead.id) == 0
    await ports.rows.take(shard, next(row.key for row in read.index if row.key.startswith("stat!")))
    assert await ports.lead_store.repair(read.lead.id) == 1
    again = await ports.lead_store.get(read.lead.id)
    assert {row.key for row in again.index} == {row.key for row in read.index}
    assert (await ports.rows.take(shard, key))["mood"] == "keen"
    assert later in await ports.rows.keys()


async def test_a_change_keeps_due_work_of_a_later_version_and_an_erasure_doesnt(ports):
    read, later = await later_work(ports, await stored(ports))
    read = await ports.lead_store.replace(read, scored(read.lead, 50))
    assert later in await ports.rows.keys()
    assert (await ports.lead_store.get(read.lead.id)).index == read.index
    assert later[1] in {row.key for row in read.index}
    await ports.lead_store.replace(read, entomb(read.lead, ErasureReason.REQUESTED, now=LATER))
    assert later not in await ports.rows.keys()


async def test_a_lead_older_than_its_events_numbers_on_behind_them(ports):
    read = await stored(ports)
    older = await ports.rows.take(*lead_address(read.lead.id))
    await ports.rows.put(older)
    read = await ports.lead_store.get(read.lead.id)
    touched = await ports.lead_store.replace(
        read, merge_push(read.lead, a_push(Description="Call me"), LATER)
    )
    await ports.rows.put(older)
    read = await ports.lead_store.get(read.lead.id)
    with pytest.raises(LeadChanged):
        await ports.lead_store.replace(read, merge_push(read.lead, a_push(Description="Hello"), LATER))
    assert await ports.lead_store.repair(read.lead.id)
    read = await ports.lead_store.get(read.lead.id)
    assert read.lead.bookkeeping.outbox.written == touched.lead.bookkeeping.outbox.written
    await ports.lead_store.replace(read, merge_push(read.lead, a_push(Description="Hello"), LATER))
    assert await ports.lead_store.find_last_number(read.lead.id) == 3
    assert await ports.lead_store.find_last_number(ABSENT) == 0


async def test_a_lead_whose_row_is_gone_is_opened_behind_its_events(ports):
    first = a_first_push()
    await ports.lead_store.create(first)
    await ports.rows.take(*lead_address(first.lead.id))
    again = number_behind(first, await ports.lead_store.find_last_number(first.lead.id))
    read = await ports.lead_store.create(again)
    assert [event.number for event in await ports.lead_store.list_events(read.lead.id)] == [1, 2]
    assert read.lead.bookkeeping.outbox.unpublished == (2,)


async def test_there_is_nothing_to_repair_without_a_lead(ports):
    with pytest.raises(LeadNotFound):
        await ports.lead_store.repair(ABSENT)


# Rows that no lead lists


async def test_a_due_row_without_a_lead_is_deleted_and_one_that_a_lead_lists_stays(ports):
    read = await stored(ports)
    await ports.rows.put(due_row(NOW, DueKind.SCORE, ABSENT))
    await ports.rows.put(due_row(NOW, DueKind.FOLLOW_UP, read.lead.id))  # beside the right one
    rows = await due(ports)
    gone = [row for row in rows if await ports.due_index.delete_stray(row)]
    assert [(row.at, row.lead_id) for row in gone] == [(NOW, ABSENT), (NOW, read.lead.id)] or [
        (row.at, row.lead_id) for row in gone
    ] == [(NOW, read.lead.id), (NOW, ABSENT)]
    assert await due(ports) == [row for row in rows if row not in gone]
    assert await ports.due_index.delete_stray(gone[0])  # it is gone


async def test_a_row_of_a_lead_that_cant_be_read_is_no_stray(ports):
    read = await stored(ports)
    entity = await made_unreadable(ports, read.lead.id)
    rows = await due(ports)
    assert [row for row in rows if await ports.due_index.delete_stray(row)] == []
    await ports.rows.put({**damaged(entity), "index": "["})
    assert [row for row in rows if await ports.due_index.delete_stray(row)] == []


# Rows that this version doesn't know


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_kinds_and_keys_that_nobody_knows_are_passed_over_before_the_limit(ports, limit):
    await stored(ports)
    for letter in "abcdef":
        await ports.rows.put(due_row(NOW - MINUTE, LATER_KIND, letter * 24))
    await ports.rows.put({"PartitionKey": "a", "RowKey": "due!once!score", "since": "yesterday"})
    found, cursor, steps = [], None, 0
    while steps == 0 or cursor is not None:
        page = await ports.due_index.list_due(NOW + DAY, limit, cursor)
        assert len(page) <= limit
        found, cursor, steps = found + page, page.cursor, steps + 1
    assert [row.kind for row in found] == [
        DueKind.SCORE,
        DueKind.PUBLISH,
        DueKind.FOLLOW_UP,
    ]
    assert steps <= 6 // limit + 3 // limit + 2


async def test_a_page_goes_on_behind_the_last_row_and_ends_without_a_cursor(ports):
    for number in range(5):
        await stored(ports, at=NOW - number * MINUTE, Email=f"someone{number}@contoso.example")
    whole = await due(ports)
    assert len(whole) == 15
    first = await ports.due_index.list_due(NOW + DAY, 7)
    rest = await ports.due_index.list_due(NOW + DAY, 8, first.cursor)
    assert ([*first, *rest], rest.cursor) == (whole, None)
    assert (await ports.due_index.list_due(NOW + DAY, 15)).cursor is None


async def test_leads_of_other_rules_are_read_on_behind_a_cursor(ports):
    for number, version in enumerate(("aaa", "ccc", "ddd", "bbb")):
        read = await stored(ports, Email=f"someone{number}@contoso.example")
        change = scored(read.lead, 5)
        score = replace(change.lead.score, policy=version)
        await ports.lead_store.replace(read, replace(change, lead=replace(change.lead, score=score)))
    whole = await ports.due_index.list_scored_by_other_rules("bbb", 9)
    assert (len(whole), whole.cursor) == (3, None)
    found, cursor = [], None
    for _ in range(3):
        page = await ports.due_index.list_scored_by_other_rules("bbb", 1, cursor)
        found, cursor = found + page, page.cursor
    assert (found, cursor) == ([*whole], None)


async def test_a_row_of_figures_that_cant_be_read_is_left_out_and_counted(ports):
    read = await stored(ports)
    await stored(ports, Email="eva@fabrikam.example")
    key = next(row.key for row in read.index if row.key.startswith("stat!"))
    entity = await ports.rows.take(shard_of(read.lead.id), key)
    await ports.rows.put({**entity, "status": "courted"})
    found = await ports.lead_index.list_received_between(NOW, LATER, 10)
    assert (len(found), found.unreadable, found.away) == (1, 1, ())


# The sweep


async def test_the_ids_of_a_partition_come_in_pages(ports):
    ids = [(await stored(ports, Email=f"someone{number}@contoso.example")).lead.id for number in range(40)]
    found = []
    for partition in all_shards():
        after = None
        while page := await ports.lead_store.list_ids(partition, after, 2):
            assert all(shard_of(lead_id) == partition for lead_id in page)
            found, after = found + page, page[-1]
    assert sorted(found) == sorted(ids)


async def test_how_far_the_sweep_is_is_kept(ports):
    assert await ports.desk_state.find_sweep() is None
    for sweep in (Sweep("3", NOW), Sweep("4", LATER, "a" * 24, is_finished=True, repaired=2, unreadable=1)):
        await ports.desk_state.save_sweep(sweep)
        assert await ports.desk_state.find_sweep() == sweep
