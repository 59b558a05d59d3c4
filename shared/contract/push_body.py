"""Schema of a push: the members that Microsoft documents, as leniently as `parse_push` reads them."""

from shared.contract.schemas import Schema
from shared.leads.push import Contact, RawPush
from shared.marketplace.json_text import MAX_DEPTH

_TITLE = "OfferTitle"
_EXAMPLE = {
    "UserDetails": {
        "FirstName": "Ada",
        "LastName": "Marsh",
        "Email": "ada@fabrikam.example",
        "Country": "DE",
    },
    "LeadSource": "AzureMarketplace-PLT|fabrikam.desk",
    "ActionCode": "PLT",
    "OfferTitle": "Fabrikam Desk",
    "Description": "Please call me.",
}


def push_body() -> Schema:
    """Any JSON object, or a list of name and value pairs; names the known members and requires none."""
    return {
        "title": "Push",
        "description": "A lead as Partner Center sends it. Any JSON object is accepted, up to "
        f"{MAX_DEPTH} levels deep. "
        "Names are compared without case, blanks, `-` and `_`; a value that isn't a text is read as its "
        "JSON. A web form's list of name and value pairs is accepted too.",
        "anyOf": [_object(), _pairs()],
        "examples": [_EXAMPLE],
    }


def _object() -> Schema:
    contact = {_pascal(name): _text() for name in Contact.__dataclass_fields__}
    nested = {"description": "The customer; the same members are also read beside it.", "properties": contact}
    texts = {_pascal(name): _text() for name in RawPush.__dataclass_fields__}
    return {"type": "object", "properties": {"UserDetails": nested, _TITLE: _text(), **texts}}


def _pairs() -> Schema:
    text = {"type": "string"}
    pair = {"type": "array", "prefixItems": [text, text], "items": False, "minItems": 2}
    return {"type": "array", "items": pair, "minItems": 1}


def _text() -> Schema:
    return {"description": "Usually a text."}


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
