"""A row of the Azure Table destination: the push that it holds, and when the customer was there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.leads.push import Contact, LeadPush, fold_name
from shared.marketplace.created_at import created_at
from shared.marketplace.json_text import UnreadableJson, read_json, read_json_object, trimmed
from shared.marketplace.parse import MAX_BODY, InvalidPush, PushTooLarge, push_of

_CUSTOMER = ("customerinfo", "userdetails")
_OF_A_LEAD = {
    *_CUSTOMER,
    *("actioncode", "description", "leadsource", "offerdisplayname", "offertitle"),
    *("firstname", "lastname", "email", "phone", "country", "company", "title"),
}


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row as the publisher's storage account holds it."""

    partition: str  # the US date of the lead, slashes escaped: `9:2F28:2F2018`
    row: str
    changed_at: datetime  # aware UTC, by the clock of the service: its `Timestamp`
    columns: Mapping[str, Any]  # texts as a rule; without keys and `Timestamp`


@dataclass(frozen=True, slots=True)
class TableLead:
    """What a row says."""

    push: LeadPush
    created_at: datetime  # aware UTC, never after the row's `Timestamp`


def read_row(row: SourceRow) -> TableLead:
    """Read a row; a customer who is wholly blank is real: Microsoft withholds some.

    Raises:
        PushTooLarge: more than a push may have.
        InvalidPush: no lead, or not readable. The text quotes nothing of the row.
    """
    columns = _readable(row.columns)
    filled = {fold_name(name) for name, value in columns.items() if trimmed(value)}
    if not filled & _OF_A_LEAD:
        raise InvalidPush("No column of a lead is filled.")
    push = push_of(columns)
    if push.contact == Contact() and _has_unreadable_customer(columns):
        raise InvalidPush("CustomerInfo isn't a JSON object, and no other column tells of the customer.")
    created = next((value for name, value in columns.items() if fold_name(name) == "createdtime"), None)
    return TableLead(push, created_at(trimmed(created), row.partition, row.changed_at))


def _readable(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as a push would bring them: bounded, and always storable."""
    text = json.dumps(dict(columns), ensure_ascii=False)
    if (size := len(text.encode(errors="surrogatepass"))) > MAX_BODY:
        raise PushTooLarge(f"The row has {size} bytes; at most {MAX_BODY} are taken.")
    try:
        read: dict[str, Any] = read_json(text)
    except UnreadableJson as exc:
        raise InvalidPush(f"The row can't be read: {exc}.") from exc
    return read


def _has_unreadable_customer(columns: Mapping[str, Any]) -> bool:
    told = [value for name, value in columns.items() if fold_name(name) in _CUSTOMER and trimmed(value)]
    return any(read_json_object(value) is None for value in told if isinstance(value, str))
