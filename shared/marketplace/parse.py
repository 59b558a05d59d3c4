"""Parse the bytes of a push into a `LeadPush`: lenient about names and blanks, strict about JSON."""

from collections.abc import Mapping
from typing import Any

from shared.leads.push import Contact, LeadPush, RawPush, fold_name
from shared.marketplace.description import read_description
from shared.marketplace.json_text import UnreadableJson, as_text, read_json, trim
from shared.marketplace.lead_source import canonical_action, read_lead_source
from shared.marketplace.words import CONTACT_ME, DO_NOT_CONTACT

MAX_BODY = 64 * 1024  # bytes; our limit: Microsoft documents none, its leads are a few hundred bytes
LONGEST_VALUE = 1000  # characters of one field; the event and `raw.description` keep the whole text
TEST_PREFIX = "msft_test_"  # how Partner Center marks the leads of *Validate* and *Publish*
CUSTOMER = ("userdetails", "customerinfo")
LEAD_MEMBERS = frozenset(
    {
        *CUSTOMER,
        *("actioncode", "description", "leadsource", "offerdisplayname", "offertitle"),
        *("firstname", "lastname", "email", "phone", "country", "company", "title"),
    }
)
"""By folded name: what a lead is told by."""
WRAPPINGS = 3  # levels of objects, lists of one and JSON texts around a lead


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
    members = _lead_members(as_sent)
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
        forbids_contact=DO_NOT_CONTACT in (action, lead_source.action),
        asks_for_contact=CONTACT_ME in (action, lead_source.action),
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
    nested = next((found for name in CUSTOMER if (found := _nested_members(members.get(name)))), {})
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
    """The members of an object, of a list of one, or of the JSON text of either; else empty."""
    members = _object_in(value)
    return {} if members is None else _by_folded_name(members)


def _lead_members(as_sent: Mapping[str, Any], levels: int = WRAPPINGS) -> dict[str, Any]:
    """The members of the lead: of the object itself, else of the one lead that lies in it, `{"body": {...}}`.

    An object that has any member of a lead is one, even if all of them are blank.
    """
    members = _by_folded_name(as_sent)
    if levels == 0 or not LEAD_MEMBERS.isdisjoint(members):
        return members
    inner = [_lead_members(found, levels - 1) for value in as_sent.values() if (found := _object_in(value))]
    leads = [each for each in inner if not LEAD_MEMBERS.isdisjoint(each)]
    return leads[0] if len(leads) == 1 else members


def _object_in(value: Any, levels: int = WRAPPINGS) -> dict[str, Any] | None:
    """The object in a value: itself, in a list of one, or in a JSON text; None if there is none."""
    if isinstance(value, dict):
        return value
    if levels == 0:
        return None
    if isinstance(value, list) and len(value) == 1:
        return _object_in(value[0], levels - 1)
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[", '"'):
        try:
            return _object_in(read_json(value), levels - 1)
        except UnreadableJson:
            return None
    return None


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
