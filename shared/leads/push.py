"""One push of a lead as values, and the normal form by which two pushes are compared."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Contact:
    """The customer's details as they typed them, trimmed; blank is None."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    country: str | None = None
    company: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RawPush:
    """The three texts in which Microsoft packs several values, exactly as sent; None: the key was missing."""

    lead_source: str | None = None
    action_code: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LeadPush:
    """One push of one lead."""

    contact: Contact = Contact()
    source: str | None = None  # AzureMarketplace, AzurePortal, AppSource, TestDrive; else as sent
    action: str | None = None  # INS, PLT, DNC, Create, StartTestDrive; else as sent
    offer_id: str | None = None  # `publisher.offer`, lower case, from the lead source
    offer_name: str | None = None  # the offer part of the lead source that isn't a `publisher.offer`
    offer_title: str | None = None
    note: str | None = None  # what the customer wrote
    campaign: dict[str, str] = field(default_factory=dict)  # parameters of the listing's URL
    raw: RawPush = RawPush()
    is_test: bool = False  # sent by *Validate* or *Publish* in Partner Center
    forbids_contact: bool = False  # the customer asked for another partner: information only
    asks_for_contact: bool = False  # the customer pressed *Contact me*
    is_named: bool = False  # source or action are as a policy names them, and not as they were sent
    as_sent: dict[str, Any] = field(default_factory=dict)  # the whole body, unknown keys too


def fold_name(name: str) -> str:
    """A member's name without case, blanks, hyphens and underscores, in which senders differ."""
    return name.casefold().replace(" ", "").replace("_", "").replace("-", "")


_BLANK: tuple[Any, ...] = (None, "", {}, [])


def is_blank(value: Any) -> bool:
    """Whether nothing of a JSON value is left in its normal form."""
    return normalize_json(value) in _BLANK


def normalize_json(value: Any) -> Any:
    """The normal form of a JSON value: names folded, texts trimmed, blank members left out.

    Of two spellings of one name the first filled one counts: the same that is read.
    """
    if isinstance(value, dict):
        members: dict[str, Any] = {}
        for name, member in value.items():
            normal = normalize_json(member)
            if normal not in _BLANK:
                members.setdefault(fold_name(name), normal)
        return members
    if isinstance(value, list):
        return [normalize_json(member) for member in value]
    return value.strip() if isinstance(value, str) else value
