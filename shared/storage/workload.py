"""The workload of all owners, and the assignments that it counts."""

from shared.routing.workload import Assignment, Workload, assign, unassign
from shared.services.errors import LeadChanged
from shared.services.ports import StoredWorkload, Workloads
from shared.storage.client import Table, created, deleted, updated, upserted
from shared.storage.rows import (
    WORKLOAD,
    Entity,
    assignment_entity,
    assignment_key,
    assignment_of,
    unknown_of,
    workload_entity,
    workload_of,
)


class TableWorkloads(Workloads):
    """The workload in one row, and assignments in the same partition of our table; see the port."""

    def __init__(self, table: Table) -> None:
        """Open no connection yet."""
        self._table = table

    async def get_workload(self, lead_id: str) -> StoredWorkload:
        found = await self._table.find(WORKLOAD, WORKLOAD)
        # Read after the workload: read before it, an assignment that is made in between would be missed, and
        # counted again under an ETag that holds.
        assigned = await self._table.find(WORKLOAD, assignment_key(lead_id))
        assignment = assignment_of(assigned) if assigned else None
        if found is None:
            return StoredWorkload(Workload(), None, assignment)
        return StoredWorkload(workload_of(found), found.metadata["etag"], assignment, found)

    async def save_assignment(self, read: StoredWorkload, lead_id: str, assignment: Assignment) -> None:
        entity = _changed(read, assign(read.workload, read.assignment, assignment))
        workload = created(entity) if read.etag is None else updated(entity, read.etag)
        changed = LeadChanged(lead_id)
        await self._table.submit(
            [workload, upserted(assignment_entity(lead_id, assignment))],
            {404: changed, 409: changed, 412: changed},
        )

    async def delete_assignment(self, read: StoredWorkload, lead_id: str) -> None:
        if read.assignment is None or read.etag is None:
            return
        entity = _changed(read, unassign(read.workload, read.assignment))
        workload = updated(entity, read.etag)
        changed = LeadChanged(lead_id)
        await self._table.submit(
            [workload, deleted(WORKLOAD, assignment_key(lead_id))], {404: changed, 412: changed}
        )


def _changed(read: StoredWorkload, workload: Workload) -> Entity:
    return workload_entity(workload, unknown_of(read.row, read.workload))
