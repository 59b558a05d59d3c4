"""Sources and actions in other words than Microsoft's: by a table of the policy, and by their looks.

The words that the code knows always count. Those of a policy add to them; which lead a push is about depends
on neither.
"""

import unicodedata
from collections.abc import Mapping
from copy import replace
from dataclasses import dataclass, field

from shared.leads.push import Contact, LeadPush

DO_NOT_CONTACT = "DNC"
CONTACT_ME = "PLT"
SOURCES = {
    "azuremarketplace": "AzureMarketplace",
    "azureportal": "AzurePortal",
    "spza": "AppSource",
    "appsourcespza": "AppSource",
    "appsource": "AppSource",
    "testdrive": "TestDrive",
}
"""By folded word, see `fold_word`; each may also begin with the brand, `Microsoft`."""

ACTIONS = {
    "ins": "INS",
    "plt": "PLT",
    "dnc": "DNC",
    "create": "Create",
    "starttestdrive": "StartTestDrive",
    # `Create` in the examples of Microsoft's translated pages.
    "erstellen": "Create",
    "buat": "Create",
    "作成": "Create",
}
_BRAND = "microsoft"
_FORBIDDING = ("donotcontact", "dontcontact", "donotcall", "dontcall", "nocontact")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a policy: canonical names by folded word."""

    sources: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)


NO_WORDS = Words()


def fold_word(text: str) -> str:
    """Letters and digits alone, without case: `Azure Marketplace` and `AZURE_MARKETPLACE` are one word."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def known_source(text: str, words: Words = NO_WORDS) -> str | None:
    """The name of a source; None if it is unknown."""
    word = fold_word(text)
    return SOURCES.get(word) or SOURCES.get(word.removeprefix(_BRAND)) or words.sources.get(word)


def known_action(text: str, words: Words = NO_WORDS) -> str | None:
    """The name of an action; None if it is unknown. What looks like *do not contact* always is."""
    word = fold_word(text)
    if forbids(text):
        return DO_NOT_CONTACT
    return ACTIONS.get(word) or words.actions.get(word)


def forbids(text: str) -> bool:
    """Whether an action looks like *do not contact*: `DO_NOT_CONTACT`, `dnc`, `DNC (other partner)`."""
    parts = "".join(letter if letter.isalnum() else " " for letter in text.casefold()).split()
    word = fold_word(text)
    return DO_NOT_CONTACT.casefold() in parts or any(looks in word for looks in _FORBIDDING)


def named(push: LeadPush, source: str | None, action: str | None) -> LeadPush:
    """The push with its source and its action as a policy names them; None: as they are.

    An action can forbid contact or ask for it by its name; none takes back what the push says otherwise.
    """
    if (source or push.source, action or push.action) == (push.source, push.action):
        return push
    return replace(
        push,
        source=source or push.source,
        action=action or push.action,
        is_named=True,
        forbids_contact=push.forbids_contact or action == DO_NOT_CONTACT,
        asks_for_contact=push.asks_for_contact or action == CONTACT_ME,
    )


def is_understood(push: LeadPush) -> bool:
    """Whether anything of a push was understood: a person, an offer, a source, an action or a note."""
    told = (push.source, push.action, push.offer_id, push.offer_name, push.offer_title, push.note)
    return push.contact != Contact() or any(told) or bool(push.campaign)
