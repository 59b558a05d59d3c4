"""What pushes tell about a customer, put together: of each value the newest counts, whatever comes first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import asdict, replace

from shared.leads.lead import Lead
from shared.marketplace.push import LeadPush

_PLAIN = ("offer_title", "source", "action", "note", "campaign")


def told_together(lead: Lead, push: LeadPush, at: datetime) -> tuple[dict[str, Any], dict[str, datetime]]:
    """The lead's fields after one more push, and when what isn't of its newest push was told.

    Of two pushes at the same instant the one that comes last is the newer. What the lead tells without a
    time of its own was told by its newest push.
    """
    known, told = _told(lead), _told(push)
    times = lead.bookkeeping.told_at
    was = {name: times.get(name, lead.last_touch_at) for name in known}
    wins = {name: value for name, value in told.items() if name not in was or at >= was[name]}
    newest = max(at, lead.last_touch_at)
    is_at = was | dict.fromkeys(wins, at)
    return _fields(lead, wins), {name: then for name, then in is_at.items() if then < newest}


def _told(one: Lead | LeadPush) -> dict[str, Any]:
    """Every value that isn't blank, by its place."""
    told = {name: getattr(one, name) for name in _PLAIN}
    told |= {f"contact.{name}": value for name, value in asdict(one.contact).items()}
    told |= {f"raw.{name}": value for name, value in asdict(one.raw).items()}
    return {name: value for name, value in told.items() if value and (type(value) is dict or value.strip())}


def _fields(lead: Lead, wins: Mapping[str, Any]) -> dict[str, Any]:
    inner = {
        whole: {name.partition(".")[2]: wins[name] for name in wins if name.startswith(f"{whole}.")}
        for whole in ("contact", "raw")
    }
    return {name: wins[name] for name in wins if name in _PLAIN} | {
        "contact": replace(lead.contact, **inner["contact"]),
        "raw": replace(lead.raw, **inner["raw"]),
    }
