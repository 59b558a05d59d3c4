"""What was done before: pushes by their content, reports by their senders' ids, changes by their operations.

Each is a key that is stored with the lead, in the transaction that it stands for: a second time does nothing.
"""

import hashlib
import json
from copy import replace
from datetime import datetime, timedelta

from shared.leads.bookkeeping import Idempotency, SeenPush
from shared.leads.lead import Lead, with_bookkeeping
from shared.leads.push import LeadPush, normalized

REPEAT_WINDOW = timedelta(minutes=10)  # the same content within it is a retry of the sender
PUSHES_REMEMBERED = 50  # of one lead, however old: a push may come again after days in a queue
REPORTS_REMEMBERED = 150  # of one lead; more than any queue holds back while newer reports pass
OPERATIONS_REMEMBERED = 8  # the actors that may work on one lead within one lost answer, with room to spare
STATUS, FACTS = "status", "facts"


def report_key(kind: str, report_id: str | None) -> str | None:
    """The id of a report with its kind: two senders may use one id for different kinds. None without an id.

    Follow-ups go by their bare ids: leads that are stored already remember them so.
    """
    return None if report_id is None else f"{kind}\0{report_id}"


def is_reported(seen: Idempotency, key: str | None) -> bool:
    """The report was taken before; a report without a key never was."""
    return key is not None and key in seen.reports


def with_report(seen: Idempotency, key: str | None) -> Idempotency:
    """One more report; the oldest goes when there are too many."""
    if key is None:
        return seen
    return replace(seen, reports=(*seen.reports, key)[-REPORTS_REMEMBERED:])


def with_push(seen: Idempotency, push: LeadPush, at: datetime) -> Idempotency:
    """One more push; the oldest goes when there are too many."""
    return replace(
        seen, pushes=(*seen.pushes, SeenPush(digest=push_digest(push), at=at))[-PUSHES_REMEMBERED:]
    )


def times_seen(seen: Idempotency, push: LeadPush, at: datetime) -> list[datetime]:
    """When the same content came within `REPEAT_WINDOW` of this instant, before or after it."""
    digest = push_digest(push)
    return [one.at for one in seen.pushes if one.digest == digest and abs(at - one.at) < REPEAT_WINDOW]


def push_digest(push: LeadPush) -> str:
    """The fingerprint of a push's content, however it is spelt."""
    content = json.dumps(normalized(push.as_sent), sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def with_operation(lead: Lead, operation: str) -> Lead:
    """The lead with the id of the change that made it so."""
    seen = lead.bookkeeping.idempotency
    operations = (*seen.operations, operation)[-OPERATIONS_REMEMBERED:]
    return with_bookkeeping(lead, idempotency=replace(seen, operations=operations))
