"""Countries: a code where what people write is plain, nothing where it isn't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso3166 import countries

from shared.enrichment.country import country_code, country_facts
from shared.enrichment.facts import CountryFacts
from tests.pure.examples import examples


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        (
            "US",
            [
                "US",
                "us",
                " US ",
                "USA",
                "usa",
                "U.S.",
                "United States",
                "UNITED  STATES of america",
                "\uff35\uff33",
            ],
        ),
        ("GB", ["GB", "UK", "uk", "U.K.", "United Kingdom", "Great Britain", "England", "GBR"]),
        ("DE", ["DE", "DEU", "Germany", "Deutschland", "DEUTSCHLAND"]),
        ("NO", ["Norge", "Norway", "NOR"]),
        ("ES", ["España", "Espan\u0303a", "Spain"]),
        ("CI", ["Côte d'Ivoire", "CÔTE D'IVOIRE"]),
        ("KR", ["South Korea", "Korea, Republic of"]),
        ("RU", ["Russia", "Russian Federation"]),
        ("JP", ["日本", "Japan"]),
        ("AT", ["Österreich", "Austria"]),
        ("AU", ["Australia"]),
    ],
)
def test_a_country_is_known_by_code_and_by_name(code: str, texts: list[str]):
    assert {text: country_code(text) for text in texts} == dict.fromkeys(texts, code)


@pytest.mark.parametrize(
    "text", [None, "", " ", "XX", "EU", "ZZZ", "840", "n/a", "Atlantis", "US or DE", "Europe", "-"]
)
def test_what_is_no_country_is_none(text: str | None):
    assert country_code(text) is None


def test_every_code_and_official_name_of_the_standard_is_known():
    texts = {
        text: country.alpha2
        for country in countries
        for text in (country.alpha2, country.alpha3, country.name)
    }
    assert {text: country_code(text) for text in texts} == texts


@given(st.text(max_size=12))
@examples(150)
def test_any_text_is_a_code_of_two_capitals_or_none(text: str):
    code = country_code(text)
    assert code is None or (len(code) == 2 and code.isascii() and code.isupper())


@pytest.mark.parametrize(
    ("text", "by_phone", "facts"),
    [
        pytest.param(
            "Norge", "US", CountryFacts(code="NO", from_="pushed"), id="what they wrote comes first"
        ),
        pytest.param("Atlantis", "US", CountryFacts(code="US", from_="phone"), id="then their number"),
        pytest.param(None, "US", CountryFacts(code="US", from_="phone"), id="they wrote nothing"),
        pytest.param("Atlantis", None, CountryFacts(), id="nothing is known"),
    ],
)
def test_a_country_says_how_we_know_it(text: str | None, by_phone: str | None, facts: CountryFacts):
    assert country_facts(text, by_phone) == facts
