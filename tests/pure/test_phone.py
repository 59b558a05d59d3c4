"""Phone numbers: E.164 where they are certain, nothing where they aren't."""

import pytest

from shared.enrichment.phone import e164


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0499 12 34 56", id="a Belgian mobile, not a German landline"),
        pytest.param("(0499) 12 34 56", id="the same in brackets"),
        pytest.param("0 499 123456", id="the zero apart"),
    ],
)
def test_a_national_number_of_an_unknown_country_is_no_international_one(text: str):
    assert e164(text, None) is None
