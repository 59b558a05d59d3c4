"""`LeadSource`, bare or composite."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.marketplace.lead_source import LeadSource, canonical_action, canonical_source, read_lead_source
from tests.strategies import examples

GUID = "docusign.3701c77e-1cfa-4c56-91e6-3ed0b622145"


@pytest.mark.parametrize(
    ("text", "source", "action", "offer_id", "offer_name"),
    [
        pytest.param(None, None, None, None, None, id="none"),
        pytest.param("", None, None, None, None, id="empty"),
        pytest.param(" ", None, None, None, None, id="blank"),
        pytest.param("AzureMarketplace", "AzureMarketplace", None, None, None, id="bare"),
        pytest.param("azuremarketplace", "AzureMarketplace", None, None, None, id="lower case"),
        pytest.param("SPZA", "AppSource", None, None, None, id="the old name of AppSource"),
        pytest.param("AppSource (SPZA)", "AppSource", None, None, None, id="both names of AppSource"),
        pytest.param("AzureMarketplace-INS|c.o", "AzureMarketplace", "INS", "c.o", None, id="composite"),
        pytest.param(
            " AzureMarketplace - ins | C.O ", "AzureMarketplace", "INS", "c.o", None, id="with blanks"
        ),
        pytest.param("SPZA-PLT", "AppSource", "PLT", None, None, id="without an offer"),
        pytest.param("SPZA|c.o", "AppSource", None, "c.o", None, id="without an action"),
        pytest.param("SPZA-|c.o", "AppSource", None, "c.o", None, id="with a blank action"),
        pytest.param("-INS|c.o", None, "INS", "c.o", None, id="with a blank source"),
        pytest.param("|c.o", None, None, "c.o", None, id="an offer only"),
        pytest.param("SPZA-INS|", "AppSource", "INS", None, None, id="with a blank offer"),
        pytest.param("SPZA-INS|" + GUID, "AppSource", "INS", GUID, None, id="a GUID"),
        pytest.param(
            "AzurePortal-Create|checkpoint.check-point-r77-10sg-byol",
            "AzurePortal",
            "Create",
            "checkpoint.check-point-r77-10sg-byol",
            None,
            id="hyphens in the offer",
        ),
        pytest.param("SPZA-INS|a.b.c", "AppSource", "INS", "a.b.c", None, id="two dots"),
        pytest.param("SPZA-INS|WA102957661", "AppSource", "INS", None, "WA102957661", id="an Office id"),
        pytest.param(
            "SPZA-INS|Contoso Backup", "AppSource", "INS", None, "Contoso Backup", id="a display name"
        ),
        pytest.param(
            "SPZA-INS|Backup 2.0 Pro", "AppSource", "INS", None, "Backup 2.0 Pro", id="a dot in a name"
        ),
        pytest.param("SPZA-INS|.x", "AppSource", "INS", None, ".x", id="no publisher"),
        pytest.param("SPZA-INS|x.", "AppSource", "INS", None, "x.", id="no offer behind the dot"),
        pytest.param("SPZA-INS|<Offer Name>", "AppSource", "INS", None, "<Offer Name>", id="a placeholder"),
        pytest.param("Bing", "Bing", None, None, None, id="an unknown source"),
        pytest.param("Some-Source", "Some-Source", None, None, None, id="an unknown source with a hyphen"),
        pytest.param("Bing-XYZ|c.o", "Bing", "XYZ", "c.o", None, id="unknown source and action"),
        pytest.param("AzurePortal-Erstellen|c.o", "AzurePortal", "Create", "c.o", None, id="German"),
        pytest.param("AzurePortal-Buat|c.o", "AzurePortal", "Create", "c.o", None, id="Malay"),
        pytest.param("AzurePortal-作成|c.o", "AzurePortal", "Create", "c.o", None, id="Japanese"),
        pytest.param(
            "TestDrive-STARTTESTDRIVE|c.o", "TestDrive", "StartTestDrive", "c.o", None, id="capitals"
        ),
    ],
)
def test_a_lead_source_is_split_where_its_parts_are_told_apart(text, source, action, offer_id, offer_name):
    assert read_lead_source(text) == LeadSource(source, action, offer_id, offer_name)


@given(st.text())
@examples(100)
def test_any_text_is_a_lead_source_of_some_kind(text: str):
    read = read_lead_source(text)
    assert read.offer_id is None or read.offer_name is None
    assert "" not in (read.source, read.action, read.offer_id, read.offer_name)


@pytest.mark.parametrize("known", [canonical_source, canonical_action])
def test_an_unknown_code_passes_through_and_a_blank_one_is_none(known):
    assert known(" Xyz ") == "Xyz"
    assert known("  ") is None
    assert known(None) is None
