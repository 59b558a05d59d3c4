"""Rows as Partner Center leaves them in a table. All people are invented."""

import json
from datetime import datetime, timedelta
from typing import Any

from shared.marketplace.table_row import SourceRow
from tests.samples import ADA, NOW

YEAR = timedelta(days=365)


def columns(created: datetime, *, customer: Any = None, **members: Any) -> dict[str, Any]:
    """The columns of a row; `customer` by the names of the wire, or any text instead."""
    told = customer if isinstance(customer, str) else json.dumps({**ADA, **(customer or {})})
    half = "AM" if created.hour < 12 else "PM"
    time = f"{created.hour % 12 or 12}:{created:%M:%S} {half}"
    return {
        "ActionCode": "INS",
        "CreatedTime": f"{created.month}/{created.day}/{created.year} {time}",
        "CustomerInfo": told,
        "Description": "",
        "LeadSource": "AzureMarketplace-INS|contoso.contoso-backup",
        "OfferDisplayName": "Contoso Backup",
        **members,
    }


def keys(created: datetime, number: int) -> tuple[str, str]:
    """PartitionKey and RowKey."""
    return (
        f"{created.month}:2F{created.day}:2F{created.year}",
        f"00000000-0000-4000-8000-{number:012}",
    )


def a_row(
    number: int, created: datetime = NOW - YEAR, *, written: datetime | None = None, **told: Any
) -> SourceRow:
    """A row of the person with this number, unless `customer` says otherwise; written when created."""
    told.setdefault("customer", {"Email": f"someone{number}@contoso.example"})
    return SourceRow(*keys(created, number), written or created, columns(created, **told))
