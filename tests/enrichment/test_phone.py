"""Phone numbers: E.164 where they are certain, nothing where they aren't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.phones import false_foreign
from shared.enrichment.phone import e164, phone_country, phone_facts
from shared.leads.enrichment import PhoneFacts

AMERICAN, NORWEGIAN, GERMAN = "+16175555555", "+4721555106", "+49301234567"


@pytest.mark.parametrize(
    ("text", "country", "number", "home"),
    [
        pytest.param("16175555555", "USA", AMERICAN, "US", id="Microsoft's sample, USA"),
        pytest.param("16175555555", "US", AMERICAN, "US", id="Microsoft's sample, US"),
        pytest.param("16175555555", None, AMERICAN, "US", id="no country: a plus was lost"),
        pytest.param("16175555555", "Atlantis", AMERICAN, "US", id="no country that we know"),
        pytest.param("16175555555", "DE", AMERICAN, "US", id="an American in Germany"),
        pytest.param("(617) 555-5555", "US", AMERICAN, "US", id="as Americans write it"),
        pytest.param("617-555-5555 ext 12", "US", AMERICAN, "US", id="with an extension"),
        pytest.param("+47 21 55 51 06", "Norge", NORWEGIAN, "NO", id="with a plus"),
        pytest.param("+47 21 55 51 06", "US", NORWEGIAN, "NO", id="the plus counts more than the country"),
        pytest.param("4721555106", "NO", NORWEGIAN, "NO", id="without a plus"),
        pytest.param("21555106", "NO", NORWEGIAN, "NO", id="as Norwegians write it"),
        pytest.param("0047 21 55 51 06", None, NORWEGIAN, "NO", id="zeros for a plus"),
        pytest.param("0047 21 55 51 06", "US", NORWEGIAN, "NO", id="zeros for a plus, elsewhere"),
        pytest.param("011 47 21555106", "US", NORWEGIAN, "NO", id="the American way abroad"),
        pytest.param("030 1234567", "Deutschland", GERMAN, "DE", id="a national prefix in its country"),
        pytest.param(" 030 1234567 ", "DE", GERMAN, "DE", id="blanks around"),
        pytest.param("٠٣٠١٢٣٤٥٦٧", "DE", GERMAN, "DE", id="Arabic figures"),
        pytest.param("\uff10\uff13\uff10 1234567", "DE", GERMAN, "DE", id="figures of full width"),
        pytest.param("+49 (0)30 1234567", None, GERMAN, "DE", id="a zero in brackets"),
        pytest.param("030/1234567", "DE", GERMAN, "DE", id="a slash inside"),
        pytest.param("tel: +49 30 1234567", None, GERMAN, "DE", id="a label"),
        pytest.param("030 1234567 (Büro)", "DE", GERMAN, "DE", id="a label behind"),
        pytest.param("030 1234567 Durchwahl 12", "DE", GERMAN, "DE", id="an extension in German"),
        pytest.param("030 1234567 / 0170 1234567", "DE", GERMAN, "DE", id="two numbers"),
        pytest.param("1234567890; 030 1234567", "DE", GERMAN, "DE", id="the second is a number"),
        pytest.param("491701234567", "DE", "+491701234567", "DE", id="a mobile, not a landline in Leer"),
        pytest.param("447400123456", "DE", "+447400123456", "GB", id="a British mobile, not one near Leer"),
        pytest.param("13912345678", "CN", "+8613912345678", "CN", id="a Chinese mobile"),
        pytest.param("6598765432", "IN", "+916598765432", "IN", id="an Indian mobile, not one of Singapore"),
        pytest.param("+800 7523 8294", "US", "+80075238294", None, id="a number of no country"),
    ],
)
def test_a_number_is_read_by_its_country_or_by_its_prefix(text, country, number: str, home: str | None):
    facts = phone_facts(text, country)
    assert (facts.e164, facts.valid) == (number, True)
    assert e164(text, country) == number
    assert phone_country(number) == home


@pytest.mark.parametrize("country", [None, "US", "NO", "Atlantis"])
@pytest.mark.parametrize(
    "text", ["call me", "n/a", "+", "0", "00", "1234567890", "-", "1" * 300, "+999 123", "😀", "1.61756E+10"]
)
def test_junk_is_no_number(text: str, country: str | None):
    assert phone_facts(text, country) == PhoneFacts(valid=False)


@pytest.mark.parametrize(
    ("text", "country"),
    [
        pytest.param("8888888888", "US", id="one figure"),
        pytest.param("+65 8888 8888", None, id="one figure behind a prefix"),
        pytest.param("01234567890", "GB", id="upwards"),
        pytest.param("01 23 45 67 89", "FR", id="upwards, as the French write it"),
        pytest.param("9876543210", "IN", id="downwards"),
        pytest.param("1212121212", "BR", id="a pair over and over"),
        pytest.param("123 123 123", "PL", id="1-2-3 over and over"),
        pytest.param("020 0000 0000", "GB", id="nothing but zeros"),
        pytest.param("+800 1234 5678", None, id="upwards, of no country"),
    ],
)
def test_what_somebody_made_up_is_no_number_even_if_it_might_be_one(text: str, country: str | None):
    assert phone_facts(text, country) == PhoneFacts(valid=False)


def test_ten_figures_of_an_unknown_country_may_be_american():
    assert e164("2065550100", None) is None
    assert e164("2065550100", "US") == "+12065550100"
    assert e164("+20 65 5550100", None) == "+20655550100"


@given(
    st.one_of(st.text(), st.from_regex(r"\A[+(]?[0-9 ()./-]{1,20}\Z")),
    st.sampled_from([None, "US", "DE", "IN"]),
)
def test_no_text_is_too_strange(text: str, country: str | None):
    facts = phone_facts(text, country)
    assert facts == phone_facts(text, country)
    assert facts.e164 is None or (facts.valid and e164(facts.e164, None) == facts.e164)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0499 12 34 56", id="a Belgian mobile, not a German landline"),
        pytest.param("(0499) 12 34 56", id="the same in brackets"),
        pytest.param("0 499 123456", id="the zero apart"),
    ],
)
@pytest.mark.parametrize("country", [None, "US", "Atlantis"])
def test_a_national_number_of_an_unknown_country_is_no_international_one(text: str, country: str | None):
    assert e164(text, country) is None


@pytest.mark.parametrize("text", [None, ""])
def test_no_number_tells_nothing(text: str | None):
    assert phone_facts(text, "US") == PhoneFacts()
    assert phone_country(None) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("+47 21 55 51 06", "fixed_line"),
        ("+47 406 12 345", "mobile"),
        ("+1 617 555 5555", "fixed_line_or_mobile"),
        ("+1 800 356 9377", "toll_free"),
        ("+44 70 1234 9999", "personal_number"),
    ],
)
def test_a_number_tells_its_kind(text: str, kind: str):
    assert phone_facts(text, None).type == kind


def test_hardly_any_number_with_a_digit_too_many_or_too_few_becomes_another_countrys():
    """1.29 % of them did, before a plus was put in front of none that may be the customer's own."""
    foreign, count = false_foreign(6)
    assert count > 1000
    assert foreign < 0.01 * count
