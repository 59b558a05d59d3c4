"""Rows that version 0.1.0 (commit 35560d3) stored are read, changed and written by this one."""

import json
from copy import replace
from datetime import datetime

import pytest

from shared.contract.responses import lead_body
from shared.leads.change import Change
from shared.leads.idempotency import with_operation
from shared.leads.index import index_rows
from shared.leads.lead import Lead
from shared.policy.load import load_policy, parse_policy
from shared.policy.scoring import version_of
from shared.scoring.replay import replay_score
from shared.storage.rows import (
    assignment_of,
    event_of,
    index_entity,
    lead_entity,
    lead_of,
    unknown_of,
    workload_of,
)
from shared.typed_json import from_json, to_json
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden" / "35560d3"
ROWS = {
    (row["PartitionKey"], row["RowKey"]): row
    for row in json.loads((GOLDEN / "rows.json").read_text())["rows"]
}
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
LEADS = EXPECTED["leads"]
POLICIES = [parse_policy((GOLDEN / "policy.toml").read_text()), load_policy()]
RULES = {version_of(policy.scoring): policy.scoring for policy in POLICIES}
AT = datetime.fromisoformat(EXPECTED["at"])


def row_of(lead_id: str) -> dict:
    return next(row for (_, key), row in ROWS.items() if key == f"lead!{lead_id}")


def events_of(lead_id: str) -> list:
    return [event_of(row) for (_, key), row in ROWS.items() if key.startswith(f"event!{lead_id}!")]


def stored_json(entity: dict) -> dict:
    columns = (entity[f"json{number}"] for number in range(sum(name.startswith("json") for name in entity)))
    return json.loads("".join(columns))


@pytest.mark.parametrize("name", LEADS)
def test_a_golden_lead_is_read_and_shown_as_it_was(name: str):
    entity = row_of(LEADS[name]["id"])

    lead, _ = lead_of(entity)

    shown = stored_json(entity)
    del shown["bookkeeping"]
    assert json.loads(json.dumps(lead_body(lead))) == shown
    assert unknown_of(entity, lead) is None
    assert lead.is_erased is LEADS[name]["isTombstone"]


@pytest.mark.parametrize("name", LEADS)
def test_a_golden_lead_has_the_index_rows_that_it_had(name: str):
    lead, index = lead_of(row_of(LEADS[name]["id"]))

    assert [row.key for row in index] == LEADS[name]["index"]
    assert index_rows(lead) == index
    for row in index:
        entity = index_entity(lead.id, row)
        assert ROWS[entity["PartitionKey"], entity["RowKey"]] == entity


@pytest.mark.parametrize("name", LEADS)
def test_a_golden_lead_that_is_changed_is_written_and_read_again(name: str):
    row = row_of(LEADS[name]["id"])
    lead, _ = lead_of(row)
    changed = with_operation(replace(lead, owner="kim"), "operation")

    again, _ = lead_of(lead_entity(changed, index_rows(changed), unknown_of(row, lead)))

    assert again == changed
    assert replace(again, owner=lead.owner, bookkeeping=lead.bookkeeping) == lead


# Its job title is Arabic, which version 0.1.0 didn't read: now the rank is known, and its points count.
READ_BETTER = {("unicode", "be0cbdd88f5d"): {"total": 80, "grade": "A1", "qualified": True}}


@pytest.mark.parametrize("name", [name for name, lead in LEADS.items() if not lead["isTombstone"]])
def test_golden_events_give_the_scores_that_they_gave(name: str):
    said = LEADS[name]
    events = [event for event in events_of(said["id"]) if event.number >= said["firstEvent"]]

    for score in ({**score, **READ_BETTER.get((name, score["policy"]), {})} for score in said["scores"]):
        replayed = replay_score(events, RULES[score["policy"]], datetime.fromisoformat(score["at"]))
        assert (replayed.total, replayed.grade, replayed.qualified) == (
            score["total"],
            score["grade"],
            score["qualified"],
        )


def test_golden_workload_and_assignments_are_read():
    books = {key: row for (partition, key), row in ROWS.items() if partition == "rota"}
    row = books.pop("rota")
    workload = workload_of(row)

    assignments = [assignment_of(row) for row in books.values()]

    assert sum(workload.open_leads.values()) == sum(one.owner is not None for one in assignments)
    assert all(one.request > 0 for one in assignments)
    assert unknown_of(row, workload) is None


def test_a_change_of_a_golden_lead_is_one_of_its_own_values():
    """What the store hands back can be stored: a change holds the lead that was read."""
    lead, _ = lead_of(row_of(LEADS[next(iter(LEADS))]["id"]))

    assert Change(lead).lead is lead
    assert from_json(Lead, to_json(lead)) == lead
