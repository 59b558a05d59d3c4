"""E-mail addresses: what they tell, by syntax and lists alone."""

import pytest

from shared.enrichment.email import email_facts
from shared.enrichment.facts import EmailFacts


@pytest.mark.parametrize("text", [None, ""])
def test_no_address_tells_nothing(text: str | None):
    assert email_facts(text) == EmailFacts()


@pytest.mark.parametrize(
    "text",
    [
        "n/a",
        "none",
        " ",
        "@",
        "ada@",
        "@fabrikam.example",
        "ada@fabrikam",
        "ada@localhost",
        "ada fabrikam@x.example",
        "ada@@x.example",
        "ada@x..example",
        "Ada <ada@fabrikam.example>",
        "ada@[127.0.0.1]",
        "a@x.example; b@x.example",
        "\u0000@x.example",
        "ada@" + "x" * 250 + ".example",
    ],
)
def test_what_is_no_address_is_only_invalid(text: str):
    assert email_facts(text) == EmailFacts(valid=False)


@pytest.mark.parametrize(
    ("text", "kind", "domain"),
    [
        pytest.param("ada@fabrikam.example", "corporate", "fabrikam.example", id="a firm"),
        pytest.param(
            "ada@contoso.onmicrosoft.com", "tenant", "contoso.onmicrosoft.com", id="a Microsoft tenant"
        ),
        pytest.param("ada@mit.edu", "education", "mit.edu", id="American university"),
        pytest.param("ada@sydney.edu.au", "education", "sydney.edu.au", id="Australian university"),
        pytest.param("ada@cs.ox.ac.uk", "education", "cs.ox.ac.uk", id="British university"),
        pytest.param("ada@gmail.com", "free", "gmail.com", id="Gmail"),
        pytest.param("ada@outlook.com", "free", "outlook.com", id="Outlook"),
        pytest.param("ada@icloud.com", "free", "icloud.com", id="iCloud"),
        pytest.param("ada@10minutemail.com", "disposable", "10minutemail.com", id="a throw-away mailbox"),
        pytest.param(
            "ada@ac.example", "corporate", "ac.example", id="a firm whose name looks like a university's"
        ),
        pytest.param("ada@education.example", "corporate", "education.example", id="likewise"),
        pytest.param(
            "ada@notgmail.com", "corporate", "notgmail.com", id="a firm whose name ends in a free one's"
        ),
        pytest.param("ada@münchen.example", "corporate", "xn--mnchen-3ya.example", id="umlauts"),
    ],
)
def test_the_domain_tells_what_kind_of_mailbox_it_is(text: str, kind: str, domain: str):
    facts = email_facts(text.upper() if text.isascii() else text)
    assert (facts.valid, facts.kind, facts.domain) == (True, kind, domain)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("  Ada@Fabrikam.EXAMPLE\n", "ada@fabrikam.example"),
        ("Ada.B+Azure@Fabrikam.example", "ada.b+azure@fabrikam.example"),
        ("jörg@münchen.example", "jörg@münchen.example"),
        ("jörg@xn--mnchen-3ya.example", "jörg@münchen.example"),
        ("MSFT_TEST_1@test.com", "msft_test_1@test.com"),
    ],
)
def test_an_address_is_trimmed_and_folded_and_keeps_tags_and_dots(text: str, canonical: str):
    assert email_facts(text).canonical == canonical


@pytest.mark.parametrize(
    ("name", "is_role"),
    [
        ("info", True),
        ("SALES", True),
        ("webmaster", True),
        ("information", False),
        ("ada", False),
        ("info.ada", False),
    ],
)
def test_a_mailbox_of_many_people_is_known_by_its_name(name: str, is_role: bool):
    assert email_facts(f"{name}@fabrikam.example").role_account is is_role
