"""Match messages to a person, by the ids of their leads or by their address."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from shared.enrichment.address import read_address
from shared.enrichment.identity import contact_key, former_contact_key
from shared.leads.identity import LEAD_ID, PERSON_LENGTH
from shared.marketplace.json_text import UnreadableJson, read_json, read_json_object

LONGEST_ADDRESS = 1000  # characters, as a lead keeps them
LEVELS, VALUES = 100, 40_000  # bounds of a body: above those of any message that a receiver handles
_PART = r"[^\s@\"'<>()\[\]{},;:\\=&]"
# An e-mail address or a lead id in text that is not JSON.
_MENTIONED = rf"{_PART}{{1,100}}@{_PART}{{1,300}}|\b{LEAD_ID.pattern}\b"
_EVENT_OR_LEAD = rf"({LEAD_ID.pattern})(:[0-9]+)?"


@dataclass(frozen=True, slots=True, repr=False)
class PersonMatcher:
    """Matches one person, or some leads. Never printed: it holds the secret key of ids."""

    key: bytes
    person: str | None = None  # contact key: matches all leads of a person, and the address
    lead_ids: frozenset[str] = frozenset()  # match these leads, too

    def matches(self, texts: Iterable[str], body: bytes) -> bool:
        """One of the texts, or a text in the body, is the person's address or the id of a lead or event.

        A text that only mentions the address, such as a note about another person, doesn't match. A body that
        isn't JSON matches everyone it mentions: no receiver can handle it anyway.
        """
        in_body, is_json = _texts_of(body)
        if any(self._is_theirs(text) for text in (*texts, *in_body)):
            return True
        if is_json:
            return False
        mentions = (mention for text in in_body for mention in re.findall(_MENTIONED, text))
        return any(self._is_theirs(mention) for mention in mentions)

    def _is_theirs(self, text: str) -> bool:
        id_ = re.fullmatch(_EVENT_OR_LEAD, text.strip())
        if id_ is not None:
            return id_[1] in self.lead_ids or id_[1][:PERSON_LENGTH] == self.person
        return self._is_their_address(text)

    def _is_their_address(self, text: str) -> bool:
        if self.person is None or "@" not in text or len(text) > LONGEST_ADDRESS:
            return False
        address = read_address(text, whole=True)
        if address is None:
            return former_contact_key(text, self.key) == self.person
        return contact_key(address.canonical, self.key) == self.person


def _texts_of(body: bytes) -> tuple[list[str], bool]:
    """The texts in a body, and whether it is JSON. Zero bytes are dropped, so that UTF-16 matches too."""
    text = body.replace(b"\0", b"").decode(errors="ignore").lstrip("\ufeff")
    try:
        return list(_texts(read_json(text, LEVELS, VALUES))), True
    except UnreadableJson:
        return [text], False


def _texts(value: Any) -> Iterator[str]:
    """Every text, also in JSON within a text, as some forwarders send it."""
    if isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
    elif isinstance(value, str):
        inner = read_json_object(value)
        if inner is None:
            yield value
        else:
            yield from _texts(inner)
