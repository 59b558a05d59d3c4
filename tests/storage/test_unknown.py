"""What a later version stored is kept at its place through a change."""

import json
from copy import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.leads.idempotency import with_operation
from shared.leads.index import index_rows
from shared.leads.lead import Lead
from shared.storage.rows import lead_entity, lead_of
from shared.storage.unknown import unknown_in, with_unknown
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


def test_a_row_with_members_that_are_not_known_survives_a_change_with_them():
    read, index, unknown = lead_of(
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
    read, index, unknown = lead_of(written_by_a_later_version(a_lead()))

    earlier = touched(
        read, a_push(Description="Hi"), NOW - TARGET
    )  # its interaction goes before the first one
    stored = json.loads(lead_entity(earlier, index, unknown)["json0"])

    first, second = stored["bookkeeping"]["scoring"]["interactions"]
    assert "place" not in first
    assert second["place"] == second["at"]


def test_a_lead_of_this_version_has_nothing_unknown():
    one = touched(a_lead(), a_push(Description="Hi"), NOW + TARGET)

    read, _, unknown = lead_of(lead_entity(one, index_rows(one)))

    assert (read, unknown) == (one, None)


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
        items = [_joined(value, other) for value, other in zip(known, fill, strict=False)]
        return items if len({json.dumps(value) for value in known}) == len(known) else known
    return known
