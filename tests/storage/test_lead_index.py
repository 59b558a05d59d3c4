"""What the index of leads promises to lists and statistics, in memory and on a real table."""

from copy import replace
from datetime import timedelta

import pytest

from shared.follow_up.alarms import flag_missed
from shared.follow_up.report import record_follow_up
from shared.leads.change import Change
from shared.leads.commands import ReportFollowUp
from shared.leads.enrichment import CompanyFacts, Enrichment
from shared.leads.index import StatRow
from shared.leads.lead import LeadStatus
from shared.scoring.appraise import record_score
from shared.services.ports import LeadFilter
from tests.builders import a_first_push, a_score, scored
from tests.samples import DAY, NOW, PROMISE
from tests.storage.conftest import LATER


async def test_open_leads_come_best_first_unscored_behind_tests_last(ports):
    ids = {}
    for name, total in (("low", 10), ("high", 90), ("unscored", None), ("zero", 0)):
        read = await ports.lead_store.create(a_first_push(Email=f"{name}@contoso.example"))
        ids[read.lead.id] = name
        if total is not None:
            await ports.lead_store.replace(read, scored(read.lead, total))
    test = await ports.lead_store.create(a_first_push(Email="MSFT_TEST_1@test.com"))
    ids[test.lead.id] = "test"
    page = await ports.lead_index.list_by_score(LeadFilter(), 10, None)
    assert [ids[lead_id] for lead_id in page.lead_ids] == ["high", "low", "zero", "unscored", "test"]
    assert page.cursor is None


async def test_pages_join_without_a_gap_or_a_repeat(ports):
    for number in range(7):
        read = await ports.lead_store.create(a_first_push(Email=f"someone{number}@contoso.example"))
        await ports.lead_store.replace(read, scored(read.lead, number // 2))
    whole = (await ports.lead_index.list_by_score(LeadFilter(), 100, None)).lead_ids
    cursor, joined, pages = None, [], 0
    while pages == 0 or cursor:
        page = await ports.lead_index.list_by_score(LeadFilter(), 3, cursor)
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
async def test_a_list_shows_just_what_was_asked_for(ports, which, expected):
    names = {}
    for name, changes, total in (
        ("ada", {}, 50),
        ("bob", {"LeadSource": "TestDrive-INS|contoso.contoso-vm"}, 10),
        ("eva", {"ActionCode": "DNC"}, None),
        ("test", {"Email": "msft_test_7@test.com"}, None),
    ):
        read = await ports.lead_store.create(a_first_push(**{"Email": f"{name}@contoso.example", **changes}))
        names[read.lead.id] = name
        if total is not None:
            await ports.lead_store.replace(read, scored(read.lead, total, "A1" if total == 50 else "D4"))
    page = await ports.lead_index.list_by_score(which, 50, None)
    assert {names[lead_id] for lead_id in page.lead_ids} == expected


async def test_closed_leads_are_listed_by_their_status_only(ports):
    ids = {}
    for number, status in enumerate((LeadStatus.WON, LeadStatus.LOST, LeadStatus.WON, LeadStatus.NEW)):
        read = await ports.lead_store.create(a_first_push(Email=f"someone{number}@contoso.example"))
        read = await ports.lead_store.replace(read, scored(read.lead, 10 * number))
        await ports.lead_store.replace(read, Change(replace(read.lead, status=status)))
        ids[read.lead.id] = number

    async def listed(which, limit=50, after=None):
        page = await ports.lead_index.list_by_score(which, limit, after)
        return [ids[lead_id] for lead_id in page.lead_ids], page.cursor

    assert await listed(LeadFilter()) == ([3], None)
    assert await listed(LeadFilter(status=LeadStatus.LOST)) == ([1], None)
    assert await listed(LeadFilter(status=LeadStatus.WON)) == ([2, 0], None)
    first, cursor = await listed(LeadFilter(status=LeadStatus.WON), 1)
    assert (first, await listed(LeadFilter(status=LeadStatus.WON), 1, cursor)) == ([2], ([0], None))
    assert await listed(LeadFilter(status=LeadStatus.WON, min_score=15)) == ([2], None)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(("contoso", "-"), {"ada", "bob"}, id="by name"),
        pytest.param(("-", "contoso.example"), {"ada", "cleo"}, id="by domain"),
        pytest.param(("contoso", "contoso.example"), {"ada", "bob", "cleo"}, id="by either"),
        pytest.param(("x", "y"), set(), id="nobody"),
    ],
)
async def test_leads_of_one_firm_find_each_other(ports, asked, expected):
    names = {}
    for name, key, domain in (
        ("ada", "contoso", "contoso.example"),
        ("bob", "contoso", None),
        ("cleo", None, "contoso.example"),
        ("dan", "fabrikam", "fabrikam.example"),
        ("eva", None, None),
    ):
        read = await ports.lead_store.create(a_first_push(Email=f"{name}@contoso.example"))
        names[read.lead.id] = name
        firm = Enrichment(company=CompanyFacts(key=key, domain=domain))
        await ports.lead_store.replace(read, record_score(read.lead, firm, a_score(5), now=NOW))
    page = await ports.lead_index.list_by_score(LeadFilter(company=asked), 50, None)
    assert {names[lead_id] for lead_id in page.lead_ids} == expected


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
async def test_leads_are_found_by_when_they_were_received(ports, begin, end, expected):
    millisecond = timedelta(milliseconds=1)
    for number in range(4):
        change = a_first_push(NOW + number * millisecond, Email=f"someone{number}@contoso.example")
        await ports.lead_store.create(Change(replace(change.lead, owner=str(number)), change.events))
    await ports.lead_store.create(a_first_push(NOW + millisecond, Email="MSFT_TEST_1@test.com"))
    found = await ports.lead_index.list_received_between(
        NOW + begin * millisecond, NOW + end * millisecond, 100
    )
    assert {outcome.owner for outcome in found} == expected
    assert len(found) == len(expected)


async def test_no_more_outcomes_are_read_than_asked_for(ports):
    for number in range(7):
        await ports.lead_store.create(a_first_push(Email=f"someone{number}@contoso.example"))
    for limit in (1, 6, 7, 8):
        assert len(await ports.lead_index.list_received_between(NOW, LATER, limit)) == min(limit, 7)


async def test_an_outcome_follows_its_lead_whoever_owns_it(ports):
    read = await ports.lead_store.create(a_first_push())
    (fresh,) = await ports.lead_index.list_received_between(NOW, LATER, 10)
    assert fresh == StatRow(
        status=LeadStatus.NEW,
        source="AzureMarketplace",
        offer="contoso.contoso-backup",
        expects_answer=True,
    )
    read = await ports.lead_store.replace(read, scored(read.lead, 50))
    read = await ports.lead_store.replace(read, flag_missed(read.lead, policy=PROMISE, now=NOW + DAY))
    (missed,) = await ports.lead_index.list_received_between(NOW, LATER, 10)
    assert missed == replace(fresh, grade="A1", missed=True)
    owner = "o'hara\t!stat!~\r\n' or 1 eq 1 \u0001\U0001f600" + "é" * 150
    report = ReportFollowUp(by="sam", at=NOW + timedelta(seconds=90))
    called = record_follow_up(replace(read.lead, owner=owner), report, now=NOW + DAY, policy=PROMISE)
    read = await ports.lead_store.replace(read, called)
    (answered,) = await ports.lead_index.list_received_between(NOW, LATER, 10)
    assert answered == replace(
        missed, status=LeadStatus.CONTACTED, missed=False, owner=owner, seconds_to_answer=90
    )
    nobody = replace(read.lead, owner=None, status=LeadStatus.LOST)
    await ports.lead_store.replace(read, Change(nobody))
    (closed,) = await ports.lead_index.list_received_between(NOW, LATER, 10)
    assert closed == replace(answered, status=LeadStatus.LOST, owner=None)
