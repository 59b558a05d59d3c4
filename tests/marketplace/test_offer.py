"""Which offer a push is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.marketplace.offer import LONGEST_OFFER, offer_of, slugify
from tests.builders import a_push
from tests.strategies import examples

BARE = "AzureMarketplace"
FULL = "AzureMarketplace-INS|contoso.backup"
OFFICE = "SPZA-INS|WA102957661"
TITLES = {"contoso-backup": "contoso.backup-by-title"}


@pytest.mark.parametrize(
    ("slug", "lead_source", "title", "offer"),
    [
        pytest.param("my-slug", FULL, "Contoso Backup", "my-slug", id="the URL comes first"),
        pytest.param(" My-Slug ", FULL, "Contoso Backup", "my-slug", id="the URL in capitals, with blanks"),
        pytest.param(None, FULL, "Contoso Backup", "contoso.backup", id="then the lead source"),
        pytest.param("", FULL, "Contoso Backup", "contoso.backup", id="an empty slug is none"),
        pytest.param(" ", FULL, "Contoso Backup", "contoso.backup", id="a blank slug is none"),
        pytest.param(
            None, BARE, "Contoso Backup", "contoso.backup-by-title", id="then the title, by the policy"
        ),
        pytest.param(
            None, BARE, " CONTOSO  backup! ", "contoso.backup-by-title", id="the title otherwise typed"
        ),
        pytest.param(None, BARE, "Contoso VM", "contoso-vm", id="then the title itself"),
        pytest.param(None, OFFICE, "Contoso VM", "contoso-vm", id="the title before an Office id"),
        pytest.param(None, OFFICE, "", "wa102957661", id="an Office id"),
        pytest.param(None, OFFICE, "?!", "wa102957661", id="an Office id where the title has no letter"),
        pytest.param(
            None, "SPZA-INS|Contoso Backup", None, "contoso.backup-by-title", id="a name in the source"
        ),
        pytest.param(None, BARE, None, None, id="nothing"),
        pytest.param(None, None, "?!", None, id="a title without a letter"),
    ],
)
def test_the_offer_is_told_by_url_then_source_then_title(slug, lead_source, title, offer):
    assert offer_of(a_push(LeadSource=lead_source, OfferTitle=title), slug, TITLES) == offer


def test_an_offer_of_the_policy_is_told_in_lower_case_like_that_of_a_lead_source():
    titles = {"contoso-backup": "Contoso.Contoso-Backup"}
    by_title = offer_of(a_push(LeadSource=BARE), None, titles)
    by_source = offer_of(a_push(LeadSource="AzureMarketplace-INS|Contoso.Contoso-Backup"), None, titles)
    assert by_title == by_source == "contoso.contoso-backup"


@pytest.mark.parametrize("length", [LONGEST_OFFER - 1, LONGEST_OFFER, LONGEST_OFFER + 1, 60_000])
def test_an_offer_is_no_longer_than_lists_can_filter_by(length: int):
    long = "x" * length
    by_slug = offer_of(a_push(), long, {})
    by_title = offer_of(a_push(LeadSource=BARE, OfferTitle=long), None, {})
    by_source = offer_of(a_push(LeadSource=f"SPZA-INS|x.{long[2:]}"), None, {})
    assert by_slug == by_title == long[:200]
    assert by_source == f"x.{long[2:]}"[:200]


def test_a_blank_title_in_the_policy_takes_no_push_without_an_offer():
    assert offer_of(a_push(LeadSource=BARE, OfferTitle=" "), None, {"": "contoso.backup"}) is None


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        pytest.param(None, "", id="none"),
        pytest.param(" -_! ", "", id="nothing to keep"),
        pytest.param("Contoso Backup", "contoso-backup", id="a blank"),
        pytest.param(
            "--Contoso_Backup (v2.0)!", "contoso-backup-v2-0", id="everything else is a hyphen, once"
        ),
        pytest.param("日本 バックアップ", "日本-バックアップ", id="Japanese"),
        pytest.param("Резервное копирование", "резервное-копирование", id="Russian"),
        pytest.param("u\u0308ber", "über", id="accents apart"),
        pytest.param("\uff21\uff22", "ab", id="full width"),
        pytest.param("बैकअप", "बैकअप", id="Devanagari vowel signs"),
        pytest.param("สำรองข้อมูล", "ส\u0e4dารองข้อมูล", id="Thai tone marks"),
        pytest.param("İstanbul", "i\u0307stanbul", id="a letter that falls apart when folded"),
        pytest.param("\u2601\ufe0f Backup", "backup", id="an emoji with its variation mark"),
    ],
)
def test_a_title_becomes_a_slug_in_any_script(title: str | None, slug: str):
    assert slugify(title) == slug


def test_titles_that_differ_in_a_vowel_sign_are_two_offers():
    assert slugify("कि") != slugify("का")


@given(st.text(max_size=40))
@examples(150)
def test_a_slug_is_its_own_slug(title: str):
    slug = slugify(title)
    assert slugify(slug) == slug
    assert not slug.startswith("-")
    assert not slug.endswith("-")
    assert "--" not in slug
