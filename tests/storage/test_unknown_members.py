"""What a later version stored is kept at its place through a change."""

import json
from copy import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.leads.events import ErasureReason
from shared.leads.idempotency import with_operation
from shared.leads.index import IndexRow, index_rows
from shared.leads.lead import Lead
from shared.marketplace.import_state import ImportState
from shared.privacy.erasure import entomb
from shared.routing.workload import Workload
from shared.storage.rows import (
    CHUNK,
    import_entity,
    import_of,
    lead_entity,
    lead_of,
    unknown_of,
    workload_entity,
    workload_of,
)
from shared.storage.unknown_members import Unknown, unknown_in, with_unknown
from tests.builders import a_lead, a_push, touched
from tests.samples import NOW, TARGET
from tests.strategies import examples

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcdef"), inner, max_size=4),
    max_leaves=12,
)


def written_by_a_later_version(one: Lead) -> dict:
    """The row of a lead, with members that aren't known: at the top, in objects and in items of lists."""
    entity = lead_entity(one, index_rows(one))
    stored = json.loads(entity["json0"])
    stored["snoozed"] = {"until": "2026-04-01T00:00:00Z", "by": "kim"}
    stored["contact"]["pronoun"] = "she"
    stored["bookkeeping"]["outbox"]["lane"] = 7
    stored["bookkeeping"]["deliveries"] = [{"to": "crm-x"}]
    for number, milestone in enumerate(stored["milestones"]):
        milestone["seen"] = number
    for interaction in stored["bookkeeping"]["scoring"]["interactions"]:
        interaction["place"] = interaction["at"]
    return {**entity, "json0": json.dumps(stored)}


def read_lead(row: dict) -> tuple[Lead, tuple[IndexRow, ...], Unknown | None]:
    lead, index = lead_of(row)
    return lead, index, unknown_of(row, lead)


def test_a_row_with_members_that_are_not_known_survives_a_change_with_them():
    read, index, unknown = read_lead(
        written_by_a_later_version(touched(a_lead(), a_push(Description="Hi"), NOW + TARGET))
    )

    changed = with_operation(replace(read, owner="kim"), "operation")
    stored = json.loads(lead_entity(changed, index, unknown)["json0"])

    assert stored["owner"] == "kim"
    assert stored["snoozed"] == {"until": "2026-04-01T00:00:00Z", "by": "kim"}
    assert stored["contact"]["pronoun"] == "she"
    assert stored["bookkeeping"]["outbox"]["lane"] == 7
    assert stored["bookkeeping"]["deliveries"] == [{"to": "crm-x"}]
    assert [milestone["seen"] for milestone in stored["milestones"]] == [0]


def test_members_of_an_item_follow_the_item_to_its_new_place():
    read, index, unknown = read_lead(written_by_a_later_version(a_lead()))

    earlier = touched(
        read, a_push(Description="Hi"), NOW - TARGET
    )  # its interaction goes before the first one
    stored = json.loads(lead_entity(earlier, index, unknown)["json0"])

    first, second = stored["bookkeeping"]["scoring"]["interactions"]
    assert "place" not in first
    assert second["place"] == second["at"]


def test_columns_that_are_not_known_survive_a_change_of_their_row():
    text = "x" * (2 * CHUNK)  # the stored JSON takes three columns, the known part of it one
    entity = {**written_by_a_later_version(a_lead()), "snoozedUntil": NOW, "json_schema": 3}
    later = {**json.loads(entity.pop("json0")), "summary": text}
    chunks = json.dumps(later)
    entity |= {f"json{number}": chunks[number * CHUNK : (number + 1) * CHUNK] for number in range(4)}

    read, index, unknown = read_lead({name: value for name, value in entity.items() if value != ""})
    row = lead_entity(replace(read, owner="kim"), index, unknown)

    assert (row["snoozedUntil"], row["json_schema"]) == (NOW, 3)
    assert read_lead(row) == (replace(read, owner="kim"), index, unknown)
    assert json.loads("".join(row[f"json{number}"] for number in range(3)))["summary"] == text


def test_an_erased_lead_keeps_nothing_that_is_not_known():
    read, _, unknown = read_lead({**written_by_a_later_version(a_lead()), "nickname": "canary"})
    erased = entomb(read, ErasureReason.REQUESTED, now=NOW).lead

    row = lead_entity(erased, index_rows(erased), unknown)

    assert row == lead_entity(erased, index_rows(erased))


def test_the_workload_keeps_what_is_not_known():
    entity = workload_entity(Workload(open_leads={"ann": 1}))
    entity |= {"json0": json.dumps({**json.loads(entity["json0"]), "away": ["bob"]}), "zone": "Europe/Berlin"}

    workload = workload_of(entity)
    unknown = unknown_of(entity, workload)
    changed = replace(workload, open_leads={"ann": 2})
    row = workload_entity(changed, unknown)

    assert (json.loads(row["json0"])["away"], row["zone"]) == (["bob"], "Europe/Berlin")
    assert (workload_of(row), unknown_of(row, changed)) == (changed, unknown)


def test_the_state_of_an_import_keeps_what_is_not_known():
    entity = import_entity("state!0", ImportState(switched_on_at=NOW))
    entity |= {"json0": json.dumps({**json.loads(entity["json0"]), "pace": 7}), "paused": True}

    state = import_of(entity)
    unknown = unknown_of(entity, state)
    row = import_entity("state!0", replace(state, taken=5), unknown)

    assert (json.loads(row["json0"])["pace"], row["paused"]) == (7, True)
    assert import_of(row) == replace(state, taken=5)
    assert unknown_of(row, replace(state, taken=5)) == unknown


def test_a_lead_of_this_version_has_nothing_unknown():
    one = touched(a_lead(), a_push(Description="Hi"), NOW + TARGET)

    read, _, unknown = read_lead(lead_entity(one, index_rows(one)))

    assert (read, unknown) == (one, None)


def test_items_that_we_know_as_the_same_keep_their_own_members():
    stored = [{"what": "contacted", "by": "ann"}, {"what": "contacted", "by": "kim"}, {"what": "won"}]
    known = [{"what": "contacted"}, {"what": "contacted"}, {"what": "won"}]

    unknown = unknown_in(stored, known)

    assert with_unknown(known, unknown) == stored
    assert with_unknown([{"what": "new"}, *known], unknown) == [{"what": "new"}, *stored]


@given(VALUES, VALUES)
@examples(300)
def test_what_was_stored_comes_back_whole_where_nothing_is_changed(known, more):
    stored = _joined(known, more)

    unknown = unknown_in(stored, known)

    assert with_unknown(known, unknown) == stored


def _joined(known, more):
    """The known value with members of the other one added wherever both are objects."""
    if isinstance(known, dict) and isinstance(more, dict):
        mine = {name: _joined(value, more.get(name)) for name, value in known.items()}
        return {**{f"new-{name}": value for name, value in more.items()}, **mine}
    if isinstance(known, list) and isinstance(more, list):
        fill = [*more, *[None] * len(known)]
        return [_joined(value, other) for value, other in zip(known, fill, strict=False)]
    return known
