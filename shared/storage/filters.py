"""A list's filter as an OData condition with parameters: no caller's text ever enters the query."""

from typing import Any

from shared.leads.index_rows import stamp
from shared.services.ports import LeadFilter


def listed(which: LeadFilter) -> tuple[str, dict[str, Any]]:
    """The condition, to be put behind another one, and the values of its parameters."""
    asked: list[tuple[str, str, Any]] = [
        ("status", "eq", which.status and which.status.value),
        ("grade", "eq", which.grade),
        ("owner", "eq", which.owner),
        ("offer", "eq", which.offer),
        ("test", "eq", which.test),
        ("doNotContact", "eq", which.do_not_contact),
        ("score", "ge", which.min_score),
    ]
    if which.overdue is not None and which.now is not None:
        asked.append(("overdueFrom", "le" if which.overdue else "gt", stamp(which.now)))
    firm = ""
    values: dict[str, Any] = {}
    if which.firm is not None:
        # The SDK finds its parameters between blanks.
        firm = " and (companyKey eq @companyKey or companyDomain eq @companyDomain )"
        values = dict(zip(("companyKey", "companyDomain"), which.firm, strict=True))
    given = [(column, operator, value) for column, operator, value in asked if value is not None]
    condition = "".join(f" and {column} {operator} @{column}" for column, operator, _ in given)
    return condition + firm, values | {column: value for column, _, value in given}
