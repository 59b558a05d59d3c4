"""The id of a lead. Microsoft sends none, so we derive one that reveals no address."""

import base64
import hashlib
import json
import unicodedata

from shared.enrichment.phone import e164
from shared.leads.push import LeadPush

_CONTACT_BYTES = 10  # 16 letters of base32
_OFFER_BYTES = 5  # 8 letters


def lead_id(push: LeadPush, offer: str | None, key: bytes) -> str:
    """Contact key and offer key: 24 letters of lower-case base32.

    Args:
        push: the push.
        offer: see `offer_of`; all pushes without an offer share the offer None.
        key: the secret `LEADS_ID_KEY`; another key changes every id.
    """
    return _keyed_hash(_identity(push), key, _CONTACT_BYTES) + _keyed_hash(
        f"offer\0{offer or ''}", key, _OFFER_BYTES
    )


def contact_key(email: str, key: bytes) -> str:
    """The contact key of an address: the first 16 letters of the ids of all leads of this person."""
    return _keyed_hash(f"email\0{normalize(email)}", key, _CONTACT_BYTES)


def key_fingerprint(key: bytes) -> str:
    """Tell keys apart without giving anything away about them: 32 hexadecimal digits for each key."""
    return hashlib.blake2b(b"fingerprint of LEADS_ID_KEY", key=key, digest_size=16).hexdigest()


def is_address(text: str | None) -> bool:
    """The text has characters on both sides of an @."""
    before, at, after = normalize(text).rpartition("@")
    return bool(before and at and after)


def normalize(text: str | None) -> str:
    """Normalise typed text for comparison: trimmed, inner blanks folded, NFKC, casefolded."""
    return " ".join(unicodedata.normalize("NFKC", text or "").casefold().split())


def _identity(push: LeadPush) -> str:
    """The person's e-mail; else phone and last name; else name and company; else the push's content.

    Plus-tags and dots of an address stay: without them it may be another person's. A text without an @ inside
    isn't an address: `n/a` would merge everyone who typed it into a single lead.
    """
    contact = push.contact
    email = normalize(contact.email)
    if is_address(email):
        return f"email\0{email}"
    phone = e164(contact.phone, contact.country)
    if phone and contact.last_name:
        return f"phone\0{phone}\0{normalize(contact.last_name)}"
    name = normalize(f"{contact.first_name or ''} {contact.last_name or ''}")
    if name and contact.company:
        return f"name\0{name}\0{normalize(contact.company)}"
    return "content\0" + json.dumps(push.as_sent, sort_keys=True)


def _keyed_hash(text: str, key: bytes, size: int) -> str:
    digest = hashlib.blake2b(text.encode(), key=key, digest_size=size).digest()
    return base64.b32encode(digest).decode().lower()
