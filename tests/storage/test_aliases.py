"""Aliases, in memory and on a real table: ids that lead to leads under other ids."""

import asyncio
from copy import replace

import pytest

from shared.leads.identity import Alias
from shared.services.errors import LeadChanged
from shared.services.ports import LEADS_OF_AN_ALIAS, IdSweep
from tests.builders import a_first_push
from tests.samples import NOW

ID, OTHER_OFFER, STRANGER = "a" * 24, "a" * 16 + "b" * 8, "q" * 24
LEAD, OTHER = "c" * 24, "d" * 24


async def test_an_alias_leads_to_leads_in_the_order_in_which_they_were_added(ports):
    assert await ports.aliases.find_alias(ID) is None
    assert await ports.aliases.add_alias(ID, LEAD)
    assert await ports.aliases.add_alias(ID, OTHER)
    assert not await ports.aliases.add_alias(ID, LEAD)
    assert await ports.aliases.find_alias(ID) == Alias(ID, (LEAD, OTHER))
    assert ("0", f"alias!{ID}") in await ports.rows.keys()


async def test_the_aliases_of_a_person_are_listed_and_no_others(ports):
    for alias_id in (ID, OTHER_OFFER, STRANGER):
        await ports.aliases.add_alias(alias_id, LEAD)
    assert await ports.aliases.list_aliases_of(ID[:16], 10) == [
        Alias(ID, (LEAD,)),
        Alias(OTHER_OFFER, (LEAD,)),
    ]
    assert len(await ports.aliases.list_aliases_of(ID[:16], 1)) == 1
    assert await ports.aliases.list_aliases_of("b" * 16, 10) == []


async def test_an_alias_without_leads_is_gone(ports):
    await ports.aliases.add_alias(ID, LEAD)
    await ports.aliases.add_alias(ID, OTHER)
    assert await ports.aliases.remove_alias(ID, LEAD)
    assert not await ports.aliases.remove_alias(ID, LEAD)
    assert await ports.aliases.find_alias(ID) == Alias(ID, (OTHER,))
    assert await ports.aliases.remove_alias(ID, OTHER)
    assert await ports.aliases.find_alias(ID) is None
    assert await ports.rows.keys() == []


async def test_of_calls_at_once_none_is_lost_unsaid(ports):
    leads = [letter * 24 for letter in "cdefgh"]
    outcomes = await asyncio.gather(
        *(ports.aliases.add_alias(ID, lead) for lead in leads), return_exceptions=True
    )
    added = {lead for lead, outcome in zip(leads, outcomes, strict=True) if outcome is True}
    assert added
    assert all(outcome is True or isinstance(outcome, LeadChanged) for outcome in outcomes)
    assert set((await ports.aliases.find_alias(ID)).lead_ids) == added


async def test_an_alias_takes_a_bounded_number_of_leads(ports):
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    assert await ports.aliases.add_alias(ID, LEAD)
    leads = [f"{one}{other}" + "c" * 22 for one in alphabet for other in alphabet][:LEADS_OF_AN_ALIAS]
    await ports.rows.put({"PartitionKey": "0", "RowKey": f"alias!{ID}", "leads": " ".join(leads)})
    assert not await ports.aliases.add_alias(ID, "z" * 24)
    assert (await ports.aliases.find_alias(ID)).lead_ids == tuple(leads)


@pytest.mark.parametrize("damaged", ["", "x", "no id at all"])
async def test_a_damaged_alias_leads_nowhere_and_can_be_written_anew(ports, damaged):
    await ports.aliases.add_alias(ID, OTHER)
    await ports.rows.put({"PartitionKey": "0", "RowKey": f"alias!{ID}", "leads": damaged})
    assert await ports.aliases.find_alias(ID) == Alias(ID, ())
    assert await ports.aliases.add_alias(ID, LEAD)
    assert await ports.aliases.find_alias(ID) == Alias(ID, (LEAD,))


async def test_a_new_lead_is_stored_with_its_alias_or_not_at_all(ports):
    change = a_first_push()
    alias_id = change.lead.id[:16] + "a" * 8
    await ports.lead_store.create(replace(change, alias=alias_id))
    assert await ports.aliases.find_alias(alias_id) == Alias(alias_id, (change.lead.id,))
    assert await ports.lead_store.list_leads_of(change.lead.id[:16], 10) == [change.lead.id]


async def test_how_far_the_search_for_former_ids_is_is_kept(ports):
    assert await ports.desk_state.find_id_sweep() is None
    for sweep in (
        IdSweep(2, NOW, partition="7", after=LEAD, found=3),
        IdSweep(2, NOW, passes=1, aliases=3),
    ):
        await ports.desk_state.save_id_sweep(sweep)
        assert await ports.desk_state.find_id_sweep() == sweep
