"""Rows of earlier versions, translated to today's names and groups."""

from typing import Any

# Bookkeeping was flat up to version 0.1.0: each member, and the concern and name that it has now.
_CONCERNS = {
    "operations": ("idempotency", "operations"),
    "recentPushes": ("idempotency", "pushes"),
    "reports": ("idempotency", "reports"),
    "touchesScored": ("scoring", "touchesScored"),
    "scoreAskedAt": ("scoring", "requestedAt"),
    "interactions": ("scoring", "interactions"),
    "eventsWritten": ("outbox", "written"),
    "eventsUnpublished": ("outbox", "unpublished"),
    "publishDueAt": ("outbox", "publishDueAt"),
    "cycleBeganAt": ("cycle", "beganAt"),
    "attendedAt": ("cycle", "attendedAt"),
    "purgeAt": ("erasure", "purgeAt"),
    "erasedAt": ("erasure", "erasedAt"),
    "erasedThrough": ("erasure", "erasedThrough"),
    "toldAt": ("merge", "olderValues"),
    "permissionAt": ("merge", "consentAt"),
    "takenOverAt": ("late", "arrivedAt"),
    "isImported": ("late", "isHistory"),
}
_ASSIGNMENT = {
    "asked": "requested",
    "settled": "completed",
    "askedAt": "requestedAt",
    "countsFor": "countedFor",
    "without": "excluded",
}


def is_flat(lead: dict[str, Any]) -> bool:
    """Whether version 0.1.0 stored the lead: its bookkeeping isn't grouped by concern."""
    bookkeeping = lead.get("bookkeeping")
    return isinstance(bookkeeping, dict) and "outbox" not in bookkeeping


def grouped(lead: dict[str, Any]) -> dict[str, Any]:
    """The lead with its bookkeeping grouped by concern; unknown members stay where they are."""
    flat = lead["bookkeeping"]
    bookkeeping: dict[str, Any] = {"outbox": {}}
    for name, value in flat.items():
        if name in _CONCERNS:
            concern, member = _CONCERNS[name]
            bookkeeping.setdefault(concern, {})[member] = value
        elif name == "assignment" and isinstance(value, dict):
            bookkeeping[name] = {_ASSIGNMENT.get(member, member): item for member, item in value.items()}
        else:
            bookkeeping["retries" if name == "setbacks" else name] = value
    return {**lead, "bookkeeping": bookkeeping}


def assignment_renamed(assignment: dict[str, Any]) -> dict[str, Any]:
    """An assignment whose request was called `ask`."""
    return {"request" if name == "ask" else name: value for name, value in assignment.items()}
