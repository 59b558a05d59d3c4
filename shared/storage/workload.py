"""Workload per owner, and the assignments behind it."""

from shared.routing.workload import Assignment, Workload, assign, unassign
from shared.services.errors import LeadChanged
from shared.services.ports import StoredWorkload
from shared.storage.client import ShardedTable, created, deleted, updated, upserted
from shared.storage.rows import (
    WORKLOAD,
    assignment_entity,
    assignment_key,
    assignment_of,
    workload_entity,
    workload_of,
)


async def get_workload(table: ShardedTable, lead_id: str) -> StoredWorkload:
    """See `LeadStore.rota_for`."""
    found = await table.find(WORKLOAD, WORKLOAD)
    # Only then: a seat older than its books would be given again, under an ETag that is still right.
    seat = await table.find(WORKLOAD, assignment_key(lead_id))
    rota, etag = (workload_of(found), found.metadata["etag"]) if found else (Workload(), None)
    return StoredWorkload(rota, etag, assignment_of(seat) if seat else None)


async def save_assignment(table: ShardedTable, read: StoredWorkload, lead_id: str, seat: Assignment) -> None:
    """See `LeadStore.keep_seat`."""
    rota = workload_entity(assign(read.rota, read.seat, seat))
    books = created(rota) if read.etag is None else updated(rota, read.etag)
    changed = LeadChanged(lead_id)
    await table.submit(
        [books, upserted(assignment_entity(lead_id, seat))], {404: changed, 409: changed, 412: changed}
    )


async def delete_assignment(table: ShardedTable, read: StoredWorkload, lead_id: str) -> None:
    """See `LeadStore.leave_seat`."""
    if read.seat is None or read.etag is None:
        return
    books = updated(workload_entity(unassign(read.rota, read.seat)), read.etag)
    changed = LeadChanged(lead_id)
    await table.submit([books, deleted(WORKLOAD, assignment_key(lead_id))], {404: changed, 412: changed})
