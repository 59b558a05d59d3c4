"""The id of a lead. Microsoft sends none, so we derive one that reveals no address."""

import base64
import hashlib
import json
import unicodedata

from shared.enrichment.address import read_address
from shared.enrichment.phone import e164
from shared.leads.push import LeadPush

IDENTITY_RULES = 2
"""The number of these rules. Whoever changes what an id is made of raises it: stored leads are looked through
again, and those whose id differs get an alias. Rules 1 are `former_lead_id`."""

_CONTACT_BYTES = 10  # 16 letters of base32
_OFFER_BYTES = 5  # 8 letters


def lead_id(push: LeadPush, offer: str | None, key: bytes) -> str:
    """Contact key and offer key: 24 letters of lower-case base32.

    Args:
        push: the push.
        offer: see `offer_of`; all pushes without an offer share the offer None.
        key: the secret `LEADS_ID_KEY`; another key changes every id.
    """
    return _contact(_identity(push), key) + _offer(f"offer\0{offer or ''}", key)


def title_id(push: LeadPush, title: str, key: bytes) -> str:
    """An id that is the same whatever offer the policy finds for this title."""
    return _contact(_identity(push), key) + _offer(f"title\0{title}", key)


def contact_key(email: str, key: bytes) -> str:
    """The contact key of an address: the first 16 letters of the ids of all leads of this person.

    A text that is no address has the key by which rules 1 stored it.
    """
    address = read_address(email)
    return _contact(f"email\0{address.canonical}", key) if address else former_contact_key(email, key)


def former_lead_id(push: LeadPush, offer: str | None, key: bytes) -> str:
    """The id by rules 1, under which leads are still stored; phone numbers are read as they are today.

    They took every text with an @ inside for an address, kept what programs wrap around it, and compared
    companies by letters.
    """
    return _contact(_former_identity(push), key) + _offer(f"offer\0{offer or ''}", key)


def former_contact_key(email: str, key: bytes) -> str:
    """The contact key of an address by rules 1."""
    return _contact(f"email\0{normalize(email)}", key)


def key_fingerprint(key: bytes) -> str:
    """Tell keys apart without giving anything away about them: 32 hexadecimal digits for each key."""
    return hashlib.blake2b(b"fingerprint of LEADS_ID_KEY", key=key, digest_size=16).hexdigest()


def is_address(text: str | None) -> bool:
    """The text has characters on both sides of an @: a lead may be stored under it, by whatever rules."""
    before, at, after = normalize(text).rpartition("@")
    return bool(before and at and after) or read_address(text) is not None


def normalize(text: str | None) -> str:
    """Normalise typed text for comparison: trimmed, inner blanks folded, NFKC, casefolded."""
    return " ".join(unicodedata.normalize("NFKC", text or "").casefold().split())


def _identity(push: LeadPush) -> str:
    """The person's address; else phone and last name; else name and company; else the push's content.

    A text that is no address (`n/a`, `a@b`) or a placeholder (`none@none.com`) would merge everyone who typed
    it into a single lead, and so would a name or a company that says nothing.
    """
    from shared.enrichment.placeholder import is_empty, is_nobodys, letters_of  # noqa: PLC0415 - with the first lead

    contact = push.contact
    address = read_address(contact.email)
    if address and not is_nobodys(address):
        return f"email\0{address.canonical}"
    last_name, phone = _name(contact.last_name), e164(contact.phone, contact.country)
    if phone and last_name:
        return f"phone\0{phone}\0{last_name}"
    name, company = _name(f"{contact.first_name or ''} {contact.last_name or ''}"), _company(contact.company)
    if name and company and not is_empty(letters_of(name)):
        return f"name\0{name}\0{company}"
    return _content(push)


def _name(text: str | None) -> str:
    """A name for comparison; empty if it has no letter."""
    from shared.enrichment.written_address import plain_text  # noqa: PLC0415 - with the first such lead

    name = normalize(plain_text(text or ""))
    return name if any(map(str.isalnum, name)) else ""


def _company(text: str | None) -> str | None:
    from shared.enrichment.company import company_key  # noqa: PLC0415 - with the first such lead
    from shared.enrichment.written_address import plain_text  # noqa: PLC0415 - likewise

    return company_key(plain_text(text)) if text else None


def _former_identity(push: LeadPush) -> str:
    contact = push.contact
    email = normalize(contact.email)
    before, at, after = email.rpartition("@")
    if before and at and after:
        return f"email\0{email}"
    phone = e164(contact.phone, contact.country)
    if phone and contact.last_name:
        return f"phone\0{phone}\0{normalize(contact.last_name)}"
    name = normalize(f"{contact.first_name or ''} {contact.last_name or ''}")
    if name and contact.company:
        return f"name\0{name}\0{normalize(contact.company)}"
    return _content(push)


def _content(push: LeadPush) -> str:
    return "content\0" + json.dumps(push.as_sent, sort_keys=True)


def _contact(identity: str, key: bytes) -> str:
    return _keyed_hash(identity, key, _CONTACT_BYTES)


def _offer(text: str, key: bytes) -> str:
    return _keyed_hash(text, key, _OFFER_BYTES)


def _keyed_hash(text: str, key: bytes, size: int) -> str:
    digest = hashlib.blake2b(text.encode(), key=key, digest_size=size).digest()
    return base64.b32encode(digest).decode().lower()
