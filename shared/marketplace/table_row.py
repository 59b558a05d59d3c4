"""Read a row of the Azure Table destination: the push in it, and when it was created."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shared.leads.push import Contact, LeadPush, fold_name
from shared.marketplace.created_at import created_at
from shared.marketplace.json_text import UnreadableJson, read_json, read_json_object, trim
from shared.marketplace.parse import CUSTOMER, LEAD_MEMBERS, MAX_BODY, InvalidPush, PushTooLarge, push_of


class SourceRow(NamedTuple):
    """A row of the publisher's storage account."""

    partition: str  # the US date of the lead, slashes escaped: `9:2F28:2F2018`
    row: str
    changed_at: datetime  # aware UTC, by the clock of the service: its `Timestamp`
    columns: Mapping[str, Any]  # usually texts; without keys and `Timestamp`


class TableLead(NamedTuple):
    """The push in a row, and when the customer sent it."""

    push: LeadPush
    created_at: datetime  # aware UTC, never after the row's `Timestamp`


def read_row(row: SourceRow) -> TableLead:
    """Read a row. A blank customer is accepted: Microsoft withholds some.

    Raises:
        PushTooLarge: more than `MAX_BODY` bytes.
        InvalidPush: no lead, or unreadable. The text quotes nothing of the row.
    """
    columns = _readable(row.columns)
    filled = {fold_name(name) for name, value in columns.items() if trim(value)}
    if not filled & LEAD_MEMBERS:
        raise InvalidPush("No column of a lead has a value.")
    push = push_of(columns)
    if push.contact == Contact() and _has_unreadable_customer(columns):
        raise InvalidPush("CustomerInfo isn't a JSON object, and no other column names the customer.")
    created = next((value for name, value in columns.items() if fold_name(name) == "createdtime"), None)
    return TableLead(push, created_at(trim(created), row.partition, row.changed_at))


def _readable(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as `read_json` returns a push: bounded, and always storable."""
    text = json.dumps(dict(columns), ensure_ascii=False)
    if (size := len(text.encode(errors="surrogatepass"))) > MAX_BODY:
        raise PushTooLarge(f"The row is {size} bytes; the limit is {MAX_BODY}.")
    try:
        read: dict[str, Any] = read_json(text)
    except UnreadableJson as exc:
        raise InvalidPush(f"The row can't be read: {exc}.") from exc
    return read


def _has_unreadable_customer(columns: Mapping[str, Any]) -> bool:
    customers = [value for name, value in columns.items() if fold_name(name) in CUSTOMER and trim(value)]
    return any(read_json_object(value) is None for value in customers if isinstance(value, str))
