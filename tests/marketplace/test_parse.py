"""Pushes as bytes: lenient in what is read."""

import json
import random
from copy import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.leads.idempotency import push_digest
from shared.leads.push import Contact, LeadPush, RawPush, normalize_json
from shared.marketplace.parse import parse_push, push_of
from tests.builders import a_push
from tests.samples import ADA, FILES, OFFER, push_body
from tests.strategies import examples

ADA_AS_READ = Contact(
    first_name="Ada",
    last_name="Fabrikam",
    email="ada@fabrikam.example",
    phone="14255550100",
    country="US",
    company="Fabrikam Inc",
    title="IT Director",
)
SCRIPTS = [
    "Jørgen Ødegård",
    "山田 太郎",
    "Владимир",
    "محمد",
    "बैकअप",
    "👩‍👩‍👧 Zoë",
    'line\nbreak "quoted" \\ tab\t',
    "\u0000",
]


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def respelt(name: str, chance: random.Random) -> str:
    """A key in some other casing, maybe with underscores."""
    letters = [letter.upper() if chance.random() < 0.5 else letter.lower() for letter in name]
    return "".join(letter + ("_" if chance.random() < 0.1 else "") for letter in letters)


def shuffled(members: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The members under other spellings, in another order, among keys that nobody knows."""
    items = [(respelt(name, chance), value) for name, value in members.items()]
    items += [(f"Unknown{number}", chance.choice([None, 1, "x", {}, []])) for number in range(3)]
    chance.shuffle(items)
    return dict(items)


def sample(name: str) -> LeadPush:
    return parse_push((FILES / name).read_bytes())


# Two spellings of one member


SPELLINGS = ("Email", "email", "E-Mail", "e_mail", "LastName", "last name", "Description", "description")
TEXTS = st.sampled_from(["", " ", "ada@contoso.com", " bob@contoso.com ", "first wish", "second wish"])
PERSONS = st.dictionaries(st.sampled_from(SPELLINGS), TEXTS | st.none() | st.integers(0, 1), max_size=4)
BODIES = st.builds(
    lambda flat, nested: flat | nested,
    st.dictionaries(st.sampled_from(SPELLINGS), TEXTS | st.none() | st.just({}) | st.just([]), max_size=6),
    st.dictionaries(
        st.sampled_from(("UserDetails", "user_details", "CustomerInfo", "customerinfo")),
        PERSONS | PERSONS.map(json.dumps) | TEXTS | st.none(),
        max_size=3,
    ),
)


@given(BODIES)
def test_what_is_compared_with_earlier_pushes_is_what_is_read(body):
    """Else a second wish is taken for the first one again, and is lost."""
    read, compared = push_of(body), push_of(normalize_json(body))
    unlike = {"raw": RawPush(), "as_sent": {}}
    assert replace(read, **unlike) == replace(compared, **unlike)


def test_another_wish_is_no_repeat_even_if_its_member_comes_in_two_spellings():
    first, second = (
        push_of({**push_body(Description=wish), "description": ""}) for wish in ("first wish", "second wish")
    )
    assert push_digest(first) != push_digest(second)


# What Microsoft is known to send


def test_the_sample_of_the_guide_is_read_whole():
    read = sample("https-01-doc-pascalcase.json")
    assert read.contact == Contact(
        first_name="Some",
        last_name="One",
        email="someone@contoso.com",
        phone="16175555555",
        country="USA",
        company="Contoso",
        title="Esquire",
    )
    assert (read.source, read.action, read.offer_title) == ("AzureMarketplace", "INS", "Test Microsoft")
    assert (read.note, read.campaign) == ("Test run through Power Automate", {})
    assert (read.is_test, read.forbids_contact, read.asks_for_contact) == (False, False, False)


def test_a_body_in_camel_case_is_read_like_one_in_pascal_case():
    assert sample("https-04-camelcase-all-keys.json").contact == ADA_AS_READ


@pytest.mark.parametrize(
    ("name", "origin", "note", "campaign"),
    [
        ("https-06-no-description-key.json", ("AzureMarketplace", "INS", None), None, {}),
        ("https-08-do-not-contact.json", ("AppSource", "DNC", "contoso.contoso-consulting"), None, {}),
        (
            "https-09-portal-create-campaigns-prefix.json",
            ("AzurePortal", "Create", "contoso.check-point-r77-10sg-byol"),
            None,
            {},
        ),
        ("https-10-test-drive.json", ("TestDrive", "StartTestDrive", "contoso.contoso-vm"), None, {}),
        (
            "own-01-contact-me.json",
            ("AppSource", "PLT", OFFER),
            'Hei! We run "two" data centres.\nCan you call me on Tuesday? よろしく',
            {},
        ),
        (
            "own-02-campaign.json",
            ("AzureMarketplace", "INS", OFFER),
            None,
            {"mktcmpid": "1234", "partnerid": "98765"},
        ),
        ("table-01-ins.json", ("AzureMarketplace", "INS", OFFER), None, {}),
        ("table-02-create-campaigns-empty.json", ("AzurePortal", "Create", "contoso.contoso-vm"), None, {}),
    ],
)
def test_every_known_sample_says_what_it_says(name, origin, note, campaign):
    read = sample(name)
    assert (read.source, read.action, read.offer_id) == origin
    assert (read.note, read.campaign) == (note, campaign)
    assert not read.is_test


@pytest.mark.parametrize(
    "name",
    [
        "https-02-test-lead-UserDetails.json",
        "https-03-test-lead-userDetails-mixedcase.json",
        "salesforce-test-lead-form-pairs.json",
        "table-05-test-lead.json",
    ],
)
def test_every_known_test_lead_is_a_test(name: str):
    assert sample(name).is_test


def test_a_table_row_has_its_customer_as_json_text_and_its_title_under_another_name():
    read = sample("table-01-ins.json")
    assert read.contact == ADA_AS_READ
    assert read.offer_title == "Contoso Backup"


def test_a_web_form_is_read_from_its_pairs():
    read = sample("salesforce-test-lead-form-pairs.json")
    assert read.contact.email == "MSFT_TEST_636573304831318844@test.com"
    assert read.contact.company == "MSFT_TEST_636573304831318844"
    assert read.offer_name == "<Offer Name>"
    assert read.as_sent["encoding"] == "UTF-8"


# Keys


@given(st.integers(0, 10**9))
@examples(60)
def test_keys_may_have_any_casing_and_order_at_every_level_among_unknown_ones(seed: int):
    chance = random.Random(seed)
    members = {**push_body(), "UserDetails": shuffled(ADA, chance)}
    read = parse_push(encoded(shuffled(members, chance)))
    assert read.contact == ADA_AS_READ
    assert (read.source, read.action, read.offer_id) == ("AzureMarketplace", "INS", OFFER)
    assert read.offer_title == "Contoso Backup"


@pytest.mark.parametrize(
    "key", ["UserDetails", "userDetails", "USERDETAILS", "user_details", "User Details", "CustomerInfo"]
)
@pytest.mark.parametrize("as_text", [False, True], ids=["an object", "its JSON text"])
def test_the_customer_is_found_under_every_known_name(key: str, as_text: bool):
    read = parse_push(encoded({key: json.dumps(ADA) if as_text else ADA}))
    assert read.contact == ADA_AS_READ


def test_a_customer_without_an_object_of_its_own_is_found_too():
    assert parse_push(encoded(ADA)).contact == ADA_AS_READ


def test_of_two_keys_that_are_alike_the_filled_one_counts():
    assert (
        parse_push(b'{"email": " ", "Email": "ada@fabrikam.example"}').contact.email == "ada@fabrikam.example"
    )
    assert (
        parse_push(b'{"email": "ada@fabrikam.example", "Email": ""}').contact.email == "ada@fabrikam.example"
    )


def test_a_blank_value_of_the_customer_leaves_a_flat_one_standing():
    read = parse_push(b'{"UserDetails": {"Email": ""}, "Email": "ada@fabrikam.example"}')
    assert read.contact.email == "ada@fabrikam.example"


# Values


@pytest.mark.parametrize(
    "blank", [None, "", " ", "\t\n", "\u00a0"], ids=["null", "empty", "a space", "blanks", "nbsp"]
)
def test_a_blank_value_is_none(blank: str | None):
    person = dict.fromkeys(ADA, blank)
    members = dict.fromkeys(("LeadSource", "ActionCode", "OfferTitle", "Description"), blank)
    read = parse_push(encoded(push_body(person, **members)))
    assert read.contact == Contact()
    assert (read.source, read.action, read.offer_id, read.offer_name, read.offer_title) == (None,) * 5
    assert (read.note, read.campaign) == (None, {})
    assert read.raw == RawPush(lead_source=blank, action_code=blank, description=blank)


def test_an_empty_object_is_a_push_that_says_nothing():
    assert parse_push(b"{}") == LeadPush()


@pytest.mark.parametrize("user_details", [None, "", "text", "{broken", 5, [], ["x"], True])
def test_a_customer_that_is_no_object_loses_no_push(user_details: Any):
    read = parse_push(encoded({"UserDetails": user_details, "ActionCode": "INS"}))
    assert (read.contact, read.action) == (Contact(), "INS")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (1.5, "1.5"),
        (True, "true"),
        ({"a": 1}, '{"a": 1}'),
        (["é"], '["é"]'),
        (0, "0"),
        (False, "false"),
    ],
)
def test_a_value_that_is_no_text_becomes_its_json_text(value: Any, text: str):
    read = parse_push(encoded(push_body({"Company": value}, OfferTitle=value)))
    assert (read.contact.company, read.offer_title) == (text, text)


def test_values_are_trimmed_but_the_raw_texts_are_as_sent():
    read = parse_push(
        encoded(push_body({"Company": "  Fabrikam  Inc\n"}, LeadSource=" SPZA ", Description=" Hi "))
    )
    assert read.contact.company == "Fabrikam  Inc"
    assert (read.source, read.note) == ("AppSource", "Hi")
    assert (read.raw.lead_source, read.raw.description) == (" SPZA ", " Hi ")


@pytest.mark.parametrize("text", SCRIPTS)
@pytest.mark.parametrize("ascii_only", [True, False], ids=["escaped", "as it is"])
def test_any_script_comes_through(text: str, ascii_only: bool):
    read = parse_push(
        json.dumps(push_body({"LastName": text}, Description=text), ensure_ascii=ascii_only).encode()
    )
    assert read.contact.last_name == text.strip()
    assert read.note == text.strip()


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        pytest.param(r"\ud800", "\ufffd", id="high alone"),
        pytest.param(r"\udc00x", "\ufffdx", id="low alone"),
        pytest.param(r"a\ud800b", "a\ufffdb", id="in the middle"),
        pytest.param(r"\ud83d\ude00", "😀", id="a pair"),
        pytest.param(r"\udc00\ud800", "\ufffd\ufffd", id="the wrong way round"),
        pytest.param(r"\ufeffx", "\ufeffx", id="a byte order mark inside"),
    ],
)
def test_half_a_character_becomes_one_that_can_be_stored(written: str, read_as: str):
    read = parse_push(f'{{"{written}": 1, "Company": "{written}"}}'.encode())
    assert read.contact.company == read_as
    assert read.as_sent == {read_as: 1, "Company": read_as}


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1e999", "1e999"),
        ("-1e999", "-1e999"),
    ],
)
def test_a_number_that_json_has_no_room_for_becomes_its_text(number: str, kept: str):
    read = parse_push(f'{{"Company": {number}, "x": [{number}]}}'.encode())
    assert read.contact.company == kept
    assert read.as_sent["x"] == [kept]


def test_one_byte_order_mark_is_no_harm():
    assert parse_push(b"\xef\xbb\xbf" + encoded(push_body())).contact == ADA_AS_READ


# What kind of push


@pytest.mark.parametrize(
    ("field", "text", "is_test"),
    [
        ("FirstName", "MSFT_TEST_636573304831318844", True),
        ("LastName", "MSFT_TEST_1", True),
        ("Email", "MSFT_TEST_1@test.com", True),
        ("Email", "msft_test_1@test.com", True),
        ("FirstName", "  MSFT_TEST_1", True),
        ("FirstName", "MSFT_TEST", False),
        ("LastName", "Not MSFT_TEST_1", False),
        ("Company", "MSFT_TEST_1", False),
        ("Title", "MSFT_TEST_1", False),
        ("Email", "someone@test.com", False),
    ],
)
def test_a_test_lead_is_known_by_the_prefix_of_a_name_or_of_the_address(field: str, text: str, is_test: bool):
    assert a_push({field: text}).is_test is is_test


@pytest.mark.parametrize(
    ("lead_source", "action_code", "action", "forbids", "asks"),
    [
        pytest.param("SPZA-DNC|c.o", "DNC", "DNC", True, False, id="in both places"),
        pytest.param("SPZA-DNC|c.o", "INS", "INS", True, False, id="in the source only"),
        pytest.param("SPZA-INS|c.o", "DNC", "DNC", True, False, id="in the action code only"),
        pytest.param("SPZA-DNC|c.o", " ", "DNC", True, False, id="with a blank action code"),
        pytest.param("SPZA-dnc", None, "DNC", True, False, id="lower case, without an offer"),
        pytest.param("SPZA-DNC|c.o", "PLT", "PLT", True, True, id="against Contact me"),
        pytest.param("SPZA-PLT|c.o", "", "PLT", False, True, id="Contact me in the source"),
        pytest.param("SPZA", "plt", "PLT", False, True, id="Contact me in the action code"),
        pytest.param(
            "SPZA-INS|c.o", "Create", "Create", False, False, id="the action code before the source"
        ),
        pytest.param("SPZA", "Whatever", "Whatever", False, False, id="an unknown code passes"),
    ],
)
def test_the_wish_about_contact_counts_in_either_place(lead_source, action_code, action, forbids, asks):
    read = a_push(LeadSource=lead_source, ActionCode=action_code)
    assert (read.action, read.forbids_contact, read.asks_for_contact) == (action, forbids, asks)


def test_the_whole_body_is_kept_with_its_unknown_keys():
    body = push_body(SomethingNew={"a": [1, None]})
    assert parse_push(encoded(body)).as_sent == body
    assert push_of(body).as_sent == body
