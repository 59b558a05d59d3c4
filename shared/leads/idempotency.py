"""Idempotency keys: of pushes by content, of reports by the sender's id, of changes by operation.

A key is stored with the lead, in the transaction of the work it stands for: a repeat does nothing.
"""

import hashlib
import json
from copy import replace
from datetime import datetime, timedelta

from shared.leads.bookkeeping import Idempotency, SeenPush
from shared.leads.change import Mark
from shared.leads.lead import Lead, with_bookkeeping
from shared.leads.push import LeadPush, normalize_json

REPEAT_WINDOW = timedelta(minutes=10)  # the same content within it is a retry of the sender
PUSHES_REMEMBERED = 50  # of one lead, however old: a push may come again after days in a queue
REPORTS_REMEMBERED = 150  # of one lead; more than any queue holds back while newer reports pass
OPERATIONS_REMEMBERED = 8  # more than the actors that may change one lead while an answer is lost
FOLLOW_UP, INTERACTION, STATUS, FACTS = "follow_up", "interaction", "status", "facts"


def report_key(kind: str, report_id: str | None) -> str | None:
    """The idempotency key of a report: its kind and id, as senders may reuse an id for another kind.

    None without an id. Follow-ups have the bare id as key: leads stored by earlier versions have it so.
    """
    return None if report_id is None else f"{kind}\0{report_id}"


def report_mark(lead_id: str, kind: str, report_id: str) -> Mark:
    """The mark of a report: its row stays as long as the table, so a repeat does nothing for good.

    Its key is a digest, as a sender's id may be personal data.
    """
    key = f"{lead_id}\0{kind}\0{report_id}".encode(errors="surrogatepass")
    return Mark("report-" + hashlib.blake2b(key, digest_size=16).hexdigest())


def is_reported(seen: Idempotency, key: str | None) -> bool:
    """The report was recorded before; a report without a key never counts as a repeat."""
    return key is not None and key in seen.reports


def with_report(seen: Idempotency, key: str | None) -> Idempotency:
    """Add the key of a report; keeps the last `REPORTS_REMEMBERED`."""
    if key is None:
        return seen
    return replace(seen, reports=(*seen.reports, key)[-REPORTS_REMEMBERED:])


def with_push(seen: Idempotency, push: LeadPush, at: datetime) -> Idempotency:
    """Add the digest of a push; keeps the last `PUSHES_REMEMBERED`."""
    return replace(
        seen, pushes=(*seen.pushes, SeenPush(digest=push_digest(push), at=at))[-PUSHES_REMEMBERED:]
    )


def find_repeats(seen: Idempotency, push: LeadPush, at: datetime) -> list[datetime]:
    """When the same content was pushed less than `REPEAT_WINDOW` before or after `at`.

    With the window of 10 minutes, a push at 09:00:00 makes the same content at 09:09:59 a repeat, and a new
    touch at 09:10:00.
    """
    digest = push_digest(push)
    earlier = (known.at for known in seen.pushes if known.digest == digest)
    return [then for then in earlier if abs(at - then) < REPEAT_WINDOW]


def push_digest(push: LeadPush) -> str:
    """The digest of a push's content; case and separators of names, and blank members, make no difference."""
    content = json.dumps(normalize_json(push.as_sent), sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def with_operation(lead: Lead, operation: str) -> Lead:
    """Add the id of the operation that changed the lead; keeps the last `OPERATIONS_REMEMBERED`."""
    seen = lead.bookkeeping.idempotency
    operations = (*seen.operations, operation)[-OPERATIONS_REMEMBERED:]
    return with_bookkeeping(lead, idempotency=replace(seen, operations=operations))
