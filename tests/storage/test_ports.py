"""What the ports over our table promise, run in memory and on a real table."""

import asyncio
import json
import uuid
from copy import replace
from datetime import timedelta

import pytest

from shared.contract.events import message_body
from shared.enrichment.crm_facts import FACTS_KEPT, LARGEST_FACTS, LONGEST_FACT, record_facts
from shared.enrichment.enrich import enrich
from shared.enrichment.identity import contact_key, lead_id
from shared.follow_up.alarms import flag_missed
from shared.leads.behaviour import record_interaction
from shared.leads.bookkeeping import DueKind, RetryState
from shared.leads.change import Change, Mark
from shared.leads.commands import ReportFacts, ReportInteraction
from shared.leads.enrichment import Enrichment
from shared.leads.idempotency import with_operation
from shared.leads.index import NEVER
from shared.leads.intake import merge_push, open_lead
from shared.leads.interactions import INTERACTIONS_KEPT, Interaction
from shared.leads.lead import with_bookkeeping
from shared.scoring.appraise import record_score, request_score
from shared.services.errors import LeadChanged, LeadExists, LeadNotFound, StoreUnavailable
from shared.services.ports import StoredLead
from shared.storage.client import Table, table_client
from shared.storage.lead_store import TableLeadStore
from shared.storage.rows import lead_entity
from tests.builders import a_first_push, a_push, a_score, scored
from tests.samples import DAY, ID_KEY, NOW, PROMISE
from tests.storage.conftest import ABSENT, LATER, LIMIT_OF_A_ROW


async def test_a_created_lead_is_read_back_as_it_was(ports):
    change = a_first_push(Description='日本語, "quotes",\r\n\u0001 and \U0001f600')
    await ports.lead_store.create(change)
    assert (await ports.lead_store.get(change.lead.id)).lead == change.lead
    assert await ports.lead_store.list_events(change.lead.id) == list(change.events)


async def test_a_lead_of_64_kib_in_any_script_is_kept_whole(ports):
    change = a_first_push(Description="\U0001f600" * 15_000, Title="é" * 2_000)
    await ports.lead_store.create(change)
    assert (await ports.lead_store.get(change.lead.id)).lead == change.lead


async def test_a_lead_is_created_once(ports):
    change = a_first_push()
    await ports.lead_store.create(change)
    with pytest.raises(LeadExists):
        await ports.lead_store.create(change)


async def test_of_many_creators_at_once_one_wins(ports):
    change = a_first_push()
    outcomes = await asyncio.gather(
        *(ports.lead_store.create(change) for _ in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LeadExists) for outcome in outcomes) == 7


def marked(change, key="row", value="first"):
    return replace(change, mark=Mark(key, value))


async def test_a_mark_is_stored_with_its_change_and_read_by_any_lead_of_the_person(ports):
    change = a_first_push()
    assert await ports.lead_store.find_mark(change.lead.id, "row") is None
    read = await ports.lead_store.create(marked(change))
    touch = merge_push(read.lead, a_push(Description="Call me"), LATER)
    await ports.lead_store.replace(read, marked(touch, "other"))
    other_offer = change.lead.id[:16] + "a" * 8
    for known in (change.lead.id, other_offer):
        assert await ports.lead_store.find_mark(known, "row") == Mark("row", "first")
        assert await ports.lead_store.find_mark(known, "other") == Mark("other", "first")


async def test_what_has_a_mark_is_neither_created_nor_changed_again_and_leaves_no_trace(ports):
    read = await ports.lead_store.create(marked(a_first_push()))
    before = await ports.lead_store.get(read.lead.id)
    touch = merge_push(read.lead, a_push(Description="Call me"), LATER)
    with pytest.raises(LeadChanged):
        await ports.lead_store.replace(read, marked(touch, value="second"))
    assert await ports.lead_store.get(read.lead.id) == before
    assert len(await ports.lead_store.list_events(read.lead.id)) == 1
    other = open_lead(a_push(), lead_id(a_push(), "vm", ID_KEY), "vm", NOW)
    with pytest.raises(LeadExists):
        await ports.lead_store.create(marked(other, value="second"))
    with pytest.raises(LeadNotFound):
        await ports.lead_store.get(other.lead.id)
    assert (await ports.lead_store.find_mark(read.lead.id, "row")).value == "first"


async def test_of_many_changes_at_once_with_one_mark_one_is_stored(ports):
    changes = [
        marked(open_lead(a_push(), lead_id(a_push(), offer, ID_KEY), offer, NOW)) for offer in "abcdefgh"
    ]
    outcomes = await asyncio.gather(
        *(ports.lead_store.create(change) for change in changes), return_exceptions=True
    )
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LeadExists) for outcome in outcomes) == 7


async def test_an_absent_lead_is_not_found_and_has_no_history(ports):
    with pytest.raises(LeadNotFound):
        await ports.lead_store.get(ABSENT)
    assert await ports.lead_store.list_events(ABSENT) == []


async def test_a_change_on_a_stale_read_is_refused_and_leaves_no_trace(ports):
    read = await ports.lead_store.create(a_first_push())
    touched = merge_push(read.lead, a_push(Description="Call me"), LATER)
    await ports.lead_store.replace(read, touched)
    with pytest.raises(LeadChanged):
        await ports.lead_store.replace(read, merge_push(read.lead, a_push(Description="Or not"), LATER))
    assert (await ports.lead_store.get(read.lead.id)).lead == touched.lead
    assert len(await ports.lead_store.list_events(read.lead.id)) == 2


async def test_a_change_returns_what_the_next_change_needs(ports):
    read = await ports.lead_store.create(a_first_push())
    for number in range(5):
        read = await ports.lead_store.replace(read, Change(with_operation(read.lead, f"operation {number}")))
    assert (await ports.lead_store.get(read.lead.id)) == read


async def test_due_rows_follow_the_lead(ports):
    read = await ports.lead_store.create(a_first_push())
    due = await ports.due_index.list_due(NOW + DAY, 10)
    assert [row.kind for row in due] == [DueKind.SCORE, DueKind.PUBLISH, DueKind.FOLLOW_UP]
    assert {row.lead_id for row in due} == {read.lead.id}
    assert due[2].at == NOW + DAY
    read = await ports.lead_store.replace(read, scored(read.lead, 50))
    assert [row.kind for row in await ports.due_index.list_due(NOW + DAY, 10)] == [
        DueKind.PUBLISH,
        DueKind.FOLLOW_UP,
    ]
    await ports.lead_store.replace(read, flag_missed(read.lead, policy=PROMISE, now=NOW + DAY))
    assert [row.kind for row in await ports.due_index.list_due(NOW + DAY, 10)] == [DueKind.PUBLISH]


async def test_only_what_has_fallen_due_is_due_to_the_second(ports):
    await ports.lead_store.create(a_first_push())
    kinds = [row.kind for row in await ports.due_index.list_due(NOW + DAY - timedelta(milliseconds=1), 10)]
    assert DueKind.FOLLOW_UP not in kinds
    assert DueKind.FOLLOW_UP in [row.kind for row in await ports.due_index.list_due(NOW + DAY, 10)]


async def test_due_rows_come_oldest_first_over_all_partitions_and_within_the_limit(ports):
    for number in range(20):
        at = NOW - timedelta(minutes=number)
        await ports.lead_store.create(a_first_push(at, Email=f"someone{number}@contoso.example"))
    due = await ports.due_index.list_due(NOW + timedelta(minutes=1), 15)
    assert len(due) == 15
    assert [row.at for row in due] == sorted(row.at for row in due)
    assert due[0].at == NOW - timedelta(minutes=19) + timedelta(seconds=5)


async def test_parked_work_is_never_due_and_counted(ports):
    read = await ports.lead_store.create(a_first_push())
    setback = RetryState(attempts=8, retry_at=NOW, parked=True)
    parked = replace(read.lead, bookkeeping=replace(read.lead.bookkeeping, retries={DueKind.SCORE: setback}))
    await ports.lead_store.replace(read, Change(parked))
    assert DueKind.SCORE not in [row.kind for row in await ports.due_index.list_due(NOW + DAY, 10)]
    assert [(row.kind, row.at, row.lead_id) for row in await ports.due_index.list_parked(10)] == [
        (DueKind.PARKED, NEVER, read.lead.id)
    ]


async def test_events_are_read_from_a_number_on_and_within_a_limit(ports):
    read = await ports.lead_store.create(a_first_push())
    for number in range(4):
        read = await ports.lead_store.replace(read, scored(read.lead, number))
    assert [event.number for event in await ports.lead_store.list_events(read.lead.id, first=3)] == [3, 4, 5]
    assert [event.number for event in await ports.lead_store.list_events(read.lead.id, limit=2)] == [1, 2]


async def test_the_leads_of_a_person_are_found_by_the_contact_key_and_no_others(ports):
    mine = [open_lead(a_push(), lead_id(a_push(), offer, ID_KEY), offer, NOW) for offer in "abc"]
    for change in (*mine, a_first_push(Email="eva@fabrikam.example")):
        await ports.lead_store.create(change)
    person = contact_key("ADA@fabrikam.example", ID_KEY)
    assert sorted(await ports.lead_store.list_leads_of(person, 10)) == sorted(
        change.lead.id for change in mine
    )
    assert len(await ports.lead_store.list_leads_of(person, 2)) == 2
    assert await ports.lead_store.list_leads_of(contact_key("nobody@contoso.example", ID_KEY), 10) == []


async def test_leads_that_other_rules_scored_are_found_until_they_are_asked_for(ports):
    read = {}
    for version in ("aaa", "bbb", "ccc"):
        fresh = await ports.lead_store.create(a_first_push(Email=f"{version}@contoso.example"))
        score = replace(a_score(5), policy=version)
        read[version] = await ports.lead_store.replace(
            fresh, record_score(fresh.lead, Enrichment(), score, now=NOW)
        )
    await ports.lead_store.create(a_first_push(Email="unscored@contoso.example"))
    ids = {version: stored.lead.id for version, stored in read.items()}
    assert set(await ports.due_index.list_scored_by_other_rules("bbb", 10)) == {ids["aaa"], ids["ccc"]}
    assert len(await ports.due_index.list_scored_by_other_rules("bbb", 1)) == 1
    assert set(await ports.due_index.list_scored_by_other_rules("zzz", 10)) == set(ids.values())
    await ports.lead_store.replace(read["aaa"], request_score(read["aaa"].lead, "bbb", now=NOW))
    assert await ports.due_index.list_scored_by_other_rules("bbb", 10) == [ids["ccc"]]
    assert DueKind.SCORE in {row.kind for row in await ports.due_index.list_due(NOW + DAY, 10)}


async def test_rules_are_kept_by_version_however_long(ports):
    assert await ports.desk_state.find_rules("aaa") is None
    for _ in range(2):
        await ports.desk_state.upsert_rules("aaa", "ü😀" * 40_000)
    assert await ports.desk_state.find_rules("aaa") == "ü😀" * 40_000


async def test_the_last_right_policy_is_kept_however_long(ports):
    assert await ports.desk_state.find_policy() is None
    for text in ("", "ü😀" * 40_000, "short again"):
        for _ in range(2):
            await ports.desk_state.upsert_policy(text)
        assert await ports.desk_state.find_policy() == text


async def test_the_first_fingerprint_of_an_id_key_stays(ports):
    asked = await asyncio.gather(
        *(ports.desk_state.get_or_create_key_fingerprint(f"{number}" * 32) for number in range(8))
    )
    assert len(set(asked)) == 1
    assert await ports.desk_state.get_or_create_key_fingerprint("another") == asked[0]


async def test_the_clock_remembers_its_last_run(ports):
    assert await ports.desk_state.find_clock_run() is None
    await ports.desk_state.record_clock_run(NOW)
    await ports.desk_state.record_clock_run(LATER)
    assert await ports.desk_state.find_clock_run() == LATER


async def test_the_fattest_lead_that_pushes_and_reports_can_make_fits_into_a_row_and_a_message(ports):
    """Azurite takes more than Azure does: the size is counted here."""
    fat = "\ufdfa" * 5_000  # one letter that becomes eighteen when it is normalised
    read = await ports.lead_store.create(a_first_push(Company=fat, Title=fat))
    for changes in (
        {"Description": "x" * 48_000},
        {"Description": f"Campaigns: {'y' * 48_000}"},
        {"LeadSource": fat},
        {"ActionCode": fat, "OfferTitle": "z" * 1_000},
        {"FirstName": "é" * 20_000},
    ):
        change = merge_push(read.lead, a_push(**{"Company": fat, **changes}), LATER)
        read = await ports.lead_store.replace(read, change)
        read = await ports.lead_store.replace(
            read, record_score(read.lead, enrich(read.lead.contact), a_score(50), now=NOW)
        )
        assert len(message_body(read.lead, change.events[0])) < 240 * 1024
    for minute in range(INTERACTIONS_KEPT):
        at = NOW - timedelta(minutes=minute)
        report = ReportInteraction(type="x" * 64, at=at, detail="\ufdfa" * 300, id=f"{minute:0200}")
        read = StoredLead(record_interaction(read.lead, report, now=LATER).lead, read.etag, read.index)
    facts = {f"f{number:063}": "\x01" * 30 for number in range(FACTS_KEPT)}  # six bytes each as JSON
    change = record_facts(
        read.lead, ReportFacts(facts=facts | {f"f{0:063}": "\x01" * LONGEST_FACT}), now=LATER
    )
    assert len(json.dumps(change.lead.enrichment.facts)) > LARGEST_FACTS * 0.8
    assert len(message_body(change.lead, change.events[0])) < 240 * 1024
    read = await ports.lead_store.replace(read, change)
    row = lead_entity(read.lead, read.index)
    assert sum(len(f"{name}{value}".encode("utf-16-le")) for name, value in row.items()) < LIMIT_OF_A_ROW
    assert (await ports.lead_store.get(read.lead.id)).lead == read.lead


async def test_a_lead_too_large_for_its_row_is_stored_without_its_oldest_interactions(ports):
    """As the store gives it back, not as it was given: what is decided next is decided on what is there."""
    read = await ports.lead_store.create(a_first_push())
    details = [
        Interaction(type="call", at=NOW + timedelta(minutes=number), number=number, detail="\x01" * 200)
        for number in range(1, INTERACTIONS_KEPT + 1)
    ]
    reports = tuple(f"{number:0200}" for number in range(150))
    seen = replace(read.lead.bookkeeping.idempotency, reports=reports)
    for _ in range(2):
        scoring = replace(read.lead.bookkeeping.scoring, interactions=(*details, *details))
        fat = with_bookkeeping(read.lead, scoring=scoring, idempotency=seen)
        read = await ports.lead_store.replace(read, Change(fat))
        row = lead_entity(read.lead, read.index)
        size = sum(len(f"{name}{value}".encode("utf-16-le")) for name, value in row.items())
        kept = read.lead.bookkeeping
        assert LIMIT_OF_A_ROW * 0.8 < size < LIMIT_OF_A_ROW
        assert kept.scoring.interactions == (*details, *details)[-len(kept.scoring.interactions) :]
        assert kept.idempotency.reports == reports
        assert (await ports.lead_store.get(read.lead.id)).lead == read.lead


async def test_a_table_that_was_taken_away_is_made_again(storage):
    client = table_client(storage, f"t{uuid.uuid4().hex}", by_identity=False)
    store = TableLeadStore(Table(client))
    read = await store.create(a_first_push())
    await client.delete_table()
    with pytest.raises(StoreUnavailable):
        await store.get(read.lead.id)
    with pytest.raises(LeadNotFound):
        await store.get(read.lead.id)
    await store.create(a_first_push())
    await client.close()
