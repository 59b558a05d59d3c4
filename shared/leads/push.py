"""One push of a lead, as values, and what makes two pushes the same."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Contact:
    """The customer as they wrote themselves down, trimmed; blank is None."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    country: str | None = None
    company: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RawPush:
    """The three texts that Microsoft overloads, exactly as sent; None where the key was missing."""

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
    offer_name: str | None = None  # what stands there without being a `publisher.offer`
    offer_title: str | None = None
    note: str | None = None  # what the customer wrote
    campaign: dict[str, str] = field(default_factory=dict)  # parameters of the listing's URL
    raw: RawPush = RawPush()
    is_test: bool = False  # sent by *Validate* or *Publish* in Partner Center
    forbids_contact: bool = False  # the customer asked for another partner: information only
    asks_for_contact: bool = False  # the customer pressed *Contact me*
    as_sent: dict[str, Any] = field(default_factory=dict)  # the whole body, unknown keys too


def folded_name(name: str) -> str:
    """A member's name without case, blanks, hyphens or underscores: senders don't agree on them."""
    return "".join(letter for letter in name.casefold() if letter not in " _-")


def normalized(value: Any) -> Any:
    """What a JSON value says, however it is spelt: names folded, texts trimmed, blank members left out."""
    if isinstance(value, dict):
        told = {folded_name(name): normalized(member) for name, member in value.items()}
        return {name: member for name, member in told.items() if member not in (None, "", {}, [])}
    if isinstance(value, list):
        return [normalized(member) for member in value]
    return value.strip() if isinstance(value, str) else value
