"""What every lead store promises, run on the twin in memory and on a real table."""

import asyncio
import dataclasses
import uuid
from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.enrichment.enrich import enrich
from shared.enrichment.facts import CompanyFacts, Enrichment
from shared.leads.alarm import flag_missed
from shared.leads.arrival import first_push, later_push
from shared.leads.attention import FollowUpReport, follow_up
from shared.leads.change import Change, Mark, signed
from shared.leads.change import change as changed
from shared.leads.erasure import ErasedBecause, cleared, erased
from shared.leads.events import EventType
from shared.leads.identity import PERSON_LENGTH, lead_id, person_of
from shared.leads.index_rows import NEVER
from shared.leads.interaction import INTERACTIONS_KEPT, InteractionReport, interact
from shared.leads.lead import DueKind, LeadStatus, Setback
from shared.leads.outcome import LeadOutcome
from shared.leads.worth import ask_for_score, record_score
from shared.messaging.cloud_events import body_of
from shared.policy.routing import MOST_MEMBERSHIPS
from shared.routing.rota import Rota, Seat
from shared.scoring.score import Score
from shared.services.ports import (
    LeadChanged,
    LeadExists,
    LeadFilter,
    LeadNotFound,
    StoredLead,
    StoredRota,
    StoreUnavailable,
)
from shared.storage.entities import lead_entity, rota_entity
from shared.storage.memory import MemoryLeadStore
from shared.storage.table import TableLeadStore, table_client
from tests.examples import DAY, ID_KEY, NOW, a_first_push, a_push
from tests.pure.examples import PROMISE

LATER = NOW + timedelta(minutes=20)
ABSENT = "a" * 24


@pytest.fixture(params=["memory", "table"])
async def store(request, storage):
    if request.param == "memory":
        yield MemoryLeadStore()
        return
    table = TableLeadStore(table_client(storage, f"t{uuid.uuid4().hex}", by_identity=False))
    yield table
    await table.close()


def a_score(total, grade="A1"):
    return Score(
        total=total,
        grade=grade,
        fit=0,
        intent=total,
        confidence=1.0,
        qualified=False,
        model="m",
        ledger=(),
        scored_at=NOW,
    )


def scored(lead, total, grade="A1"):
    return record_score(lead, Enrichment(), a_score(total, grade), NOW)


async def test_a_created_lead_is_read_back_as_it_was(store):
    change = a_first_push(Description='日本語, "quotes",\r\n\u0001 and \U0001f600')
    await store.create(change)
    assert (await store.get(change.lead.id)).lead == change.lead
    assert await store.events_of(change.lead.id) == list(change.events)


async def test_a_lead_of_64_kib_in_any_script_is_kept_whole(store):
    change = a_first_push(Description="\U0001f600" * 15_000, Title="é" * 2_000)
    await store.create(change)
    assert (await store.get(change.lead.id)).lead == change.lead


async def test_a_lead_is_created_once(store):
    change = a_first_push()
    await store.create(change)
    with pytest.raises(LeadExists):
        await store.create(change)


async def test_of_many_creators_at_once_one_wins(store):
    change = a_first_push()
    outcomes = await asyncio.gather(*(store.create(change) for _ in range(8)), return_exceptions=True)
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LeadExists) for outcome in outcomes) == 7


def marked(change, key="row", said="first"):
    return dataclasses.replace(change, mark=Mark(key, said))


async def test_a_mark_is_stored_with_its_change_and_read_by_any_lead_of_the_person(store):
    change = a_first_push()
    assert await store.mark_of(change.lead.id, "row") is None
    read = await store.create(marked(change))
    touch = later_push(read.lead, a_push(Description="Call me"), LATER, DAY)
    await store.replace(read, marked(touch, "other"))
    other_offer = change.lead.id[:16] + "a" * 8
    for known in (change.lead.id, other_offer):
        assert await store.mark_of(known, "row") == Mark("row", "first")
        assert await store.mark_of(known, "other") == Mark("other", "first")


async def test_what_has_a_mark_is_neither_created_nor_changed_again_and_leaves_no_trace(store):
    read = await store.create(marked(a_first_push()))
    before = await store.get(read.lead.id)
    touch = later_push(read.lead, a_push(Description="Call me"), LATER, DAY)
    with pytest.raises(LeadChanged):
        await store.replace(read, marked(touch, said="second"))
    assert await store.get(read.lead.id) == before
    assert len(await store.events_of(read.lead.id)) == 1
    other = first_push(a_push(), lead_id(a_push(), "vm", ID_KEY), "vm", NOW, DAY)
    with pytest.raises(LeadExists):
        await store.create(marked(other, said="second"))
    with pytest.raises(LeadNotFound):
        await store.get(other.lead.id)
    assert (await store.mark_of(read.lead.id, "row")).said == "first"


async def test_of_many_changes_at_once_with_one_mark_one_is_stored(store):
    changes = [
        marked(first_push(a_push(), lead_id(a_push(), offer, ID_KEY), offer, NOW, DAY))
        for offer in "abcdefgh"
    ]
    outcomes = await asyncio.gather(*(store.create(change) for change in changes), return_exceptions=True)
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LeadExists) for outcome in outcomes) == 7


async def test_an_absent_lead_is_not_found_and_has_no_history(store):
    with pytest.raises(LeadNotFound):
        await store.get(ABSENT)
    assert await store.events_of(ABSENT) == []


async def test_a_change_on_a_stale_read_is_refused_and_leaves_no_trace(store):
    read = await store.create(a_first_push())
    touched = later_push(read.lead, a_push(Description="Call me"), LATER, DAY)
    await store.replace(read, touched)
    with pytest.raises(LeadChanged):
        await store.replace(read, later_push(read.lead, a_push(Description="Or not"), LATER, DAY))
    assert (await store.get(read.lead.id)).lead == touched.lead
    assert len(await store.events_of(read.lead.id)) == 2


async def test_a_change_returns_what_the_next_change_needs(store):
    read = await store.create(a_first_push())
    for number in range(5):
        read = await store.replace(read, Change(signed(read.lead, f"operation {number}")))
    assert (await store.get(read.lead.id)) == read


async def test_due_rows_follow_the_lead(store):
    read = await store.create(a_first_push())
    due = await store.due_until(NOW + DAY, 10)
    assert [row.kind for row in due] == [DueKind.SCORE, DueKind.PUBLISH, DueKind.FOLLOW_UP]
    assert {row.lead_id for row in due} == {read.lead.id}
    assert due[2].at == NOW + DAY
    read = await store.replace(read, scored(read.lead, 50))
    assert [row.kind for row in await store.due_until(NOW + DAY, 10)] == [DueKind.PUBLISH, DueKind.FOLLOW_UP]
    await store.replace(read, flag_missed(read.lead, PROMISE, NOW + DAY))
    assert [row.kind for row in await store.due_until(NOW + DAY, 10)] == [DueKind.PUBLISH]


async def test_only_what_has_fallen_due_is_due_to_the_second(store):
    await store.create(a_first_push())
    kinds = [row.kind for row in await store.due_until(NOW + DAY - timedelta(milliseconds=1), 10)]
    assert DueKind.FOLLOW_UP not in kinds
    assert DueKind.FOLLOW_UP in [row.kind for row in await store.due_until(NOW + DAY, 10)]


async def test_due_rows_come_oldest_first_over_all_partitions_and_within_the_limit(store):
    for number in range(20):
        at = NOW - timedelta(minutes=number)
        await store.create(a_first_push(at, Email=f"someone{number}@contoso.example"))
    due = await store.due_until(NOW + timedelta(minutes=1), 15)
    assert len(due) == 15
    assert [row.at for row in due] == sorted(row.at for row in due)
    assert due[0].at == NOW - timedelta(minutes=19) + timedelta(seconds=5)


async def test_parked_work_is_never_due_and_counted(store):
    read = await store.create(a_first_push())
    setback = Setback(attempts=8, retry_at=NOW, parked=True)
    parked = replace(read.lead, bookkeeping=replace(read.lead.bookkeeping, setbacks={DueKind.SCORE: setback}))
    await store.replace(read, Change(parked))
    assert DueKind.SCORE not in [row.kind for row in await store.due_until(NOW + DAY, 10)]
    assert [(row.kind, row.at, row.lead_id) for row in await store.parked(10)] == [
        (DueKind.PARKED, NEVER, read.lead.id)
    ]


async def test_open_leads_come_best_first_unscored_behind_tests_last(store):
    ids = {}
    for name, total in (("low", 10), ("high", 90), ("unscored", None), ("zero", 0)):
        read = await store.create(a_first_push(Email=f"{name}@contoso.example"))
        ids[read.lead.id] = name
        if total is not None:
            await store.replace(read, scored(read.lead, total))
    test = await store.create(a_first_push(Email="MSFT_TEST_1@test.com"))
    ids[test.lead.id] = "test"
    page = await store.open_by_worth(LeadFilter(), 10, None)
    assert [ids[lead_id] for lead_id in page.lead_ids] == ["high", "low", "zero", "unscored", "test"]
    assert page.cursor is None


async def test_pages_join_without_a_gap_or_a_repeat(store):
    for number in range(7):
        read = await store.create(a_first_push(Email=f"someone{number}@contoso.example"))
        await store.replace(read, scored(read.lead, number // 2))
    whole = (await store.open_by_worth(LeadFilter(), 100, None)).lead_ids
    cursor, joined, pages = None, [], 0
    while pages == 0 or cursor:
        page = await store.open_by_worth(LeadFilter(), 3, cursor)
        cursor, pages = page.cursor, pages + 1
        joined += page.lead_ids
    assert (tuple(joined), pages) == (whole, 3)


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (LeadFilter(), {"ada", "bob", "eva", "test"}),
        (LeadFilter(status=LeadStatus.NEW), {"ada", "bob", "eva", "test"}),
        (LeadFilter(status=LeadStatus.CONTACTED), set()),
        (LeadFilter(grade="A1"), {"ada"}),
        (LeadFilter(min_score=40), {"ada"}),
        (LeadFilter(min_score=0), {"ada", "bob"}),
        (LeadFilter(test=True), {"test"}),
        (LeadFilter(test=False, do_not_contact=False), {"ada", "bob"}),
        (LeadFilter(do_not_contact=True), {"eva"}),
        (LeadFilter(offer="contoso.contoso-vm"), {"bob"}),
        (LeadFilter(offer="o'hara' or 1 eq 1"), set()),
        (LeadFilter(owner="nobody"), set()),
        (LeadFilter(overdue=True, now=NOW + DAY), {"ada", "bob"}),
        (LeadFilter(overdue=False, now=NOW + DAY), {"eva", "test"}),
        (LeadFilter(overdue=True, now=NOW), set()),
    ],
)
async def test_a_list_shows_just_what_was_asked_for(store, which, expected):
    names = {}
    for name, changes, total in (
        ("ada", {}, 50),
        ("bob", {"LeadSource": "TestDrive-INS|contoso.contoso-vm"}, 10),
        ("eva", {"ActionCode": "DNC"}, None),
        ("test", {"Email": "msft_test_7@test.com"}, None),
    ):
        read = await store.create(a_first_push(**{"Email": f"{name}@contoso.example", **changes}))
        names[read.lead.id] = name
        if total is not None:
            await store.replace(read, scored(read.lead, total, "A1" if total == 50 else "D4"))
    page = await store.open_by_worth(which, 50, None)
    assert {names[lead_id] for lead_id in page.lead_ids} == expected


async def test_events_are_read_from_a_number_on_and_within_a_limit(store):
    read = await store.create(a_first_push())
    for number in range(4):
        read = await store.replace(read, scored(read.lead, number))
    assert [event.number for event in await store.events_of(read.lead.id, first=3)] == [3, 4, 5]
    assert [event.number for event in await store.events_of(read.lead.id, limit=2)] == [1, 2]


async def test_the_leads_of_a_person_are_found_by_the_contact_key_and_no_others(store):
    mine = [first_push(a_push(), lead_id(a_push(), offer, ID_KEY), offer, NOW, DAY) for offer in "abc"]
    for change in (*mine, a_first_push(Email="eva@fabrikam.example")):
        await store.create(change)
    person = person_of("ADA@fabrikam.example", ID_KEY)
    assert sorted(await store.leads_of(person, 10)) == sorted(change.lead.id for change in mine)
    assert len(await store.leads_of(person, 2)) == 2
    assert await store.leads_of(person_of("nobody@contoso.example", ID_KEY), 10) == []


async def test_leads_that_other_rules_scored_are_found_until_they_are_asked_for(store):
    read = {}
    for version in ("aaa", "bbb", "ccc"):
        fresh = await store.create(a_first_push(Email=f"{version}@contoso.example"))
        score = replace(a_score(5), policy=version)
        read[version] = await store.replace(fresh, record_score(fresh.lead, Enrichment(), score, NOW))
    await store.create(a_first_push(Email="unscored@contoso.example"))
    ids = {version: stored.lead.id for version, stored in read.items()}
    assert set(await store.scored_otherwise("bbb", 10)) == {ids["aaa"], ids["ccc"]}
    assert len(await store.scored_otherwise("bbb", 1)) == 1
    assert set(await store.scored_otherwise("zzz", 10)) == set(ids.values())
    await store.replace(read["aaa"], ask_for_score(read["aaa"].lead, "bbb", NOW))
    assert await store.scored_otherwise("bbb", 10) == [ids["ccc"]]
    assert DueKind.SCORE in {row.kind for row in await store.due_until(NOW + DAY, 10)}


async def test_rules_are_kept_by_version_however_long(store):
    assert await store.rules_of("aaa") is None
    for _ in range(2):
        await store.keep_rules("aaa", "ü😀" * 40_000)
    assert await store.rules_of("aaa") == "ü😀" * 40_000


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(("contoso", "-"), {"ada", "bob"}, id="by name"),
        pytest.param(("-", "contoso.example"), {"ada", "cleo"}, id="by domain"),
        pytest.param(("contoso", "contoso.example"), {"ada", "bob", "cleo"}, id="by either"),
        pytest.param(("x", "y"), set(), id="nobody"),
    ],
)
async def test_leads_of_one_firm_find_each_other(store, asked, expected):
    names = {}
    for name, key, domain in (
        ("ada", "contoso", "contoso.example"),
        ("bob", "contoso", None),
        ("cleo", None, "contoso.example"),
        ("dan", "fabrikam", "fabrikam.example"),
        ("eva", None, None),
    ):
        read = await store.create(a_first_push(Email=f"{name}@contoso.example"))
        names[read.lead.id] = name
        firm = Enrichment(company=CompanyFacts(key=key, domain=domain))
        await store.replace(read, record_score(read.lead, firm, a_score(5), NOW))
    page = await store.open_by_worth(LeadFilter(firm=asked), 50, None)
    assert {names[lead_id] for lead_id in page.lead_ids} == expected


async def test_a_seat_is_kept_with_the_books_and_counted_once(store):
    read = await store.rota_for(ABSENT)
    assert (read.rota, read.etag, read.seat) == (Rota(), None, None)
    seat = Seat(ask=1, owner="ann", team="desk", rule="all", because="so", is_turn=True)
    await store.keep_seat(read, ABSENT, seat)
    read = await store.rota_for(ABSENT)
    assert (read.seat, read.rota.open_leads, read.rota.last_turns) == (seat, {"ann": 1}, {"desk": {"ann": 1}})
    other = await store.rota_for("b" * 24)
    assert (other.seat, other.rota) == (None, read.rota)
    await store.keep_seat(read, ABSENT, Seat(ask=2))
    read = await store.rota_for(ABSENT)
    assert (read.seat, read.rota.open_leads, read.rota.turns_taken) == (Seat(ask=2), {}, 1)


@pytest.mark.parametrize("seats_before", [0, 1])
async def test_of_many_who_take_a_seat_at_once_one_wins(store, seats_before):
    for _ in range(seats_before):
        await store.keep_seat(await store.rota_for(ABSENT), ABSENT, Seat(ask=1, owner="ann"))
    read = await store.rota_for("b" * 24)
    takers = [store.keep_seat(read, letter * 24, Seat(ask=1, owner="bob")) for letter in "bcdef"]
    outcomes = await asyncio.gather(*takers, return_exceptions=True)
    assert sorted(map(repr, outcomes)).count("None") == 1
    assert {type(one) for one in outcomes} == {type(None), LeadChanged}
    assert (await store.rota_for("b" * 24)).rota.open_leads["bob"] == 1


async def test_the_largest_books_that_a_policy_allows_fit_into_a_row(store):
    """Names of 200 characters, MOST_MEMBERSHIPS of them, each with a turn and open leads."""
    names = [f"{number:04d}".ljust(200, "x") for number in range(MOST_MEMBERSHIPS)]
    rota = Rota(last_turns={"desk": dict.fromkeys(names, 10**6)}, open_leads=dict.fromkeys(names, 10**5))
    row = rota_entity(rota)
    assert sum(len(text.encode("utf-16-le")) for text in row.values()) < LIMIT_OF_A_ROW
    read = await store.rota_for(ABSENT)
    await store.keep_seat(StoredRota(rota, read.etag, None), ABSENT, Seat(ask=1, owner=names[0]))


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        pytest.param(0, 4, {"0", "1", "2", "3"}, id="all"),
        pytest.param(1, 3, {"1", "2"}, id="from is in, to is out"),
        pytest.param(1, 2, {"1"}, id="a millisecond"),
        pytest.param(2, 2, set(), id="nothing"),
        pytest.param(4, 5000, set(), id="after all"),
        pytest.param(-5000, 0, set(), id="before all"),
    ],
)
async def test_leads_are_found_by_when_they_were_received(store, begin, end, expected):
    millisecond = timedelta(milliseconds=1)
    for number in range(4):
        change = a_first_push(NOW + number * millisecond, Email=f"someone{number}@contoso.example")
        await store.create(Change(replace(change.lead, owner=str(number)), change.events))
    await store.create(a_first_push(NOW + millisecond, Email="MSFT_TEST_1@test.com"))
    found = await store.received_between(NOW + begin * millisecond, NOW + end * millisecond, 100)
    assert {outcome.owner for outcome in found} == expected
    assert len(found) == len(expected)


async def test_no_more_outcomes_are_read_than_asked_for(store):
    for number in range(7):
        await store.create(a_first_push(Email=f"someone{number}@contoso.example"))
    for limit in (1, 6, 7, 8):
        assert len(await store.received_between(NOW, LATER, limit)) == min(limit, 7)


async def test_an_outcome_follows_its_lead_whoever_owns_it(store):
    read = await store.create(a_first_push())
    (fresh,) = await store.received_between(NOW, LATER, 10)
    assert fresh == LeadOutcome(
        status=LeadStatus.NEW,
        source="AzureMarketplace",
        offer="contoso.contoso-backup",
        expects_answer=True,
    )
    read = await store.replace(read, scored(read.lead, 50))
    read = await store.replace(read, flag_missed(read.lead, PROMISE, NOW + DAY))
    (missed,) = await store.received_between(NOW, LATER, 10)
    assert missed == replace(fresh, grade="A1", missed=True)
    owner = "o'hara\t!stat!~\r\n' or 1 eq 1 \u0001\U0001f600" + "é" * 150
    report = FollowUpReport(by="sam", at=NOW + timedelta(seconds=90))
    called = follow_up(replace(read.lead, owner=owner), report, NOW + DAY, PROMISE)
    read = await store.replace(read, called)
    (answered,) = await store.received_between(NOW, LATER, 10)
    assert answered == replace(
        missed, status=LeadStatus.CONTACTED, missed=False, owner=owner, seconds_to_answer=90
    )
    nobody = replace(read.lead, owner=None, status=LeadStatus.LOST)
    await store.replace(read, Change(nobody))
    (closed,) = await store.received_between(NOW, LATER, 10)
    assert closed == replace(answered, status=LeadStatus.LOST, owner=None)


async def test_a_tombstone_takes_the_place_of_its_lead_and_is_no_lead(store):
    read = await store.create(a_first_push())
    read = await store.replace(read, scored(read.lead, 50))
    person, lead_id = read.lead.id[:PERSON_LENGTH], read.lead.id
    assert await store.tombstone_of(lead_id) is None
    await store.replace(read, erased(read.lead, LATER, ErasedBecause.REQUESTED))
    with pytest.raises(LeadNotFound):
        await store.get(lead_id)
    with pytest.raises(LeadExists):
        await store.create(a_first_push())
    assert (await store.leads_of(person, 10), await store.tombstones_of(person, 10)) == ([], [lead_id])
    assert [row.kind for row in await store.due_until(NOW + DAY, 10)] == [DueKind.PURGE]
    assert (await store.open_by_worth(LeadFilter(), 10, None)).lead_ids == ()
    assert await store.received_between(NOW, LATER, 10) == []
    assert await store.scored_otherwise("another", 10) == []


async def test_a_tombstone_is_buried_as_read_with_all_that_it_has(store):
    read = await store.create(a_first_push())
    lead_id = read.lead.id
    read = await store.replace(read, erased(read.lead, LATER, ErasedBecause.REQUESTED))
    assert await store.tombstone_of(lead_id) == read
    noted = await store.replace(read, cleared(read.lead, is_told=True))
    with pytest.raises(LeadChanged):
        await store.bury(read)
    assert await store.erase_events(lead_id, 1) == 1
    await store.bury(noted)
    with pytest.raises(LeadChanged):
        await store.bury(noted)
    assert (await store.tombstone_of(lead_id), await store.events_of(lead_id)) == (None, [])
    assert await store.due_until(NOW + DAY, 10) == []
    await store.create(a_first_push())


async def test_events_are_erased_up_to_a_number_however_many_and_no_others(store):
    ids = [(await store.create(a_first_push(Email=f"{name}@contoso.example"))).lead.id for name in "ab"]
    read = await store.get(ids[0])
    for number in range(5):
        happened = [(EventType.TOUCHED, {"push": {}})] * 50
        read = await store.replace(read, changed(read.lead, NOW + timedelta(seconds=number), *happened))
    assert await store.erase_events(ids[0], 248) == 248
    assert await store.erase_events(ids[0], 248) == 0
    assert [event.number for event in await store.events_of(ids[0])] == [249, 250, 251]
    assert len(await store.events_of(ids[1])) == 1


async def test_of_many_who_erase_events_at_once_all_come_to_the_end(store):
    read = await store.create(a_first_push())
    lead_id = read.lead.id
    for _ in range(4):
        happened = [(EventType.TOUCHED, {"push": {}})] * 60
        read = await store.replace(read, changed(read.lead, NOW, *happened))
    counts = await asyncio.gather(*(store.erase_events(lead_id, 241) for _ in range(4)))
    assert sum(counts) == 241
    assert await store.events_of(lead_id) == []


async def test_a_seat_is_left_once_and_makes_room(store):
    await store.keep_seat(await store.rota_for(ABSENT), ABSENT, Seat(ask=1, owner="ann", is_turn=True))
    read = await store.rota_for(ABSENT)
    await store.leave_seat(read, ABSENT)
    with pytest.raises(LeadChanged):
        await store.leave_seat(read, ABSENT)
    read = await store.rota_for(ABSENT)
    assert (read.seat, read.rota.open_leads, read.rota.turns_taken) == (None, {}, 1)
    await store.leave_seat(read, ABSENT)


async def test_the_clock_remembers_its_last_run(store):
    assert await store.last_clock_run() is None
    await store.clock_ran(NOW)
    await store.clock_ran(LATER)
    assert await store.last_clock_run() == LATER


LIMIT_OF_A_ROW = 1024 * 1024  # bytes in UTF-16, of all columns


async def test_the_fattest_lead_that_pushes_can_make_fits_into_a_row_and_a_message(store):
    """Azurite takes more than Azure does: the size is counted here."""
    fat = "\ufdfa" * 5_000  # one letter that becomes eighteen when it is normalised
    read = await store.create(a_first_push(Company=fat, Title=fat))
    for changes in (
        {"Description": "x" * 48_000},
        {"Description": f"Campaigns: {'y' * 48_000}"},
        {"LeadSource": fat},
        {"ActionCode": fat, "OfferTitle": "z" * 1_000},
        {"FirstName": "é" * 20_000},
    ):
        change = later_push(read.lead, a_push(**{"Company": fat, **changes}), LATER, DAY)
        read = await store.replace(read, change)
        read = await store.replace(read, record_score(read.lead, enrich(read.lead.contact), a_score(50), NOW))
        assert len(body_of(read.lead, change.events[0])) < 240 * 1024
    for minute in range(INTERACTIONS_KEPT):
        at = NOW - timedelta(minutes=minute)
        report = InteractionReport(type="x" * 64, at=at, detail="\ufdfa" * 300, id=f"{minute:0200}")
        read = StoredLead(interact(read.lead, report, LATER).lead, read.etag, read.index)
    read = await store.replace(read, Change(read.lead))
    row = lead_entity(read.lead, read.index)
    assert sum(len(f"{name}{value}".encode("utf-16-le")) for name, value in row.items()) < LIMIT_OF_A_ROW
    assert (await store.get(read.lead.id)).lead == read.lead


async def test_a_table_that_was_taken_away_is_made_again(storage):
    client = table_client(storage, f"t{uuid.uuid4().hex}", by_identity=False)
    store = TableLeadStore(client)
    read = await store.create(a_first_push())
    await client.delete_table()
    with pytest.raises(StoreUnavailable):
        await store.get(read.lead.id)
    with pytest.raises(LeadNotFound):
        await store.get(read.lead.id)
    await store.create(a_first_push())
    await store.close()
