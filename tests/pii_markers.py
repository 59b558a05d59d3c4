"""A person, a colleague and a body that no log, key, URL or problem may ever show."""

from typing import Any

from tests.samples import push_body

WORD = "c4n4ry"
PHONE = "4255550187"
MARKERS = (WORD, PHONE, "%63%34%6e")  # as they are looked for: in lower case

PERSON: dict[str, Any] = {
    "FirstName": f"First{WORD}",
    "LastName": f"Last{WORD}",
    "Email": f"mail.{WORD}@{WORD}-mail.example",
    "Phone": f"+1{PHONE}",
    "Company": f"Company{WORD} GmbH",
    "Title": f"Head of {WORD}",
    "Country": "US",
}
NOTE = f"Please call {WORD} at {PHONE}"
CAMPAIGN = f"Campaigns: utm_source={WORD}&utm_campaign={WORD}-{PHONE}"


def a_marked_push(**changes: Any) -> dict[str, Any]:
    """The person's push, with a note, unknown members, and an offer of our own."""
    more = {"Description": NOTE, WORD: WORD, "Nested": {WORD: [WORD, PHONE]}}
    return push_body(**{**PERSON, **more, **changes})


def markers_in(text: str) -> list[str]:
    """The lines of a text that show something of them."""
    return [line for line in text.splitlines() if any(marker in line.lower() for marker in MARKERS)]


FOLLOW_UP = {"by": f"by-{WORD}", "channel": "phone", "note": NOTE, "outcome": WORD, "id": f"id-{WORD}"}
INTERACTION = {"type": "call", "detail": {"about": NOTE}, "id": f"call-{WORD}"}
UPDATE = {"owner": f"owner-{WORD}", "by": f"by-{WORD}"}
EMAIL = {"email": PERSON["Email"]}

# Bodies that are refused: by the path behind the API's root, `{id}` stands for the lead's.
REFUSED: list[tuple[str, str, bytes | dict[str, Any]]] = [
    ("POST", "marketplace/leads", f'{{"Email": "{WORD}" '.encode()),
    ("POST", "marketplace/leads", f'["{WORD}"]'.encode()),
    ("POST", "marketplace/leads", b'{"Email": "' + WORD.encode() + b'\xff"}'),
    ("POST", "marketplace/leads", f'{{"{WORD}": '.encode() + b"[" * 40 + b"]" * 40 + b"}"),
    ("POST", "marketplace/leads", f'{{"Email": "{WORD * 12_000}"}}'.encode()),
    ("PATCH", "leads/{id}", {"status": WORD}),
    ("PATCH", "leads/{id}", {"status": "qualified", "reason": WORD}),
    ("PATCH", "leads/{id}", {"owner": WORD * 60}),
    ("PATCH", "leads/{id}", {WORD: WORD}),
    ("POST", "leads/{id}/follow-ups", {"by": WORD, "at": WORD}),
    ("POST", "leads/{id}/follow-ups", {"by": {WORD: WORD}}),
    ("POST", "leads/{id}/follow-ups", {"by": WORD, "at": "1999-01-01T00:00:00Z", "note": NOTE}),
    ("POST", "leads/{id}/interactions", {"type": f"{WORD}!"}),
    ("POST", "leads/{id}/interactions", {"type": "call", "at": WORD}),
    ("POST", "interactions", {"email": f"nobody@{WORD}.example", "type": "call"}),
    ("POST", "interactions", {"email": [WORD], "type": "call"}),
    ("POST", "scoring/preview", {"push": WORD}),
    ("POST", "scoring/preview", {"leadId": WORD}),
    ("POST", "scoring/preview", {"push": {}, "policy": f'target = "{WORD}'}),
    ("POST", "scoring/preview", {"push": {}, "policy": f'[follow_up]\ntarget = "{WORD}"'}),
    ("POST", "erasure", {"email": [WORD]}),
    ("POST", "erasure", {"leadId": WORD}),
    ("GET", f"leads/{WORD}", b""),
    ("GET", f"leads/{WORD}@example.com/events", b""),
    ("PATCH", f"leads/{WORD}", {"owner": WORD}),
    ("POST", f"leads/{WORD}/follow-ups", {"by": WORD}),
    ("POST", f"leads/{'a' * 24}/interactions", INTERACTION),
    *(
        ("GET", f"leads?{name}={WORD}", b"")
        for name in ("status", "grade", "test", "minScore", "limit", "cursor", "overdue")
    ),
    ("GET", f"leads/{{id}}/events?cursor={WORD}", b""),
    ("GET", f"stats?from={WORD}&to={WORD}", b""),
]

# Activities that are refused, and some that aren't.
ACTIVITIES: list[bytes | dict[str, Any]] = [
    {"type": "follow_up", **EMAIL, **FOLLOW_UP},
    {"type": "interaction", "interaction": "call", **EMAIL, "detail": NOTE},
    {"type": "facts", **EMAIL, "facts": {"nickname": WORD}, "by": WORD},
    {"type": "status", **EMAIL, **UPDATE},
    {"type": "status", **EMAIL, "status": WORD},
    {"type": "follow_up", "email": f"nobody@{WORD}.example", **FOLLOW_UP},
    {"type": "follow_up", "leadId": WORD, **FOLLOW_UP},
    {"type": WORD, **EMAIL},
    {"type": "facts", **EMAIL, "facts": {WORD: {WORD: [WORD]}}},
    WORD.encode(),
    b'"' + WORD.encode() + b"\xff",
]
