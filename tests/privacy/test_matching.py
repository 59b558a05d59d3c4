"""Whether a message is about somebody, in whatever shape it says so."""

import json

import pytest

from shared.enrichment.identity import contact_key, lead_id
from shared.leads.behaviour import DEEPEST_DETAIL
from shared.privacy.matching import PersonMatcher
from tests.builders import a_push
from tests.samples import ID_KEY, push_body

ADA = PersonMatcher(ID_KEY, person=contact_key("ada@fabrikam.example", ID_KEY))
ONE = lead_id(a_push(), "a", ID_KEY)
OTHER = lead_id(a_push(), "b", ID_KEY)
NOBODY = "a" * 24
REPORT = {"type": "follow_up", "by": "sam"}


def body(**members):
    return json.dumps({**REPORT, **members}).encode()


def nested(**members):
    """As deep as a report may be."""
    detail = 1
    for _ in range(DEEPEST_DETAIL):
        detail = {"in": detail}
    return body(**members, detail=detail)


@pytest.mark.parametrize(
    ("texts", "said", "is_theirs"),
    [
        pytest.param([], body(email="ada@fabrikam.example"), True, id="address"),
        pytest.param([], body(email=" ADA@Fabrikam.example"), True, id="address in another case"),
        pytest.param([], body(email="ada@fabrikam.example").replace(b"@", b"\\u0040"), True, id="escaped"),
        pytest.param([], body(email="ada@fabrikam.example").decode().encode("utf-16"), True, id="UTF-16"),
        pytest.param([], body(email="ada@fabrikam.example.org"), False, id="a longer address"),
        pytest.param([], body(leadId=ONE), True, id="lead"),
        pytest.param([], body(leadId=NOBODY), False, id="another lead"),
        pytest.param([f"{ONE}:12"], b"", True, id="event id"),
        pytest.param([ONE], b"", True, id="session"),
        pytest.param([NOBODY], b"{}", False, id="another session"),
        pytest.param([], json.dumps(push_body()).encode(), True, id="a push"),
        pytest.param(
            [], json.dumps(push_body({"Email": "eva@x.example"})).encode(), False, id="another's push"
        ),
        pytest.param([], json.dumps({"push": json.dumps(push_body())}).encode(), True, id="JSON within JSON"),
        pytest.param(
            [], body(leadId=NOBODY, note="a friend of ada@fabrikam.example"), False, id="only mentioned"
        ),
        pytest.param([], b'{"email": "ada@fabrikam.example", ', True, id="cut JSON"),
        pytest.param([], f"leadId={ONE};x".encode(), True, id="no JSON, a lead"),
        pytest.param([], b'{"email": "xada@fabrikam.example", ', False, id="cut JSON, a longer address"),
        pytest.param([], b"\xff\xfe\x00", False, id="bytes"),
        pytest.param(
            [],
            nested(email="ada@fabrikam.example").replace(b"@", b"\\u0040"),
            True,
            id="escaped, beside a deep detail",
        ),
        pytest.param(
            [], nested(note="a friend of ada@fabrikam.example"), False, id="mentioned beside a deep detail"
        ),
        pytest.param([], body(email="ada@fabrikam.example", detail=[1] * 20_000), True, id="a long detail"),
        pytest.param([], b"[" * 100_000, False, id="deep"),
        pytest.param([], b"a" * 100_000, False, id="one long word"),
        pytest.param([], b"a@" * 50_000, False, id="many signs"),
    ],
)
def test_a_message_is_about_a_person_by_id_or_address(texts, said, is_theirs):
    assert ADA.matches(texts, said) is is_theirs


def test_by_a_lead_only_messages_about_this_lead_are_meant():
    one = PersonMatcher(ID_KEY, lead_ids=frozenset({ONE}))
    assert one.matches([ONE], b"")
    assert not one.matches([OTHER], body(email="ada@fabrikam.example"))


def test_traces_never_show_their_secret():
    assert ID_KEY.decode() not in repr(ADA)
