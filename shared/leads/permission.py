"""May the customer be contacted: the newest word counts, whichever we hear first."""

from datetime import datetime

from shared.leads.lead import Lead
from shared.marketplace.push import LeadPush


def permission_after(lead: Lead, push: LeadPush, at: datetime) -> tuple[bool, datetime | None]:
    """Whether contact is forbidden, and since when that is said: the newest word counts.

    Asking for another partner forbids contact, *Contact me* lifts it; tests do neither to real leads.
    """
    said_at = lead.bookkeeping.permission_at or (lead.last_touch_at if lead.do_not_contact else None)
    is_for_tests = push.is_test and not lead.test
    if is_for_tests or not is_about_contact(push) or (said_at is not None and at < said_at):
        return lead.do_not_contact, said_at
    return push.forbids_contact, at


def is_about_contact(push: LeadPush) -> bool:
    """It forbids contact or asks for it; most pushes do neither."""
    return push.forbids_contact or push.asks_for_contact
