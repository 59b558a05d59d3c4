"""Due rows of a kind that only a newer deployment knows: left to it, and no reason to stop."""

from datetime import timedelta

from shared.leads.bookkeeping import DueKind
from shared.leads.index import stamp
from shared.services.receive import Intake, receive
from shared.services.run_due import run_due
from shared.storage.rows import due_rows_of
from tests.builders import a_context, a_push
from tests.samples import NOW

KIND = "deliver"


def of_another_kind(row):
    """The row of the same lead and instant as a newer deployment would write it."""
    prefix, at, _, lead_id, *rest = row["RowKey"].split("!")
    return {**row, "RowKey": "!".join((prefix, at, KIND, lead_id, *rest))}


async def test_the_clock_does_its_own_work_beside_rows_of_an_unknown_kind():
    context = a_context()
    table = context.lead_store
    lead_id = (await receive(context, Intake(a_push(), NOW))).lead_id
    rows = [row for row in table.rows.values() if row["RowKey"].startswith("due!")]
    unknown = [of_another_kind(row) for row in rows]
    for row in unknown:
        table.rows[row["PartitionKey"], row["RowKey"]] = row
    table._order = sorted((row, partition) for partition, row in table.rows)

    tick = await run_due(context, NOW + timedelta(minutes=5))

    assert (tick.done > 0, tick.failed) == (True, 0)
    assert (await table.get(lead_id)).lead.score is not None
    assert all(row in table.rows.values() for row in unknown)


def test_rows_of_an_unknown_kind_are_skipped_wherever_they_lie():
    at = stamp(NOW)
    known = {"RowKey": f"due!{at}!{DueKind.SCORE}!{'a' * 24}", "since": at}
    rows = [of_another_kind(known), known, of_another_kind(known)]
    assert [row.kind for row in due_rows_of(rows)] == [DueKind.SCORE]
