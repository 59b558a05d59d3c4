"""What was done before: pushes, reports and operations, remembered by key."""

import hashlib
import json
from datetime import datetime, timedelta

from msgspec.structs import replace

from shared.leads.bookkeeping import Bookkeeping, SeenPush
from shared.leads.lead import Lead
from shared.leads.push import LeadPush, normalized

CLOCK_SKEW = timedelta(minutes=5)  # a reporter's clock may be off by so much
REPORTS_REMEMBERED = 150  # of one lead; more than any queue holds back while newer ones pass
STATUS, FACTS = "status", "facts"


def report_key(kind: str, report_id: str | None) -> str | None:
    """An id with its kind, for two senders may use one id for different kinds; None if there is no id.

    Follow-ups go by their bare ids: leads that are stored already remember them so.
    """
    return None if report_id is None else f"{kind}\0{report_id}"


def is_reported(kept: Bookkeeping, mark: str | None) -> bool:
    """It was taken before; what has no mark never was."""
    return mark is not None and mark in kept.reports


def with_report(kept: Bookkeeping, mark: str | None) -> Bookkeeping:
    """One more; the oldest goes when there are too many."""
    if mark is None:
        return kept
    return replace(kept, reports=(*kept.reports, mark)[-REPORTS_REMEMBERED:])


REPEAT_WINDOW = timedelta(minutes=10)  # the same content within it is a retry of the sender
PUSHES_REMEMBERED = 50  # of one lead, however old: one may come again after days in a queue


def with_push(seen: tuple[SeenPush, ...], digest: str, at: datetime) -> tuple[SeenPush, ...]:
    return (*seen, SeenPush(digest=digest, at=at))[-PUSHES_REMEMBERED:]


def push_digest(push: LeadPush) -> str:
    content = json.dumps(normalized(push.as_sent), sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()


OPERATIONS_KEPT = 8  # the actors that may work on one lead within one lost answer, with room to spare


def with_operation(lead: Lead, operation: str) -> Lead:
    """The lead with the id of the change that made it so."""
    operations = (*lead.bookkeeping.operations, operation)[-OPERATIONS_KEPT:]
    return replace(lead, bookkeeping=replace(lead.bookkeeping, operations=operations))
