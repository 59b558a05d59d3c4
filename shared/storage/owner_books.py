"""The books of owners: whose turn it is, and each lead's seat; one partition, so that both change at once."""

from shared.routing.rota import Rota, Seat, seated, unseated
from shared.services.ports import LeadChanged, StoredRota
from shared.storage.entities import ROTA, rota_entity, rota_of, seat_entity, seat_key, seat_of
from shared.storage.sharded_table import ShardedTable, created, deleted, updated, upserted


async def rota_for(table: ShardedTable, lead_id: str) -> StoredRota:
    """See `LeadStore.rota_for`."""
    found = await table.find(ROTA, ROTA)
    # Only then: a seat older than its books would be given again, under an ETag that is still right.
    seat = await table.find(ROTA, seat_key(lead_id))
    rota, etag = (rota_of(found), found.metadata["etag"]) if found else (Rota(), None)
    return StoredRota(rota, etag, seat_of(seat) if seat else None)


async def keep_seat(table: ShardedTable, read: StoredRota, lead_id: str, seat: Seat) -> None:
    """See `LeadStore.keep_seat`."""
    rota = rota_entity(seated(read.rota, read.seat, seat))
    books = created(rota) if read.etag is None else updated(rota, read.etag)
    changed = LeadChanged(lead_id)
    await table.submit(
        [books, upserted(seat_entity(lead_id, seat))], {404: changed, 409: changed, 412: changed}
    )


async def leave_seat(table: ShardedTable, read: StoredRota, lead_id: str) -> None:
    """See `LeadStore.leave_seat`."""
    if read.seat is None or read.etag is None:
        return
    books = updated(rota_entity(unseated(read.rota, read.seat)), read.etag)
    changed = LeadChanged(lead_id)
    await table.submit([books, deleted(ROTA, seat_key(lead_id))], {404: changed, 412: changed})
