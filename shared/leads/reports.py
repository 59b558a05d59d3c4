"""Reports that a lead has taken, remembered by the ids of their senders: a second one does nothing."""

from datetime import timedelta

from msgspec.structs import replace

from shared.leads.lead import Bookkeeping

CLOCK_SKEW = timedelta(minutes=5)  # a reporter's clock may be off by so much
REPORTS_REMEMBERED = 150  # of one lead; more than any queue holds back while newer ones pass
STATUS, FACTS = "status", "facts"


def mark_of(kind: str, report_id: str | None) -> str | None:
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
