"""Leads that other rules gave their ids stay reachable, and a title once resolved keeps its lead."""

from copy import replace
from datetime import timedelta

import pytest

from shared.enrichment.identity import (
    IDENTITY_RULES,
    contact_key,
    former_lead_id,
    lead_id,
    title_id,
)
from shared.leads.commands import ReportFollowUp, ReportInteraction
from shared.leads.intake import open_lead
from shared.privacy.matching import PersonMatcher
from shared.services import aliases as service
from shared.services import import_rows
from shared.services.activity import Activity, report_interaction_of, take_activity
from shared.services.aliases import advanced, next_pass, sweep_ids
from shared.services.context import AliasMemory
from shared.services.erase import erase_lead, erase_person
from shared.services.errors import LeadNotFound, PersonNotFound, StoreUnavailable
from shared.services.ports import IdSweep
from shared.services.receive import Intake, Result, receive
from shared.services.run_due import run_due
from tests.builders import a_context, a_push, another_instance
from tests.fakes.table import MemoryTable
from tests.samples import DAY, ID_KEY, NOW, OFFER, a_row
from tests.services.imports import an_importing_context, import_step

MINUTE = timedelta(minutes=1)
CALL = ReportInteraction(type="call", at=NOW)
DECORATED = {"Email": "Ada B <ada@fabrikam.example>"}
PLAIN = {"Email": "ada@fabrikam.example"}
STRANGER = {"Email": "none@none.com", "Phone": None, "FirstName": "Quinn", "LastName": "One"}
OTHER_STRANGER = STRANGER | {"FirstName": "Rae", "LastName": "Two", "Company": "Contoso"}


class CountingTable(MemoryTable):
    """Counts the reads of leads and aliases, and the writes."""

    def __init__(self):
        super().__init__()
        self.calls = []

    async def find_alias(self, alias_id):
        self.calls.append("find_alias")
        return await super().find_alias(alias_id)

    async def get(self, lead_id):
        self.calls.append("get")
        return await super().get(lead_id)

    async def create(self, change):
        self.calls.append("create")
        return await super().create(change)


def after_an_upgrade(table=None):
    """A process that knows nothing yet, on a table that may hold leads of the version before."""
    return a_context(table=table, alias_memory=AliasMemory())


async def stored_before(context, person, offer=OFFER, at=NOW, **changes):
    """A lead as the version before stored it."""
    push = a_push(person, **changes)
    opened = open_lead(push, former_lead_id(push, offer, ID_KEY), offer, at)
    return (await context.lead_store.create(opened)).lead


async def pushed(context, person, at=NOW + DAY, slug=OFFER, **changes):
    return await receive(context, Intake(a_push(person, **changes), at, slug))


async def swept(context, now=NOW + MINUTE):
    context.alias_memory.sweep_again_at = None
    await sweep_ids(context, now)


def ids_of(table):
    return sorted(key.removeprefix("lead!") for _, key in table.rows if key.startswith("lead!"))


def alias_rows(table):
    return {
        key.removeprefix("alias!"): row["leads"] for (_, key), row in table.rows.items() if "alias!" in key
    }


@pytest.mark.parametrize("is_swept", [False, True], ids=["before the search", "behind the search"])
@pytest.mark.parametrize(
    "person", [DECORATED, PLAIN, {"Email": "ADA@FABRIKAM.EXAMPLE;"}], ids=["as before", "plain", "else"]
)
async def test_a_push_finds_the_lead_of_the_version_before(is_swept: bool, person):
    context = after_an_upgrade()
    lead = await stored_before(context, DECORATED)
    if is_swept or person != DECORATED:
        await swept(context)

    receipt = await pushed(context, person)

    assert receipt == (lead.id, Result.TOUCHED)
    assert ids_of(context.lead_store) == [lead.id]


async def test_a_push_in_a_known_spelling_needs_no_search():
    context = after_an_upgrade()
    lead = await stored_before(context, DECORATED)

    assert (await pushed(context, DECORATED)).lead_id == lead.id


async def test_the_search_writes_a_row_for_each_id_that_moved_and_none_for_others():
    context = after_an_upgrade()
    decorated, plain = (
        await stored_before(context, DECORATED),
        await stored_before(context, {"Email": "bo@x.example"}),
    )

    await swept(context)

    assert alias_rows(context.lead_store) == {lead_id(a_push(DECORATED), OFFER, ID_KEY): decorated.id}
    state = await context.desk_state.find_id_sweep()
    assert (state.passes, state.aliases, state.partition) == (1, 1, None)
    assert plain.id == lead_id(a_push({"Email": "bo@x.example"}), OFFER, ID_KEY)


async def test_of_several_leads_of_one_mailbox_that_of_today_is_touched_and_all_are_known():
    context = after_an_upgrade()
    stored = [
        await stored_before(context, {"Email": email})
        for email in ("<ada@fabrikam.example>", "ada@fabrikam.example;")
    ]
    today = await stored_before(context, PLAIN)
    await swept(context)

    receipt = await pushed(context, DECORATED)
    leads = await report_interaction_of(context, "mailto:ada@fabrikam.example", CALL, now=NOW + DAY)

    assert receipt.lead_id == today.id
    assert {lead.id for lead in leads} == {today.id, *(lead.id for lead in stored)}


async def test_strangers_with_one_placeholder_stay_two_though_one_lead_had_both():
    context = after_an_upgrade()
    lead = await stored_before(context, STRANGER)
    await swept(context)

    assert (await pushed(context, STRANGER)).lead_id == lead.id
    assert (await pushed(context, OTHER_STRANGER)).result == Result.CREATED


async def test_a_new_lead_costs_one_write_and_no_read_once_all_ids_are_of_today():
    context = after_an_upgrade(CountingTable())
    assert (await pushed(context, PLAIN)).result == Result.CREATED
    assert (await pushed(context, {"Email": "bo@x.example"})).result == Result.CREATED
    assert context.lead_store.calls == ["create", "create"]
    assert (await context.desk_state.find_id_sweep()).passes == 1  # the table was empty


async def test_until_then_it_costs_one_read():
    table = CountingTable()
    context = after_an_upgrade(table)
    await stored_before(context, {"Email": "bo@x.example"})
    table.calls.clear()

    await pushed(context, PLAIN)

    assert table.calls == ["find_alias", "create"]


async def test_how_far_the_search_is_costs_no_push_if_it_cant_be_read():
    class Away(MemoryTable):
        async def find_id_sweep(self):
            raise StoreUnavailable

    context = after_an_upgrade(Away())
    assert (await pushed(context, PLAIN)).result == Result.CREATED


async def test_a_follow_up_by_address_reaches_the_lead_of_the_version_before():
    context = after_an_upgrade()
    lead = await stored_before(context, DECORATED)
    for minutes, email in ((1, DECORATED["Email"]), (2, "Ada@fabrikam.example.")):
        report = ReportFollowUp(by="ann", channel="phone", at=NOW + minutes * MINUTE)
        await take_activity(context, Activity(report, email=email), now=NOW + minutes * MINUTE)
        await swept(context)

    events = await context.lead_store.list_events(lead.id)
    assert [event.type for event in events].count("lead.followed_up") == 2


@pytest.mark.parametrize("is_swept", [False, True], ids=["before the search", "behind the search"])
async def test_an_erasure_by_address_finds_every_spelling_and_leaves_no_alias(is_swept: bool):
    context = after_an_upgrade()
    await stored_before(context, PLAIN)
    await stored_before(context, {"Email": "ada@fabrikam.example\u200b"})
    kept = await stored_before(context, {"Email": "bo@x.example"})
    if is_swept:
        await swept(context)

    first = await erase_person(context, "ada@fabrikam.example\u200b", now=NOW + DAY)
    second = await erase_person(context, "ada@fabrikam.example", now=NOW + DAY)

    assert first.leads + second.leads == 2
    assert first.leads == 2
    assert alias_rows(context.lead_store) == {}
    assert (await context.lead_store.get(kept.id)).lead == kept


async def test_the_erasure_of_one_lead_takes_its_alias_along():
    context = after_an_upgrade()
    lead = await stored_before(context, DECORATED)
    await swept(context)

    await erase_lead(context, lead.id, now=NOW + DAY)

    assert alias_rows(context.lead_store) == {}
    assert (await pushed(context, DECORATED, at=NOW + 2 * DAY)).lead_id == lead_id(
        a_push(DECORATED), OFFER, ID_KEY
    )


async def test_an_alias_of_a_lead_that_is_gone_is_passed_and_removed():
    context = after_an_upgrade()
    await swept(context)
    id_of_today = lead_id(a_push(PLAIN), OFFER, ID_KEY)
    await context.aliases.add_alias(id_of_today, "b" * 24)
    await context.desk_state.save_id_sweep(IdSweep(IDENTITY_RULES, NOW, passes=1, aliases=1))

    assert await pushed(context, PLAIN) == (id_of_today, Result.CREATED)
    assert alias_rows(context.lead_store) == {}


async def test_an_erasure_of_one_sharp_s_leaves_the_double_s_alone():
    context = after_an_upgrade()
    await stored_before(context, {"Email": "ada@strasse.example"})

    removed = await erase_person(context, "ada@straße.example", now=NOW + DAY)

    assert removed.leads == 0


async def test_who_is_unknown_in_every_spelling_is_not_found():
    with pytest.raises(PersonNotFound):
        await report_interaction_of(after_an_upgrade(), "bo@x.example", CALL, now=NOW)


def test_unread_messages_match_in_every_spelling_and_by_the_leads_of_former_ids():
    matcher = PersonMatcher(
        ID_KEY, person=contact_key("ada@fabrikam.example", ID_KEY), lead_ids=frozenset({"b" * 24})
    )

    assert matcher.matches([], b'{"UserDetails": {"Email": "<Ada@Fabrikam.example>;"}}')
    assert matcher.matches(["b" * 24], b"{}")
    assert not matcher.matches([], b'{"Description": "ada@fabrikam.example, please call my colleague"}')


async def test_the_search_goes_on_where_it_was_and_begins_again_slowly(monkeypatch):
    monkeypatch.setattr(service, "LEADS_A_TICK", 3)
    context = after_an_upgrade()
    for number in range(10):
        await stored_before(context, {"Email": f"<bo{number}@contoso.example>"})
    ticks = 0
    while (await context.desk_state.find_id_sweep() or IdSweep(IDENTITY_RULES, NOW)).passes == 0:
        await run_due(context, NOW + ticks * MINUTE)
        ticks += 1
    assert 4 <= ticks <= 30
    assert len(alias_rows(context.lead_store)) == 10

    late = await stored_before(context, {"Email": "<cy@contoso.example>"})
    await swept(context, NOW + DAY - timedelta(hours=1))
    assert late.id not in alias_rows(context.lead_store).values()
    await swept(context, NOW + DAY + timedelta(hours=1))
    assert late.id in alias_rows(context.lead_store).values()
    assert (await context.desk_state.find_id_sweep()).aliases == 11


async def test_one_sick_event_stops_no_search(caplog):
    context = after_an_upgrade()
    sick, lead = (
        await stored_before(context, {"Email": "<bo@x.example>"}),
        await stored_before(context, DECORATED),
    )
    (key,) = [key for key in context.lead_store.rows if key[1].startswith(f"event!{sick.id}")]
    context.lead_store.rows[key] = {**context.lead_store.rows[key], "json0": "{"}

    await swept(context)

    assert list(alias_rows(context.lead_store).values()) == [lead.id]


def test_a_search_by_later_rules_is_left_to_them():
    later = IdSweep(IDENTITY_RULES + 1, NOW, partition="0")

    assert next_pass(later, NOW + 100 * DAY) == later


def test_a_pass_is_over_behind_the_last_partition():
    state = IdSweep(IDENTITY_RULES, NOW, partition="f", found=2)

    assert advanced(state, ["a" * 24], 1, is_last=False) == replace(state, after="a" * 24, found=3)
    assert advanced(state, [], 0, is_last=True) == replace(state, partition=None, passes=1, aliases=2)


# Titles.

TITLED = {"LeadSource": "", "OfferTitle": "Contoso CRM"}


def under(policy, table):
    """An instance with this policy."""
    return another_instance(a_context(policy, table))


MAPPED = '[offers."contoso.crm"]\ntitles = ["Contoso CRM"]\n'


@pytest.mark.parametrize(
    ("before", "after"), [("", MAPPED), (MAPPED, "")], ids=["listed later", "no longer listed"]
)
async def test_a_title_once_resolved_keeps_its_lead_whatever_the_policy_says_later(before: str, after: str):
    table = MemoryTable()
    first = await pushed(under(before, table), PLAIN, slug=None, **TITLED)

    again = await pushed(under(after, table), DECORATED, at=NOW + 2 * DAY, slug=None, **TITLED)

    assert (first.result, again) == (Result.CREATED, (first.lead_id, Result.TOUCHED))


async def test_a_title_that_met_a_known_lead_keeps_it():
    table = MemoryTable()
    by_slug = await pushed(under(MAPPED, table), PLAIN, slug="contoso.crm")
    by_title = await pushed(under(MAPPED, table), PLAIN, at=NOW + 2 * DAY, slug=None, **TITLED)

    again = await pushed(under("", table), PLAIN, at=NOW + 3 * DAY, slug=None, **TITLED)

    assert by_slug.lead_id == by_title.lead_id == again.lead_id


async def test_a_title_of_the_version_before_keeps_its_lead():
    context = after_an_upgrade()
    lead = await stored_before(context, PLAIN, offer="contoso-crm", **TITLED)
    await swept(context)

    receipt = await pushed(under(MAPPED, context.lead_store), PLAIN, slug=None, **TITLED)

    assert receipt == (lead.id, Result.TOUCHED)


async def test_other_people_and_other_titles_are_other_leads():
    context = a_context()
    ids = [
        (await pushed(context, person, slug=None, **(TITLED | {"OfferTitle": title}))).lead_id
        for person in (PLAIN, {"Email": "bo@x.example"})
        for title in ("Contoso CRM", "Contoso Backup")
    ]
    assert len(set(ids)) == 4


async def test_an_erased_lead_is_no_longer_behind_its_title():
    context = a_context()
    first = await pushed(context, PLAIN, slug=None, **TITLED)
    await erase_lead(context, first.lead_id, now=NOW + 2 * DAY)

    assert alias_rows(context.lead_store) == {}
    assert title_id(a_push(PLAIN), "contoso-crm", ID_KEY)[:16] == first.lead_id[:16]
    with pytest.raises(LeadNotFound):
        await context.lead_store.get(first.lead_id)


# The import.


async def test_a_row_that_the_version_before_imported_is_known(monkeypatch):
    real = import_rows.identity_of

    def by_former_rules(context, push, slug):
        identity = real(context, push, slug)
        return identity._replace(lead_id=identity.former_id, title_id=None)

    monkeypatch.setattr(import_rows, "identity_of", by_former_rules)
    context = an_importing_context(a_row(1, customer=DECORATED))
    assert (await import_step(context)).taken == 1
    monkeypatch.undo()
    context = replace(context, alias_memory=AliasMemory())
    await swept(context)
    (stored,) = ids_of(context.lead_store)

    context.lead_import.table.put(a_row(1, written=NOW, customer=DECORATED))
    counts = await import_step(context, NOW + MINUTE)

    assert (counts.taken, counts.known) == (0, 1)
    assert ids_of(context.lead_store) == [stored]
    assert (await context.lead_store.get(stored)).lead.touches == 1
