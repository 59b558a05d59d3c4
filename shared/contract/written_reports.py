"""What senders do to a report on its way to the queue `activity`, undone: it is read as it is meant."""

import json
import re
from collections.abc import Collection
from typing import Any

from shared.contract.errors import InvalidRequest
from shared.contract.requests import MAX_BODY

_MOST_WRAPPINGS = 3  # texts and lists around the object
_DATA_CONTRACT = b"http://schemas.microsoft.com/2003/10/Serialization/"
_MEMBERS = {
    name.casefold(): name
    for name in (
        *("type", "id", "leadId", "email", "at", "by", "channel", "note", "outcome", "nextContactAt"),
        *("interaction", "detail", "status", "reason", "owner", "doNotContact", "facts"),
    )
}
_WORDS = ("type", "status", "reason")  # whose values are words of ours


def as_meant(body: bytes) -> bytes:
    """The report as one JSON object; what can't be understood stays as it is, to be refused with its reason.

    - JSON in a JSON text is unwrapped, which JavaScript's `JSON.stringify` adds; so is a list of one.
    - Members and words of ours count in any case: `LeadID`, `Follow-Up`, `followUp`.
    - Ids of most CRMs are numbers: they count as texts.

    Raises:
        InvalidRequest: .NET's DataContractSerializer wrapped the text.
    """
    if _DATA_CONTRACT in body[:200]:
        raise InvalidRequest(
            "The body is wrapped by .NET's DataContractSerializer: send the bytes of the JSON text instead."
        )
    report = _unwrapped(body)
    if report is None:
        return body
    named = {_MEMBERS.get(name.casefold(), name): value for name, value in reversed(report.items())}
    for name in _WORDS:
        if isinstance(named.get(name), str):
            named[name] = _word(named[name])
    if isinstance(named.get("interaction"), str):
        named["interaction"] = named["interaction"].strip().casefold()
    if isinstance(named.get("id"), int) and not isinstance(named["id"], bool):
        named["id"] = str(named["id"])
    is_as_sent = named == report and body.lstrip().startswith(b"{")
    return body if is_as_sent else json.dumps(named, ensure_ascii=False).encode("utf-8", "surrogatepass")


def without(body: bytes, names: Collection[str]) -> bytes:
    """A report without some of its members."""
    report = json.loads(body)
    return json.dumps({name: value for name, value in report.items() if name not in names}).encode()


def _unwrapped(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body; None if there isn't one, or if it isn't readable."""
    if len(body) > MAX_BODY:
        return None
    try:
        value = json.loads(body)
        for _ in range(_MOST_WRAPPINGS):
            if isinstance(value, str):
                value = json.loads(value)
            elif isinstance(value, list) and len(value) == 1:
                value = value[0]
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _word(text: str) -> str:
    """`Follow-Up`, `FOLLOW UP` and `followUp` are `follow_up`."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text.strip())
    return re.sub(r"[\s_-]+", "_", apart).casefold()
