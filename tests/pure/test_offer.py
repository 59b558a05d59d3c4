"""Which offer a push is about."""

import pytest

from shared.leads.offer import offer_of
from shared.marketplace.title import slugified
from tests.pure.examples import push


def test_an_offer_of_the_policy_is_told_in_lower_case_like_that_of_a_lead_source():
    titles = {"contoso-backup": "Contoso.Contoso-Backup"}
    by_title = offer_of(push(LeadSource="AzureMarketplace"), None, titles)
    by_source = offer_of(push(LeadSource="AzureMarketplace-INS|Contoso.Contoso-Backup"), None, titles)
    assert by_title == by_source == "contoso.contoso-backup"


def test_a_blank_title_in_the_policy_takes_no_push_without_an_offer():
    assert offer_of(push(LeadSource="AzureMarketplace", OfferTitle=" "), None, {"": "contoso.backup"}) is None


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        pytest.param("बैकअप", "बैकअप", id="Devanagari vowel signs"),
        pytest.param("สำรองข้อมูล", "สํารองข้อมูล", id="Thai tone marks"),
        pytest.param("İstanbul", "i̇stanbul", id="a letter that falls apart when folded"),
    ],
)
def test_marks_that_belong_to_a_letter_stay_with_it(title: str, slug: str):
    assert slugified(title) == slug


def test_titles_that_differ_in_a_vowel_sign_are_two_offers():
    assert slugified("कि") != slugified("का")
