"""Who a lead is: an id that says who is the same and gives no address away."""

import base64
import json
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.enrichment import GOLD
from shared.enrichment.email import email_facts
from shared.enrichment.identity import (
    IDENTITY_RULES,
    contact_key,
    former_lead_id,
    lead_id,
    normalize,
    title_id,
)
from shared.leads.identity import LEAD_ID, all_shards, shard_of
from shared.leads.push import LeadPush
from tests.builders import a_push
from tests.enrichment.test_address import decorated
from tests.samples import ADA, ID_KEY, OFFER
from tests.strategies import examples

TEXT = st.none() | st.text(max_size=20)
SAME_LEAD = json.loads((GOLD / "same_lead_field.json").read_text(encoding="utf-8"))
NO_PHONE = {"Phone": None}
NO_ADDRESS = {"Email": None}


def person_of(one: LeadPush, key: bytes = ID_KEY) -> str:
    """The part of the id that all leads of a person share."""
    return lead_id(one, OFFER, key)[:16]


@given(st.fixed_dictionaries(dict.fromkeys(ADA, TEXT)), TEXT)
@examples(100)
def test_an_id_is_twenty_four_letters_and_figures_of_base32(person: dict[str, str | None], offer: str | None):
    one = lead_id(a_push(person), offer, ID_KEY)
    assert re.fullmatch("[a-z2-7]{24}", one)
    assert LEAD_ID.fullmatch(one)
    assert lead_id(a_push(person), offer, ID_KEY) == one


def test_ids_outlive_a_deploy():
    assert lead_id(a_push(), OFFER, b"the id key of these tests") == "bji2d47hip2hhglpaclmpsuh"


@given(st.text(max_size=20), st.text(max_size=20))
@examples(50)
def test_leads_of_one_person_share_sixteen_letters_and_offers_tell_them_apart(one: str, other: str):
    ids = lead_id(a_push(), one, ID_KEY), lead_id(a_push(), other, ID_KEY)
    assert ids[0][:16] == ids[1][:16]
    assert (ids[0][16:] == ids[1][16:]) == (one == other)


def test_the_unknown_offer_is_one_offer():
    assert lead_id(a_push(), None, ID_KEY) == lead_id(a_push(), "", ID_KEY)


@pytest.mark.parametrize(
    ("email", "same"),
    [
        pytest.param("ada@fabrikam.example", True, id="as it is"),
        pytest.param("  ada@fabrikam.example\n", True, id="blanks around"),
        pytest.param("ADA@Fabrikam.Example", True, id="capitals"),
        pytest.param("\uff41da@fabrikam\uff0eexample", True, id="full width"),
        pytest.param("ada+azure@fabrikam.example", False, id="a plus-tag"),
        pytest.param("a.da@fabrikam.example", False, id="a dot"),
        pytest.param("ada@mail.fabrikam.example", False, id="a subdomain"),
    ],
)
def test_an_address_is_compared_without_case_width_and_blanks_around(email: str, same: bool):
    other_facts = {"FirstName": "A.", "LastName": "F.", "Phone": "", "Company": "Other", "Country": "DE"}
    assert (person_of(a_push({"Email": email, **other_facts})) == person_of(a_push())) is same


@pytest.mark.parametrize("case", SAME_LEAD, ids=lambda case: f"{case['kind']}: {case['why']}")
def test_one_mailbox_is_one_lead_and_no_strangers_are(case: dict[str, Any]):
    one, other = (person_of(a_push(dict.fromkeys(ADA) | case[which])) for which in "ab")

    assert (one == other) is case["same"]


@given(st.emails(), st.data())
@examples(200)
def test_the_id_is_made_of_the_address_that_enrichment_shows(address: str, data: st.DataObject):
    assume("%" not in address and "?" not in address)
    shown = email_facts(address).canonical
    assume(shown is not None)
    written = data.draw(decorated(address))

    assert email_facts(written).canonical == shown
    assert person_of(a_push({"Email": written})) == person_of(a_push({"Email": shown}))
    assert contact_key(written, ID_KEY) == contact_key(shown or "", ID_KEY)


def test_by_the_former_rules_an_address_was_casefolded():
    one, other = a_push({"Email": "STRASSE@x.example"}), a_push({"Email": "straße@x.example"})

    assert former_lead_id(one, OFFER, ID_KEY) == former_lead_id(other, OFFER, ID_KEY)
    assert lead_id(one, OFFER, ID_KEY) != lead_id(other, OFFER, ID_KEY)


# Ids of these rules. Where one moves, `IDENTITY_RULES` must be raised: what is stored needs an alias.
IDS = {
    "address": ({"Email": "Ada B <Ada@Fabrikam.example>"}, "dmpvut4uvajdh3ef"),
    "alphabet": ({"Email": "ada@xn--bcher-kva.example"}, "z5a3rz22nhtoaco7"),
    "placeholder": ({"Email": "none@none.com"}, "6oqm2kcoigfvju3e"),
    "phone": ({"Email": None}, "6oqm2kcoigfvju3e"),
    "name": ({"Email": None, "Phone": None, "Company": "Fabrikam, Inc."}, "yu6rzxwbsr2c4qzh"),
    "content": (dict.fromkeys(ADA), "exsarnkqcvna274b"),
}


@pytest.mark.parametrize("name", IDS)
def test_the_ids_of_these_rules_stay(name: str):
    person, expected = IDS[name]

    assert IDENTITY_RULES == 2
    assert person_of(a_push(person)) == expected


def test_a_title_has_an_id_of_its_own_for_each_person():
    ids = title_id(a_push(), "contoso-crm", ID_KEY), title_id(a_push(), "contoso-backup", ID_KEY)

    assert ids[0][:16] == ids[1][:16] == person_of(a_push())
    assert len({*ids, lead_id(a_push(), "contoso-crm", ID_KEY)}) == 3


@pytest.mark.parametrize("no_address", [None, "", " ", "n/a", "none", "@", "@x", "x@", "-"])
def test_what_is_no_address_makes_nobody_the_same_person(no_address: str | None):
    ada = a_push({"Email": no_address})
    max_ = a_push({"Email": no_address, "FirstName": "Max", "LastName": "Muster", "Phone": "4721555106"})
    assert person_of(ada) != person_of(max_)
    assert person_of(ada) == person_of(a_push(NO_ADDRESS))


@pytest.mark.parametrize(
    ("person", "same"),
    [
        pytest.param({"Phone": "+1 (425) 555-0100"}, True, id="the number otherwise written"),
        pytest.param({"FirstName": "A.", "Company": "Other"}, True, id="another first name and firm"),
        pytest.param({"LastName": " FABRIKAM "}, True, id="the last name in capitals"),
        pytest.param({"LastName": "Lovelace"}, False, id="another last name"),
        pytest.param({"Phone": "14255550101"}, False, id="another number"),
    ],
)
def test_without_an_address_phone_and_last_name_tell_a_person(person: dict[str, str], same: bool):
    assert (person_of(a_push(NO_ADDRESS | person)) == person_of(a_push(NO_ADDRESS))) is same


@pytest.mark.parametrize("phone", [None, "call me", "1234567890"])
@pytest.mark.parametrize(
    ("person", "same"),
    [
        pytest.param({"Title": "CEO", "Country": "Norge"}, True, id="another title and country"),
        pytest.param({"FirstName": "ADA", "Company": "  fabrikam   INC "}, True, id="capitals and blanks"),
        pytest.param({"FirstName": None, "LastName": "Ada Fabrikam"}, True, id="the whole name in one field"),
        pytest.param({"FirstName": "Eva"}, False, id="another first name"),
        pytest.param({"Company": "Contoso"}, False, id="another firm"),
    ],
)
def test_without_address_and_phone_name_and_firm_tell_a_person(phone, person, same: bool):
    nameless = NO_ADDRESS | {"Phone": phone}
    assert (person_of(a_push(nameless | person)) == person_of(a_push(nameless))) is same


def test_a_phone_without_a_last_name_is_not_enough():
    nameless = NO_ADDRESS | {"LastName": None}
    assert person_of(a_push(nameless)) != person_of(a_push(nameless | {"FirstName": "Eva"}))


@pytest.mark.parametrize("known", ["FirstName", "Company", "Country", None])
def test_who_says_too_little_is_told_by_the_content_of_the_push(known: str | None):
    person = dict.fromkeys(ADA) | ({known: ADA[known]} if known else {})
    assert person_of(a_push(person)) == person_of(a_push(person))
    assert person_of(a_push(person)) != person_of(a_push(person, Description="Something else"))


@given(st.binary(min_size=16, max_size=64))
@examples(25)
def test_another_key_gives_other_ids(key: bytes):
    one, other = lead_id(a_push(), OFFER, ID_KEY), lead_id(a_push(), OFFER, key)
    assert (one[:16] == other[:16], one[16:] == other[16:]) == (key == ID_KEY, key == ID_KEY)


@given(st.from_regex(r"[a-z2-7]{4,12}", fullmatch=True))
@examples(100)
def test_no_part_of_an_address_stands_in_the_id(name: str):
    one = lead_id(a_push({"Email": f"{name}@{name}.example"}), name, ID_KEY)
    assert name not in one
    assert name.encode() not in base64.b32decode(one.upper() + "=" * (-len(one) % 8))


def test_shards_are_sixteen_hexadecimal_figures_that_depend_on_the_person_alone():
    assert all_shards() == tuple("0123456789abcdef")
    people = [a_push({"Email": f"{number}@x.example"}) for number in range(2000)]
    shards = Counter(shard_of(lead_id(one, OFFER, ID_KEY)) for one in people)
    assert set(shards) == set(all_shards())
    assert max(shards.values()) < 2 * min(shards.values())
    assert all(
        shard_of(lead_id(one, "a", ID_KEY)) == shard_of(lead_id(one, "b", ID_KEY)) for one in people[:50]
    )


@pytest.mark.parametrize(
    ("letter", "shard"), [("a", "0"), ("p", "f"), ("q", "0"), ("z", "9"), ("2", "a"), ("7", "f")]
)
def test_a_shard_never_moves(letter: str, shard: str):
    assert shard_of(letter * 24) == shard


@pytest.mark.parametrize(
    ("text", "compared"),
    [(None, ""), ("  ", ""), (" A\t\nB ", "a b"), ("ＡＢ", "ab"), ("Straße", "strasse"), ("e\u0301", "é")],  # noqa: RUF001
)
def test_typed_text_is_compared_folded(text: str | None, compared: str):
    assert normalize(text) == compared
