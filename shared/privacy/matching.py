"""Whether a message is about somebody: by the ids of their leads, or by their address."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from shared.enrichment.identity import contact_key
from shared.leads.identity import LEAD_ID, PERSON_LENGTH
from shared.marketplace.json_text import UnreadableJson, read_json, read_json_object

LONGEST_ADDRESS = 1000  # characters, as a lead keeps them
LEVELS, VALUES = 100, 40_000  # of a body that is read: more than any that somebody works on
_PART = r"[^\s@\"'<>()\[\]{},;:\\=&]"
_MENTIONED = re.compile(
    rf"{_PART}{{1,100}}@{_PART}{{1,300}}|\b{LEAD_ID.pattern}\b"
)  # in a text that is no JSON
_EVENT_OR_LEAD = re.compile(rf"({LEAD_ID.pattern})(:[0-9]+)?")


@dataclass(frozen=True, slots=True, repr=False)
class PersonMatcher:
    """What somebody is known by. Never printed: it holds the secret that ids are made with."""

    key: bytes
    person: str | None = None  # the contact key: all their leads, and their address
    lead_id: str | None = None  # this lead only

    def are_in(self, texts: Iterable[str], body: bytes) -> bool:
        """One of the texts, or of those in the body, is an id or the address of theirs.

        A text that only mentions the address, such as a note about somebody else, isn't about them. A body
        that is no JSON is about whoever it mentions: nobody can work on it anyway.
        """
        told, is_json = _texts_of(body)
        if any(self._is_theirs(text) for text in (*texts, *told)):
            return True
        mentioned = () if is_json else (one for text in told for one in _MENTIONED.findall(text))
        return any(self._is_theirs(one) for one in mentioned)

    def _is_theirs(self, text: str) -> bool:
        named = _EVENT_OR_LEAD.fullmatch(text.strip())
        if named is not None:
            return named[1] == self.lead_id or named[1][:PERSON_LENGTH] == self.person
        return self._is_their_address(text)

    def _is_their_address(self, text: str) -> bool:
        if self.person is None or "@" not in text or len(text) > LONGEST_ADDRESS:
            return False
        return contact_key(text, self.key) == self.person


def _texts_of(body: bytes) -> tuple[list[str], bool]:
    """The texts in a body, and whether it is JSON; without zero bytes, so that UTF-16 can be read too."""
    text = body.replace(b"\0", b"").decode(errors="ignore").lstrip("\ufeff")
    try:
        return list(_texts(read_json(text, LEVELS, VALUES))), True
    except UnreadableJson:
        return [text], False


def _texts(value: Any) -> Iterator[str]:
    """Every text, also those in JSON that is itself a text, as some forwarders send it."""
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
