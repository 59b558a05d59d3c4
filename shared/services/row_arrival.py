"""A row of the publisher's table, and the lead that it belongs to."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from shared.leads.identity import PERSON_LENGTH, lead_id
from shared.leads.offer import offer_of
from shared.marketplace.push import LeadPush
from shared.marketplace.table_row import SourceRow, read_row
from shared.policy.load import offers_by_title
from shared.services.desk import Desk


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row that is a lead."""

    key: str  # of the row
    mark: str  # of the row and the person: if somebody mends the address there, it is another lead
    source: SourceRow
    push: LeadPush
    lead_id: str
    offer: str | None
    at: datetime  # when the customer was there


def row_key(row: SourceRow, key: bytes, *person: str) -> str:
    """What a row is known by, for good: a keyed digest of its keys, which may hold anything."""
    keys = json.dumps([row.partition, row.row, *person]).encode()
    return hashlib.blake2b(keys, key=key, digest_size=16).hexdigest()


def read_arrival(desk: Desk, row: SourceRow) -> Arrival:
    """Read a row; raises InvalidPush if it is no lead."""
    read = read_row(row)
    offer = offer_of(read.push, None, offers_by_title(desk.policy))
    lead = lead_id(read.push, offer, desk.id_key)
    return Arrival(
        key=row_key(row, desk.id_key),
        mark=row_key(row, desk.id_key, lead[:PERSON_LENGTH]),
        source=row,
        push=read.push,
        lead_id=lead,
        offer=offer,
        at=read.created_at,
    )
