"""Who a lead is. Microsoft sends no id, so we make one that gives no address away."""

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
        offer: which offer, see `offer_of`; None stands for the one unknown offer.
        key: the secret `LEADS_ID_KEY`; with another key every id is another.
    """
    return _keyed(_identity(push), key, _CONTACT_BYTES) + _keyed(f"offer\0{offer or ''}", key, _OFFER_BYTES)


def contact_key(email: str, key: bytes) -> str:
    """The contact key of an address: how the ids of all leads of this person begin."""
    return _keyed(f"email\0{normalize(email)}", key, _CONTACT_BYTES)


def is_address(text: str | None) -> bool:
    """There is something on both sides of an @."""
    before, at, after = normalize(text).rpartition("@")
    return bool(before and at and after)


def normalize(text: str | None) -> str:
    """Trimmed, inner blanks folded, NFKC, casefolded: for comparing what people typed."""
    return " ".join(unicodedata.normalize("NFKC", text or "").casefold().split())


def _identity(push: LeadPush) -> str:
    """E-mail; else phone with last name; else name and company; else the push's own content.

    Plus-tags and dots of an address are kept: they may be somebody else. A text without an @ between two
    parts is no address: `n/a` would make one lead of all who typed it.
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


def _keyed(text: str, key: bytes, size: int) -> str:
    digest = hashlib.blake2b(text.encode(), key=key, digest_size=size).digest()
    return base64.b32encode(digest).decode().lower()
