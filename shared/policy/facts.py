"""The facts that a policy may ask for, by name; a name that can't exist is refused, not silently unknown."""

import difflib
import re

RANKS = ("owner", "c_level", "vp", "director", "manager", "professional", "assistant")
DEPARTMENTS = (
    "executive", "it", "engineering", "data", "security", "product", "operations", "finance", "procurement",
    "sales", "marketing", "hr", "legal", "support", "education_research", "other",
)  # fmt: skip
BUYING_ROLES = ("decider", "buyer", "influencer", "user", "gatekeeper")
EMAIL_KINDS = ("corporate", "free", "disposable", "education", "tenant", "test")
PHONE_TYPES = ("fixed_line", "mobile", "fixed_line_or_mobile", "toll_free", "premium_rate", "voip")

KNOWN_FACTS: dict[str, tuple[str, ...] | None] = {
    # what the push says
    "action": None,
    "source": None,
    "offer": None,
    "publisher": None,  # the part of the offer before its dot
    "offerTitle": None,
    "note": None,
    "touches": None,  # pushes so far
    "returning": None,  # more than one
    "doNotContact": None,
    "contact.firstName": None,
    "contact.lastName": None,
    "contact.email": None,
    "contact.phone": None,
    "contact.country": None,
    "contact.company": None,
    "contact.title": None,
    # what follows from it
    "email.canonical": None,
    "email.valid": None,
    "email.kind": EMAIL_KINDS,
    "email.domain": None,
    "email.roleAccount": None,
    "email.suggestion": None,
    "phone.e164": None,
    "phone.valid": None,
    "phone.type": PHONE_TYPES,
    "country.code": None,
    "country.from": ("pushed", "spelling", "phone", "domain"),
    "company.name": None,
    "company.key": None,
    "company.domain": None,
    "person.rank": RANKS,
    "person.department": DEPARTMENTS,
    "person.buyingRole": BUYING_ROLES,
    "timeZone": None,
    "language": None,
    "localHour": None,
    "noteLength": None,
    "completeness": None,
}
"""By name: the values it can have, None for any. `campaign.<parameter>` comes on top, and what providers and
CRMs tell: names without one of our prefixes (`industry`, `employees`)."""

FACT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_OURS = {name.partition(".")[0] for name in KNOWN_FACTS if "." in name}


def expect_fact(name: str) -> None:
    """Refuse a name that no fact can have.

    Raises:
        ValueError: says the nearest name that exists.
    """
    if not FACT_NAME.fullmatch(name):
        raise ValueError("`fact` must begin with a letter and hold letters, digits, `.`, `_`, `-`")
    if name not in KNOWN_FACTS and name.partition(".")[0] in _OURS:
        raise ValueError(f"there is no fact `{name}`{_nearest(name, KNOWN_FACTS)}")


def expect_value(name: str, value: object) -> None:
    """Refuse a value that the fact never has.

    Raises:
        ValueError: says what it can be.
    """
    values = KNOWN_FACTS.get(name)
    if values and value not in values:
        raise ValueError(f"`{name}` is never that: it is one of {', '.join(values)}")


def expect_interaction(name: str, known: tuple[str, ...]) -> None:
    """Refuse a type of interaction that the policy doesn't list.

    Raises:
        ValueError: says the nearest one that it lists.
    """
    if name not in known:
        raise ValueError(
            f"`interactions` doesn't list `{name}`{_nearest(name, known)}: add it there if it is meant"
        )


def _nearest(name: str, known: object) -> str:
    found = difflib.get_close_matches(name, [str(one) for one in known], 1, 0.75)  # type: ignore[attr-defined]
    return f", perhaps `{found[0]}`" if found else ""
