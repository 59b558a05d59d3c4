"""Sources and actions in other words: Microsoft's in any spelling, and those of a policy."""

from dataclasses import replace

import pytest

from shared.leads.push import LeadPush
from shared.marketplace.lead_source import canonical_action, canonical_source, with_words
from shared.marketplace.parse import push_of
from shared.marketplace.words import NO_WORDS, Words, is_understood, named
from tests.samples import push_body

WORDS = Words(
    {"microsoftmarketplace": "AzureMarketplace", "partnerhub": "PartnerHub"},
    {"contactus": "PLT", "purchased": "INS", "pleasenot": "DNC"},
)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Azure Marketplace", "AzureMarketplace"),
        ("AZURE_MARKETPLACE", "AzureMarketplace"),
        ("azure-marketplace", "AzureMarketplace"),
        ("Microsoft Azure Marketplace", "AzureMarketplace"),
        ("Azure\u00a0Portal", "AzurePortal"),
        ("Microsoft AppSource", "AppSource"),
        ("App Source", "AppSource"),
        ("AppSource(SPZA)", "AppSource"),
        ("Test Drive", "TestDrive"),
        ("MicrosoftMarketplace", "MicrosoftMarketplace"),
        ("Azure Marketplace Plus", "Azure Marketplace Plus"),
        ("Contoso", "Contoso"),
    ],
)
def test_a_source_is_known_in_any_spelling_and_others_stay_as_sent(text: str, source: str):
    assert canonical_source(text) == source


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("Do Not Contact", "DNC"),
        ("DO_NOT_CONTACT", "DNC"),
        ("do-not-contact", "DNC"),
        ("DoNotContact", "DNC"),
        ("Don\u2019t contact", "DNC"),
        ("DNC (other partner)", "DNC"),
        ("dnc", "DNC"),
        ("D.N.C.", "DNC"),
        ("No contact", "DNC"),
        ("please do not call", "DNC"),
        ("Start Test Drive", "StartTestDrive"),
        ("Contact Us", "Contact Us"),
        ("DNCX", "DNCX"),
        ("Subscribe", "Subscribe"),
    ],
)
def test_what_looks_like_do_not_contact_is_that(text: str, action: str):
    assert canonical_action(text) == action
    assert push_of(push_body(ActionCode=text)).forbids_contact is (action == "DNC")


@pytest.mark.parametrize(
    ("lead_source", "action_code", "source", "action", "says"),
    [
        ("MicrosoftMarketplace-INS|contoso.backup", "", "AzureMarketplace", "INS", (False, False)),
        ("MicrosoftMarketplace-contact us|contoso.backup", "", "AzureMarketplace", "PLT", (False, True)),
        ("MicrosoftMarketplace-PLT", "", "AzureMarketplace", "PLT", (False, True)),
        ("Partner Hub", "Purchased!", "PartnerHub", "INS", (False, False)),
        ("AzureMarketplace", "Please, not", "AzureMarketplace", "DNC", (True, False)),
        ("Elsewhere", "Whatever", "Elsewhere", "Whatever", (False, False)),
        ("AzureMarketplace-DNC|contoso.backup", "Contact us", "AzureMarketplace", "PLT", (True, True)),
    ],
)
def test_the_policy_names_the_rest(
    lead_source: str, action_code: str, source: str, action: str, says: tuple[bool, bool]
):
    push = push_of(push_body(LeadSource=lead_source, ActionCode=action_code))
    found = with_words(push, WORDS)
    assert (found.source, found.action) == (source, action)
    assert (found.forbids_contact, found.asks_for_contact) == says
    assert (found.offer_id, found.offer_name, found.contact) == (
        push.offer_id,
        push.offer_name,
        push.contact,
    )


def test_a_push_in_microsofts_own_words_is_left_alone():
    push = push_of(push_body())
    assert with_words(push, WORDS) is push
    other = push_of(push_body(ActionCode="Purchased"))
    assert with_words(other, NO_WORDS) is other


def test_a_name_takes_nothing_back_that_the_push_says():
    forbidden = push_of(push_body(ActionCode="DNC"))
    assert named(forbidden, "PartnerHub", "INS").forbids_contact
    assert named(forbidden, None, None) is forbidden


@pytest.mark.parametrize(
    ("body", "understood"),
    [
        ({}, False),
        ({"a": 1}, False),
        ({"Email": "ada@fabrikam.example"}, True),
        ({"Description": "hi"}, True),
    ],
)
def test_a_push_is_understood_if_anything_of_it_is(body: dict[str, object], understood: bool):
    assert is_understood(push_of(body)) is understood
    assert not is_understood(replace(LeadPush(), as_sent=body))


DETAILS = {"Email": "ada@fabrikam.example", "LastName": "Marsh"}


@pytest.mark.parametrize(
    "body",
    [
        {"UserDetails": [DETAILS]},
        {"UserDetails": '[{"Email": "ada@fabrikam.example", "LastName": "Marsh"}]'},
        {"CustomerInfo": [DETAILS]},
        {"body": {"UserDetails": DETAILS}},
        {"Body": {"userDetails": [DETAILS]}},
        {"lead": DETAILS},
        {"body": '{"UserDetails": {"Email": "ada@fabrikam.example", "LastName": "Marsh"}}'},
        {"id": "1", "type": "lead", "data": {"lead": {"UserDetails": DETAILS}}},
        {"records": [{"UserDetails": DETAILS}]},
        {"headers": {"a": "b"}, "payload": {"customer_info": DETAILS}},
    ],
)
def test_a_lead_in_a_wrapping_is_found(body: dict[str, object]):
    push = push_of(body)
    assert (push.contact.email, push.contact.last_name) == ("ada@fabrikam.example", "Marsh")
    assert push.as_sent == body


@pytest.mark.parametrize(
    "body",
    [
        {"UserDetails": [DETAILS, DETAILS]},
        {"a": {"UserDetails": DETAILS}, "b": {"UserDetails": DETAILS}},
        {"a": {"b": {"c": {"d": {"UserDetails": DETAILS}}}}},
        {"LeadSource": "AzureMarketplace", "body": {"UserDetails": DETAILS}},
    ],
)
def test_nothing_is_guessed_where_several_could_be_meant(body: dict[str, object]):
    assert push_of(body).contact.email is None
