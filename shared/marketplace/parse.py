"""Parse the bytes of a push into a `LeadPush`: lenient about names and blanks, strict about JSON."""

from collections.abc import Mapping
from typing import Any

from shared.leads.push import Contact, LeadPush, RawPush, fold_name
from shared.marketplace.description import read_description
from shared.marketplace.json_text import UnreadableJson, as_text, read_json, read_json_object, trim
from shared.marketplace.lead_source import canonical_action, read_lead_source

MAX_BODY = 64 * 1024  # bytes; our limit: Microsoft documents none, its leads are a few hundred bytes
LONGEST_VALUE = 1000  # characters of one field; the event and `raw.description` keep the whole text
TEST_PREFIX = "msft_test_"  # how Partner Center marks the leads of *Validate* and *Publish*
FORBIDS_CONTACT = "DNC"
ASKS_FOR_CONTACT = "PLT"


class InvalidPush(ValueError):
    """The body isn't a lead. Says what and where, and quotes nothing of the body."""


class PushTooLarge(InvalidPush):
    """The body is larger than `MAX_BODY`."""


def parse_push(body: bytes, largest: int = MAX_BODY) -> LeadPush:
    """Parse a push; names in any casing, any value missing, null, empty or blank.

    Raises:
        PushTooLarge: more than `largest` bytes.
        InvalidPush: not UTF-8, not JSON, not an object, or nested too deep.
    """
    if len(body) > largest:
        raise PushTooLarge(f"The body is {len(body)} bytes; the limit is {largest}.")
    if not body.strip():
        raise InvalidPush("The body is empty. (The platform drops a body sent without Content-Length.)")
    return push_of(_json_object(body))


def push_of(as_sent: dict[str, Any]) -> LeadPush:
    """The push in a JSON object, or in the columns of an Azure Table row."""
    members = _by_folded_name(as_sent)
    raw = RawPush(
        lead_source=_truncate(_text(members.get("leadsource"))),
        action_code=_truncate(_text(members.get("actioncode"))),
        description=_text(members.get("description")),
    )
    lead_source = read_lead_source(_value(members, "leadsource"))
    action = canonical_action(_value(members, "actioncode")) or lead_source.action
    note, campaign = read_description(trim(members.get("description")))
    contact = _contact(members)
    return LeadPush(
        contact=contact,
        source=lead_source.source,
        action=action,
        offer_id=lead_source.offer_id,
        offer_name=lead_source.offer_name,
        offer_title=_value(members, "offertitle") or _value(members, "offerdisplayname"),
        note=note,
        campaign=campaign,
        raw=raw,
        is_test=_is_test(contact),
        forbids_contact=FORBIDS_CONTACT in (action, lead_source.action),
        asks_for_contact=ASKS_FOR_CONTACT in (action, lead_source.action),
        as_sent=as_sent,
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        sent = read_json(body.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise InvalidPush(f"The body isn't UTF-8: byte {exc.start} can't be read.") from exc
    except UnreadableJson as exc:
        raise InvalidPush(f"The body can't be read: {exc}.") from exc
    if _is_form(sent):
        return dict(sent)
    if not isinstance(sent, dict):
        raise InvalidPush("The body is JSON, but not an object: a lead is one JSON object.")
    return sent


def _is_form(sent: Any) -> bool:
    """A web form as JSON, as the Salesforce destination sends it: a list of name-value pairs."""
    return isinstance(sent, list) and bool(sent) and all(_is_pair(pair) for pair in sent)


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)


def _contact(members: Mapping[str, Any]) -> Contact:
    """The customer, from `UserDetails`, `CustomerInfo` (an object or its JSON text), else from flat keys."""
    nested = _nested_members(members.get("userdetails")) or _nested_members(members.get("customerinfo"))
    details = {**members, **{name: value for name, value in nested.items() if trim(value)}}
    return Contact(
        first_name=_value(details, "firstname"),
        last_name=_value(details, "lastname"),
        email=_value(details, "email"),
        phone=_value(details, "phone"),
        country=_value(details, "country"),
        company=_value(details, "company"),
        title=_value(details, "title"),
    )


def _is_test(contact: Contact) -> bool:
    marked = (contact.first_name, contact.last_name, contact.email)
    return any((text or "").casefold().startswith(TEST_PREFIX) for text in marked)


def _nested_members(value: Any) -> dict[str, Any]:
    """The members of an object, or of the JSON text of one; empty for anything else."""
    members = read_json_object(value) if isinstance(value, str) else value
    return _by_folded_name(members) if isinstance(members, dict) else {}


def _by_folded_name(members: Mapping[str, Any]) -> dict[str, Any]:
    """Members by folded name, see `fold_name`; of two with the same name, the filled one wins."""
    by_name: dict[str, Any] = {}
    for name, value in members.items():
        key = fold_name(name)
        if not trim(by_name.get(key)):
            by_name[key] = value
    return by_name


def _text(value: Any) -> str | None:
    return None if value is None else as_text(value)


def _value(members: Mapping[str, Any], name: str) -> str | None:
    """The text of a member, trimmed and bounded; None if blank."""
    return _truncate(trim(members.get(name)))


def _truncate(text: str | None) -> str | None:
    """Cut to `LONGEST_VALUE`: 64 KiB would fit no row or message, and take seconds to normalise."""
    return text[:LONGEST_VALUE] if text else text
